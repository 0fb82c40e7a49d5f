"""Several runs at once give what they give in turn, say what went wrong in which, and stop when told to."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest

from leadline.core.catalogue import say
from leadline.core.experiment import Experiment
from leadline.errors import DataError
from leadline.pipeline.context import RunContext
from leadline.pipeline.several import run_group
from leadline.pipeline.several.run_group import GroupedRun, train_all
from leadline.run import folder as files
from leadline.run.run import Run

PLAN = {"device": "cpu", "precision": "fp32", "channels_last": False, "compile": False, "threads": 1}


def ones(where: Path, source: str = "blobs.csv", count: int = 3) -> list[GroupedRun]:
    values = {"data": {"source": source, "target": "kind"}, "training": {"epochs": 2, "plan": PLAN}, "baselines": []}
    jobs = [RunContext(Experiment.parse({**values, "seed": seed})) for seed in range(count)]
    return [GroupedRun(f"run {seed}", run_context, where / f"seed-{seed}") for seed, run_context in enumerate(jobs)]


def predictions(runs: list[Run | None]) -> list[pl.DataFrame]:
    return [pl.read_parquet(run.folder / files.PREDICTIONS) for run in runs if run is not None]


def test_at_once_and_in_turn_are_the_same_but_for_what_takes_time(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_group, "cores", lambda: 2)
    at_once = train_all(ones(place / "a"), place)
    monkeypatch.setattr(run_group, "cores", lambda: 1)
    in_turn = train_all(ones(place / "b"), place)
    for one, other in zip(predictions(at_once), predictions(in_turn), strict=True):
        assert one.drop("file").equals(other.drop("file"))
    timed = [run.report.find("latency_ms", group="batch=1") for run in (at_once[0], in_turn[0]) if run is not None]
    assert [f is not None and f.value is not None for f in timed] == [False, True]
    assert timed[0] is not None and timed[0].why == say("evaluation.shared-machine")


def test_finished_ones_are_left_as_they_are(place: Path) -> None:
    before = train_all(ones(place, count=1), place)
    again = train_all(ones(place, count=1), place)
    assert before[0] is not None and again[0] is not None
    assert before[0].report == again[0].report


def test_what_is_wrong_in_one_is_said_with_its_name(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_group, "cores", lambda: 2)
    todo = ones(place, count=2)
    broken = Experiment.parse({"data": {"source": "nowhere.csv"}})
    with pytest.raises(DataError, match=r"run 1: .*nowhere\.csv"):
        train_all([todo[0], todo[1]._replace(run_context=RunContext(broken))], place)


@pytest.mark.skipif(os.name != "posix", reason="signals as on POSIX")
def test_told_to_stop_all_of_them_stop_and_can_go_on(place: Path) -> None:
    command = [sys.executable, "-m", "leadline", "train", "digits", "--epochs", "40", "--repeats", "3", "--out", "run"]
    quick = ["--set", "training.checkpoint_seconds=0.05", "--set", "training.plan.threads=1", "--set", "baselines=[]"]
    two_cores = "import os, sys; os.sched_getaffinity = lambda _: {0, 1}"
    script = f"{two_cores}\nfrom leadline.cli.main import run\nsys.exit(run(sys.argv[1:]))"
    with subprocess.Popen(
        [sys.executable, "-c", script, *command[3:], *quick], stderr=subprocess.PIPE, text=True
    ) as process:
        until = time.monotonic() + 120
        while len(list(place.glob("run/repeats/*/checkpoints/*.json"))) < 2 and time.monotonic() < until:
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        words = process.communicate()[1]
    assert process.returncode == 143
    assert "leadline resume run" in words
    assert not list(place.glob("run/repeats/*/manifest.json"))
    assert len(list(place.glob("run/repeats/*/checkpoints/*.json"))) >= 2
