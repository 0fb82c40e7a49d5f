"""What targets of one number a row have in common.

Shapes: N rows of the dataset, B rows of a batch, n rows of a split.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from torch import Tensor

from leadline.core.catalogue import say
from leadline.core.schema import ColumnSchema, Schema
from leadline.data.columns.contract import ColumnContext, ColumnState, column_type
from leadline.data.columns.number import LARGEST
from leadline.data.columns.scalars.parsing import as_numbers
from leadline.data.encoding import encode
from leadline.data.table import Progress, Table
from leadline.data.targets.class_numbers import with_unknown
from leadline.data.targets.contract import Comparison, Target
from leadline.data.targets.values import Numbers, Stratum, TargetSelection
from leadline.errors import DataError
from leadline.metrics.statistics import paired
from leadline.metrics.statistics.measurement import Measurement

NUMBER = "number"  # the type of column that a quantity is written as
BLURRED = 0.03  # of the spread of a target may be lost by rounding to float32


def fit(table: Table, selection: TargetSelection, train: np.ndarray) -> ColumnState:
    """Return what is known of the numbers; raises DataError where float32 would blur them."""
    column = table.frame[selection.name][train]
    state = dict(column_type(NUMBER).fit(column, ColumnContext(table.base)))
    state["offset"] = 0.0  # a target is in its own unit: objectives and measures read it as it is
    check_not_blurred(table, selection.name, column, state)
    return state


def check_not_blurred(table: Table, name: str, column: pl.Series, state: ColumnState) -> None:
    """Raise DataError where float32 would blur a target's values."""
    values = as_numbers(column)
    values_N = values.filter(values.is_finite()).to_numpy().clip(-LARGEST, LARGEST)
    lost = float(np.sqrt(np.mean((values_N - values_N.astype(np.float32)) ** 2))) if len(values_N) else 0.0
    if 0 < BLURRED * state["std"] < lost:  # a constant is refused elsewhere, in its own words
        raise DataError(
            say(
                "targets.lost-in-float32",
                table=table.name,
                column=name,
                std=state["std"],
                mean=state["mean"],
                lost=lost,
                median=state["median"],
            )
        )


def columns(table: Table, field: ColumnSchema, progress: Progress | None) -> Numbers:
    """Return the numbers of all rows (N,1)."""
    found = encode(table, (field.model_copy(update={"kind": NUMBER}),), field.name, progress)
    values, missing = np.array(found.values), ~present(table.frame, field)
    wrong_N = ~np.isfinite(values[:, 0])
    return Numbers(values, missing, with_unknown(found.problems, table.frame[field.name], wrong_N, missing))


def present(frame: pl.DataFrame, target: Target) -> np.ndarray:
    """Return where rows have finite numbers (N,), in all columns of the target."""
    there = [as_numbers(frame[name]).is_finite().fill_null(False).to_numpy() for name in target.columns]
    return np.asarray(np.all(there, axis=0))


def shaped(x_B1: Tensor) -> Tensor:
    """Return numbers (B,)."""
    return x_B1[:, 0].clone()


def unlabelled(value_n: np.ndarray) -> np.ndarray | None:
    """Return which rows have no number (n,)."""
    lacking_n: np.ndarray = np.isnan(value_n)
    return lacking_n if lacking_n.any() else None


def stratum(target: Target) -> Stratum:
    """Return the column itself."""
    return Stratum(target.name, classes=False)


def _difference(both: pl.DataFrame, schema: Schema, group_n: np.ndarray | None) -> Measurement:
    target, mine, theirs = (both[name].to_numpy() for name in ("target", "predicted", "predicted_other"))
    return paired.mean_difference(np.abs(mine - target), np.abs(theirs - target), group_n=group_n)


COMPARISON = Comparison("mae", _difference)
