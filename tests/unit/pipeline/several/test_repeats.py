"""Repeats with other seeds: their spread, and that they can be interrupted anywhere."""

from __future__ import annotations

import signal
from pathlib import Path

import polars as pl
import pytest

from leadline.errors import Interrupted, TrainingFailed
from leadline.pipeline import train as once
from leadline.pipeline import write
from leadline.pipeline.several import run_group
from leadline.run import folder as files
from leadline.verbs.resume import resume


@pytest.fixture(autouse=True)
def in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep all runs in this process, where tests can reach them; `test_several.py` has those at once."""
    monkeypatch.setattr(run_group, "cores", lambda: 1)


def check_whole(folder: Path) -> None:
    run = resume(folder, quiet=True)
    assert run is not None
    files.verify(run.folder)
    spread = next(f for f in run.report.findings if f.name == "accuracy_over_repeats")
    values = [run.report.find("accuracy").value]
    for seed in (1, 2):
        repeat = once.Run(folder / "repeats" / f"seed-{seed}")
        assert repeat.experiment.seed == seed
        values.append(repeat.report.find("accuracy").value)
        tested = [pl.read_parquet(one / files.PREDICTIONS)["row"].sort() for one in (folder, repeat.folder)]
        assert tested[0].equals(tested[1])  # the split is the same: the spread is that of seeds
    assert spread.n == 3
    assert spread.value == pytest.approx(sum(values) / 3)
    assert not (folder / files.CHECKPOINTS).exists()


def test_the_seeds_follow_and_the_experiment_says_how_many(train) -> None:
    run = train(repeats=3, out="run")
    assert run.experiment.repeats == 3
    check_whole(run.folder)


@pytest.mark.parametrize("call", [1, 3])
def test_interrupted_in_any_of_them_and_resumed(train, monkeypatch: pytest.MonkeyPatch, call: int) -> None:
    calls = []

    def interrupted(*arguments):
        calls.append(arguments)
        if len(calls) == call:
            raise Interrupted("stopped", signal.SIGTERM)
        return fit_run(*arguments)

    fit_run = once.fit
    monkeypatch.setattr(once, "fit", interrupted)
    with pytest.raises(Interrupted) as error:
        train(repeats=3, out="run")
    assert error.value.exit_code == 143
    assert call == 1 or "leadline resume run" in str(error.value)
    check_whole(Path("run"))
    assert len(calls) == 4


def test_killed_before_a_repeat_had_anything_to_go_on_with(train) -> None:
    whole = train(repeats=3, out="whole")
    half = whole.folder / "repeats" / "seed-2"
    for file in (files.EXPERIMENT, files.MANIFEST):
        (half / file).unlink()
    report = whole.report.model_copy(update={"exhibits": (), "findings": tuple(whole.report.findings[:-1])})
    write.write_report(whole.folder, report)
    resume(whole.folder, quiet=True)
    files.verify(half)


@pytest.mark.parametrize("seal", [1, 4])
def test_killed_while_the_report_is_written(train, monkeypatch: pytest.MonkeyPatch, seal: int) -> None:
    seals = []

    def killed(folder: Path) -> None:
        seals.append(folder)
        if len(seals) == seal:
            raise KeyboardInterrupt
        sealing(folder)

    sealing = files.seal
    monkeypatch.setattr(files, "seal", killed)
    with pytest.raises(KeyboardInterrupt):
        train(repeats=3, out="run")
    assert not (Path("run") / files.MANIFEST).exists()
    before = files.sha256(Path("run") / files.WEIGHTS)
    check_whole(Path("run"))
    assert files.sha256(Path("run") / files.WEIGHTS) == before


def test_a_repeat_that_fails_leaves_the_first_run_with_its_report(train, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(begun):
        if begun.folder.name == "seed-1":
            raise TrainingFailed("diverged")
        return fit_run(begun)

    fit_run = once.fit
    monkeypatch.setattr(once, "fit", failing)
    with pytest.raises(TrainingFailed):
        train(repeats=3, out="run")
    files.verify(Path("run"))
