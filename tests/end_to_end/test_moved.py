"""A run that was moved with its data, or is used from another working directory, finds the data; else it takes it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

import leadline
from leadline.run import folder as files

Cli = Callable[..., int]


@pytest.fixture
def project(place: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with data and a run, under another name than when it was trained."""
    old = place / "old"
    (old / "data").mkdir(parents=True)
    rows = pl.DataFrame({"x": range(60), "y": [i % 2 for i in range(60)]})
    rows.write_csv(old / "data" / "rows.csv")
    rows.head(20).write_csv(old / "data" / "more.csv")
    monkeypatch.chdir(old)
    words = ("--target", "y", "--epochs", "1", "--set", "baselines=[]", "--out", "runs/one", "--quiet")
    assert cli("train", "data/rows.csv", "--test", "data/more.csv", *words) == 0
    monkeypatch.chdir(place)
    old.rename(place / "new")
    return place / "new"


def test_data_that_moved_along_is_found_from_anywhere(project: Path, cli: Cli) -> None:
    run = project / "runs" / "one"
    found = leadline.verify(run, quiet=True)
    assert (found.holds, found.source) == (True, "data")
    assert cli("evaluate", run, "--quiet") == 0
    assert cli("resume", run, "--quiet") == 0


def test_an_interrupted_run_goes_on_where_it_was_moved_to(project: Path, cli: Cli) -> None:
    run = project / "runs" / "one"
    whole = files.sha256(run / files.WEIGHTS)
    for name in (files.MANIFEST, files.WEIGHTS, files.REPORT):
        (run / name).unlink()
    assert cli("resume", run, "--quiet") == 0
    assert files.sha256(run / files.WEIGHTS) == whole


def test_a_run_without_its_data_takes_it(project: Path, cli: Cli) -> None:
    run = shutil.copytree(project / "runs" / "one", project.parent / "copy" / "one")
    assert leadline.verify(run, quiet=True).source == "predictions"
    alone = project.parent / "alone"
    data = project / "data" / "rows.csv"
    words = ("--target", "y", "--epochs", "1", "--set", "baselines=[]", "--out", alone, "--quiet")
    assert cli("train", data, *words) == 0
    elsewhere = data.rename(project.parent / "elsewhere.csv")
    assert leadline.verify(alone, quiet=True).source == "predictions"
    assert cli("verify", alone, elsewhere, "--quiet") == 0
    assert leadline.verify(alone, elsewhere, quiet=True).source == "data"
    elsewhere.write_text(elsewhere.read_text(encoding="utf-8").replace("59,1", "59,0"), encoding="utf-8")
    assert cli("verify", alone, elsewhere, "--quiet") == 4
