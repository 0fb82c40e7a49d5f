"""Predictions as a table that says where each row is from, and raw inputs of some rows."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl
import torch

from leadline.core.schema import Schema
from leadline.data.subset import Subset
from leadline.data.targets.words import predictions_in_words


def predictions_table(schema: Schema, subset: Subset, columns: Mapping[str, np.ndarray]) -> pl.DataFrame:
    """Return decisions as a table: row_in_data, file and row say where each is from; then what `predictions_in_words`
    gives.
    """
    where = [subset.where(i) for i in range(len(subset))]
    table = {
        "row_in_data": subset.rows,
        "file": [file for file, _ in where],
        "row": np.asarray([number for _, number in where], dtype=np.int64),
    }
    return pl.DataFrame({**table, **predictions_in_words(schema, columns)})


def first_inputs(subset: Subset, rows: int) -> Mapping[str, torch.Tensor]:
    """Return raw encoded inputs of `rows` rows, repeating a part that has fewer."""
    return subset.batch(torch.arange(rows) % len(subset)).inputs
