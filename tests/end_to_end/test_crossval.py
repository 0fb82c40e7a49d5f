"""Cross-validation through the command line and from Python: every row is tested once, and an interrupted one goes
on.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import polars as pl
import pytest

import leadline
from leadline.core.catalogue import say
from leadline.core.experiment import Experiment
from leadline.errors import RunError, UsageError
from leadline.run import folder as files
from sentences import says

QUICK = ("--epochs", "2", "--set", "training.plan.threads=1", "--quiet")


def test_every_row_is_tested_by_a_network_that_never_saw_it(
    cli, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli("crossval", "iris", "--folds", "3", "--out", "cv", "--require", "accuracy >= 0.01", *QUICK) == 0
    told = pl.read_parquet("cv/predictions.parquet")
    assert sorted(told["row"]) == list(range(1, 151))
    assert told["fold"].value_counts()["count"].to_list() == [50, 50, 50]
    report = leadline.report("cv")
    accuracy = report.find("accuracy")
    assert accuracy is not None and accuracy.interval is not None
    assert "corrected t over folds" in (accuracy.method or "")
    assert accuracy.value == pytest.approx((told["predicted"] == told["target"]).mean())
    assert "Test accuracy" in capsys.readouterr().out
    assert say("exhibits.folds") in Path("cv/report.html").read_text(encoding="utf-8")
    assert Experiment.read(Path("cv/folds/fold-2/experiment.yaml")).data.split.fold == 2


def test_an_unfinished_one_goes_on_to_the_same_numbers(cli, place: Path) -> None:
    assert cli("crossval", "iris", "--folds", "2", "--out", "cv", *QUICK) == 0
    before = pl.read_parquet("cv/predictions.parquet")
    for name in (files.MANIFEST, files.REPORT, files.PREDICTIONS):
        (place / "cv" / name).unlink()
    shutil.rmtree("cv/folds/fold-2")
    assert cli("resume", "cv", "--quiet") == 0
    assert pl.read_parquet("cv/predictions.parquet").equals(before)
    assert cli("resume", "cv", "--quiet") == 0


def test_groups_stay_together_and_time_runs_forward(place: Path) -> None:
    frame = pl.DataFrame(
        {
            "x": [i * 0.5 for i in range(120)],
            "who": [i // 4 for i in range(120)],
            "y": [float(i % 7) for i in range(120)],
        }
    )
    options = {"target": "y", "epochs": 1, "quiet": True, "settings": {"training.plan.threads": 1}}
    grouped = leadline.crossval(frame, folds=3, split="group:who", **options)
    assert grouped is not None
    told = pl.read_parquet(grouped.folder / files.PREDICTIONS).with_columns(who=(pl.col("row") - 1) // 4)
    assert told.group_by("who").agg(pl.col("fold").n_unique())["fold"].max() == 1
    timed = leadline.crossval(frame, folds=3, split="time:x", **options)
    assert timed is not None and len(timed.runs) == 3
    trained = [run.report.find("rows", split="train") for run in timed.runs]
    assert [f.value for f in trained if f] == sorted(f.value for f in trained if f)


def test_what_makes_no_sense_is_refused_and_leaves_nothing(place: Path) -> None:
    with pytest.raises(UsageError, match="leave out split="):
        leadline.crossval("iris", split="species", quiet=True)
    with pytest.raises(UsageError, match=says("options.of-others", others="leadline.train")):
        leadline.crossval("iris", repeats=2, quiet=True)
    with pytest.raises(UsageError, match="leadline crossval"):
        leadline.train("iris", settings={"data.split.folds": 3}, quiet=True)
    with pytest.raises(UsageError, match="misspelt"):
        leadline.crossval("iris", require=["misspelt >= 1"], quiet=True)
    assert not list((place / "runs").glob("*"))


def test_it_has_no_network_of_its_own(cli, place: Path) -> None:
    assert cli("crossval", "iris", "--folds", "2", "--out", "cv", *QUICK) == 0
    with pytest.raises(RunError, match="its runs are in"):
        leadline.Run("cv")
    assert cli("runs", ".") == 0
