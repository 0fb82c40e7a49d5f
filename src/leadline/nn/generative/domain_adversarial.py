"""Telling domains apart by features that learn not to let on (Ganin et al. 2016).

B rows, F features.
"""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import Tensor, nn

from leadline.nn.layers.activations import initialise_weights
from leadline.nn.network import linear_head


class _Reversed(torch.autograd.Function):
    generate_vmap_rule = True

    @staticmethod
    def forward(x: Tensor, factor: Tensor) -> Tensor:
        return x.view_as(x)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, Tensor], output: Tensor) -> None:
        ctx.save_for_backward(inputs[1])

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        (factor,) = ctx.saved_tensors
        return gradient * -factor.to(gradient.dtype), None


def reverse_gradient(x: Tensor, factor: Tensor) -> Tensor:
    """Return values as they are, whose gradient goes back with the other sign, and multiplied by a factor."""
    return cast(Tensor, _Reversed.apply(x, factor))  # type: ignore[no-untyped-call]  # as autograd's functions are


class Domains(nn.Module):
    """Features (B,F) to the log-odds (B,) that a row is of the second of two domains, by one hidden layer.

    They are standardised within each row first: features that are to mislead could else do so by growing without bound.
    """

    def __init__(self, features: int, hidden: int) -> None:
        super().__init__()
        dense = nn.Linear(features, hidden)
        initialise_weights(dense, "relu")
        norm = nn.LayerNorm(features, elementwise_affine=False)
        self.layers = nn.Sequential(norm, dense, nn.ReLU(), linear_head(hidden, 1))

    def forward(self, x_BF: Tensor) -> Tensor:
        odds_B1: Tensor = self.layers(x_BF)
        return odds_B1[:, 0]
