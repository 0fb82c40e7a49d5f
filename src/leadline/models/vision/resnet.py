"""Residual networks, from ResNet-20 to ResNet-34."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field
from torch import Tensor, nn

from leadline.core.base import Fact
from leadline.models.contract import Family
from leadline.nn.batch import Signal, SignalSpec
from leadline.nn.layers.convolutions import Stem, conv_norm_relu, convolution, is_large

# Blocks and channels of each stage: the paper's 6n+2 layers for CIFAR, its 18 and 34 for ImageNet.
_STAGES: Mapping[int, tuple[tuple[int, int], ...]] = {
    20: ((3, 16), (3, 32), (3, 64)),
    32: ((5, 16), (5, 32), (5, 64)),
    56: ((9, 16), (9, 32), (9, 64)),
    18: ((2, 64), (2, 128), (2, 256), (2, 512)),
    34: ((3, 64), (4, 128), (6, 256), (3, 512)),
}


class Options(Fact):
    """`depth` counts the layers with weights: 20, 32, 56 are narrow (64 features), 18, 34 are wide (512 features).

    `stem` is how an image enters: ``small`` is a 3×3 convolution, ``large`` a 7×7 one and a max-pool that leave a
    quarter of the height and width; ``auto`` is large for images of more than 64 pixels a side.
    """

    depth: Literal[20, 32, 56, 18, 34] = Field(
        default=32, description="number of layers with weights: 20, 32, 56 for small images, 18, 34 for large ones"
    )
    stem: Stem = Field(default="auto", description="first layers: for small images, for large ones, or by image size")


class Block(nn.Module):
    """Two 3×3 convolutions added to their input, which a 1×1 convolution brings to shape where needed (the paper's
    option B).

    The last norm's scale starts at one. Starting it at zero (Goyal et al. 2017) helps very large batches, and would
    leave every convolution of a block without a gradient in the first step.
    """

    def __init__(self, inside: int, outside: int, stride: int) -> None:
        super().__init__()
        self.residual = nn.Sequential(
            *conv_norm_relu(inside, outside, 3, stride),
            convolution(outside, outside, 3),
            nn.BatchNorm2d(outside),
        )
        self.shortcut: nn.Module = nn.Identity()
        if inside != outside or stride != 1:
            self.shortcut = nn.Sequential(convolution(inside, outside, 1, stride), nn.BatchNorm2d(outside))
        self.relu = nn.ReLU()

    def forward(self, x_BCHW: Tensor) -> Tensor:
        out_BCHW: Tensor = self.relu(self.residual(x_BCHW) + self.shortcut(x_BCHW))
        return out_BCHW


class ResNet(nn.Module):
    """Images (B,C,H,W) to (B,64) for the narrow depths, (B,512) for the wide ones."""

    def __init__(self, spec: SignalSpec, options: Options) -> None:
        super().__init__()
        channels, height, width = spec.shape
        stages = _STAGES[options.depth]
        inside = stages[0][1]
        large = is_large(options.stem, (height, width))
        stem = [
            convolution(channels, inside, 7, 2) if large else convolution(channels, inside, 3),
            nn.BatchNorm2d(inside),
        ]
        # The largest of a window and then ReLU is the same as ReLU and then the largest, on a quarter of the numbers.
        self.stem = nn.Sequential(*stem, *([nn.MaxPool2d(3, 2, padding=1)] if large else []), nn.ReLU())
        blocks: list[nn.Module] = []
        for stage, (count, outside) in enumerate(stages):
            for i in range(count):
                blocks.append(Block(inside, outside, stride=2 if stage > 0 and i == 0 else 1))
                inside = outside
        self.blocks = nn.Sequential(*blocks)

    def forward(self, signal: Signal) -> Signal:
        return Signal(self.maps(signal.values).mean(dim=(2, 3)))

    def maps(self, x_BCHW: Tensor) -> Tensor:
        """Return the features of each place (B,F,H',W')."""
        maps_BFHW: Tensor = self.blocks(self.stem(x_BCHW))
        return maps_BFHW


class ResNetMaps(ResNet):
    """Images (B,C,H,W) to maps (B,F,H',W'): a quarter of height and width, less where the stem is large."""

    def forward(self, signal: Signal) -> Signal:
        return Signal(self.maps(signal.values))


FAMILY = Family(
    name="resnet",
    accepts=("image",),
    options=Options,
    gives={"vector": ResNet, "maps": ResNetMaps},
    sizes={"small": {"depth": 20}, "base": {"depth": 32}, "large": {"depth": 18}},
    reference="He, Zhang, Ren & Sun 2016, Deep residual learning for image recognition",
)
