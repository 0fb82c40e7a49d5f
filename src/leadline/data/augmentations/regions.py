"""Boxes within pictures of a whole batch, filled with a colour or with what another picture shows there.

Shapes in names: B rows, C channels, H height, W width.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor


class Box(NamedTuple):
    """Where a box begins and ends in each picture (B,), in whole pixels within it; the ends are not part of it."""

    top_B: Tensor
    bottom_B: Tensor
    left_B: Tensor
    right_B: Tensor

    def share_B(self, height: int, width: int) -> Tensor:
        """Return the share of the picture's pixels that lie in the box."""
        return (self.bottom_B - self.top_B) * (self.right_B - self.left_B) / (height * width)


def box(u_B2: Tensor, lines: Tensor | int, columns: Tensor | int, height: int, width: int) -> Box:
    """Return boxes of so many lines and columns around pixels that uniforms point to; what lies outside the picture is
    cut off.
    """

    def span(u_B: Tensor, length: Tensor | int, side: int) -> tuple[Tensor, Tensor]:
        first_B = torch.floor(u_B * side).to(torch.int64) - length // 2
        return first_B.clamp(0, side), (first_B + length).clamp(0, side)

    return Box(*span(u_B2[:, 0], lines, height), *span(u_B2[:, 1], columns, width))


def filled(x_BCHW: Tensor, other: Tensor, where: Box) -> Tensor:
    """Return pictures with the inside of boxes taken from `other`, pictures or one picture (1,C,H,W) of the same
    dtype.
    """
    hole = _hole(x_BCHW, where)
    if x_BCHW.is_floating_point():
        return torch.lerp(x_BCHW, other, hole)  # a weight of 0 or 1 gives the one or the other exactly
    # exact, as integers wrap around; ten times as fast as a choice by truth values
    return x_BCHW - (x_BCHW - other) * hole


def _hole(x_BCHW: Tensor, where: Box) -> Tensor:
    """Return 1 inside the boxes and 0 outside, laid out like the pictures."""
    batch, channels, height, width = x_BCHW.shape
    deep = channels > 1 and x_BCHW.is_contiguous(memory_format=torch.channels_last)
    y_H, x_W = torch.arange(height, device=x_BCHW.device), torch.arange(width, device=x_BCHW.device)
    if deep:  # a line is W·C numbers without a gap
        x_W = x_W.repeat_interleave(channels)

    def inside(at: Tensor, first_B: Tensor, end_B: Tensor) -> Tensor:
        return ((at >= first_B[:, None]) & (at < end_B[:, None])).to(x_BCHW.dtype)

    lines_BH, columns_BW = inside(y_H, where.top_B, where.bottom_B), inside(x_W, where.left_B, where.right_B)
    hole = lines_BH[:, :, None] * columns_BW[:, None, :]
    return hole.view(batch, height, width, channels).permute(0, 3, 1, 2) if deep else hole[:, None]
