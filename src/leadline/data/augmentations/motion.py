"""Where things move when a picture is moved: what else a row has that lies in the same places can follow it.

A picture's mask, its boxes or its key points are inputs, or a target, of their own. An augmentation that moves pixels
says by a `Motion` how, and the input types and targets that lie in the places of a picture are given it. Shapes in
names: B rows, C channels, H height, W width, N points.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

import torch
from torch import Tensor


class Motion(Protocol):
    """How the pictures of a batch are moved, each row's by draws of its own."""

    def values(self, x_BCHW: Tensor) -> Tensor:
        """Return maps that lie over the pictures, of any size, moved with them: each value is that of the nearest place
        it comes from, so that no new ones arise; beyond the border those of the border.
        """

    def points(self, xy_BN2: Tensor) -> Tensor:
        """Return where points of the pictures go, (x, y) in fractions of width and height."""


class Map(NamedTuple):
    """The place (xx·x + xy·y + x0, yx·x + yy·y + y0); entries are tensors (B,1,1), or numbers where all rows agree."""

    xx: Tensor | float = 1.0
    xy: Tensor | float = 0.0
    x0: Tensor | float = 0.0
    yx: Tensor | float = 0.0
    yy: Tensor | float = 1.0
    y0: Tensor | float = 0.0

    def after(self, first: Map) -> Map:
        """Return the map that applies `first`, then this one."""
        # Not as a matrix product: that may be set to bfloat16, which blurs places.
        return Map(
            _sum(_product(self.xx, first.xx), _product(self.xy, first.yx)),
            _sum(_product(self.xx, first.xy), _product(self.xy, first.yy)),
            _sum(_product(self.xx, first.x0), _product(self.xy, first.y0), self.x0),
            _sum(_product(self.yx, first.xx), _product(self.yy, first.yx)),
            _sum(_product(self.yx, first.xy), _product(self.yy, first.yy)),
            _sum(_product(self.yx, first.x0), _product(self.yy, first.y0), self.y0),
        )


class AffineMotion(NamedTuple):
    """A motion by a map from places in the new picture to places in the old one, in pixels around the centre."""

    place: Map
    height: int
    width: int

    def values(self, x_BCHW: Tensor) -> Tensor:
        """Return maps moved with the pictures."""
        batch, channels, height, width = x_BCHW.shape
        across, down = width / self.width, height / self.height
        x_W = torch.arange(width, device=x_BCHW.device) - (width - 1) / 2
        y_H1 = torch.arange(height, device=x_BCHW.device)[:, None] - (height - 1) / 2
        p = self.place
        x_BHW = p.xx * x_W + p.xy * y_H1 * (across / down) + p.x0 * across + (width - 1) / 2
        y_BHW = p.yx * x_W * (down / across) + p.yy * y_H1 + p.y0 * down + (height - 1) / 2
        column_BHW = x_BHW.round().clamp(0, width - 1).to(torch.int64)
        line_BHW = y_BHW.round().clamp(0, height - 1).to(torch.int64)
        at_BCP = (line_BHW * width + column_BHW).expand(batch, height, width).reshape(batch, 1, -1)
        moved = x_BCHW.reshape(batch, channels, -1).gather(2, at_BCP.expand(-1, channels, -1))
        return moved.view(batch, channels, height, width)

    def points(self, xy_BN2: Tensor) -> Tensor:
        """Return where points go: the map the other way round."""
        p = Map(*(entry[:, :, 0] if isinstance(entry, Tensor) else entry for entry in self.place))
        x_BN = (xy_BN2[..., 0] - 0.5) * self.width - p.x0
        y_BN = (xy_BN2[..., 1] - 0.5) * self.height - p.y0
        size = p.xx * p.yy - p.xy * p.yx
        old_x_BN, old_y_BN = (p.yy * x_BN - p.xy * y_BN) / size, (p.xx * y_BN - p.yx * x_BN) / size
        return torch.stack([old_x_BN / self.width + 0.5, old_y_BN / self.height + 0.5], -1)


def _product(a: Tensor | float, b: Tensor | float) -> Tensor | float:
    # Zeros and ones fold away: small batches are dear by the operation, not by the number.
    for one, other in ((a, b), (b, a)):
        if isinstance(one, float) and one in (0.0, 1.0):
            return other if one else 0.0
    return a * b


def _sum(*terms: Tensor | float) -> Tensor | float:
    first, *others = [t for t in terms if isinstance(t, Tensor) or t] or [0.0]
    for term in others:
        first = first + term
    return first
