"""A convolutional network over sequences: filters that see a few steps, and of each the strongest answer in a row (Kim
2014).

A filter sees the steps of a row and nothing beyond its end, unless the row is shorter than the filter: then it sees all
of it, and zeros after it. The paper's bound on the norm of the last layer's weights is left to weight decay.

Shapes: B rows, T steps, F features, K filters of a width.
"""

from __future__ import annotations

from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from leadline.core.base import Fact
from leadline.models.contract import Family
from leadline.nn.batch import Signal, SignalSpec
from leadline.nn.layers.activations import initialise_weights
from leadline.nn.layers.dropout import Dropout
from leadline.nn.layers.pooling import silenced, with_first


class Options(Fact):
    """`kernel_sizes` of filters in steps, how many `filters` of each, and the `dropout` of what they find."""

    kernel_sizes: tuple[Annotated[int, Field(ge=1)], ...] = Field(
        default=(3, 4, 5), min_length=1, description="kernel sizes, in steps"
    )
    filters: int = Field(default=100, ge=1, description="filters per kernel size")
    dropout: float = Field(default=0.5, ge=0, lt=1, description="dropout rate of the pooled features")


class TextCNN(nn.Module):
    """Sequences (B,T,F) to (B, widths × filters)."""

    def __init__(self, spec: SignalSpec, options: Options) -> None:
        super().__init__()
        self.convs = nn.ModuleList(nn.Conv1d(spec.shape[1], options.filters, width) for width in options.kernel_sizes)
        for conv in self.convs:
            assert isinstance(conv, nn.Conv1d)
            initialise_weights(conv, "relu")
        self.widths, self.longest = options.kernel_sizes, max(options.kernel_sizes)
        self.dropout = Dropout(options.dropout)

    def forward(self, signal: Signal) -> Signal:
        x_BTF, mask_BT = signal
        short = max(self.longest - x_BTF.shape[1], 0)
        if short and mask_BT is None:
            mask_BT = x_BTF.new_ones(x_BTF.shape[:2], dtype=torch.bool)
        if mask_BT is not None:
            mask_BT = with_first(mask_BT)
        # One copy that all filters read; products of unfolded steps, or one convolution for all widths, are slower on a
        # CPU.
        x_BFT = silenced(x_BTF, mask_BT).transpose(1, 2).contiguous()
        if mask_BT is not None and short:
            x_BFT, mask_BT = functional.pad(x_BFT, (0, short)), functional.pad(mask_BT, (0, short))
        found = [_strongest(conv(x_BFT), mask_BT, width) for conv, width in zip(self.convs, self.widths, strict=True)]
        # the largest of rectified answers is the rectified largest
        return Signal(self.dropout(torch.cat(found, 1).relu()))


def _strongest(answer_BKT: Tensor, mask_BT: Tensor | None, width: int) -> Tensor:
    """Return the largest answer of each filter (B,K) where all of it lies within the row, or where it begins with
    it.
    """
    if mask_BT is None:
        return answer_BKT.amax(2)
    within_BT = with_first(mask_BT[:, width - 1 :])
    return answer_BKT.masked_fill(~within_BT[:, None], -torch.inf).amax(2)


FAMILY = Family(
    name="textcnn",
    accepts=("sequence",),
    options=Options,
    gives=TextCNN,
    sizes={
        "small": {"filters": 50},
        "base": {"filters": 100},
        "large": {"filters": 300},
    },
    reference="Kim 2014, Convolutional neural networks for sentence classification",
)
