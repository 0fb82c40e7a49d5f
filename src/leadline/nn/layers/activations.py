"""Activation functions by name, and how the weights before them are drawn.

- ``relu``: max(x, 0)
- ``leaky_relu``: x where x > 0, else 0.01x
- ``elu``: x where x > 0, else eˣ − 1 (Clevert, Unterthiner & Hochreiter 2016, with α = 1)
- ``softplus``: ln(1 + eˣ)
- ``sigmoid``: 1/(1 + e⁻ˣ)
- ``tanh``: (eˣ − e⁻ˣ)/(eˣ + e⁻ˣ)
- ``gelu``: x·Φ(x), Φ being the standard normal distribution function (Hendrycks & Gimpel 2016)
- ``silu``: x/(1 + e⁻ˣ), also called swish (Elfwing et al. 2018; Ramachandran et al. 2018)
- ``softmax``: e^xᵢ / Σⱼ e^xⱼ, over the features of a row, or the channels at each place of a map
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Literal

from torch import nn

ActivationName = Literal["relu", "leaky_relu", "elu", "softplus", "sigmoid", "tanh", "gelu", "silu", "softmax"]

ACTIVATIONS: Mapping[ActivationName, Callable[[], nn.Module]] = {
    "relu": nn.ReLU,
    "leaky_relu": nn.LeakyReLU,
    "elu": nn.ELU,
    "softplus": nn.Softplus,
    "sigmoid": nn.Sigmoid,
    "tanh": nn.Tanh,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "softmax": partial(nn.Softmax, dim=1),  # over features or channels
}

# Element by element and never decreasing, so that they commute with taking the largest or the smallest of a window.
MONOTONE: frozenset[str] = frozenset({"relu", "leaky_relu", "elu", "softplus", "sigmoid", "tanh"})

_RECTIFIERS = frozenset({"relu", "leaky_relu", "elu", "softplus", "gelu", "silu"})


def initialise_weights(layer: nn.Linear | nn.Conv1d | nn.Conv2d, activation: str | None) -> None:
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
