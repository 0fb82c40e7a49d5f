"""Activations and the drawing of weights, against closed forms."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from leadline.nn.layers.activations import ACTIVATIONS, MONOTONE, initialise_weights

X = torch.tensor([[-2.0, -0.5, 0.0, 0.3, 2.0]], dtype=torch.float64)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("relu", lambda x: max(x, 0.0)),
        ("leaky_relu", lambda x: x if x > 0 else 0.01 * x),
        ("elu", lambda x: x if x > 0 else math.exp(x) - 1),
        ("softplus", lambda x: math.log(1 + math.exp(x))),
        ("sigmoid", lambda x: 1 / (1 + math.exp(-x))),
        ("tanh", math.tanh),
        ("gelu", lambda x: x * 0.5 * (1 + math.erf(x / math.sqrt(2)))),
        ("silu", lambda x: x / (1 + math.exp(-x))),
    ],
)
def test_values_are_the_closed_forms(name: str, value: object) -> None:
    expected = torch.tensor([[value(x) for x in X[0].tolist()]], dtype=torch.float64)
    torch.testing.assert_close(ACTIVATIONS[name]()(X), expected)


@pytest.mark.parametrize(
    ("name", "slope"),
    [
        ("relu", lambda x: float(x > 0)),
        ("leaky_relu", lambda x: 1.0 if x > 0 else 0.01),
        ("elu", lambda x: 1.0 if x > 0 else math.exp(x)),
        ("softplus", lambda x: 1 / (1 + math.exp(-x))),
        ("sigmoid", lambda x: math.exp(-x) / (1 + math.exp(-x)) ** 2),
        ("tanh", lambda x: 1 - math.tanh(x) ** 2),
        ("gelu", lambda x: 0.5 * (1 + math.erf(x / math.sqrt(2))) + x * math.exp(-(x**2) / 2) / math.sqrt(2 * math.pi)),
        ("silu", lambda x: (1 + math.exp(-x) * (1 + x)) / (1 + math.exp(-x)) ** 2),
    ],
)
def test_derivatives_are_the_closed_forms(name: str, slope: object) -> None:
    x = X.clone().requires_grad_()
    ACTIVATIONS[name]()(x).sum().backward()
    torch.testing.assert_close(x.grad, torch.tensor([[slope(v) for v in X[0].tolist()]], dtype=torch.float64))


def test_softmax_is_over_features_and_channels() -> None:
    expected = X.exp() / X.exp().sum()
    torch.testing.assert_close(ACTIVATIONS["softmax"]()(X), expected)
    maps = torch.randn(2, 3, 4, 5)
    torch.testing.assert_close(ACTIVATIONS["softmax"]()(maps).sum(1), torch.ones(2, 4, 5))


@pytest.mark.parametrize("name", sorted(MONOTONE))
def test_what_is_called_monotone_is(name: str) -> None:
    y = ACTIVATIONS[name]()(torch.linspace(-20, 20, 4001))
    assert (y.diff() >= 0).all()


@pytest.mark.parametrize("name", ["gelu", "silu"])
def test_what_dips_is_not_called_monotone(name: str) -> None:
    assert name not in MONOTONE
    assert (ACTIVATIONS[name]()(torch.linspace(-3, 0, 301)).diff() < 0).any()


@pytest.mark.parametrize(
    ("activation", "variance"),
    [("relu", 2 / 400), ("gelu", 2 / 400), ("tanh", 2 / 700), ("sigmoid", 2 / 700), (None, 2 / 700)],
)
def test_weights_have_the_variance_of_their_rule(activation: str | None, variance: float) -> None:
    torch.manual_seed(0)
    layer = nn.Linear(400, 300)
    initialise_weights(layer, activation)
    assert layer.weight.var().item() == pytest.approx(variance, rel=0.03)
    assert layer.bias.abs().max() == 0
