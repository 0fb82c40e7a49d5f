"""A loader that is given the network, and has a memory of its own: training with it resumes to the same bits."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from small_problem import Table, network, plain
from torch import Tensor, nn

from leadline.nn.batch import Batch
from leadline.nn.rng import generator_for
from leadline.training.loop import Loader, LogEntry, fit
from leadline.training.state.checkpointing import Checkpointing
from leadline.training.state.recovery import Diverged, Recovery

ROWS, BATCH, SEED = 24, 6, 5


class Memory:
    """The last targets of rows, each mixed with what the network then made of it: the past decides what is learnt."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.network: nn.Module | None = None
        self.target_N = table.target_N.clone()
        self.writes = 0

    def with_network(self, network: nn.Module) -> None:
        self.network = network

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        return {"target_N": self.target_N}, {"writes": self.writes}

    def load(self, tensors: Mapping[str, Tensor], scalars: Mapping[str, Any]) -> None:
        self.target_N, self.writes = tensors["target_N"].clone(), scalars["writes"]


class Replay:
    """Rows that are drawn anew for each step, with targets out of the memory, which the network then writes to."""

    batch, steps_per_epoch = BATCH, ROWS // BATCH

    def __init__(self) -> None:
        self.table = Table(ROWS)
        self.feedback = Memory(self.table)

    def size(self, step: int) -> int:
        return BATCH

    def at(self, step: int) -> Batch:
        memory = self.feedback
        assert memory.network is not None, "the network comes before the first batch"
        at_B = torch.randperm(ROWS, generator=generator_for(SEED, "replay", step))[:BATCH]
        rows = self.table.batch(at_B)
        with torch.no_grad():
            said_B = memory.network(rows.inputs["table"])[:, 0]
        memory.target_N[at_B] = 0.5 * memory.target_N[at_B] + 0.5 * said_B
        memory.writes += BATCH
        return Batch(rows.inputs, memory.target_N[at_B], rows.weight_B, at_B)


def never(entry: LogEntry) -> bool:
    return False


def fresh() -> tuple[Any, Replay]:
    return plain(network(), "momentum"), Replay()


def run(step: Any, loader: Loader, start: int, end: int) -> None:
    for _ in fit(step, loader, never, start=start, total=end, every=3):
        pass


def same(a: tuple[Any, Replay], b: tuple[Any, Replay]) -> bool:
    weights = zip(a[0].network.state_dict().values(), b[0].network.state_dict().values(), strict=True)
    held = torch.equal(a[1].feedback.target_N, b[1].feedback.target_N)
    return held and a[1].feedback.writes == b[1].feedback.writes and all(torch.equal(x, y) for x, y in weights)


@pytest.mark.parametrize("stop", [1, 4, 7])
def test_it_resumes_to_the_same_bits_from_a_checkpoint(tmp_path: Path, stop: int) -> None:
    def checkpoints(step: Any, loader: Replay) -> Checkpointing:
        parts = {"step": step, "loader": loader.feedback, "recovery": Recovery(step, loader.feedback)}
        return Checkpointing(tmp_path, parts, 1e9)

    whole, first, second, forgetful = fresh(), fresh(), fresh(), fresh()
    run(*whole, 0, 10)
    run(*first, 0, stop)
    checkpoints(*first).save(stop)
    checkpoints(*second).restore(lambda note: None)
    run(*second, stop, 10)
    assert same(whole, second)
    forgetful[0].load(*first[0].state())
    run(*forgetful, stop, 10)
    assert not same(whole, forgetful), "the memory is part of what is resumed"


def test_going_back_takes_the_memory_along(tmp_path: Path) -> None:
    (step, loader), other = fresh(), fresh()
    recovery = Recovery(step, loader.feedback)
    run(step, loader, 0, 12)
    recovery.look(12, epoch_end=True, loss=1.0, first=1.0)
    run(step, loader, 12, 15)
    parts = {"step": step, "loader": loader.feedback, "recovery": recovery}
    Checkpointing(tmp_path, parts, 1e9).save(15)
    recovery.go_back(Diverged("the loss became nan", 15), BATCH)
    assert (step.progress.step, loader.feedback.writes) == (12, 12 * BATCH)
    again = Recovery(other[0], other[1].feedback)
    Checkpointing(tmp_path, {"step": other[0], "loader": other[1].feedback, "recovery": again}, 1e9).restore(print)
    assert other[1].feedback.writes == 15 * BATCH
    again.go_back(Diverged("the loss became nan", 15), BATCH)
    assert same((step, loader), other), "as a resumed run goes back"
