"""Test rows that could not be used count against a requirement, as errors or as what could change it, and are named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import leadline
from leadline.core.finding import Finding
from leadline.core.requirement import Requirement, verdicts_on
from leadline.evaluation.unusable_rows import as_errors
from leadline.metrics.statistics.intervals import wilson
from leadline.rendering.summary_text import summary_text


@pytest.mark.parametrize(("right", "usable", "unusable"), [(290, 290, 10), (250, 290, 10), (60, 95, 5), (20, 30, 30)])
def test_with_errors_the_interval_is_about_that_of_all_rows(right: int, usable: int, unusable: int) -> None:
    (own,), (strict,) = wilson(right, usable, (0.95,)), wilson(right, usable, (0.99,))
    found = Finding(name="accuracy", split="test", value=right / usable, interval=own, stricter={"0.99": strict})
    counted = as_errors(found, usable, unusable)
    for level in (0.95, 0.99):
        ((low, high),) = wilson(right, usable + unusable, (level,))
        assert counted[f"{level:.6g}"] == pytest.approx((low, high), abs=0.035)
        assert counted[f"{level:.6g}"][0] < low + 1e-3  # never narrower below, where requirements are proven


ACCURACY = {"name": "accuracy", "split": "test", "value": 0.99, "interval": (0.97, 0.999), "n": 290}
COUNTED = {"0.95": (0.92, 0.98)}


@pytest.mark.parametrize(
    ("finding", "text", "verdict"),
    [
        ({**ACCURACY}, "accuracy >= 0.95", "pass"),
        ({**ACCURACY, "unusable": 10, "as_errors": COUNTED}, "accuracy >= 0.95", "undecided"),
        ({**ACCURACY, "unusable": 10, "as_errors": COUNTED}, "accuracy >= 0.9", "pass"),
        ({**ACCURACY, "unusable": 90, "as_errors": {"0.95": (0.7, 0.8)}}, "accuracy >= 0.9", "fail"),
        ({**ACCURACY, "unusable": 1}, "accuracy >= 0.9", "undecided"),
        ({**ACCURACY, "unusable": 1}, "accuracy >= 0.9999", "fail"),
        ({**ACCURACY, "name": "mae", "unusable": 1}, "mae <= 1", "undecided"),
        ({**ACCURACY, "name": "mae", "unusable": 1}, "mae <= 0.5", "fail"),
    ],
    ids=[
        "all rows could be used",
        "errors that reach across the bound",
        "errors that leave it met",
        "errors that leave it missed",
        "one row could change it",
        "rows that could only make it worse",
        "an error without bounds",
        "an error that is too large already",
    ],
)
def test_a_verdict_speaks_of_all_rows(finding: dict[str, Any], text: str, verdict: str) -> None:
    (one,) = verdicts_on([Requirement.parse(text)], [Finding.model_validate(finding)])
    assert one.verdict == verdict
    assert ("unusable" in one.why) == ("unusable" in finding)


def rows(n: int, seed: int) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    return pl.DataFrame({"x": x, "z": rng.normal(size=n), "y": np.where(x > 0, "up", "down")})


def trained(place: Path, test: pl.DataFrame, *require: str, **more: Any) -> leadline.Run:
    rows(200, 0).write_csv(place / "train.csv")
    test.write_csv(place / "test.csv")
    settings = {"baselines": [], "data.split.validation": 0.1, **more}
    return leadline.train(
        place / "train.csv",
        target="y",
        test=str(place / "test.csv"),
        epochs=8,
        require=require,
        deterministic=True,
        quiet=True,
        out=place / "run",
        settings=settings,
    )


NEW = rows(60, 1)
UNSEEN = pl.when(pl.int_range(pl.len()) < 30).then(pl.lit("sideways")).otherwise("y").alias("y")


def test_classes_that_training_did_not_know_are_errors(place: Path) -> None:
    run = trained(place, NEW.with_columns(UNSEEN), "accuracy >= 0.7", "recall(up) >= 0.1")
    accuracy = run.report["accuracy"]
    assert (accuracy.n, accuracy.unusable) == (30, 30)
    assert accuracy.interval is not None and accuracy.interval[0] > 0.7
    verdicts = {one.text: one for one in run.report.requirements}
    assert verdicts["accuracy >= 0.7"].verdict == "fail"
    assert verdicts["recall(up) >= 0.1"].verdict == "undecided"
    lead = str(summary_text(run.report)[0])
    assert "n = 30 of 60 test rows; 30 could not be used" in lead
    assert "30 of 60 test rows" in (run.folder / "report.html").read_text(encoding="utf-8")


def test_rows_that_cannot_be_read_are_errors_too(place: Path) -> None:
    bad = NEW.with_columns(pl.when(pl.int_range(pl.len()) == 7).then(float("inf")).otherwise("x").alias("x"))
    run = trained(place, bad)
    assert (run.report["accuracy"].n, run.report["accuracy"].unusable) == (59, 1)
    again = leadline.evaluate(run, place / "test.csv", require=("accuracy >= 0.5",), quiet=True)
    found = again.find("accuracy")
    assert found is not None and found.unusable == 1
    assert [one.verdict for one in again.verdicts] == ["pass"] and "unusable" in again.verdicts[0].why


def test_rows_without_a_target_are_no_errors(place: Path) -> None:
    lacking = NEW.with_columns(pl.when(pl.int_range(pl.len()) < 20).then(None).otherwise("y").alias("y"))
    run = trained(place, lacking)
    assert (run.report["accuracy"].n, run.report["accuracy"].unusable) == (40, 0)
    found = leadline.evaluate(run, lacking, quiet=True).find("accuracy")
    assert found is not None and (found.n, found.unusable) == (40, 0)
