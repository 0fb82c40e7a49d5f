"""Snapshots, going back to them, and giving up."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from small_problem import Squares, Table, network, noisy, plain
from torch import nn

from leadline.core.catalogue import say
from leadline.core.component import Component
from leadline.errors import TrainingFailed
from leadline.objectives.contract import Supervision
from leadline.training.data_loader import DataLoader
from leadline.training.distributed import World
from leadline.training.state.recovery import MOST, Diverged, OutOfMemory, Snapshot, check, halved, split_up
from leadline.training.steps.plain import PlainStep
from sentences import says


def run(step: PlainStep, loader: DataLoader, end: int) -> None:
    while step.progress.step < end:
        step(loader.at(step.progress.step))


def same(a: PlainStep, b: PlainStep) -> bool:
    (one, _), (other, _) = a.state(), b.state()
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def fresh(**settings: object) -> tuple[PlainStep, DataLoader]:
    return plain(network(dropout=0.3), "adam", average=Component(name="ema"), **settings), DataLoader(
        Table(50), 16, 5, augment=noisy
    )


@pytest.mark.parametrize("at", [0, 7])
def test_after_going_back_the_same_steps_end_in_the_same_bits(at: int) -> None:
    whole, loader = fresh()
    run(whole, loader, 12)
    step, loader = fresh()
    run(step, loader, at)
    snapshot = Snapshot(step)
    run(step, loader, 10)
    snapshot.put_back(step)
    assert step.progress.step == snapshot.step == at
    run(step, loader, 12)
    assert same(whole, step)


def test_a_snapshot_is_taken_again_into_the_same_tensors() -> None:
    step, loader = fresh()
    snapshot = Snapshot(step)
    run(step, loader, 3)
    snapshot.take(step)
    held = {name: x.data_ptr() for name, x in snapshot.tensors.items()}
    run(step, loader, 5)
    snapshot.take(step)
    assert {name: x.data_ptr() for name, x in snapshot.tensors.items()} == held
    other, loader = fresh()
    run(other, loader, 5)
    snapshot.put_back(step)
    assert same(step, other)


def test_when_a_snapshot_is_due() -> None:
    step, _ = fresh()
    snapshot = Snapshot(step)
    assert not snapshot.due(10, epoch_end=True, loss=1.0, first=1.0)  # too early to know that the weights are sound
    assert snapshot.due(11, epoch_end=True, loss=1.0, first=1.0)
    snapshot.scalars["step"] = 50
    assert not snapshot.due(99, epoch_end=False, loss=1.0, first=1.0)
    assert snapshot.due(100, epoch_end=False, loss=1.0, first=1.0)
    assert not snapshot.due(60, epoch_end=True, loss=12.0, first=1.0)  # on its way to infinity
    assert snapshot.due(60, epoch_end=True, loss=-3.0, first=-1.0)  # a likelihood may be below zero


def test_weights_that_are_not_finite_are_never_kept() -> None:
    step, _ = fresh()
    snapshot = Snapshot(step)
    with torch.no_grad():
        step.network[0].bias[2] = torch.nan
    with pytest.raises(Diverged, match=says("training.weights-not-finite", step=0)):
        snapshot.take(step)
    with pytest.raises(Diverged):
        check(step)
    snapshot.put_back(step)
    check(step)


def test_the_rate_is_halved_and_training_given_up_after_enough_of_it() -> None:
    step, loader = fresh()
    rate = step.lr
    snapshot = Snapshot(step)
    for time in range(1, MOST + 1):
        run(step, loader, 3)
        said = halved(step, snapshot, Diverged("Loss was not finite at step 3", 3))
        assert step.progress.step == 0
        step(loader.at(0))
        assert step.lr == pytest.approx(rate / 2**time)
    assert said == say("training.restored-and-halved", what="Loss was not finite at step 3", step=0, lr=rate / 2**MOST)
    with pytest.raises(
        TrainingFailed, match=says("training.diverged-too-often", times=9, what="Loss was not finite at step 3")
    ) as raised:
        halved(step, snapshot, Diverged("Loss was not finite at step 3", 3))
    assert raised.value.exit_code == 5


def test_smaller_pieces_keep_what_was_learned_of_the_rate() -> None:
    step, _ = fresh()
    snapshot = Snapshot(step)
    halved(step, snapshot, Diverged("it", 1))
    said = split_up(step, snapshot, OutOfMemory("a step"), 16)
    assert (step.progress.accumulate, step.progress.halvings) == (2, 1)
    assert said == say("training.split-into-micro-batches", trouble="a step", step=0, count=2, rows=8)
    halved(step, snapshot, Diverged("it", 1))
    assert (step.progress.accumulate, step.progress.halvings) == (2, 2)


def test_where_a_batch_cannot_be_split_up_it_is_said() -> None:
    step, _ = fresh(accumulate=16)
    with pytest.raises(TrainingFailed, match=says("training.out-of-memory-smallest", rows=1)):
        split_up(step, Snapshot(step), OutOfMemory("a step"), 16)
    coupled = Squares()
    coupled.supervision = Supervision(coupled=True)
    step = plain(network(), objective=coupled)
    with pytest.raises(TrainingFailed, match=says("training.out-of-memory-coupled")):
        split_up(step, Snapshot(step), OutOfMemory("a step"), 16)
    step, _ = fresh()
    step.context = replace(step.context, world=World(0, 2))
    with pytest.raises(TrainingFailed, match=says("training.out-of-memory-several-processes")):
        split_up(step, Snapshot(step), OutOfMemory("a step"), 16)


def test_batch_statistics_are_noted_and_keep_two_rows() -> None:
    net = nn.Sequential(nn.Linear(10, 4), nn.BatchNorm1d(4), nn.Linear(4, 1))
    step = plain(net)
    snapshot = Snapshot(step)
    said = [split_up(step, snapshot, OutOfMemory("a step"), 8) for _ in range(2)]
    assert all("batch norm" in one for one in said)
    assert step.progress.accumulate == 4
    with pytest.raises(TrainingFailed, match=says("training.out-of-memory-smallest", rows=2)):
        split_up(step, snapshot, OutOfMemory("a step"), 8)
    step(Table(3).batch(torch.arange(3)))  # a left-over batch of three is not split into single rows
