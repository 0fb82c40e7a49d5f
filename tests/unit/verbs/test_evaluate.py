"""A network is measured on rows that it has not seen, or not at all."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from leadline.errors import DataError, RunError, UsageError
from leadline.verbs.evaluate import evaluate
from sentences import says


def value(found, name: str):
    return next(f for f in found.findings if f.name == name and f.group is None)


@pytest.mark.parametrize("source", [None, "blobs.csv"])
def test_of_its_own_data_only_the_test_rows_are_measured(train, source: str | None) -> None:
    run = train()
    found = evaluate(run, source, quiet=True)
    for name in ("accuracy", "nll"):
        assert value(found, name) == run.report.find(name)


def test_own_data_from_memory_too(train) -> None:
    frame = pl.read_csv("blobs.csv")
    run = train(frame)
    assert value(evaluate(run, frame, quiet=True), "accuracy") == run.report.find("accuracy")
    with pytest.raises(RunError, match=says("verbs.evaluate-in-memory")):
        evaluate(run, quiet=True)


def test_of_other_rows_all_are_measured(train) -> None:
    run = train()
    pl.read_csv("blobs.csv").head(30).write_csv("new.csv")
    assert value(evaluate(run, "new.csv", quiet=True), "accuracy").n == 30


def test_data_that_changed_has_no_test_rows_any_more(train) -> None:
    run = train()
    frame = pl.read_csv("blobs.csv")
    pl.concat([frame, frame.head(1)]).write_csv("blobs.csv")
    with pytest.raises(RunError, match=says("verbs.data-changed")):
        evaluate(run, quiet=True)


def test_without_test_rows_there_is_nothing_to_measure(train) -> None:
    run = train(settings={"data.split.test": 0})
    with pytest.raises(DataError, match=says("verbs.no-test-rows")):
        evaluate(run, quiet=True)


def test_requirements_are_the_runs_own_or_those_given(train) -> None:
    run = train(require=("accuracy >= 0.5", "params <= 1"))
    assert [v.text for v in evaluate(run, quiet=True).verdicts] == ["accuracy >= 0.5"]
    assert [v.text for v in evaluate(run, require=("nll <= 9",), quiet=True).verdicts] == ["nll <= 9"]
    with pytest.raises(UsageError, match=says("pipeline.requirement-not-measured", requirement="params")):
        evaluate(run, require=("params <= 1",), quiet=True)


def test_a_source_without_target_is_refused(train) -> None:
    pl.read_csv("blobs.csv").drop("kind").write_csv("bare.csv")
    with pytest.raises(DataError, match=says("verbs.target-missing", name="kind")):
        evaluate(train(), Path("bare.csv"), quiet=True)


def test_what_training_did_not_see_is_said(train, capsys: pytest.CaptureFixture[str]) -> None:
    run = train()
    frame = pl.read_csv("blobs.csv").head(30)
    evaluate(run, frame.with_columns(width=pl.Series([99.0, 98.0, *frame["width"][2:]])))
    assert "width: 2 of 30 rows" in capsys.readouterr().err


def test_a_test_file_is_looked_at_before_training(train, place: Path) -> None:
    frame = pl.read_csv("blobs.csv")
    frame.head(20).with_columns(width=pl.lit(50.0)).write_csv("later.csv")
    run = train(settings={"data.test": "later.csv"})
    notes = (run.folder / "exhibits" / "notes.json").read_text(encoding="utf-8")
    assert "width: 20 of 20 test rows" in notes
