"""The same network with fewer labels."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import leadline
from leadline.core.experiment import Experiment
from leadline.errors import UsageError
from leadline.pipeline.auxiliary import label_efficiency
from leadline.pipeline.auxiliary import run as further
from leadline.run import folder as files
from leadline.verbs.resume import resume
from sentences import says

SHARES = {"label_efficiency": [0.2, 1.0], "baselines": []}


def groups(run) -> dict[str, float]:
    return {f.group: f.value for f in run.report.findings if f.group and "labels" in f.group}


def test_the_curve_goes_from_few_labels_to_all(train) -> None:
    run = train(settings=SHARES, out="run")
    found = groups(run)
    assert set(found) == {"20% of labels, from scratch", "100% of labels, from scratch"}
    # the run itself, not trained again
    assert found["100% of labels, from scratch"] == run.report.find("accuracy").value
    exhibit = next(one for one in run.report.exhibits if one.name == "label_efficiency")
    (line,) = json.loads((run.folder / exhibit.file).read_text())["panels"][0]["series"]
    every = run.report.find("rows", split="train").value
    assert line["x"][1] == every
    assert abs(line["x"][0] - 0.2 * every) <= 1  # of two classes, each rounded
    assert all(low <= y <= high for low, y, high in zip(line["low"], line["y"], line["high"], strict=True))
    assert not (run.folder / files.CHECKPOINTS).exists()
    assert (
        run.experiment.hash == Experiment.parse({**run.experiment.model_dump(mode="json"), "label_efficiency": []}).hash
    )


def test_with_a_run_to_begin_with_there_are_two_lines(train) -> None:
    before = train(objective="masked", settings={"baselines": []})
    run = train(init=before, freeze="encoders", settings=SHARES)
    shares = {re.sub(r"% of labels, .*", "", group) for group in groups(run)}
    assert shares == {"20", "100"}
    assert len(groups(run)) == 4
    exhibit = next(one for one in run.report.exhibits if one.name == "label_efficiency")
    series = json.loads((run.folder / exhibit.file).read_text())["panels"][0]["series"]
    assert [one["name"] for one in series] == ["from scratch", "pre-trained"]


def test_killed_between_networks_it_goes_on(train, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = train(settings=SHARES)

    def killed(*args, **options) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(further, "fit", killed)
        train(settings=SHARES, out="run")
    assert (Path("run") / files.WEIGHTS).exists()
    run = resume("run", quiet=True)
    assert groups(run) == groups(whole)


def test_from_scratch_nothing_is_frozen_and_few_rows_are_passed_over_more_often(train) -> None:
    run = train(init=train(objective="masked", settings={"baselines": []}), freeze="encoders")
    own = label_efficiency._experiment(run.experiment, label_efficiency.SCRATCH, rows=4, of=64)
    assert own.init is None
    assert own.training.freeze == ()
    assert label_efficiency._experiment(run.experiment, label_efficiency.CARRIED, 4, 64).training.freeze == (
        "encoders.*",
    )
    assert own.training.batch == 4
    assert own.training.epochs == max(2, min(2 * -(-64 // run.experiment.training.batch), 1500))


def test_what_has_no_curve_is_refused(train) -> None:
    with pytest.raises(UsageError, match=says("pipeline.label-efficiency-few-labels")):
        train(objective="masked", settings=SHARES, out="no")
    with pytest.raises(UsageError, match=says("pipeline.label-efficiency-needs-test")):
        train(settings={**SHARES, "data.split": {"by": "random", "test": 0}}, out="no")
    with pytest.raises(UsageError, match="label_efficiency"):
        leadline.train("blobs.csv", settings={"label_efficiency": [0.0]}, quiet=True, out="no")
    assert not Path("no").exists()
    assert Experiment.parse({"label_efficiency": True}).label_efficiency == (0.01, 0.1, 1.0)
    assert Experiment.parse({"label_efficiency": False}).label_efficiency == ()
