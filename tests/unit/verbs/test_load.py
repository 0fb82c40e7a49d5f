"""A run is opened by its folder, and its methods are the verbs."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from torch import Tensor, nn

import leadline
from leadline.core.catalogue import say
from leadline.errors import RunError, UsageError
from leadline.nn.batch import SignalSpec
from leadline.run import folder as files
from leadline.run import notebook
from sentences import says

MOST = 200  # characters of a `repr`


@pytest.fixture
def run(train) -> leadline.Run:
    return train()


def test_load_and_run_load_open_what_train_returned(run: leadline.Run) -> None:
    for opened in (leadline.load(run.folder), leadline.Run.load(str(run.folder))):
        assert type(opened) is leadline.Run is type(run)
        assert opened.folder == run.folder
        assert opened.experiment == run.experiment
        assert opened.report == run.report
    assert isinstance(run.network, nn.Module)
    assert not run.network.training


def test_a_report_gives_a_measure_by_name_and_says_which_is_meant(run: leadline.Run) -> None:
    assert run.report["accuracy"] == run.report.find("accuracy")
    with pytest.raises(KeyError, match=says("core.no-such-measure", name="acuracy")) as refused:
        run.report["acuracy"]
    assert "'accuracy'" in str(refused.value)


@pytest.mark.parametrize(("name", "meant"), [("acuracy", "'accuracy'"), ("auc", "'roc_auc'"), ("Recall", "'recall'")])
def test_find_does_not_pass_over_an_unknown_name(run: leadline.Run, name: str, meant: str) -> None:
    for find in (run.report.find, run.evaluate(quiet=True).find):
        with pytest.raises(KeyError, match=says("core.no-such-finding", name=name)) as refused:
            find(name)
        assert meant in str(refused.value)
    assert run.report.get(name) is None


def test_find_gives_what_could_not_be_measured_with_its_reason(run: leadline.Run) -> None:
    absent = next(one for one in run.report.findings if one.value is None and one.group is None)
    found = run.report.find(absent.name, split=absent.split)
    assert found is not None and found.value is None and found.why
    assert run.report.find("accuracy", group="class=neither") is None


def test_predict_and_evaluate_are_the_verbs(run: leadline.Run) -> None:
    frame = pl.read_csv("blobs.csv")
    expected = leadline.predict(run, frame, quiet=True)
    for rows in (frame, frame.to_pandas(), frame.to_dict(as_series=False)):
        assert run.predict(rows, quiet=True)["p(ja)"].to_list() == expected["p(ja)"].to_list()
    assert run.predict("blobs.csv", quiet=True)["p(ja)"].to_list() == expected["p(ja)"].to_list()
    own = run.evaluate(quiet=True, require=["accuracy >= 0.01"])
    assert own.find("accuracy").value == run.report.find("accuracy").value
    assert own.verdicts[0].verdict == "pass"
    assert run.evaluate(frame.drop("farm").with_columns(farm=0), quiet=True).find("accuracy").n == frame.height


def test_the_runs_of_a_cross_validation_and_of_a_comparison_have_the_methods(train, place: Path) -> None:
    done = leadline.crossval(
        "blobs.csv", folds=2, target="kind", epochs=1, deterministic=True, quiet=True, settings={"baselines": []}
    )
    assert all(type(one) is leadline.Run for one in done.runs)
    assert repr(done).startswith("Crossval('runs/blobs-folds-1': 2 folds, ")
    assert len(repr(done)) <= MOST
    compared = leadline.compare(*done.runs)
    assert all(type(one) is leadline.Run for one in compared.runs)
    assert repr(compared).startswith("Compared(")
    assert len(repr(compared)) <= MOST


def test_a_run_says_what_it_is_in_a_line(run: leadline.Run) -> None:
    accuracy = run.report.find("accuracy")
    said = repr(run)
    assert said.startswith("Run('runs/blobs-1': wide-deep, classification, test accuracy ")
    assert f"n = {accuracy.n})" in said
    assert "95 % CI" in said
    assert repr(run.report).startswith("Report('blobs-1': test accuracy ")
    assert repr(run.experiment) == "Experiment(data 'blobs.csv', target 'kind', wide-deep, classification, seed 0)"
    assert repr(accuracy).startswith("Finding('accuracy' on test, ")
    evaluation = run.evaluate(quiet=True)
    assert repr(evaluation).startswith("Evaluation(test accuracy ")
    values = (run, run.report, run.experiment, evaluation, *run.report.findings)
    assert max(len(repr(one)) for one in values) <= MOST


def test_reprs_are_bounded_whatever_names_the_data_has(train, place: Path) -> None:
    giant = "x" * 5_000
    frame = pl.read_csv("blobs.csv").rename({"kind": giant}).with_columns(pl.col(giant).replace({"ja": "j" * 5_000}))
    frame.write_csv(f"{'d' * 200}.csv")
    run = train(f"{'d' * 200}.csv", target=giant, require=["recall(nein) >= 0.001"])
    values = (run, run.report, run.experiment, run.evaluate(quiet=True), *run.report.findings)
    assert max(len(repr(one)) for one in values) <= MOST


def test_a_notebook_shows_escaped_names(train, place: Path) -> None:
    run = train(out="<b>run")
    page = run._repr_html_()
    assert "&lt;b&gt;run" in page
    assert "<b>run" not in page
    assert "Accuracy" in page
    assert "95\u202f% CI" in page
    assert "accuracy &gt;= 0.1: " in run.evaluate(quiet=True, require=["accuracy >= 0.1"])._repr_html_()
    assert "<td>" not in notebook.table((), run.report.wording, "nothing")


def test_a_notebook_shows_an_error_as_its_sentence() -> None:
    with pytest.raises(leadline.LeadlineError) as caught:
        leadline.load("nowhere")
    assert caught.value._render_traceback_() == [f"RunError: {say('run.no-such-folder', folder='nowhere', hint='')}"]


def test_an_unfinished_run_says_so(run: leadline.Run) -> None:
    (run.folder / files.MANIFEST).unlink()
    with pytest.raises(RunError, match="is not finished"):
        leadline.load(run.folder)
    (listed,) = leadline.runs()
    assert repr(listed) == "Listed('runs/blobs-1': not finished)"


def test_a_network_that_no_file_holds_is_given_again(train) -> None:
    class Net(nn.Module):
        def __init__(self, spec: SignalSpec) -> None:
            super().__init__()
            self.layer = nn.Linear(spec.shape[0], 4)

        def forward(self, x: Tensor) -> Tensor:
            features: Tensor = self.layer(x)
            return features

    run = train(network=Net)
    with pytest.raises(UsageError, match=says("models.own-network-again")):
        _ = leadline.load(run.folder).network
    again = leadline.load(run.folder, modules={"table": Net})
    assert again.predict("blobs.csv", quiet=True).equals(run.predict("blobs.csv", quiet=True))
