"""From one picture to another: convolutions that halve the map, residual blocks, and the way back beside what was seen.

B rows, C channels, O channels of what comes out, H height, W width, K classes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from leadline.nn.generative.generators import HALF
from leadline.nn.layers.activations import initialise_weights

SMALL = 4  # pixels of the shorter side of the map in the middle, at least; of pictures too
HALVINGS = 3  # at most
TIMES = 4  # as many channels at most in the middle as at both ends


class Residual(nn.Module):
    """Two convolutions whose outcome is added to what goes in (He et al. 2016), each row normed by itself."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(*_normed(_conv(channels, channels)), _conv(channels, channels), _norm(channels))

    def forward(self, x_BCHW: Tensor) -> Tensor:
        changed: Tensor = self.layers(x_BCHW)
        return x_BCHW + changed


class ImageTranslator(nn.Module):
    """Standardised pictures (B,C,H,W), and of `classes` which to become (B,), to raw ones (B,O,h,w) from 0 to 255.

    Maps are halved by strided convolutions, pass `blocks` residual blocks (Johnson et al. 2016) and double again, each
    beside the map of its size from the way down (Ronneberger et al. 2015). Norms are of each row and channel (Ulyanov
    et al. 2016). The class is a plane of its own beside the channels (Choi et al. 2018).
    """

    def __init__(self, channels: int, shape: Sequence[int], classes: int, *, width: int, blocks: int) -> None:
        super().__init__()
        out, *self.sides = shape
        self.classes = classes
        halvings = min(HALVINGS, max(0, int(math.log2(min(self.sides) / SMALL))))
        self.multiple = 2**halvings
        widths = [width * min(2**k, TIMES) for k in range(halvings + 1)]
        self.first = nn.Sequential(*_normed(_conv(channels + classes, width)))
        self.down = nn.ModuleList(nn.Sequential(*_normed(_conv(a, b, halved=True))) for a, b in pairwise(widths))
        self.inside = nn.Sequential(*(Residual(widths[-1]) for _ in range(blocks)))
        self.up = nn.ModuleList(nn.Sequential(*_normed(_conv(b + a, a))) for a, b in reversed(list(pairwise(widths))))
        self.last = nn.Conv2d(width, out, 3, padding=1)
        initialise_weights(self.last, None)

    def forward(self, x_BCHW: Tensor, class_B: Tensor | None = None) -> Tensor:
        x = self._fitting(x_BCHW)
        if self.classes:
            assert class_B is not None
            plane_BK = (class_B[:, None] == torch.arange(self.classes, device=x.device)).to(x.dtype)
            x = torch.cat([x, plane_BK[:, :, None, None].expand(-1, -1, *x.shape[2:])], 1)
        x = self.first(x)
        seen = []
        for layer in self.down:
            seen.append(x)
            x = layer(x)
        x = self.inside(x)
        for layer, beside in zip(self.up, reversed(seen), strict=True):
            x = layer(torch.cat([F.interpolate(x, scale_factor=2.0), beside], 1))
        height, width = self.sides
        return HALF + HALF * torch.tanh(self.last(x)[:, :, :height, :width])

    def _fitting(self, x_BCHW: Tensor) -> Tensor:
        """Return pictures of the size that is to come out, their last lines repeated until they can be halved."""
        if list(x_BCHW.shape[2:]) != self.sides:
            x_BCHW = F.interpolate(x_BCHW, self.sides, mode="bilinear", antialias=True)
        height, width = (-side % self.multiple for side in self.sides)
        return F.pad(x_BCHW, (0, width, 0, height), mode="replicate") if height or width else x_BCHW


def _conv(inside: int, outside: int, *, halved: bool = False) -> nn.Conv2d:
    conv = nn.Conv2d(inside, outside, 4 if halved else 3, stride=2 if halved else 1, padding=1, bias=False)
    initialise_weights(conv, "relu")
    return conv


def _norm(channels: int) -> nn.Module:
    return nn.InstanceNorm2d(channels, affine=True)


def _normed(conv: nn.Conv2d) -> tuple[nn.Module, ...]:
    return conv, _norm(conv.out_channels), nn.ReLU()
