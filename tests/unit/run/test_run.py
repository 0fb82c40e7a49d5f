"""Weights: written whole, read only into the network they belong to."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from leadline.errors import RunError
from leadline.run.run import load_weights, save_weights
from sentences import says


def test_round_trip_with_shared_tensors_and_memory_format(tmp_path: Path) -> None:
    first, second = nn.Conv2d(2, 2, 3), nn.Conv2d(2, 2, 3)
    second.weight = first.weight
    network = nn.Sequential(first, second).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    save_weights(network, tmp_path / "w")
    other = nn.Sequential(nn.Conv2d(2, 2, 3), nn.Conv2d(2, 2, 3))
    other[1].weight = other[0].weight
    load_weights(other, tmp_path / "w")
    assert all(torch.equal(a, b) for a, b in zip(network.parameters(), other.parameters(), strict=True))
    assert [f.name for f in tmp_path.iterdir()] == ["w"]


def test_another_network_a_cut_file_and_no_file_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "w"
    with pytest.raises(RunError, match=says("run.file-missing")):
        load_weights(nn.Linear(2, 2), file)
    save_weights(nn.Linear(2, 2), file)
    with pytest.raises(RunError, match=says("run.weights-do-not-fit")):
        load_weights(nn.Linear(3, 2), file)
    file.write_bytes(file.read_bytes()[:40])
    with pytest.raises(RunError, match=says("run.weights-do-not-fit")):
        load_weights(nn.Linear(2, 2), file)


class TwoInputs(nn.Module):
    """Bodies as a network has them, the preprocessor of each under the name that it is given."""

    def __init__(self, called: str) -> None:
        super().__init__()
        body = {called: nn.Linear(2, 2), "backbone": nn.Linear(2, 2)}
        self.encoders = nn.ModuleList([nn.ModuleDict(body)])
        self.head = nn.Linear(2, 1)


def test_weights_of_version_0_1_are_read(tmp_path: Path) -> None:
    old, new = TwoInputs("front"), TwoInputs("preprocessor")
    save_weights(old, tmp_path / "w")
    assert "encoders.0.front.weight" in old.state_dict()
    load_weights(new, tmp_path / "w")
    assert all(torch.equal(a, b) for a, b in zip(old.parameters(), new.parameters(), strict=True))
    with pytest.raises(RunError, match=says("run.weights-do-not-fit")):
        load_weights(TwoInputs("other"), tmp_path / "w")
