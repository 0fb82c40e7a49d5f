"""Columns that may be a target, as the types of targets look at them: their values, and what user and objective say.

Messages are those of a column that can be neither classes nor a quantity.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from leadline.core.catalogue import say
from leadline.core.experiment import DataSpec
from leadline.data.column_inference import shown
from leadline.data.columns.scalars.parsing import as_numbers, clean
from leadline.data.table import Table
from leadline.errors import DataError

MOSTLY = 0.9  # of a text column's values are numbers: then the others are mistakes

TargetTypes = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Candidate:
    """One column or several; `wanted` are the kinds that the objective takes, the best first, and `target_types` those
    that it takes by column.
    """

    table: Table
    spec: DataSpec
    columns: tuple[str, ...]
    wanted: tuple[str, ...]
    target_types: TargetTypes

    @property
    def name(self) -> str:
        """What the target is called."""
        return ", ".join(self.columns)

    @property
    def column(self) -> pl.Series | None:
        """The column, where there is one alone."""
        return self.table.frame[self.columns[0]] if len(self.columns) == 1 else None

    @cached_property
    def values(self) -> pl.Series:
        """The values of the only column that are there; raises DataError where they are neither classes nor numbers,
        or all the same.
        """
        table, name = self.table, self.columns[0]
        column = table.frame[name]
        if not is_scalar(column):
            sentence = "targets.not-a-target-lists" if isinstance(column.dtype, pl.List) else "targets.not-a-target"
            raise DataError(say(sentence, table=table.name, column=name, dtype=column.dtype))
        values = self._present(column)
        if values.is_empty():
            raise DataError(say("targets.no-values", table=table.name, column=name))
        if values.n_unique() == 1:
            only = shown(values[0])
            raise DataError(say("targets.one-value", table=table.name, column=name, value=only))
        return values

    @cached_property
    def numbers(self) -> pl.Series:
        """Those values that are finite numbers, written as text or not, as float64; none of what is no single number a
        row.
        """
        column = self.column
        if column is None or not is_scalar(column) or column.dtype == pl.Boolean:
            return pl.Series(dtype=pl.Float64)
        numbers = as_numbers(self._present(column)).drop_nulls()
        return numbers.filter(numbers.is_finite())

    @cached_property
    def numeric(self) -> bool:
        """Whether there are values, and nearly all are finite numbers."""
        return len(self.numbers) > 0 and len(self.numbers) >= MOSTLY * self.present

    @cached_property
    def present(self) -> int:
        """How many values are there."""
        column = self.column
        return 0 if column is None or not is_scalar(column) else len(self._present(column))

    @property
    def whole(self) -> bool:
        """Whether all its numbers are whole."""
        values = self.numbers.to_numpy()
        return bool(np.all(values == np.rint(values)) and np.abs(values).max() < 2**53)

    def _present(self, column: pl.Series) -> pl.Series:
        return column.drop_nans().drop_nulls() if column.dtype.is_float() else clean(column).drop_nulls()


def is_scalar(column: pl.Series) -> bool:
    """Say whether a column holds single values, which are neither bytes nor times."""
    dtype = column.dtype
    return not (dtype.is_nested() or dtype in (pl.Binary, pl.Object) or dtype.is_temporal())
