"""What training leaves on disk: checkpoints at every stop, a history with whole epochs."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import polars as pl
import pytest

from leadline.errors import Interrupted
from leadline.pipeline.trainer_state import TrainerState
from leadline.run import folder as files
from leadline.verbs.resume import resume
from sentences import says


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM that a process can catch")
def test_a_signal_after_a_tick_was_taken_still_leaves_a_checkpoint(train, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = train(out="whole")
    take = TrainerState.take

    def and_then_a_signal(self: TrainerState, entry) -> None:
        take(self, entry)
        os.kill(os.getpid(), signal.SIGTERM)

    with (
        monkeypatch.context() as patched,
        pytest.raises(Interrupted, match=says("pipeline.stopped-at-step", step=1)),
    ):
        patched.setattr(TrainerState, "take", and_then_a_signal)
        train(out="run")
    assert [f.name for f in (Path("run") / files.CHECKPOINTS).glob("*.json")] == ["step-000000001.json"]
    assert resume("run", quiet=True) is not None
    assert files.sha256(Path("run") / files.WEIGHTS) == files.sha256(whole.folder / files.WEIGHTS)


@pytest.mark.parametrize("last", ["early", "at the end"])
def test_killed_after_training_ended_and_resumed(train, monkeypatch: pytest.MonkeyPatch, last: str) -> None:
    options = {
        "epochs": 8,
        "settings": {"training.early_stopping": {"monitor": "accuracy", "patience": 1 if last == "early" else 99}},
    }
    whole = train(out="whole", **options)

    def killed(self: TrainerState) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(TrainerState, "ship", killed)
        train(out="run", **options)
    run = resume("run", quiet=True)
    assert run is not None
    assert files.sha256(run.folder / files.WEIGHTS) == files.sha256(whole.folder / files.WEIGHTS)
    assert (run.history["epoch"].max() < 8) == (last == "early")
    assert run.history.drop("seconds", "examples_per_second").equals(
        whole.history.drop("seconds", "examples_per_second")
    )
    assert (run.report.find("energy_wh").value or 0) > 0  # all that training used is in its last checkpoint


def test_epochs_end_at_whole_numbers(train) -> None:
    history = train(epochs=25, settings={"training.early_stopping": None}).history
    assert history.filter(pl.col("epoch_end"))["epoch"].to_list() == [float(e) for e in range(1, 26)]
