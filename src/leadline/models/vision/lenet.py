"""LeNet-5 (LeCun et al. 1998), for small pictures."""

from __future__ import annotations

from typing import Literal

from pydantic import Field
from torch import Tensor, nn

from leadline.core.base import Fact
from leadline.models.contract import Family
from leadline.nn.batch import Signal, SignalSpec
from leadline.nn.layers.activations import ACTIVATIONS, ActivationName, initialise_weights

_SIDE = 32  # pixels: what the paper's network sees, its 28×28 digits with a margin of 2


class Options(Fact):
    """The paper's `tanh` and averaging; `relu` and `max` are what came later and train faster."""

    activation: ActivationName = Field(default="tanh", description="activation after each layer")
    pool: Literal["average", "max"] = Field(default="average", description="pooling after each convolution")


class LeNet5(nn.Module):
    """Images (B,C,H,W) to (B,84).

    As in LeCun et al. 1998: convolutions 6, 16 and 120 of 5×5, pooling 2×2 after the first two, dense 84. Where the
    paper connects only some channels and scales each pooled map, this connects all and does not. An image smaller than
    32 pixels gets a margin of zeros; the third convolution spans the whole map, whatever its size, as it does in the
    paper.
    """

    def __init__(self, spec: SignalSpec, options: Options) -> None:
        super().__init__()
        channels, height, width = spec.shape
        top, left = max(0, _SIDE - height), max(0, _SIDE - width)
        self.margin = nn.ZeroPad2d((left // 2, left - left // 2, top // 2, top - top // 2))
        rows, columns = _pooled_side(height + top), _pooled_side(width + left)
        act = ACTIVATIONS[options.activation]
        pool = nn.AvgPool2d if options.pool == "average" else nn.MaxPool2d
        self.maps = nn.Sequential(nn.Conv2d(channels, 6, 5), act(), pool(2), nn.Conv2d(6, 16, 5), act(), pool(2))
        self.dense = nn.Sequential(nn.Linear(16 * rows * columns, 120), act(), nn.Linear(120, 84), act())
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d | nn.Linear):
                initialise_weights(layer, options.activation)

    def forward(self, signal: Signal) -> Signal:
        x_BCHW: Tensor = self.maps(self.margin(signal.values))
        return Signal(self.dense(x_BCHW.flatten(1)))


def _pooled_side(side: int) -> int:
    return ((side - 4) // 2 - 4) // 2


FAMILY = Family(
    name="lenet",
    accepts=("image",),
    options=Options,
    gives=LeNet5,
    reference="LeCun, Bottou, Bengio & Haffner 1998, Gradient-based learning applied to document recognition",
)
