"""Activation functions by name, and how the weights before them are drawn."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Literal

from torch import nn

ActivationName = Literal["relu", "leaky_relu", "sigmoid", "tanh", "gelu", "silu", "softmax"]

ACTIVATIONS: Mapping[ActivationName, Callable[[], nn.Module]] = {
    "relu": nn.ReLU,
    "leaky_relu": nn.LeakyReLU,
    "sigmoid": nn.Sigmoid,
    "tanh": nn.Tanh,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "softmax": partial(nn.Softmax, dim=1),  # over features or channels
}

# Element by element and never decreasing, so that they commute with taking the largest or the smallest of a window.
MONOTONE: frozenset[str] = frozenset({"relu", "leaky_relu", "sigmoid", "tanh"})

_RECTIFIERS = frozenset({"relu", "leaky_relu", "gelu", "silu"})


def draw_weights(layer: nn.Linear | nn.Conv2d, activation: str | None) -> None:
    """Draw the weights of a layer for the activation that follows (None: none does), and set its bias to zero.

    Rectifiers get normal weights of variance 2/fan_in (He et al. 2015), all else uniform ones of variance
    2/(fan_in + fan_out) (Glorot & Bengio 2010). Draws from torch's global generator, which the caller seeds.
    """
    if activation in _RECTIFIERS:
        nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    else:
        nn.init.xavier_uniform_(layer.weight)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
