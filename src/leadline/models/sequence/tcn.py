"""A temporal convolutional network: residual blocks of convolutions whose taps stand ever farther apart (Bai et al.
2018).

Each block is two dilated convolutions, each with weight norm, ReLU and dropout of whole channels, added to what the
block was given (through a 1×1 convolution where widths differ). Block n looks 2ⁿ steps apart, so that `levels` blocks
with a `kernel` of k see 1 + 2(k − 1)(2^levels − 1) steps. Nothing sees a later step than its own, except where features
of every step are asked for and may look both ways: then each convolution is centred.

Shapes: B rows, T steps, F features, C channels.
"""

from __future__ import annotations

import math
from functools import partial
from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from leadline.core.base import Fact
from leadline.models.contract import Family
from leadline.nn.batch import Signal, SignalSpec
from leadline.nn.layers.activations import initialise_weights
from leadline.nn.layers.dropout import Dropout
from leadline.nn.layers.pooling import Pooling, with_first


class Options(Fact):
    """`width` channels in each of `levels` blocks, of convolutions of `kernel` steps; how their features become one
    vector.

    ``auto`` levels are as few as see the longest sequence whole. `pool` takes the ``last`` step, which has seen all,
    the ``mean`` or ``max`` over time, or a mean weighted by ``attention``; ``auto`` is last for series that are
    continued, max for all else.
    """

    width: int = Field(default=64, ge=1, description="channels of each convolution")
    levels: Annotated[int, Field(ge=1, le=20)] | Literal["auto"] = Field(
        default="auto",
        description="residual blocks, each doubling the dilation; auto: enough to see the whole sequence",
    )
    kernel: int = Field(default=3, ge=2, description="kernel size, in steps")
    weight_norm: bool = Field(default=True, description="weight normalisation of convolutions")
    pool: Literal["auto", "last", "mean", "max", "attention"] = Field(
        default="auto", description="how features of all steps become one vector; auto suits the task"
    )
    dropout: float = Field(default=0.1, ge=0, lt=1, description="dropout rate within residual blocks")


class Convolution(nn.Module):
    """A convolution (B,C,T) whose taps stand `apart` steps from each other; what lies outside of the row is zero.

    With `weight_norm` a filter is a direction and a length, g · v/‖v‖ (Salimans & Kingma 2016). Weights are drawn for a
    rectifier, and then multiplied by `gain`.
    """

    def __init__(
        self, inside: int, outside: int, options: Options, apart: int, causal: bool, gain: float = 1.0
    ) -> None:
        super().__init__()
        drawn = nn.Conv1d(inside, outside, options.kernel)
        initialise_weights(drawn, "relu")
        drawn.weight.data *= gain
        self.apart = apart
        self.weight, self.bias = drawn.weight, drawn.bias
        self.length_C11 = nn.Parameter(_length(drawn.weight.detach())) if options.weight_norm else None
        reach = (options.kernel - 1) * apart
        self.margin = (reach, 0) if causal else (reach // 2, reach - reach // 2)

    def forward(self, x_BCT: Tensor) -> Tensor:
        weight = self.weight if self.length_C11 is None else self.weight * (self.length_C11 / _length(self.weight))
        return functional.conv1d(functional.pad(x_BCT, self.margin), weight, self.bias, dilation=self.apart)


class Block(nn.Module):
    """Two convolutions, and what they were given, (B,C,T); `gain` is what the second's weights are multiplied by at the
    start.
    """

    def __init__(self, inside: int, options: Options, apart: int, causal: bool, gain: float) -> None:
        super().__init__()
        self.convs = nn.ModuleList(
            [
                Convolution(inside, options.width, options, apart, causal),
                Convolution(options.width, options.width, options, apart, causal, gain),
            ]
        )
        self.dropouts = nn.ModuleList(Dropout(options.dropout) for _ in self.convs)
        self.shortcut = nn.Conv1d(inside, options.width, 1) if inside != options.width else nn.Identity()

    def forward(self, x_BCT: Tensor, mask_BT: Tensor | None) -> Tensor:
        out_BCT = x_BCT
        for conv, dropout in zip(self.convs, self.dropouts, strict=True):
            if mask_BT is not None:
                out_BCT = out_BCT.masked_fill(~mask_BT[:, None], 0.0)
            out_BCT = functional.relu(conv(out_BCT))
            out_BCT = out_BCT * dropout(out_BCT.new_ones(*out_BCT.shape[:2], 1))
        sum_BCT: Tensor = out_BCT + self.shortcut(x_BCT)
        return sum_BCT.relu()


class TCN(nn.Module):
    """Sequences (B,T,F) to (B,C), or without `pooled` to (B,T,C)."""

    def __init__(self, spec: SignalSpec, options: Options, *, pooled: bool = True, causal: bool = True) -> None:
        super().__init__()
        steps, features = spec.shape
        levels = _levels(steps, options.kernel) if options.levels == "auto" else options.levels
        inside = [features, *[options.width] * (levels - 1)]
        self.causal = causal
        # Many blocks add less each, lest features grow with the length of sequences (Radford et al. 2019).
        gain = levels**-0.5
        self.blocks = nn.ModuleList(Block(width, options, 2**level, causal, gain) for level, width in enumerate(inside))
        pool = ("last" if spec.ahead else "max") if options.pool == "auto" else options.pool
        self.pool = Pooling(pool, options.width) if pooled else None

    def forward(self, signal: Signal) -> Signal:
        x_BTF, mask_BT = signal
        x_BCT = x_BTF.transpose(1, 2)
        # What is causal sees nothing beyond a row's end before it is there itself.
        within_BT = None if self.causal or mask_BT is None else with_first(mask_BT)
        for block in self.blocks:
            x_BCT = block(x_BCT, within_BT)
        x_BTC = x_BCT.transpose(1, 2)
        return Signal(x_BTC, mask_BT) if self.pool is None else Signal(self.pool(x_BTC, mask_BT))


def _length(weight: Tensor) -> Tensor:
    length_C11: Tensor = torch.linalg.vector_norm(weight, dim=(1, 2), keepdim=True)
    return length_C11


def _levels(steps: int, kernel: int) -> int:
    """Return the fewest blocks that see so many steps."""
    return max(1, math.ceil(math.log2(1 + (steps - 1) / (2 * (kernel - 1)))))


def steps(spec: SignalSpec, options: Options, causal: bool) -> nn.Module:
    """Return the network without pooling: features (B,T,C) of every step."""
    return TCN(spec, options, pooled=False, causal=causal)


FAMILY = Family(
    name="tcn",
    accepts=("sequence",),
    options=Options,
    gives={"vector": TCN, "sequence": partial(steps, causal=False), "causal": partial(steps, causal=True)},
    sizes={
        "small": {"width": 32},
        "base": {"width": 64},
        "large": {"width": 128, "dropout": 0.2},
    },
    reference="Bai, Kolter & Koltun 2018, An empirical evaluation of generic convolutional and recurrent networks",
)
