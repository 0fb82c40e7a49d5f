"""What networks that forecast each variable from its own past have in common.

Shapes in names: B rows, T steps, F features, L past steps, H steps ahead, V variables, E numbers a step and variable.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from leadline.nn.batch import Signal, SignalSpec

LEAST_STD = (
    1e-2  # of a window, in train standard deviations, that it is divided by: a flat window has no scale of its own
)


class Past(nn.Module):
    """The past of the variables that are forecast: a Signal of windows (B,T,F) to (B,V,L)."""

    def __init__(self, spec: SignalSpec) -> None:
        super().__init__()
        self.steps = spec.past
        self.aims_V: Tensor
        self.register_buffer("aims_V", torch.tensor(spec.aims, dtype=torch.int64), persistent=False)

    def forward(self, signal: Signal) -> Tensor:
        return signal.values[:, : self.steps].index_select(2, self.aims_V).transpose(1, 2)


class Scale(NamedTuple):
    """What is taken off each variable's past and what it is divided by, (B,V,1); None where it is divided by
    nothing.
    """

    shift: Tensor
    size: Tensor | None = None

    def off(self, x_BVL: Tensor) -> Tensor:
        """Return values on the window's own scale."""
        x_BVL = x_BVL - self.shift
        return x_BVL if self.size is None else x_BVL / self.size

    def on(self, x_BVH: Tensor) -> Tensor:
        """Return values on the scale that they were on before `off`."""
        return self.shift + (x_BVH if self.size is None else x_BVH * self.size)


def last_value(x_BVL: Tensor) -> Scale:
    """Return the scale that begins at each variable's last value (Zeng et al. 2023, NLinear)."""
    return Scale(x_BVL[..., -1:])


def moments(x_BVL: Tensor) -> Scale:
    """Return the scale of each variable's own mean and deviation in the window (Kim et al. 2022, RevIN, without its
    weights).
    """
    mean_BV1 = x_BVL.mean(-1, keepdim=True)
    variance_BV1 = (x_BVL - mean_BV1).square().mean(-1, keepdim=True)
    return Scale(mean_BV1, torch.sqrt(variance_BV1 + LEAST_STD**2))


def numbers(x_BVG: Tensor, spec: SignalSpec) -> Signal:
    """Return what is forecast, (B,V, H × E) in the order step, number, as features (B, H × V × E) in the order that is
    agreed.
    """
    x_BVHE = x_BVG.view(*x_BVG.shape[:2], spec.ahead, spec.each)
    return Signal(x_BVHE.transpose(1, 2).flatten(1))
