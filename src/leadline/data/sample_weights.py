"""How much each row counts in training. Shapes: N rows."""

from __future__ import annotations

import numpy as np

from leadline.core.catalogue import say
from leadline.core.experiment import DataSpec
from leadline.data.column_inference import check_columns, shown
from leadline.data.columns.scalars.parsing import as_numbers
from leadline.data.table import Table
from leadline.errors import DataError


def column_of(table: Table, spec: DataSpec) -> str | None:
    """Return the column of weights, None where all rows count the same; raises UsageError where it is not there."""
    check_columns((spec.weight,) if spec.weight else (), table, "data.weight")
    return spec.weight


def read(table: Table, name: str, train: np.ndarray) -> np.ndarray:
    """Return the weights of all rows (N,) float32, 0 for rows that are not trained on and have none.

    Raises DataError, with file, row and value, for a row to be trained on whose weight is missing, negative or no
    finite number, and where all rows to be trained on weigh nothing.
    """
    column = table.frame[name]
    values_N = as_numbers(column).fill_null(np.nan).to_numpy().astype(np.float32)
    wrong = train[~(np.isfinite(values_N[train]) & (values_N[train] >= 0))]
    if len(wrong):
        row = int(wrong[0])
        file, number = table.where(row)
        value = column[row]
        number_there = as_numbers(column[row : row + 1])[0]
        missing = number_there is not None and np.isnan(number_there)
        what = say("data.weight-missing") if missing else say("data.weight-value", value=shown(value))
        raise DataError(say("data.invalid-weight", file=file, row=number, column=name, problem=what, rows=len(wrong)))
    if not values_N[train].any():
        raise DataError(say("data.all-weights-zero", table=table.name, column=name))
    weight_N: np.ndarray = np.nan_to_num(values_N, nan=0.0, posinf=0.0, neginf=0.0)
    return weight_N
