"""What goes into the network: a type of column for points, and a random change of pictures.

Shapes: N rows of a column, B rows of a batch, K raw columns, C channels, H height, W width.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
import torch
from torch import Tensor, nn

from leadline.core.schema import InputSchema
from leadline.data.augmentations.contract import Amount, SeparatePass, Stage
from leadline.data.columns.contract import ColumnContext, ColumnState, ColumnType, Encoded
from leadline.nn.rng import Rng

# --- A type of column: text such as "3.5,7", two numbers of the table input.

POINT = r"^\s*(-?[\d.]+)\s*,\s*(-?[\d.]+)\s*$"


def coordinates(column: pl.Series) -> np.ndarray:
    """Return x and y (N,2) float32, NaN where there is no point."""
    text = column.cast(pl.String)
    both = [text.str.extract(POINT, at).cast(pl.Float32, strict=False).fill_null(float("nan")) for at in (1, 2)]
    return np.stack([one.to_numpy() for one in both], axis=1)


def infer(column: pl.Series, context: ColumnContext) -> float:
    """Return 1 where all values are points."""
    there = column.drop_nulls()
    if there.dtype != pl.String or there.is_empty():
        return 0.0
    return float(np.isfinite(coordinates(there)).all())


def fit(column: pl.Series, context: ColumnContext) -> ColumnState:
    """Return mean and spread of both coordinates."""
    known_n2 = coordinates(column)
    known_n2 = known_n2[np.isfinite(known_n2).all(1)]
    if not len(known_n2):
        return {"mean": [0.0, 0.0], "std": [1.0, 1.0]}
    return {"mean": known_n2.mean(0).tolist(), "std": [float(s) or 1.0 for s in known_n2.std(0)]}


def encode(column: pl.Series, state: ColumnState, context: ColumnContext) -> Encoded:
    """Return x and y of all rows, and which of them hold something else."""
    values_N2 = coordinates(column)
    bad = np.flatnonzero(column.is_not_null().to_numpy() & ~np.isfinite(values_N2).all(1))
    return Encoded(values_N2, {int(row): f"{column[int(row)]!r} is no point x,y" for row in bad})


def decode(values: np.ndarray, state: ColumnState) -> list[str | None]:
    """Return points as they are written."""
    rows = values.reshape(-1, 2).tolist()
    return [None if np.isnan(x) or np.isnan(y) else f"{x:.5g},{y:.5g}" for x, y in rows]


class PointPreprocessor(nn.Module):
    """Raw coordinates (B,2K) to standardised ones, 0 where they are missing."""

    def __init__(self, states: Sequence[ColumnState]) -> None:
        super().__init__()
        self.mean: Tensor
        self.std: Tensor
        self.register_buffer("mean", torch.tensor([x for state in states for x in state["mean"]]))
        self.register_buffer("std", torch.tensor([x for state in states for x in state["std"]]))

    def forward(self, x: Tensor) -> Tensor:
        return ((x - self.mean) / self.std).nan_to_num(0.0)


COLUMN = ColumnType("point", infer, fit, encode, decode, PointPreprocessor, width=lambda state: 2)

# --- An augmentation of pictures: some pixels go black, others in each row and step.


def speckle(schema: InputSchema, *, amount: float) -> Stage:
    """Return what blackens the share `amount` of the pixels of each picture."""

    def stage(x_BCHW: Tensor, rng: Rng) -> Tensor:
        height, width = x_BCHW.shape[2:]
        kept_BHW = rng.uniform("speckle", height * width).view(-1, height, width) >= amount
        return x_BCHW * kept_BHW[:, None]

    return stage


AUGMENTATION = SeparatePass(speckle, {"amount": Amount(0.05, 1, "a share of the pixels")})
