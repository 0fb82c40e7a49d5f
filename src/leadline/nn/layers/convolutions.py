"""What convolutional families share: convolutions before rectifiers, how an image enters, pools and means that fit the
map.

B rows, C channels, H height, W width.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

from torch import nn

from leadline.nn.layers.activations import initialise_weights
from leadline.nn.layers.dropout import Dropout

Stem = Literal["auto", "small", "large"]
Sides = tuple[int, int]  # height and width of a map

_LARGE = 64  # pixels a side above which papers' stems for ImageNet suit an image
_LEFT = 3  # rows and columns that a pool must leave


def is_large(stem: Stem, sides: Sides) -> bool:
    """Say whether an image enters through the large stem: where that is asked for, and on auto above 64 pixels a
    side.
    """
    return stem == "large" or (stem == "auto" and max(sides) > _LARGE)


def convolution(inside: int, outside: int, kernel: int, stride: int = 1, *, bias: bool = False) -> nn.Conv2d:
    """Return a convolution that leaves ceil(side / stride), for an odd kernel, drawn for a rectifier after it.

    It has no bias unless asked for: a batch norm would subtract it again.
    """
    conv = nn.Conv2d(inside, outside, kernel, stride, padding=kernel // 2, bias=bias)
    initialise_weights(conv, "relu")
    return conv


def conv_norm_relu(inside: int, outside: int, kernel: int, stride: int = 1) -> list[nn.Module]:
    """Return a convolution, its batch norm and a ReLU."""
    return [convolution(inside, outside, kernel, stride), nn.BatchNorm2d(outside), nn.ReLU()]


def pool_if_fits(
    pool: type[nn.MaxPool2d | nn.AvgPool2d], sides: Sides, size: int, padding: int = 0
) -> tuple[list[nn.Module], Sides]:
    """Return pooling in windows of `size` two apart, if any, and the sides it leaves: ⌊(side + 2·padding − size) / 2⌋ +
    1.

    A side of which less than three would be left stays as it is: beyond that a 3×3 convolution sees little but its own
    margin.
    """
    left = [(side + 2 * padding - size) // 2 + 1 for side in sides]
    rows, columns = (n >= _LEFT for n in left)
    if not rows and not columns:
        return [], sides
    kernel = (size if rows else 1, size if columns else 1)
    stride = (2 if rows else 1, 2 if columns else 1)
    margin = (padding if rows else 0, padding if columns else 0)
    return [pool(kernel, stride, margin)], (left[0] if rows else sides[0], left[1] if columns else sides[1])


def mean_if_larger(sides: Sides, most: int) -> tuple[list[nn.Module], Sides]:
    """Return means over windows, the same in number as `most` along each side that is longer, and the sides they leave.

    Windows have one size and overlap where the side does not divide.
    """
    left = (min(sides[0], most), min(sides[1], most))
    if left == sides:
        return [], sides
    stride = (sides[0] // left[0], sides[1] // left[1])
    size = (sides[0] - (left[0] - 1) * stride[0], sides[1] - (left[1] - 1) * stride[1])
    return [nn.AvgPool2d(size, stride)], left


def dense_layers(features: int, widths: Sequence[int], dropout: float) -> list[nn.Module]:
    """Return dense layers from so many features, each with a rectifier and dropout after it."""
    layers: list[nn.Module] = []
    for inside, outside in pairwise((features, *widths)):
        layer = nn.Linear(inside, outside)
        initialise_weights(layer, "relu")
        layers += [layer, nn.ReLU(), Dropout(dropout)]
    return layers
