"""Densely connected networks, from DenseNet-BC-28 to DenseNet-121."""

from __future__ import annotations

from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor, nn

from leadline.core.base import Fact
from leadline.models.contract import Family
from leadline.nn.batch import Signal, SignalSpec
from leadline.nn.layers.convolutions import Stem, convolution, is_large, mean_if_larger, pool_if_fits

_BOTTLENECK = 4  # channels of a bottleneck, in those a layer adds
_NARROW = 16  # channels the paper's networks without compression begin with


class Options(Fact):
    """`blocks` says how many layers each dense block has, `growth_rate` how many channels each layer adds (the paper's
    k).

    With `bottleneck` a 1×1 convolution to 4·growth channels stands before each 3×3 one (the paper's B). Between blocks,
    a 1×1 convolution leaves the share `compression` of the channels (the paper's C where below 1). The paper's
    DenseNet-BC-100 is ``[16, 16, 16]`` with a growth of 12, its DenseNet-121 ``[6, 12, 24, 16]`` with 32.

    `stem` is how an image enters: ``large`` is a 7×7 convolution with a stride of 2 and a max-pool, which leave a
    quarter of the height and width, ``small`` a 3×3 convolution; ``auto`` is large for images of more than 64 pixels a
    side.
    """

    blocks: tuple[Annotated[int, Field(ge=1)], ...] = Field(
        default=(16, 16, 16), min_length=1, description="layers in each dense block"
    )
    growth_rate: int = Field(default=12, ge=1, description="growth rate: channels that each layer adds")
    bottleneck: bool = Field(default=True, description="1×1 convolution before each 3×3 one (DenseNet-B)")
    compression: float = Field(
        default=0.5, gt=0, le=1, description="share of channels kept between blocks (DenseNet-C)"
    )
    stem: Stem = Field(default="auto", description="first layers: for small images, for large ones, or by image size")


class Layer(nn.Module):
    """Maps (B,C,H,W) to (B,C+growth,H,W): what came in, and beside it what is computed from it."""

    def __init__(self, inside: int, growth: int, *, bottleneck: bool) -> None:
        super().__init__()
        modules: list[nn.Module] = []
        if bottleneck:
            modules += _norm_relu_conv(inside, _BOTTLENECK * growth, 1)
            inside = _BOTTLENECK * growth
        self.added = nn.Sequential(*modules, *_norm_relu_conv(inside, growth, 3))

    def forward(self, x_BCHW: Tensor) -> Tensor:
        return torch.cat([x_BCHW, self.added(x_BCHW)], dim=1)


class DenseNet(nn.Module):
    """Images (B,C,H,W) to (B,F), F being the channels after the last block.

    2×2 means stand between the blocks; those that would leave less than 3×3 are left out. Without the dropout that
    the paper adds where images are not augmented.
    """

    def __init__(self, spec: SignalSpec, options: Options) -> None:
        super().__init__()
        channels, height, width = spec.shape
        inside = 2 * options.growth_rate if options.compression < 1 else _NARROW
        at = (height, width)
        modules: list[nn.Module]
        if is_large(options.stem, at):
            at = (-(-height // 2), -(-width // 2))
            pool, at = pool_if_fits(nn.MaxPool2d, at, 3, padding=1)
            modules = [convolution(channels, inside, 7, stride=2), nn.BatchNorm2d(inside), *pool, nn.ReLU()]
        else:
            modules = [convolution(channels, inside, 3)]  # the norm before the first layer serves
        for number, layers in enumerate(options.blocks):
            if number > 0:
                outside = max(1, int(inside * options.compression))
                pool, at = pool_if_fits(nn.AvgPool2d, at, 2)
                modules += [*_norm_relu_conv(inside, outside, 1), *pool]
                inside = outside
            for _ in range(layers):
                modules.append(Layer(inside, options.growth_rate, bottleneck=options.bottleneck))
                inside += options.growth_rate
        self.maps = nn.Sequential(*modules, nn.BatchNorm2d(inside), nn.ReLU(), *mean_if_larger(at, 1)[0])

    def forward(self, signal: Signal) -> Signal:
        x_BCHW: Tensor = self.maps(signal.values)
        return Signal(x_BCHW.flatten(1))


def _norm_relu_conv(inside: int, outside: int, kernel: int) -> list[nn.Module]:
    return [nn.BatchNorm2d(inside), nn.ReLU(), convolution(inside, outside, kernel)]


FAMILY = Family(
    name="densenet",
    accepts=("image",),
    options=Options,
    gives=DenseNet,
    sizes={
        "small": {"blocks": (4, 4, 4), "growth_rate": 12},
        "base": {"blocks": (16, 16, 16), "growth_rate": 12},
        "large": {"blocks": (6, 12, 24, 16), "growth_rate": 32},
    },
    reference="Huang, Liu, van der Maaten & Weinberger 2017, Densely connected convolutional networks",
)
