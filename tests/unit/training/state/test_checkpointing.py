"""What is in a run's checkpoints: every part gets back what it gave, and other versions' are refused."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from leadline.errors import RunError
from leadline.training.state.checkpoint import Checkpoints
from leadline.training.state.checkpointing import Checkpointing, Resumable
from sentences import says


class Part:
    def __init__(self, value: float) -> None:
        self.x, self.count = torch.full((2,), value), int(value)

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        return {"x": self.x, "step.x": self.x + 1}, {"count": self.count}

    def load(self, tensors: Mapping[str, Tensor], scalars: Mapping[str, Any]) -> None:
        assert torch.equal(tensors["step.x"], tensors["x"] + 1)
        self.x, self.count = tensors["x"], scalars["count"]


def of(folder: Path, *values: float, seconds: float = 1e9) -> tuple[Checkpointing, list[Part]]:
    parts = [Part(value) for value in values]
    named: dict[str, Resumable] = dict(zip(("step", "history", "steps"), parts, strict=False))
    return Checkpointing(folder, named, seconds), parts


def test_every_part_gets_back_its_own(tmp_path: Path) -> None:
    of(tmp_path, 1, 2, 3)[0].save(7)
    notes: list[str] = []
    again, parts = of(tmp_path, 0, 0, 0)
    again.restore(notes.append)
    assert [(part.count, part.x.tolist()) for part in parts] == [(1, [1, 1]), (2, [2, 2]), (3, [3, 3])]
    assert notes == ["Resuming from step 7"]


def test_without_a_checkpoint_nothing_is_put_back(tmp_path: Path) -> None:
    fresh, (part,) = of(tmp_path, 4)
    fresh.restore(pytest.fail)
    assert part.count == 4


def test_it_is_due_when_the_last_one_is_old(tmp_path: Path) -> None:
    assert not of(tmp_path, 1)[0].due
    assert of(tmp_path, 1, seconds=0)[0].due


@pytest.mark.parametrize("scalars", [{"state": {"step": 3}, "rows": []}, {"parts": {"step": {}, "other": {}}}])
def test_another_versions_checkpoint_is_refused_with_the_command_that_trains_anew(
    tmp_path: Path, scalars: dict[str, Any]
) -> None:
    Checkpoints(tmp_path / "checkpoints").save(3, {"network.x": torch.ones(1)}, scalars)
    with pytest.raises(RunError, match=says("training.checkpoints-of-another-version")):
        of(tmp_path, 1)[0].restore(lambda note: None)
