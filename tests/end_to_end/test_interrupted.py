"""Killed, interrupted and resumed: the same bits in the end."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from leadline.errors import RunError
from leadline.pipeline.calibrate import calibrate_run
from leadline.run import folder as files
from leadline.run.lock import FILE, locked
from sentences import says

TRAIN = (
    "train",
    "digits",
    "--epochs",
    "6",
    "--seed",
    "2",
    "--set",
    "training.checkpoint_seconds=0.05",
    "--set",
    "training.plan.threads=1",
)
AUGMENTED = (
    "--set", "data.inputs.image={type: image, augment: [{shift: 0.1}, {rotate: 10}, contrast, noise, cutout]}",
    "--set", "training.mix=mixup",
)  # fmt: skip


def start(*arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "leadline", *arguments]
    return subprocess.Popen(
        command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"}
    )


def wait_for_checkpoint(run: Path, process: subprocess.Popen[str], count: int = 1) -> None:
    deadline = time.monotonic() + 60
    seen: set[str] = set()
    while len(seen) < count:
        seen |= {f.name for f in (run / files.CHECKPOINTS).glob("step-*.json")}
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < deadline, "no checkpoint was written"
        time.sleep(0.002)


@pytest.fixture
def uninterrupted(cli) -> str:
    assert cli(*TRAIN, *AUGMENTED, "--out", "whole", "-q") == 0
    return files.sha256(Path("whole") / files.WEIGHTS)


def test_killed_twice_and_resumed_ends_in_the_same_bits(cli, uninterrupted: str) -> None:
    run = Path("killed")
    process = start(*TRAIN, *AUGMENTED, "--out", str(run))
    wait_for_checkpoint(run, process)
    process.kill()
    process.communicate()
    assert not (run / files.MANIFEST).exists()
    process = start("resume", str(run))
    wait_for_checkpoint(run, process, 4)
    process.kill()
    process.communicate()
    assert cli("resume", run, "-q") == 0
    assert files.sha256(run / files.WEIGHTS) == uninterrupted
    files.verify(run)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM that a process can catch")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_leaves_a_checkpoint_and_says_how_to_go_on(cli, number: signal.Signals) -> None:
    run = Path("stopped")
    process = start(*TRAIN, "--out", str(run))
    wait_for_checkpoint(run, process)
    process.send_signal(number)
    said = process.communicate(timeout=60)[1]
    assert process.returncode == 128 + number, said
    assert "leadline resume" in said
    assert "Traceback" not in said
    assert cli("report", run) == 2
    assert cli("resume", run, "-q") == 0


@pytest.mark.slow
def test_a_checkpoint_cut_short_is_passed_over(cli, capsys, uninterrupted: str) -> None:
    run = Path("cut")
    process = start(*TRAIN, *AUGMENTED, "--out", str(run))
    wait_for_checkpoint(run, process, 4)
    process.kill()
    process.communicate()
    newest = max((run / files.CHECKPOINTS).glob("*.safetensors"))
    with newest.open("rb+") as opened:
        opened.truncate(newest.stat().st_size // 2)
    assert cli("resume", run) == 0
    assert files.sha256(run / files.WEIGHTS) == uninterrupted
    for damaged in (run / files.CHECKPOINTS).glob("*"):
        damaged.write_bytes(b"")
    capsys.readouterr()


@pytest.mark.slow
def test_all_checkpoints_damaged_is_said_clearly(cli, capsys) -> None:
    run = Path("lost")
    process = start(*TRAIN, "--out", str(run))
    wait_for_checkpoint(run, process, 2)
    process.kill()
    process.communicate()
    for damaged in (run / files.CHECKPOINTS).glob("*.safetensors"):
        damaged.write_bytes(b"")
    assert cli("resume", run, "-q") == 2
    assert re.search(says("training.no-usable-checkpoint"), capsys.readouterr().err)


def test_resuming_a_finished_run_changes_nothing(cli) -> None:
    assert cli("train", "iris", "--epochs", "1", "-q", "--out", "done", "--deterministic") == 0
    before = files.sha256(Path("done") / files.REPORT)
    assert cli("resume", "done", "-q") == 0
    assert files.sha256(Path("done") / files.REPORT) == before


def test_resume_refuses_other_data(cli, capsys) -> None:
    import polars as pl

    frame = pl.DataFrame({"a": [float(i) for i in range(60)], "kind": ["xy"[i % 2] for i in range(60)]})
    frame.write_csv("t.csv")
    assert cli("train", "t.csv", "--target", "kind", "--epochs", "1", "-q", "--out", "run", "--deterministic") == 0
    (Path("run") / files.MANIFEST).unlink()
    frame.with_columns(pl.col("a") + 1).write_csv("t.csv")
    capsys.readouterr()
    assert cli("resume", "run", "-q") == 2
    assert re.search(says("pipeline.data-changed"), capsys.readouterr().err)


def test_two_processes_train_as_one(cli, capsys) -> None:
    common = ("digits", "--epochs", "2", "--seed", "1", "--deterministic", "--set", "training.optimizer=sgd", "-q")
    assert cli("train", *common, "--out", "one") == 0
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "leadline"]
    done = subprocess.run(
        [*command, "train", *common, "--out", "two"], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    from safetensors.numpy import load_file

    one, two = (load_file(Path(name) / files.WEIGHTS) for name in ("one", "two"))
    assert one.keys() == two.keys()
    for name in one:
        assert abs(one[name] - two[name]).max() < 1e-4, name


def test_a_run_is_trained_by_one_process_at_a_time(cli, place: Path) -> None:
    def second(*_: object) -> None:
        with pytest.raises(RunError, match=says("run.in-use", folder=place / "run")), locked(place / "run", here=True):
            pass
        seen.append(True)

    seen: list[bool] = []
    with locked(place, here=True), pytest.raises(RunError, match=says("run.in-use")), locked(place, here=True):
        pass
    with locked(place, here=True), locked(place, here=False):
        pass
    assert not (place / FILE).exists()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("leadline.pipeline.train.calibrate_run", lambda *given: (second(), calibrate_run(*given))[1])
        assert cli("train", "digits", "--epochs", "1", "--set", "baselines=[]", "--out", place / "run", "--quiet") == 0
    assert seen and not (place / "run" / FILE).exists()
    # a lock file that a killed process left behind is held by nobody
    (place / FILE).touch()
    with locked(place, here=True):
        pass
