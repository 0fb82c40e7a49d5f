"""Which column of numbers says when the rows of a series are, where none holds dates; and dates that are written as
whole numbers.

Rows may stand in any order, the newest first too: what is found does not depend on it. Where a column seems to say when
rows are but cannot be taken at its word, the user is asked.

Shapes: N rows, M changes from one row of a series to the next.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import NamedTuple

import numpy as np
import polars as pl

from leadline.core.catalogue import say
from leadline.core.series_spec import SeriesSpec
from leadline.data.column_inference import called_identifier, shown
from leadline.data.columns.scalars.parsing import as_numbers
from leadline.data.table import Table
from leadline.errors import DataError

_ROWS = 20  # below, that numbers are evenly spaced says little
_KNOWN = 0.95  # of the rows have a time
# Names of times that never come again, and of those that may count from anew.
_MOMENT = re.compile(r"(^|_)(years?|yr|jahr|annee|date|datum|datetime|timestamp|epoch|unix_?time|yyyymm(dd)?)$")
_COUNT = re.compile(
    r"(^|_)(time|t|time_?steps?|steps?|ticks?|periods?|quarters?|months?|weeks?|days?|hours?|minutes?|seconds?)$"
)
_DATES = {"%Y%m%d": (19_000_101, 21_001_231), "%Y%m": (190_001, 210_012)}


class _Candidate(NamedTuple):
    """A column of numbers, how good its name is (0 the best), its values (N,), NaN where missing, and whether each
    series has whole numbers that all differ.
    """

    name: str
    rank: int
    value_N: np.ndarray
    usable: bool


def find(table: Table, spec: SeriesSpec, out: Collection[str | None]) -> str | None:
    """Return the column of numbers that says when rows are, None where their order does; columns `out` are not looked
    at.

    By its name that is one whose whole numbers differ within a series, in any order of rows; without such a name, one
    whose numbers rise or fall by the same step from row to row. Raises DataError where rows seem not to be in order of
    time and no column can be taken for it, and where several columns disagree about the order.
    """
    numeric = [name for name, dtype in table.frame.schema.items() if dtype.is_numeric()]
    item_N = _items(table, spec)
    found = [one for name in numeric if name not in out and (one := _candidate(table, name, item_N)) is not None]
    usable = sorted((one for one in found if one.usable), key=lambda one: one.rank)
    best = [one for one in usable if one.rank == usable[0].rank]
    if best and len(numeric) > 1:  # a lone column of numbers is what is forecast
        orders = {tuple(np.lexsort((one.value_N, item_N)).tolist()) for one in best}
        if len(orders) > 1:
            columns = ", ".join(repr(one.name) for one in best)
            raise DataError(say("series.several-time-numbers", table=table.name, columns=columns))
        return best[0].name
    for one in found:
        if not one.usable:
            _check_order(table, one, item_N)
    return None


def written_dates(values: pl.Series) -> str | None:
    """Return how dates are written as whole numbers (20240131 or 202401), None where a value is no such date."""
    present = values.drop_nulls()
    if not present.dtype.is_integer() or present.is_empty():
        return None
    for form, (first, last) in _DATES.items():
        if present.is_between(first, last).all() and dates(present, form).null_count() == 0:
            return form
    return None


def dates(values: pl.Series, form: str) -> pl.Series:
    """Return the dates that whole numbers stand for, null where one stands for none; months by their first day."""
    text = values.cast(pl.Int64, strict=False).cast(pl.String)
    text = text + "01" if form == "%Y%m" else text
    return text.str.to_date("%Y%m%d", strict=False).cast(pl.Datetime("us"))


def _candidate(table: Table, name: str, item_N: np.ndarray) -> _Candidate | None:
    """Return a column that may say when rows are: by its name, or as its numbers are evenly spaced."""
    value_N = as_numbers(table.frame[name]).fill_null(np.nan).to_numpy()
    known_N = np.isfinite(value_N)
    if known_N.mean() < _KNOWN:
        return None
    pairs = np.stack([item_N[known_N], value_N[known_N]], 1)
    differ = len(np.unique(pairs, axis=0)) == len(pairs) and bool((pairs[:, 1] == pairs[:, 1].round()).all())
    words = re.sub(r"[\s.-]+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)).lower()
    if _MOMENT.search(words):
        return _Candidate(name, 0, value_N, differ)
    if _COUNT.search(words):
        return _Candidate(name, 1, value_N, differ)
    if not differ or not known_N.all() or len(value_N) < _ROWS:
        return None
    if called_identifier(name):
        return _Candidate(name, 2, value_N, usable=True) if _evenly_spaced(value_N, item_N) else None
    return _Candidate(name, 3, value_N, usable=True) if _even_steps(value_N, item_N) else None


def _evenly_spaced(value_N: np.ndarray, item_N: np.ndarray) -> bool:
    """Say whether the numbers of each series, in whatever order, are the same step apart."""
    order_N = np.lexsort((value_N, item_N))
    return _even_steps(value_N[order_N], item_N[order_N])


def _even_steps(value_N: np.ndarray, item_N: np.ndarray) -> bool:
    """Say whether numbers rise, or fall, by the same step from each row of a series to its next."""
    change_M = _changes(value_N, item_N)
    return len(change_M) > 1 and len(np.unique(change_M)) == 1 and change_M[0] != 0


def _changes(value_N: np.ndarray, item_N: np.ndarray) -> np.ndarray:
    """Return how much a value changes from each row to the next of the same series (M,), in the order of the rows."""
    order_N = np.argsort(item_N, kind="stable")
    value_N, item_N = value_N[order_N], item_N[order_N]
    return np.asarray(np.diff(value_N)[item_N[1:] == item_N[:-1]])


def _check_order(table: Table, one: _Candidate, item_N: np.ndarray) -> None:
    """Raise DataError where a column that is called a time, and cannot be taken for it, says that rows are not in
    order.
    """
    change_M = _changes(one.value_N, item_N)
    rises, falls = int((change_M > 0).sum()), int((change_M < 0).sum())
    values = table.frame[one.name]
    if falls > rises:
        raise DataError(
            say(
                "series.newest-first",
                table=table.name,
                column=one.name,
                first=shown(values[0]),
                last=shown(values[-1]),
            )
        )
    if falls and one.rank == 0:
        raise DataError(say("series.time-repeats", table=table.name, column=one.name))


def _items(table: Table, spec: SeriesSpec) -> np.ndarray:
    if spec.series_id is None:
        return np.zeros(table.frame.height, dtype=np.int64)
    return table.frame[spec.series_id].rank("dense").fill_null(0).cast(pl.Int64).to_numpy()
