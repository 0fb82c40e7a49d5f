"""A family of networks for pictures, and a way of fusing several inputs.

Shapes: B rows, C channels, H height, W width, K inputs, F features.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from pydantic import Field
from torch import Tensor, nn

from leadline.core.base import Fact
from leadline.models.contract import Family
from leadline.nn.batch import Signal, SignalSpec
from leadline.nn.fusion import Fusion, FusionMethod, WidthOptions

# --- A family: convolutions that keep where things are.


class MapsOptions(Fact):
    """`channels` of both convolutions."""

    channels: int = Field(default=16, ge=1)


def convolutions(spec: SignalSpec, options: MapsOptions) -> nn.Sequential:
    """Return two convolutions that keep height and width."""
    wide = options.channels
    return nn.Sequential(
        nn.Conv2d(spec.shape[0], wide, 3, padding=1), nn.ReLU(), nn.Conv2d(wide, wide, 3, padding=1), nn.ReLU()
    )


class PixelMaps(nn.Module):
    """Pictures (B,C,H,W) to features of every place (B,F,H,W)."""

    def __init__(self, spec: SignalSpec, options: MapsOptions) -> None:
        super().__init__()
        self.maps = convolutions(spec, options)

    def forward(self, signal: Signal) -> Signal:
        return Signal(self.maps(signal.values))


class PixelFeatures(nn.Module):
    """Pictures (B,C,H,W) to features of each quarter of height and width, side by side (B,F)."""

    def __init__(self, spec: SignalSpec, options: MapsOptions) -> None:
        super().__init__()
        self.maps = nn.Sequential(convolutions(spec, options), nn.AdaptiveAvgPool2d(4))

    def forward(self, signal: Signal) -> Signal:
        return Signal(self.maps(signal.values).flatten(1))


FAMILY = Family(
    name="pixel-maps",
    accepts=("image",),
    options=MapsOptions,
    gives={"vector": PixelFeatures, "maps": PixelMaps},
    sizes={"small": {"channels": 8}, "large": {"channels": 32}},
    reference="two convolutions, as in any textbook",
)

# --- A fusion: the mean of what each input is mapped to.


class Mean(Fusion):
    """Each input brought to W features, and the mean of those that are there."""

    def __init__(self, widths: Sequence[int], options: WidthOptions, media: Sequence[bool] = ()) -> None:
        super().__init__(options, options.width, media)
        self.ways = nn.ModuleList(nn.Linear(width, options.width) for width in widths)

    def fused(self, parts: Sequence[Tensor], present_BK: Tensor) -> Tensor:
        mapped = [
            way(part.masked_fill(~present_BK[:, k, None], 0.0))
            for k, (way, part) in enumerate(zip(self.ways, parts, strict=True))
        ]
        there_BK1 = present_BK[..., None]
        return (torch.stack(mapped, 1) * there_BK1).sum(1) / there_BK1.sum(1).clamp_min(1)


FUSION = FusionMethod(WidthOptions, Mean)
