"""Numbers that seem to stand for a missing value: zeros far below all other values, and 999 or -9999 far beyond them.

They are asked about before training, and taken for missing where the user says so (`data.missing_values`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import polars as pl

from leadline.core.base import digest
from leadline.core.catalogue import say
from leadline.data.column_inference import check_columns
from leadline.data.columns.scalars.parsing import as_numbers
from leadline.data.table import Table
from leadline.errors import UsageError

_SENTINELS = tuple(float(sign * number) for number in (9, 99, 999, 9_999, 99_999, 999_999) for sign in (-1, 1))
_FEWEST = 3  # rows that hold such a number
_MOST = 0.75  # of the rows: where more are zero, that is what is usual
_DIFFERENT = 20  # other values
_GAP = 3.0  # times the usual distance of the smallest values that zero is away from them


class Placeholder(NamedTuple):
    """A number that seems to stand for a missing value, in how many of the train rows."""

    column: str
    value: float
    rows: int


def find(frame: pl.DataFrame, columns: Iterable[str], rows: np.ndarray) -> Iterator[Placeholder]:
    """Yield the numbers that seem to stand for missing values in some columns, going by some rows."""
    for name in columns:
        if frame[name].dtype.is_numeric():
            values = as_numbers(frame[name][rows]).fill_null(np.nan).to_numpy()
            different_D, count_D = np.unique(values[np.isfinite(values)], return_counts=True)
            for value in _suspects(different_D, count_D, len(rows)):
                yield Placeholder(name, value, int(count_D[different_D == value].sum()))


def notes(found: Iterable[Placeholder], rows: int) -> tuple[str, ...]:
    """Return what is asked about them."""
    return tuple(
        say("checks.placeholder", column=one.column, value=f"{one.value:g}", count=one.rows, rows=rows) for one in found
    )


def as_missing(table: Table, values: Mapping[str, tuple[float, ...]]) -> Table:
    """Return a table in which the given numbers of columns are missing; raises UsageError for unknown columns and those
    that hold no numbers.
    """
    if not values:
        return table
    check_columns(values, table, "data.missing_values")
    for name in values:
        if not table.frame[name].dtype.is_numeric():
            raise UsageError(say("data.missing-values-of-no-numbers", column=name, dtype=table.frame[name].dtype))
    frame = table.frame.with_columns(
        pl.when(pl.col(name).cast(pl.Float64).is_in(list(gone)).fill_null(False))
        .then(None)
        .otherwise(pl.col(name))
        .alias(name)
        for name, gone in values.items()
    )
    known = {name: list(gone) for name, gone in values.items()}
    return replace(table, frame=frame, fingerprint=digest({"table": table.fingerprint, "missing": known}))


def _suspects(different_D: np.ndarray, count_D: np.ndarray, rows: int) -> Iterator[float]:
    if len(different_D) <= _DIFFERENT:
        return
    enough = {float(v): int(n) for v, n in zip(different_D, count_D, strict=True) if n >= _FEWEST}
    if different_D[0] == 0 and enough.get(0.0, 0) and enough[0.0] <= _MOST * rows:
        others_D = different_D[1:]
        if others_D[0] >= _GAP * float(np.median(np.diff(others_D[: _DIFFERENT + 1]))):
            yield 0.0
    for value in (v for v in _SENTINELS if v in enough):
        others_D = different_D[different_D != value]
        beyond = max(others_D[0] - value, value - others_D[-1])
        if beyond > 0 and beyond >= others_D[-1] - others_D[0]:
            yield value
