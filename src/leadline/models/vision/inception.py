"""GoogLeNet, the first Inception network."""

from __future__ import annotations

from typing import NamedTuple

import torch
from pydantic import Field
from torch import Tensor, nn

from leadline.core.base import Fact
from leadline.models.contract import Family
from leadline.nn.batch import Signal, SignalSpec
from leadline.nn.layers.convolutions import Stem, conv_norm_relu, convolution, is_large, mean_if_larger, pool_if_fits
from leadline.nn.layers.dropout import Dropout


class Branches(NamedTuple):
    """Channels of a module: its 1×1 branch, before and in its 3×3 branch, before and in its 5×5 branch, after its
    pool.
    """

    one: int
    before_three: int
    three: int
    before_five: int
    five: int
    pool: int

    @property
    def outside(self) -> int:
        """Return the channels of all four branches side by side."""
        return self.one + self.three + self.five + self.pool


# Table 1 of the paper: modules 3a and 3b, 4a to 4e, 5a and 5b.
_STAGES = (
    (Branches(64, 96, 128, 16, 32, 32), Branches(128, 128, 192, 32, 96, 64)),
    (
        Branches(192, 96, 208, 16, 48, 64),
        Branches(160, 112, 224, 24, 64, 64),
        Branches(128, 128, 256, 24, 64, 64),
        Branches(112, 144, 288, 32, 64, 64),
        Branches(256, 160, 320, 32, 128, 128),
    ),
    (Branches(256, 160, 320, 32, 128, 128), Branches(384, 192, 384, 48, 128, 128)),
)
_WIDTH = 64  # filters of the paper's first convolution


class Options(Fact):
    """`width` filters in the first convolution (64 in the paper), all others in proportion.

    `stem` is how an image enters: ``large`` is the paper's 7×7 convolution with a stride of 2 and a max-pool, which
    leave a quarter of the height and width, ``small`` a 3×3 convolution; ``auto`` is large for images of more than 64
    pixels a side. `dropout` stands before the head.
    """

    width: int = Field(
        default=32, ge=8, multiple_of=8, description="channels of the first convolution; all others scale with it"
    )
    dropout: float = Field(default=0.4, ge=0, lt=1, description="dropout rate before the head")
    stem: Stem = Field(default="auto", description="first layers: for small images, for large ones, or by image size")


class Module(nn.Module):
    """Four ways of looking at a map, side by side: (B,C,H,W) to (B,C',H,W) through 1×1, 3×3 and 5×5 windows, and a 3×3
    max-pool.

    The 1×1 convolutions that read the same map are computed as one.
    """

    def __init__(self, inside: int, branches: Branches) -> None:
        super().__init__()
        self.split = (branches.one, branches.before_three, branches.before_five)
        self.entry = nn.Sequential(*conv_norm_relu(inside, sum(self.split), 1))
        self.three = nn.Sequential(*conv_norm_relu(branches.before_three, branches.three, 3))
        self.five = nn.Sequential(*conv_norm_relu(branches.before_five, branches.five, 5))
        self.pool = nn.Sequential(nn.MaxPool2d(3, 1, padding=1), *conv_norm_relu(inside, branches.pool, 1))

    def forward(self, x_BCHW: Tensor) -> Tensor:
        one, before_three, before_five = self.entry(x_BCHW).split(self.split, dim=1)
        return torch.cat([one, self.three(before_three), self.five(before_five), self.pool(x_BCHW)], dim=1)


class GoogLeNet(nn.Module):
    """Images (B,C,H,W) to (B, 16·width).

    With a batch norm after each convolution (Ioffe & Szegedy 2015) in place of the local response norms. The two
    auxiliary classifiers are left out: they were to bring gradients to the lower layers, which batch norm does, and
    Szegedy et al. (2016) found that they do not speed early training up. Pools that would leave less than 3×3 are left
    out.
    """

    def __init__(self, spec: SignalSpec, options: Options) -> None:
        super().__init__()
        channels, height, width = spec.shape
        first, inside = options.width, 3 * options.width
        modules: list[nn.Module]
        at = (height, width)
        if is_large(options.stem, at):
            at = (-(-height // 2), -(-width // 2))
            pool, at = pool_if_fits(nn.MaxPool2d, at, 3, padding=1)
            # The largest before ReLU is the same as after it, on a quarter of the numbers.
            modules = [convolution(channels, first, 7, stride=2), nn.BatchNorm2d(first), *pool, nn.ReLU()]
        else:
            modules = conv_norm_relu(channels, first, 3)
        modules += [*conv_norm_relu(first, first, 1), *conv_norm_relu(first, inside, 3)]
        for stage in _STAGES:
            pool, at = pool_if_fits(nn.MaxPool2d, at, 3, padding=1)
            modules += pool
            for module in stage:
                branches = Branches(*(count * options.width // _WIDTH for count in module))
                modules.append(Module(inside, branches))
                inside = branches.outside
        self.maps = nn.Sequential(*modules, *mean_if_larger(at, 1)[0])
        self.dropout = Dropout(options.dropout)

    def forward(self, signal: Signal) -> Signal:
        x_BCHW: Tensor = self.maps(signal.values)
        return Signal(self.dropout(x_BCHW.flatten(1)))


FAMILY = Family(
    name="inception",
    accepts=("image",),
    options=Options,
    gives=GoogLeNet,
    sizes={"small": {"width": 16}, "base": {"width": 32}, "large": {"width": 64}},
    reference="Szegedy et al. 2015, Going deeper with convolutions; batch norm after Ioffe & Szegedy 2015",
)
