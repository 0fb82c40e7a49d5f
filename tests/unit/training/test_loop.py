from __future__ import annotations

import time

import pytest
import torch
from small_problem import Table, network, plain

from leadline.errors import TrainingFailed
from leadline.training.data_loader import DataLoader
from leadline.training.loop import LogEntry, fit
from sentences import says


def never(entry: LogEntry) -> bool:
    return False


def test_ticks_come_every_few_steps_at_epoch_ends_and_at_the_end() -> None:
    loader = DataLoader(Table(50), 10, 0)  # five steps an epoch
    entries = list(fit(plain(network()), loader, never, total=13, every=3))
    assert [(t.step, t.epoch, t.epoch_end) for t in entries] == [
        (3, 1, False), (5, 1, True), (6, 2, False), (9, 2, False), (10, 2, True), (12, 3, False), (13, 3, False),
    ]  # fmt: skip
    assert all(t.seconds > 0 and t.examples_per_second > 0 and t.gradient_norm > 0 for t in entries)


def test_losses_are_the_weighted_means_since_the_last_tick() -> None:
    loader = DataLoader(Table(25), 10, 0)
    step = plain(network(), {"name": "sgd", "lr": 1e-12})  # the weights stay, so the whole is a mean over rows
    (entry,) = fit(step, loader, never, total=3, every=100)
    whole = Table(25).batch(torch.arange(25))
    error_B = (network()(whole.inputs["table"])[:, 0] - whole.target_B).detach()
    expected = {"loss": error_B.square(), "mae": error_B.abs()}
    assert entry.losses == pytest.approx(
        {k: float((v * whole.weight_B).sum() / whole.weight_B.sum()) for k, v in expected.items()}, rel=1e-5
    )


def test_training_goes_down() -> None:
    entries = list(fit(plain(network(), "adam", total=200), DataLoader(Table(64), 16, 0), never, total=200, every=50))
    assert entries[-1].losses["loss"] < 0.7 * entries[0].losses["loss"]


def test_training_goes_on_from_any_step() -> None:
    loader = DataLoader(Table(50), 10, 0)
    entries = list(fit(plain(network()), loader, never, start=4, total=8, every=3))
    assert [(t.step, t.epoch, t.epoch_end) for t in entries] == [(5, 1, True), (6, 2, False), (8, 2, False)]
    assert list(fit(plain(network()), loader, never, start=8, total=8, every=3)) == []


def test_until_is_asked_after_the_consumer() -> None:
    order = []

    def until(entry: LogEntry) -> bool:
        order.append(("until", entry.step))
        return entry.step == 4

    step = plain(network())
    for entry in fit(step, DataLoader(Table(50), 10, 0), until, total=20, every=2):
        order += [("consumer", entry.step)]
    assert order == [("consumer", 2), ("until", 2), ("consumer", 4), ("until", 4)]
    assert step.progress.step == 4


def test_a_signal_is_answered_after_the_next_step() -> None:
    asked = iter([False, False, True])
    entries = fit(
        plain(network()),
        DataLoader(Table(50), 10, 0),
        lambda t: True,
        total=20,
        every=5,
        interrupted=lambda: next(asked),
    )
    assert [entry.step for entry in entries] == [3]


def test_the_consumers_time_is_not_counted() -> None:
    seconds = 0.0
    for entry in fit(plain(network()), DataLoader(Table(50), 10, 0), never, total=4, every=1):
        time.sleep(0.1)
        seconds = entry.seconds
    assert seconds < 0.3


def test_divergence_is_said_in_words() -> None:
    step = plain(network(), {"name": "sgd", "lr": 1e6})
    with pytest.raises(TrainingFailed, match=says("training.diverged")):
        list(fit(step, DataLoader(Table(50), 10, 0), never, total=200, every=5))
