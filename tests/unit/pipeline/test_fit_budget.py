"""Training within a budget of time or energy, through to the report."""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import polars as pl
import pytest

from leadline.core.catalogue import say
from leadline.errors import Interrupted, UsageError
from leadline.machine.energy import Energy
from leadline.pipeline import trainer_state
from leadline.pipeline.trainer_state import TrainerState
from leadline.run import folder as files
from leadline.run.run import Run
from leadline.training.state import validation
from leadline.training.state.budget import Account
from leadline.training.state.checkpoint import Checkpoints
from leadline.training.steps.plain import PlainStep
from leadline.verbs.resume import resume
from sentences import says

STEP, VALIDATION, SAVING = 0.05, 0.1, 0.02  # seconds


PATIENT = {"training.early_stopping.patience": 10_000, "baselines": []}


class Clock:
    """The clock that training goes by in these tests: steps, validations and checkpoints take just so long."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def slow(self, monkeypatch: pytest.MonkeyPatch, owner: object, name: str, seconds: float) -> None:
        plain = getattr(owner, name)

        def slowly(*arguments: object, **options: object) -> object:
            self.now += seconds
            return plain(*arguments, **options)

        monkeypatch.setattr(owner, name, slowly)

    def meter(self, *, gpus: bool, processes: int) -> Clock:
        self.since = self.now
        return self

    def read(self) -> dict[str, Energy]:
        return {"cpu": Energy((self.now - self.since) * 36 / 3600, "36 W")}


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(trainer_state, "Account", partial(Account, clock=clock, meter=clock.meter))
    clock.slow(monkeypatch, PlainStep, "__call__", STEP)
    clock.slow(monkeypatch, validation, "predict_subset", VALIDATION)
    clock.slow(monkeypatch, Checkpoints, "save", SAVING)
    monkeypatch.setattr("leadline.training.loop.time.perf_counter", clock)
    return clock


@contextmanager
def a_signal_after(entries: int) -> Iterator[None]:
    take, left = TrainerState.take, [entries]

    def and_then(self: TrainerState, entry: object) -> None:
        take(self, entry)  # type: ignore[arg-type]
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGTERM)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(TrainerState, "take", and_then)
        yield


def rate(run: Run) -> list[float]:
    return run.history["lr"].to_list()


@pytest.mark.parametrize("what", ["time", "energy"])
def test_a_budget_holds_and_the_schedule_comes_to_its_end(clock: Clock, train: Callable[..., Run], what: str) -> None:
    limit = {"max_time": "10s"} if what == "time" else {"max_energy": "100mWh"}
    run = train(epochs=1000, settings=PATIENT, **limit)
    seconds, energy = run.report.find("train_seconds"), run.report.find("energy_wh")
    assert seconds is not None and energy is not None
    assert 9.8 < (seconds.value or 0) <= 10.2
    assert 0.098 < (energy.value or 0) <= 0.102
    assert rate(run)[-1] < 0.01 * max(rate(run))
    ends = run.history.filter(pl.col("epoch_end"))
    assert run.history["val_loss"][-1] is not None  # the last weights were looked at
    assert ends.height > 10
    (row,) = pl.read_json(run.folder / "exhibits" / "events.json")["rows"].to_list()
    assert re.fullmatch(says(f"training.{what}-budget-used-up"), row[-1][-1])


def test_less_than_an_epoch_still_ships_validated_weights(clock: Clock, train: Callable[..., Run], capsys) -> None:
    run = train(epochs=5, max_time=0.6, settings={"training.batch": 4}, quiet=False)  # of 16 steps of an epoch
    assert run.history["epoch"].max() < 1
    assert run.history["val_loss"].drop_nulls().len() == 1
    assert rate(run)[-1] < 0.05 * max(rate(run))
    said = capsys.readouterr().err
    assert re.search(says("training.time-budget-used-up", epochs=5), said)
    assert run.report.find("accuracy") is not None


def test_without_epochs_training_takes_what_the_budget_allows(clock: Clock, train: Callable[..., Run]) -> None:
    run = train(epochs=None, max_time=20.0, settings=PATIENT)
    assert run.experiment.training.epochs > 1000
    assert 19.6 < (run.report.find("train_seconds").value or 0) <= 20.0


def test_time_for_baselines_is_kept_within_the_budget(clock: Clock, train: Callable[..., Run]) -> None:
    run = train(epochs=None, max_time=20.0, settings={**PATIENT, "baselines": ["linear"]})
    assert 17.6 < (run.report.find("train_seconds").value or 0) <= 18.0
    assert run.report.find("accuracy", group="baseline=linear") is not None


def test_early_stopping_still_holds_and_its_patience_follows_the_budget(
    clock: Clock, train: Callable[..., Run], capsys
) -> None:
    settings = {"training.early_stopping.monitor": "accuracy", "training.schedule": "constant"}
    run = train(epochs=None, max_time=60.0, settings=settings, quiet=False)
    assert run.experiment.training.early_stopping.patience is None
    assert re.search(says("training.early-stopping-no-improvement"), capsys.readouterr().err)
    assert run.history["seconds"].max() < 55


def test_what_is_not_needed_of_a_budget_is_not_used(clock: Clock, train: Callable[..., Run]) -> None:
    plain, bounded = train(epochs=6), train(epochs=6, max_time="1h")
    assert files.sha256(plain.folder / files.WEIGHTS) == files.sha256(bounded.folder / files.WEIGHTS)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM that a process can catch")
def test_what_was_used_before_an_interruption_counts(clock: Clock, train: Callable[..., Run]) -> None:
    with a_signal_after(40), pytest.raises(Interrupted):
        train(epochs=1000, max_time=10.0, out="run", settings=PATIENT)
    assert 2 < clock.now < 8
    clock.now += 1000
    run = resume("run", quiet=True)
    assert isinstance(run, Run)
    assert 9.8 < (run.report.find("train_seconds").value or 0) <= 10.2
    assert 0.098 < (run.report.find("energy_wh").value or 0) <= 0.102  # an orderly stop: all of it is known
    assert rate(run)[-1] < 0.01 * max(rate(run))


def test_killed_after_the_budget_ended_training_and_resumed(
    clock: Clock, train: Callable[..., Run], monkeypatch
) -> None:
    def killed(self: TrainerState) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(TrainerState, "ship", killed)
        train(epochs=1000, max_time=10.0, out="run")
    before = clock.now
    run = resume("run", quiet=True)
    assert isinstance(run, Run)
    assert clock.now < before + 1  # nothing was trained again
    assert run.history["val_loss"][-1] is not None


def test_energy_used_before_a_kill_is_not_known(clock: Clock, train: Callable[..., Run], monkeypatch) -> None:
    take, left = TrainerState.take, [30]

    def killed(self: TrainerState, entry) -> None:
        take(self, entry)
        left[0] -= 1
        if not left[0]:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(TrainerState, "take", killed)
        train(epochs=20, out="run", settings={"training.checkpoint_seconds": 1e-9})
    run = resume("run", quiet=True)
    assert isinstance(run, Run)
    assert "interrupted" in (run.report.find("energy_wh").why or "")


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (
            {"training.early_stopping": {"monitor": "accuracy", "stopping_threshold": 95}},
            "between 0 and 1.*Did you mean 0.95",
        ),
        (
            {"training.early_stopping": {"monitor": "accuracy", "min_delta": 2}},
            "min_delta: accuracy lies between",
        ),
        ({"training.early_stopping": {"stopping_threshold": 0.1}, "data.split.validation": 0}, "there are none"),
        ({"training.early_stopping": {"monitor": "acuracy"}}, "Did you mean 'accuracy'"),
        ({"training.average": "emma"}, "no average 'emma'. Did you mean 'ema'"),
        ({"training.average": {"name": "swa", "start": 1}}, r"training\.average\.start"),
        ({"training.log": ["tensorbored"]}, "Did you mean 'tensorboard'"),
        ({"training.log": ["mlflow"]}, r"training\.log\.tracking_uri"),
    ],
)
def test_nonsense_is_refused_before_a_folder_is_made(
    train: Callable[..., Run], settings: dict[str, object], words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        train(settings=settings, out="run")
    assert not Path("run").exists()


def test_a_target_ends_training(train: Callable[..., Run], capsys) -> None:
    settings = {
        "training.early_stopping": {"monitor": "accuracy", "stopping_threshold": 0.5},
        "training.optimizer.lr": 0.01,
    }
    run = train(epochs=200, settings=settings, quiet=False)
    values = run.history["val_accuracy"].drop_nulls().to_list()
    assert values[-1] >= 0.5 > max(values[:-1], default=0.0)
    assert say("training.early-stopping-target-reached", metric="accuracy", target=0.5) in capsys.readouterr().err


def test_gains_within_the_tolerance_do_not_count(train: Callable[..., Run]) -> None:
    settings = {
        "training.early_stopping": {"monitor": "loss", "patience": 3, "min_delta": 0.5},
        "training.schedule": "constant",
    }
    assert train(epochs=200, settings=settings).history["epoch"].max() <= 10
