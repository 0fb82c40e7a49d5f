"""A disk that fills up at any moment: exit 5, what is left is said, and resume ends in the same bits.

The largest file that a process may write stands in for the room on a disk: what is larger meets the same error as on a
full one.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from leadline.core.catalogue import say
from leadline.errors import DiskFull
from leadline.pipeline import calibrate, write
from leadline.run import folder as files
from sentences import says

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on file sizes")

TRAIN = ("iris", "--epochs", "3", "--deterministic", "-q", "--set", "training.checkpoint_seconds=0.000001")


def limited(largest: int, *arguments: str) -> subprocess.CompletedProcess[str]:
    code = (
        "import resource, signal, sys\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({largest}, {largest}))\n"
        "from leadline.cli.main import run\n"
        f"sys.exit(run({list(arguments)!r}))\n"
    )
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, timeout=120, check=False
    )


@pytest.fixture
def whole(cli) -> str:
    assert cli("train", *TRAIN, "--out", "whole") == 0
    return files.sha256(Path("whole") / files.WEIGHTS)


@pytest.mark.slow
def test_during_a_checkpoint(cli, whole: str) -> None:
    done = limited(20_000, "train", *TRAIN, "--out", "run", "--set", "network.size=base")
    assert done.returncode == 5, done.stderr
    assert "Cannot write the checkpoint of step" in done.stderr
    assert "Free some space" in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(Path("run").rglob("*.tmp"))
    assert cli("resume", "run", "-q") == 0
    assert files.sha256(Path("run") / files.WEIGHTS) == whole
    files.verify(Path("run"))


@pytest.mark.slow
def test_while_encoding_into_the_cache(cli) -> None:
    pl.DataFrame({"x": [float(i) for i in range(9_000)], "kind": ["a", "b"] * 4_500}).write_csv("t.csv")
    arguments = ("train", "t.csv", "--target", "kind", "--epochs", "1", "--deterministic", "-q", "--out", "run")
    done = limited(20_000, *arguments)
    assert done.returncode == 5, done.stderr
    assert "The disk of the cache" in done.stderr
    assert "LEADLINE_CACHE" in done.stderr
    assert "Traceback" not in done.stderr
    assert not Path("run").exists()
    assert cli(*arguments) == 0


@pytest.mark.parametrize("where", ["weights", "history", "report", "page", "manifest"])
def test_while_writing_what_a_finished_run_has(
    cli, capsys, monkeypatch: pytest.MonkeyPatch, whole: str, where: str
) -> None:
    def full(*arguments: object, **options: object) -> None:
        raise OSError(28, "No space left on device")

    places: dict[str, tuple[object, str]] = {
        "weights": (calibrate, "save_weights"),
        "history": (pl.DataFrame, "write_parquet"),
        "report": (write, "store"),
        "page": (write, "render"),
        "manifest": (write.files, "seal"),
    }
    with monkeypatch.context() as patched:
        patched.setattr(*places[where], full)
        assert cli("train", *TRAIN, "--out", "run") == 5
    said = capsys.readouterr().err
    assert "is full (" in said
    assert say("pipeline.disk-full-checkpoint-kept", step=12, folder="run") in said
    assert not (Path("run") / files.MANIFEST).exists()
    assert cli("resume", "run", "-q") == 0
    assert files.sha256(Path("run") / files.WEIGHTS) == whole
    files.verify(Path("run"))


def test_when_the_run_folder_is_made(cli, capsys, monkeypatch: pytest.MonkeyPatch) -> None:
    write = files.write

    def full(file: Path, data: bytes | str) -> None:
        if file.name == files.EXPERIMENT:
            raise OSError(122, os.strerror(122))  # a quota
        write(file, data)

    monkeypatch.setattr(files, "write", full)
    assert cli("train", *TRAIN, "--out", "run") == DiskFull.exit_code
    assert re.search(says("pipeline.disk-full-nothing-begun"), capsys.readouterr().err)
    assert not Path("run").exists()


def test_a_run_that_is_finished_says_so(cli, capsys) -> None:
    assert cli("train", *TRAIN, "--out", "run") == 0
    capsys.readouterr()
    assert cli("resume", "run") == 0
    assert say("verbs.already-finished", folder="run") in capsys.readouterr().err


def test_an_experiment_that_was_edited_is_not_gone_on_with(cli, capsys) -> None:
    assert cli("train", *TRAIN, "--out", "run") == 0
    (Path("run") / files.MANIFEST).unlink()
    file = Path("run") / files.EXPERIMENT
    text = file.read_text()
    file.write_text(text.replace("epochs: 3", "epochs: 4"))
    capsys.readouterr()
    assert cli("resume", "run", "-q") == 2
    assert re.search(says("pipeline.experiment-changed"), capsys.readouterr().err)
    file.write_text(text + "\n# what decides nothing may be edited\n")
    assert cli("resume", "run", "-q") == 0
