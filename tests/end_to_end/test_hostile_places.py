"""Places and values that nobody plans for: each ends in one sentence, never in a traceback."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

import leadline
from leadline.core.catalogue import say
from leadline.core.entries.bounds import LARGEST_INT
from leadline.core.experiment import Experiment
from leadline.errors import DataError, UsageError
from leadline.verbs import runs as runs_verb
from sentences import says

Cli = Callable[..., int]


@pytest.fixture
def rows(place: Path) -> Path:
    file = place / "rows.csv"
    pl.DataFrame({"x": range(40), "y": [i % 2 for i in range(40)]}).write_csv(file)
    return file


@pytest.mark.parametrize(
    ("words", "entry"),
    [
        (("--threads", "100000000"), "--threads"),
        (("--repeats", "999999999"), "--repeats"),
        (("--epochs", "9" * 30), "--epochs"),
        (("--set", "training.l1=1e300"), "training.l1"),
        (("--set", f"network.hidden=[{2**70}]"), "network"),
        (("--lr", "1e39"), "lr"),
        (("--device", "meta"), "meta"),
        (("--target", "\udcff"), "--target"),
        (("--out", "run\udcff"), "run"),
        (("--out", "a" * 5_000), "aaaa"),
    ],
    ids=lambda value: str(value[0]).strip("-") if isinstance(value, tuple) else "",
)
def test_values_that_nothing_can_calculate_with_or_write_are_refused(
    rows: Path, cli: Cli, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], entry: str
) -> None:
    target = () if "--target" in words else ("--target", "y")
    assert cli("train", rows, *target, *words) == 2
    said = capsys.readouterr().err
    assert said.startswith("leadline: ") and entry in said and "Traceback" not in said
    assert not Path("runs").exists()


@pytest.mark.parametrize("values", [{"seed": 2**63}, {"card": {"owner": "\ud800"}}, {"card": {"\ud800": "me"}}])
def test_what_no_entry_can_hold_is_refused_wherever_it_stands(values: dict[str, object]) -> None:
    with pytest.raises(UsageError, match=r"seed|card"):
        Experiment.parse(values)
    assert Experiment.parse({"seed": LARGEST_INT, "card": {"owner": "Łódź"}}).seed == LARGEST_INT


def test_paths_that_no_file_can_have(place: Path) -> None:
    for source, sentence in (
        ("a" * 5_000 + ".csv", "sources.cannot-open"),
        ("no\0name.csv", "sources.cannot-open"),
    ):
        with pytest.raises(DataError, match=says(sentence)):
            leadline.train(source, target="y")
    with pytest.raises(UsageError, match=says("options.not-encodable")):
        leadline.train("half\udcff.csv", target="y")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps the working directory of a process")
def test_a_working_directory_that_was_removed(place: Path, cli: Cli, capsys: pytest.CaptureFixture[str]) -> None:
    gone = place / "gone"
    gone.mkdir()
    os.chdir(gone)
    gone.rmdir()
    assert cli("runs") == 2
    assert capsys.readouterr().err.strip() == say("cli.no-working-directory")


def test_too_few_file_descriptors(
    cli: Cli, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(folder: Path) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(runs_verb, "runs", full)
    assert cli("runs") == 5
    assert capsys.readouterr().err.strip() == say("cli.too-many-files")


def test_a_run_in_a_place_without_a_home(
    rows: Path, cli: Cli, place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (place / "file").write_text("no folder", encoding="utf-8")
    for name in ("LEADLINE_CACHE", "LEADLINE_HOME"):
        monkeypatch.setenv(name, str(place / "file" / "below"))
    assert cli("train", rows, "--target", "y", "--epochs", "1", "--set", "baselines=[]", "--out", place / "run") == 0
    assert leadline.report(place / "run").run.test_accesses is None
    assert "Traceback" not in capsys.readouterr().err
