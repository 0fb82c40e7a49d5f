"""How stored rows become the raw tensors of a batch: side by side, as pictures, padded to the longest, or as windows of
a table.

Shapes in names: N stored rows, B rows of a batch, T steps of the longest of them, S values of all rows, F columns.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
import torch
from torch import Tensor


class RowStorage(Protocol):
    """Stored rows, memory-mapped: numbers of rows in, raw tensors on the CPU out."""

    def gather(self, row_B: Tensor) -> Tensor:
        """Return raw rows (B, ...)."""

    def one(self, row: int) -> np.ndarray:
        """Return one row as it is stored, (1, ...), which its field's `decode` takes."""

    @property
    def lengths(self) -> Tensor | None:
        """How long each row is (N,) int64, where rows differ in it."""


class DenseRows:
    """Rows of one shape, (N, ...)."""

    lengths = None

    def __init__(self, values: Tensor) -> None:
        self.values = values

    def gather(self, row_B: Tensor) -> Tensor:
        """Return rows (B, ...)."""
        return self.values.index_select(0, row_B)

    def one(self, row: int) -> np.ndarray:
        """Return one row, (1, ...)."""
        return self.values[row : row + 1].numpy()


class ImageRows(DenseRows):
    """Pictures stored (N,H,W,C), seen as (B,C,H,W): gathering gives channels-last memory without a copy."""

    def gather(self, row_B: Tensor) -> Tensor:
        """Return pictures (B,C,H,W)."""
        return super().gather(row_B).permute(0, 3, 1, 2)


class RaggedRows:
    """Rows of different lengths one after another, (S,); row n ends at `ends[n + 1]`, which (N+1,) begins with 0.

    A batch is padded with `padding` to its longest row, rounded up to a multiple of `multiple`: few different shapes
    are what compiled kernels and their caches like. With a `scale` whole numbers become float32, multiplied by it.
    """

    def __init__(
        self,
        values: Tensor,
        ends: Tensor,
        *,
        padding: float = 0,
        scale: float | None = None,
        multiple: int = 8,
        longest: int | None = None,
    ) -> None:
        self.values, self.ends = values, ends
        self.padding, self.scale, self.multiple = padding, scale, multiple
        self.longest = longest

    @property
    def lengths(self) -> Tensor:
        """How many values each row has (N,) int64."""
        return self.ends[1:] - self.ends[:-1]

    def gather(self, row_B: Tensor) -> Tensor:
        """Return rows (B,T), padded."""
        start_B = self.ends.index_select(0, row_B)
        length_B = self.ends.index_select(0, row_B + 1) - start_B
        longest = max(int(length_B.max()) if len(row_B) else 1, 1)
        steps = -(-longest // self.multiple) * self.multiple
        if self.longest is not None:  # a network may have room for no more, as one with learned positions has
            steps = max(min(steps, self.longest), longest)
        step_T = torch.arange(steps)
        there_BT = step_T < length_B[:, None]
        at_BT = (start_B[:, None] + step_T).clamp_(max=max(len(self.values) - 1, 0))
        x_BT = self.values.take(at_BT) if len(self.values) else torch.zeros(at_BT.shape, dtype=self.values.dtype)
        if self.scale is not None:
            x_BT = x_BT.to(torch.float32).mul_(self.scale)
        return x_BT.masked_fill_(~there_BT, self.padding)

    def one(self, row: int) -> np.ndarray:
        """Return one row, (1,L)."""
        return self.values[int(self.ends[row]) : int(self.ends[row + 1])][None].numpy()


class WindowRows:
    """Windows of a table (N,F) in time order: row r is the steps from r - `back` up to r + `ahead`, without the last.

    Steps before the first row and after the last one are NaN, and so are, from step r on, all columns but the `known`
    ones.
    """

    lengths = None

    def __init__(self, values: Tensor, back: int, ahead: int, known: Tensor | None = None) -> None:
        self.values, self.back, self.ahead = values, back, ahead
        self.unknown = torch.ones(values.shape[1], dtype=torch.bool)
        if known is not None:
            self.unknown[known] = False

    def gather(self, row_B: Tensor) -> Tensor:
        """Return windows (B, back + ahead, F)."""
        step_T = torch.arange(-self.back, self.ahead)
        at_BT = row_B[:, None] + step_T
        x_BTF = self.values.index_select(0, at_BT.clamp(0, len(self.values) - 1).view(-1)).view(*at_BT.shape, -1)
        outside_BT = (at_BT < 0) | (at_BT >= len(self.values))
        x_BTF.masked_fill_(outside_BT[:, :, None], torch.nan)
        if self.ahead and self.back:
            x_BTF[:, self.back :].masked_fill_(self.unknown, torch.nan)
        return x_BTF

    def one(self, row: int) -> np.ndarray:
        """Return one window, (1, back + ahead, F)."""
        return self.gather(torch.tensor([row])).numpy()
