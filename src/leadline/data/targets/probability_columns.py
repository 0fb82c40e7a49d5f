"""Probabilities as a target: one column for each class, or a single one for an event.

Shapes: N rows, C columns, K classes.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from leadline.data.columns.scalars.parsing import as_numbers
from leadline.data.table import Table
from leadline.errors import DataError

ROUNDED = 0.005  # how far a probability written with two decimals is off at most
NEGLIGIBLE = 1e-6  # beyond 0 or 1, or in a sum: what float32 does to a number
MOSTLY = 0.9  # of the rows add up to 1: then the others are mistakes


def look_so(table: Table, columns: Sequence[str]) -> bool:
    """Say whether columns are the probabilities of classes: numbers from 0 to 1 that add up to 1 in nearly every
    row.
    """
    if not all(table.frame[name].dtype.is_numeric() for name in columns):
        return False
    values_NC = _numbers(table, columns)
    values_NC = values_NC[np.isfinite(values_NC).all(1)]
    sound_N = ~_outside(values_NC).any(1) & ~_amiss(values_NC)
    return bool(len(values_NC) and sound_N.mean() >= MOSTLY)


def labels_of(columns: Sequence[str]) -> tuple[str, ...]:
    """Return the names of the classes: the columns', or an event and its contrary for a single column."""
    return tuple(columns) if len(columns) > 1 else (f"not {columns[0]}", columns[0])


def encoded(table: Table, columns: Sequence[str]) -> np.ndarray:
    """Return the probabilities of all rows (N,K) float32, each row divided by its sum; NaN where one is missing.

    Raises DataError, with file, row, column and value, for one that is no number from 0 to 1 and for rows that do not
    add up to 1."""
    values_NC = _numbers(table, columns)
    wrong = np.argwhere(_outside(values_NC))
    if len(wrong):
        row, at = wrong[0]
        value = table.frame[columns[at]][int(row)]
        raise DataError(
            f"{_place(table, row)}, column {columns[at]!r}: {value!r} is no probability, which lies between 0 and 1."
        )
    if len(columns) == 1:
        return np.concatenate([1 - values_NC, values_NC], axis=1).astype(np.float32)
    amiss = np.flatnonzero(_amiss(values_NC))
    if len(amiss):
        total = values_NC[amiss[0]].sum()
        each = ", ".join(map(repr, columns))
        raise DataError(f"{_place(table, amiss[0])}: the probabilities in {each} add up to {total:.6g}, not 1.")
    probability_NK: np.ndarray = (values_NC / values_NC.sum(1, keepdims=True)).astype(np.float32)
    return probability_NK


def _numbers(table: Table, columns: Sequence[str]) -> np.ndarray:
    values = []
    for name in columns:
        column = table.frame[name]
        numbers = as_numbers(column)
        if numbers.null_count():
            row = int(numbers.is_null().arg_max() or 0)
            raise DataError(
                f"{_place(table, row)}, column {name!r}: {column[row]!r} is no probability, which lies between 0 and 1."
            )
        values.append(numbers.to_numpy())
    return np.stack(values, axis=1)


def _outside(values_NC: np.ndarray) -> np.ndarray:
    return (values_NC < -NEGLIGIBLE) | (values_NC > 1 + NEGLIGIBLE)


def _amiss(values_NC: np.ndarray) -> np.ndarray:
    """Return which rows do not add up to 1 (N,), rounding allowed for."""
    amiss_N: np.ndarray = np.abs(values_NC.sum(1) - 1) > ROUNDED * values_NC.shape[1] + NEGLIGIBLE
    return amiss_N


def _place(table: Table, row: int) -> str:
    file, number = table.where(int(row))
    return f"{file}, row {number}"
