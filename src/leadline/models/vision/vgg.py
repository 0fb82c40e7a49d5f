"""VGG: stacks of 3×3 convolutions, from 11 to 19 layers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field
from torch import Tensor, nn

from leadline.core.base import Fact
from leadline.models.contract import Family
from leadline.nn.batch import Signal, SignalSpec
from leadline.nn.layers.convolutions import convolution, dense_layers, mean_if_larger, pool_if_fits
from leadline.nn.layers.dropout import Dropout

_MOST = 7  # rows and columns of the map before the dense layers, as in the paper

# Convolutions of each of the five stages: the paper's configurations A, B, D and E.
_STAGES: Mapping[int, tuple[int, ...]] = {
    11: (1, 1, 2, 2, 2),
    13: (2, 2, 2, 2, 2),
    16: (2, 2, 3, 3, 3),
    19: (2, 2, 4, 4, 4),
}
_TIMES = (1, 2, 4, 8, 8)  # channels of each stage, in those of the first


class Options(Fact):
    """`depth` counts the layers with weights in the paper: its convolutions and three dense layers.

    The first stage has `width` channels (64 in the paper), the others 2, 4, 8 and 8 times as many. `dense` are the
    units of dense layers over the last map (the paper's are ``[4096, 4096]``); without any, the default, the map is
    averaged, which small images and small data sets want. `dropout` follows each dense layer, or the average.
    """

    depth: Literal[11, 13, 16, 19] = Field(default=13, description="number of layers with weights")
    width: int = Field(default=32, ge=1, description="channels of the first stage; doubled from stage to stage")
    dense: tuple[Annotated[int, Field(ge=1)], ...] = Field(
        default=(), description="widths of dense layers before the head; none: global average pooling"
    )
    dropout: float = Field(default=0.5, ge=0, lt=1, description="dropout rate after each dense layer")


class VGG(nn.Module):
    """Images (B,C,H,W) to (B, 8·width), or the units of the last dense layer.

    With a batch norm (Ioffe & Szegedy 2015) after each convolution, without which the paper could train the deeper ones
    only from the weights of shallower ones. Each stage ends in a 2×2 max-pool; those that would leave less than 3×3 are
    left out.
    """

    def __init__(self, spec: SignalSpec, options: Options) -> None:
        super().__init__()
        inside, height, width = spec.shape
        at = (height, width)
        modules: list[nn.Module] = []
        for count, times in zip(_STAGES[options.depth], _TIMES, strict=True):
            for i in range(count):
                outside = times * options.width
                pool, at = pool_if_fits(nn.MaxPool2d, at, 2) if i == count - 1 else ([], at)
                # The largest before ReLU is the same as after it, on a quarter of the numbers.
                modules += [convolution(inside, outside, 3), nn.BatchNorm2d(outside), *pool, nn.ReLU()]
                inside = outside
        self.maps = nn.Sequential(*modules)
        mean, at = mean_if_larger(at, _MOST if options.dense else 1)
        layers = dense_layers(inside * at[0] * at[1], options.dense, options.dropout) or [Dropout(options.dropout)]
        self.dense = nn.Sequential(*mean, nn.Flatten(), *layers)

    def forward(self, signal: Signal) -> Signal:
        x_BF: Tensor = self.dense(self.maps(signal.values))
        return Signal(x_BF)


FAMILY = Family(
    name="vgg",
    accepts=("image",),
    options=Options,
    gives=VGG,
    sizes={
        "small": {"depth": 11, "width": 16},
        "base": {"depth": 13, "width": 32},
        "large": {"depth": 16, "width": 64},
    },
    reference="Simonyan & Zisserman 2015, Very deep convolutional networks for large-scale image recognition",
)
