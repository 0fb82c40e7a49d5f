"""An ensemble computes what its members compute apart: scores, random numbers, gradients, statistics of batch norms."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor, nn

from leadline.nn.batch import Signal
from leadline.nn.ensemble import Ensemble, member_ndim
from leadline.nn.layers.dropout import Dropout
from leadline.nn.network import InputEncoder, Network
from leadline.nn.rng import Rng, using_rng
from leadline.training.optim.adaptive import AdamW

MEMBERS, ROWS = 3, 6


class Front(nn.Module):
    def forward(self, raw: Tensor) -> Signal:
        return Signal(raw)


class Dense(nn.Module):
    """A dense layer with dropout, or a convolution with batch norm."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.layer: nn.Module = nn.Linear(4, 5)
        self.drop = Dropout(0.5 if kind == "dropout" else 0.0)
        if kind == "convolution":
            self.layer = nn.Sequential(nn.Unflatten(1, (1, 4)), nn.Conv1d(1, 5, 4), nn.BatchNorm1d(5), nn.Flatten())

    def forward(self, signal: Signal) -> Signal:
        return Signal(self.drop(self.layer(signal.values)).tanh())


def networks(kind: str) -> list[Network]:
    torch.manual_seed(0)
    return [Network({"row": InputEncoder(Front(), Dense(kind), 5)}, nn.Linear(5, 2)) for _ in range(MEMBERS)]


def mean(outputs_KBO: Tensor) -> Tensor:
    return outputs_KBO.mean(0)


@pytest.fixture
def x() -> Tensor:
    return torch.randn(ROWS, 4, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("kind", ["dense", "convolution", "dropout"])
def test_members_are_what_they_are_alone(kind: str, x: Tensor) -> None:
    apart = networks(kind)
    ensemble = Ensemble(copy.deepcopy(apart), mean).eval()
    scores_KBO = torch.stack([one.eval()({"row": x}) for one in apart])
    torch.testing.assert_close(ensemble.member_scores({"row": x}), scores_KBO)
    torch.testing.assert_close(ensemble({"row": x}), scores_KBO.mean(0))
    features = torch.cat([one.features({"row": x}) for one in apart], 1)
    torch.testing.assert_close(ensemble.features({"row": x}), features)
    assert [name for name, _ in ensemble.named_parameters()] == [name for name, _ in apart[0].named_parameters()]


@pytest.mark.parametrize("kind", ["dense", "convolution"])
def test_training_changes_each_member_as_it_would_alone(kind: str, x: Tensor) -> None:
    apart = [one.train() for one in networks(kind)]
    ensemble = Ensemble(copy.deepcopy(apart), mean).train()
    with using_rng(Rng(0, 0, torch.arange(ROWS))):
        ensemble.member_scores({"row": x}).square().sum().backward()
    for one in apart:
        one({"row": x}).square().sum().backward()
    for name, p in ensemble.named_parameters():
        torch.testing.assert_close(p.grad, torch.stack([one.get_parameter(name).grad for one in apart]))
    for name, buffer in ensemble.named_buffers():
        torch.testing.assert_close(buffer, torch.stack([one.get_buffer(name) for one in apart]))


def test_members_drop_features_of_their_own_and_the_same_ones_again(x: Tensor) -> None:
    (one, *_) = networks("dropout")
    ensemble = Ensemble([one, *(copy.deepcopy(one) for _ in range(MEMBERS - 1))], mean).train()

    def scores(rows: Tensor) -> Tensor:
        with using_rng(Rng(5, 2, rows)):
            return ensemble.member_scores({"row": x[rows]})

    whole, again = scores(torch.arange(ROWS)), scores(torch.arange(ROWS))
    assert torch.equal(whole, again)
    assert not torch.equal(whole[0], whole[1])
    torch.testing.assert_close(scores(torch.tensor([4, 2])), whole[:, [4, 2]])


def test_biases_of_an_ensemble_are_not_decayed() -> None:
    ensemble = Ensemble(networks("dense"), mean)
    named = dict(ensemble.named_parameters())
    assert member_ndim(named["head.bias"]) == 1
    assert named["head.bias"].ndim == 2
    groups = AdamW(weight_decay=0.1).over(ensemble.parameters()).param_groups
    decayed = {id(p) for group in groups if group["weight_decay"] for p in group["params"]}
    assert {name for name, p in named.items() if id(p) in decayed} == {
        "encoders.0.backbone.layer.weight",
        "head.weight",
    }
