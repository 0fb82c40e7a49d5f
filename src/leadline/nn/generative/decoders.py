"""From codes back to values: dense layers for tables, growing maps for images, a recurrent network for sequences.

B rows, L numbers of a code, C channels, H height, W width, T steps, F features.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn

from leadline.core.catalogue import say
from leadline.errors import UsageError
from leadline.nn.batch import SignalSpec
from leadline.nn.layers.activations import ACTIVATIONS, ActivationName, initialise_weights
from leadline.nn.layers.recurrence import states

Growing = Literal["resize", "transposed"]
SMALL = 4  # pixels a side, at most, of the map that an image grows from
WIDTH, MOST = 32, 256  # channels of the last map, twice as many of each one before it, up to so many


class DenseDecoder(nn.Module):
    """Codes (B,L) through dense layers of so many units to values (B, *shape)."""

    def __init__(
        self, shape: Sequence[int], latent: int, hidden: Sequence[int], activation: ActivationName = "relu"
    ) -> None:
        super().__init__()
        self.shape = tuple(shape)
        layers: list[nn.Module] = []
        for width in hidden:
            dense = nn.Linear(latent, width)
            initialise_weights(dense, activation)
            layers += [dense, ACTIVATIONS[activation]()]
            latent = width
        last = nn.Linear(latent, math.prod(self.shape))
        initialise_weights(last, None)
        self.layers = nn.Sequential(*layers, last)

    def forward(self, code_BL: Tensor) -> Tensor:
        x: Tensor = self.layers(code_BL)
        return x.view(-1, *self.shape)


class ImageDecoder(nn.Module):
    """Codes (B,L) to images (B,C,H,W): a dense layer gives a small map, which doubles until it is large enough and is
    then cut.

    Each doubling is a ``transposed`` convolution (4×4, stride 2: Radford et al. 2016), or nearest neighbours and a 3×3
    convolution (``resize``), which leaves no checkerboard (Odena et al. 2016). Batch norm and a rectifier follow, but
    for the last layer.
    """

    def __init__(
        self,
        shape: Sequence[int],
        latent: int,
        *,
        width: int = WIDTH,
        most: int = MOST,
        growing: Growing = "resize",
        norm: bool = True,
        small: int = SMALL,
    ) -> None:
        super().__init__()
        channels, *self.sides = shape
        doublings = max(0, math.ceil(math.log2(max(self.sides) / small)))
        widths = [min(width * 2**k, most) for k in reversed(range(doublings + 1))]
        self.start = (widths[0], *(max(1, math.ceil(side / 2**doublings)) for side in self.sides))
        self.dense = nn.Linear(latent, math.prod(self.start))
        initialise_weights(self.dense, "relu")
        layers: list[nn.Module] = [*_normed(widths[0], norm)]
        for inside, outside in pairwise(widths):
            layers += [*_doubled(inside, outside, growing, bias=not norm), *_normed(outside, norm)]
        last = nn.Conv2d(widths[-1], channels, 3, padding=1)
        initialise_weights(last, None)
        self.layers = nn.Sequential(*layers, last)

    def forward(self, code_BL: Tensor) -> Tensor:
        x_BCHW: Tensor = self.layers(self.dense(code_BL).view(-1, *self.start))
        height, width = self.sides
        return x_BCHW[:, :, :height, :width]


def _normed(channels: int, norm: bool) -> list[nn.Module]:
    return [nn.BatchNorm2d(channels), nn.ReLU()] if norm else [nn.ReLU()]


def _doubled(inside: int, outside: int, growing: Growing, *, bias: bool) -> list[nn.Module]:
    if growing == "transposed":
        layer = nn.ConvTranspose2d(inside, outside, 4, stride=2, padding=1, bias=bias)
        nn.init.normal_(layer.weight, std=math.sqrt(2 / (inside * 4)))  # four of the sixteen taps meet at each place
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)
        return [layer]
    conv = nn.Conv2d(inside, outside, 3, padding=1, bias=bias)
    initialise_weights(conv, "relu")
    return [nn.Upsample(scale_factor=2), conv]


class SequenceDecoder(nn.Module):
    """Codes (B,L) to sequences (B,T,F): a GRU that begins with a state made of the code and is given the code in every
    step.
    """

    def __init__(self, shape: Sequence[int], latent: int, hidden: int = 128) -> None:
        super().__init__()
        self.steps, features = shape
        self.begin = nn.Linear(latent, hidden)
        self.recurrent = nn.GRU(latent, hidden, batch_first=True)
        for name, p in self.recurrent.named_parameters():
            if name.startswith("weight_hh"):
                for block in p.data.view(-1, hidden, hidden):
                    nn.init.orthogonal_(block)
        self.last = nn.Linear(hidden, features)

    def forward(self, code_BL: Tensor) -> Tensor:
        state_1BH = torch.tanh(self.begin(code_BL))[None]
        x_BTF: Tensor = self.last(
            states(self.recurrent, code_BL[:, None].expand(-1, self.steps, -1).contiguous(), state_1BH)
        )
        return x_BTF


def default_decoder(spec: SignalSpec, latent: int) -> nn.Module:
    """Return a decoder with fresh weights for values of a spec's shape; raises UsageError for a kind of signal that has
    none.
    """
    if spec.kind == "table":
        return DenseDecoder(spec.shape, latent, (256, 256))
    if spec.kind == "image":
        return ImageDecoder(spec.shape, latent)
    if spec.kind == "sequence":
        return SequenceDecoder(spec.shape, latent)
    raise UsageError(say("nn.no-decoder", kind=spec.kind))
