"""A table whose rows are in order of item and time: what the rest of the preparation of a series works on.

Shapes: N rows.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import polars as pl

from leadline.core.series_spec import Step
from leadline.data.series import times
from leadline.data.table import Table


class Ordered(NamedTuple):
    """A table in order of item and time.

    Its column `name` holds times in UTC or whole numbers, `item` says whose rows are, where that differs. `item_N`
    numbers the items, `segment_N` the stretches in which rows are a step apart. `form` is the format in which times
    were written; `aside` lists rows that have no time or item (`PROBLEMS`), by their rows in the table as it was read.
    """

    table: Table
    name: str
    item: str | None
    form: str | None
    step: Step
    item_N: np.ndarray
    segment_N: np.ndarray
    aside: pl.DataFrame
    notes: tuple[str, ...] = ()

    @property
    def time_N(self) -> np.ndarray:
        """The times (N,) int64: microseconds since 1970-01-01, or numbers."""
        return self.table.frame[self.name].to_physical().cast(pl.Int64).to_numpy()

    @property
    def dates(self) -> bool:
        """Whether times are dates, not numbers."""
        return bool(self.table.frame[self.name].dtype.is_temporal())

    def words(self, row: int) -> str:
        """Return the time of a row as messages quote it."""
        return times.in_words(int(self.time_N[row]), dates=self.dates)
