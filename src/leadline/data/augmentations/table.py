"""Random changes of tables: noise on quantities, and values that go missing.

Shapes in names: B rows, F columns of the encoded table, K columns as the user knows them.
"""

from __future__ import annotations

import numpy as np
import polars as pl
import torch
from torch import Tensor

from leadline.core.catalogue import say
from leadline.core.schema import InputSchema
from leadline.data.augmentations.contract import Amount, SeparatePass, Stage, normals, on_device
from leadline.data.columns.contract import ColumnContext, column_type
from leadline.nn.rng import Rng


def columns(schema: InputSchema) -> np.ndarray:
    """Return the number of the user's column that each column of the encoded table (F,) is from."""
    widths = [column_type(one.kind).width(one.state) for one in schema.fields]
    return np.asarray(np.repeat(np.arange(len(widths)), widths))


def spreads(schema: InputSchema) -> np.ndarray:
    """Return the standard deviation of each column of the encoded table (F,) on train rows; NaN where it holds no
    quantity.
    """
    kinds = [(column_type(one.kind).spread, one.state) for one in schema.fields]
    spread_K = np.array([np.nan if spread is None else spread(state) for spread, state in kinds], np.float32)
    return np.asarray(spread_K[columns(schema)])


def _noise(schema: InputSchema, *, amount: float) -> Stage:
    # Noise times zero leaves a code as it is, and NaN stays NaN: no column has to be picked out.
    scale_F = on_device(torch.from_numpy(np.nan_to_num(spreads(schema)) * amount))

    def stage(x_BF: Tensor, rng: Rng) -> Tensor:
        return torch.addcmul(x_BF, normals(rng, x_BF.shape[1]), scale_F(x_BF.device))

    return stage


def _missing(schema: InputSchema, *, amount: float) -> Stage:
    nothing = pl.Series([None], dtype=pl.String)
    blank = [column_type(one.kind).encode(nothing, one.state, ColumnContext()).values[0] for one in schema.fields]
    blank_F, column_F = on_device(torch.from_numpy(np.concatenate(blank))), on_device(torch.from_numpy(columns(schema)))

    def stage(x_BF: Tensor, rng: Rng) -> Tensor:
        gone_BK = rng.uniform("missing", len(schema.fields)) < amount
        return torch.where(gone_BK.index_select(1, column_F(x_BF.device)), blank_F(x_BF.device), x_BF)

    return stage


def _without_numbers(schema: InputSchema) -> str | None:
    return say("augmentations.needs-numbers") if np.isnan(spreads(schema)).all() else None


NOISE = SeparatePass(
    _noise, {"amount": Amount(0.1, 1, "a fraction of each column's standard deviation")}, _without_numbers
)
MISSING = SeparatePass(_missing, {"amount": Amount(0.1, 1, "the probability that a value goes missing")})
