"""Scores of features, bound weights, and how diverse rows are, against closed forms."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from leadline.nn.generative.discriminators import WIDEST, Critic, bind, spread, unbind


def norms(module: nn.Module) -> list[float]:
    return [
        float(torch.linalg.matrix_norm(p.detach().flatten(1), 2)) for n, p in module.named_parameters() if p.ndim > 1
    ]


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(2, 5, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(5 * 16, 7))


def test_a_bound_layer_stretches_nothing_by_more_than_one() -> None:
    bound = bind(network()).eval()
    for part in (bound[0], bound[3]):
        weight = part.weight.detach().flatten(1)
        assert torch.linalg.matrix_norm(weight, 2) == pytest.approx(1, abs=2e-2)


def test_the_bound_is_found_whatever_the_vectors_were_before() -> None:
    bound = bind(network())
    weight = bound[3].parametrizations.weight
    with torch.no_grad():
        weight.original.copy_(torch.randn_like(weight.original))
        weight[0].left_O.mul_(1e-3)
    assert torch.linalg.matrix_norm(bound.eval()[3].weight.detach(), 2) == pytest.approx(1, abs=2e-2)


def test_training_follows_the_largest_singular_value_and_its_slope() -> None:
    bound = bind(network()).train()
    layer = bound[3].double()
    for _ in range(300):
        found = layer.weight
    original = layer.parametrizations.weight.original
    expected = original / torch.linalg.svdvals(original)[0]
    torch.testing.assert_close(found, expected)
    direction = torch.randn_like(found)
    (slope,) = torch.autograd.grad((found * direction).sum(), original)
    (exact,) = torch.autograd.grad((expected * direction).sum(), original)
    torch.testing.assert_close(slope, exact, rtol=1e-4, atol=1e-6)


def test_unbound_weights_have_their_names_back_and_do_the_same() -> None:
    names = {name: p.shape for name, p in network().named_parameters()}
    bound = bind(network()).eval()
    x = torch.randn(4, 2, 4, 4)
    before = bound(x)
    free = unbind(bound)
    assert {name: p.shape for name, p in free.named_parameters()} == names
    torch.testing.assert_close(free(x), before)
    assert norms(free) == pytest.approx([1, 1], abs=2e-2)


def test_bound_weights_can_be_copied_and_are_learnt() -> None:
    bound = bind(network())
    other = copy.deepcopy(bound)
    x = torch.randn(4, 2, 4, 4)
    other.train()(x).square().sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in other.parameters())
    assert all(p.grad is None for p in bound.parameters())


def test_a_projection_adds_what_the_class_says() -> None:
    torch.manual_seed(0)
    critic, x_BF = Critic(4, torch.tensor([0.5, 0.25, 0.25])), torch.randn(3, 4)
    assert critic.vectors is not None
    plain_B1 = critic.dense(x_BF)
    own_BC = x_BF @ critic.vectors.weight.T
    mean_B = own_BC @ torch.tensor([0.5, 0.25, 0.25])
    found = critic(x_BF, torch.tensor([2, 0, -1]))
    expected = plain_B1[:, 0] + torch.stack([own_BC[0, 2], own_BC[1, 0], mean_B[2]])
    torch.testing.assert_close(found[:, 0], expected)
    torch.testing.assert_close(critic(x_BF)[:, 0], plain_B1[:, 0] + mean_B)


def test_spread_is_the_ratio_of_distances_to_the_nearest() -> None:
    real = torch.tensor([[0.0, 0.0], [3.0, 4.0], [3.0, 5.0]])  # nearest: 5, 1, 1
    new = torch.tensor([[0.0, 0.0], [0.0, 1.0], [0.0, 3.0]])  # nearest: 1, 1, 2
    torch.testing.assert_close(spread(new, real), torch.tensor([1.0, 1.0, 2.0]) / (7 / 3))


def test_spread_of_equal_rows_is_nothing_and_beside_equal_rows_bounded() -> None:
    alike, apart = torch.ones(5, 3), torch.arange(15.0).view(5, 3)
    assert spread(alike, apart).max() < 1e-5
    assert (spread(apart, alike) == WIDEST).all()
    assert (spread(apart[:1], apart[:1]) == 1).all()
