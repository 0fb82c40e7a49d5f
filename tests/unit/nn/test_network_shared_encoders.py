"""Inputs that have one backbone in common: it sees all their rows at once, and its weights are one."""

from __future__ import annotations

import copy
from pathlib import Path

import torch
from torch import Tensor, nn

from leadline.nn.batch import Signal
from leadline.nn.layers.dropout import Dropout
from leadline.nn.network import InputEncoder, Network, linear_head
from leadline.nn.rng import Rng, using_rng
from leadline.run.run import load_weights, save_weights
from leadline.training.parameter_groups import ParameterGroups


class Front(nn.Module):
    def forward(self, raw: Tensor) -> Signal:
        return Signal(raw)


class Steps(nn.Module):
    """A front of sequences whose zeros are padding."""

    def forward(self, raw: Tensor) -> Signal:
        mask = raw[..., 0] != 0
        return Signal(raw, mask)


class Dense(nn.Module):
    def __init__(self, dropout: float = 0.0) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), *([Dropout(dropout)] if dropout else []))

    def forward(self, signal: Signal) -> Signal:
        return Signal(self.layers(signal.values))


class Mean(nn.Module):
    """The mean over the steps that are there."""

    def forward(self, signal: Signal) -> Signal:
        assert signal.mask is not None
        weight = signal.mask[..., None].float()
        return Signal((signal.values * weight).sum(1) / weight.sum(1))


def network(backbone: nn.Module, preprocessor: type[nn.Module] = Front, width: int = 4) -> Network:
    torch.manual_seed(0)
    first = InputEncoder(preprocessor(), backbone, width)
    return Network(
        {
            "a": first,
            "b": first.over(preprocessor()),
            "c": InputEncoder(preprocessor(), copy.deepcopy(backbone), width),
        },
        linear_head(3 * width, 2),
    )


def rows(count: int = 6) -> dict[str, Tensor]:
    torch.manual_seed(1)
    return {name: torch.randn(count, 3) + shift for name, shift in (("a", 0.0), ("b", 5.0), ("c", -1.0))}


def test_features_are_those_of_each_input_by_itself_once_trained() -> None:
    net, inputs = network(Dense()).eval(), rows()
    assert torch.allclose(
        net.features(inputs),
        torch.cat([body(inputs[name]) for name, body in zip("abc", net.encoders, strict=True)], 1),
        atol=1e-6,
    )


def test_batch_norm_has_one_mean_of_all_inputs() -> None:
    net, inputs = network(Dense()).train(), rows()
    net.features(inputs)
    dense, norm = net.encoders[0].backbone.layers[:2]  # type: ignore[union-attr]
    expected = 0.1 * dense(torch.cat([inputs["a"], inputs["b"]])).mean(0)
    assert torch.allclose(norm.running_mean, expected, atol=1e-5)
    assert int(norm.num_batches_tracked) == 1


def test_each_input_of_a_row_drops_other_features() -> None:
    net = network(Dense(0.5)).train()
    for norm in (part for part in net.modules() if isinstance(part, nn.BatchNorm1d)):
        norm.eval()
    same = torch.randn(50, 3)
    with using_rng(Rng(0, 0, torch.arange(50))):
        first, second, _ = net.features({"a": same, "b": same, "c": same}).split(4, 1)
    assert not torch.equal(first == 0, second == 0)
    with using_rng(Rng(0, 0, torch.arange(50)[20:30])):
        part = net.features(dict.fromkeys("abc", same[20:30]))
    assert torch.equal(part[:, :4], first[20:30]) and torch.equal(part[:, 4:8], second[20:30])


def test_sequences_of_other_lengths_are_padded() -> None:
    net = network(Mean(), Steps, 3).eval()
    torch.manual_seed(2)
    inputs = {"a": torch.rand(2, 4, 3) + 1, "b": torch.rand(2, 6, 3) + 1, "c": torch.rand(2, 5, 3) + 1}
    assert torch.allclose(net.features(inputs), torch.cat([x.mean(1) for x in inputs.values()], 1), atol=1e-6)


def test_shared_weights_are_one_in_counts_files_and_rates(tmp_path: Path) -> None:
    net, one = network(Dense()), 3 * 4 + 4 + 8
    assert net.parameter_counts() == {"a": one, "b": 0, "c": one, "head": 12 * 2 + 2}
    assert sum(p.numel() for p in net.parameters()) == 2 * one + 26
    factors = ParameterGroups(rates={"encoders.*": 0.1, "encoders.b.*": 0.5}).factors(net)
    assert factors[net.encoders[0].backbone.layers[0].weight] == 0.1 * 0.5  # type: ignore[union-attr, index]
    save_weights(net, tmp_path / "w")
    other = network(Dense())
    with torch.no_grad():
        for p in other.parameters():
            p.zero_()
    load_weights(other, tmp_path / "w")
    assert torch.equal(other.eval()(rows()), net.eval()(rows()))
