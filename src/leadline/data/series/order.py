"""The rows of a table in order of item and time, a step apart: what is irregular is named, and set right as the user
declares.

Shapes: N rows, M rows of which the time and item are known.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import polars as pl

from leadline.core.base import digest
from leadline.core.catalogue import say
from leadline.core.series_spec import SeriesSpec, Step
from leadline.data.column_inference import shown
from leadline.data.columns.scalars.parsing import as_text
from leadline.data.encoding import PROBLEMS
from leadline.data.series import gaps, irregular, times
from leadline.data.series.ordered_table import Ordered
from leadline.data.series.steps import find_step, ticks
from leadline.data.series.times import Times
from leadline.data.table import Table
from leadline.errors import DataError

# A series is known by the words of 0.1, so that what was trained on it, and looked at, is known too.
_WORDS = {"error": "refuse", "ignore": "skip"}


def ordered(
    table: Table, spec: SeriesSpec, taken: Iterable[str] = (), form: str | None = None, *, infer: bool = True
) -> Ordered:
    """Return the rows that have a time in order, and what is to be said about them.

    Columns that are `taken` are not looked at for the time; without `infer` only the one that `spec` names is. Raises
    DataError, with file, rows and times, where two rows have one time or one lies between the steps, and that is not to
    be set right; UsageError for columns that are not there.
    """
    found = times.read(table, spec, taken, form, infer=infer)
    aside = _without(table, spec, found)
    kept = np.ones(table.frame.height, dtype=bool)
    kept[aside["row"].to_numpy()] = False
    row_M = np.flatnonzero(kept)
    if not len(row_M):
        raise DataError(say("series.no-times", table=table.name, reason=aside["reason"][0]))
    item_M = _items(table, spec)[row_M]
    time_M = found.values.to_physical().cast(pl.Int64).to_numpy()[row_M].astype(np.int64)
    order_M = np.lexsort((time_M, item_M))
    notes = list(found.notes)
    if (np.diff(order_M) < 0).any():
        notes.append(say("series.sorted-by-series-id") if spec.series_id else say("series.sorted-by-time"))
    row_M, item_M, time_M = row_M[order_M], item_M[order_M], time_M[order_M]
    step = Step.parse(spec.frequency) if spec.frequency else find_step(time_M, item_M, dates=found.dates)
    if (step.unit == "1") == found.dates:
        raise DataError(say("series.frequency-of-other-type", frequency=step, column=found.name, type=_kind(found)))
    how = {
        "time": found.name,
        "item": spec.series_id,
        "every": str(step),
        "repair": _WORDS.get(spec.irregular_times, spec.irregular_times),
        "gaps": _WORDS.get(spec.gaps, spec.gaps),
        "zone": spec.time_zone,
    }
    own = replace(table, fingerprint=digest({"table": table.fingerprint, **how}))
    rows = irregular.SeriesRows(own, found, row_M, item_M, time_M, *_ticks(time_M, item_M, step, spec))
    rows, more = irregular.regularise(rows, spec, step)
    notes += more
    result = _taken(rows, found, spec.series_id, step, aside)
    whole, more = gaps.handled(result, rows.tick_M, spec)
    return whole._replace(notes=(*notes, *more))


def _kind(found: Times) -> str:
    return "dates" if found.dates else "numbers"


def _ticks(time_M: np.ndarray, item_M: np.ndarray, step: Step, spec: SeriesSpec) -> tuple[np.ndarray, np.ndarray]:
    """Return the step of each row and whether it lies between two; where rows are steps, each different time is one."""
    if spec.gaps != "ignore":
        return ticks(time_M, item_M, step)
    new_M = np.ones(len(time_M), dtype=np.int64)
    new_M[1:] = (np.diff(time_M) != 0) | (np.diff(item_M) != 0)
    return np.cumsum(new_M), np.zeros(len(time_M), dtype=bool)


def _without(table: Table, spec: SeriesSpec, found: Times) -> pl.DataFrame:
    """Return the rows without a time or an item."""
    rows = [(row, found.name, _why(table, spec, found, row)) for row in found.values.is_null().arg_true().to_list()]
    if spec.series_id is not None:
        told = {row for row, _, _ in rows}
        rows += [
            (row, spec.series_id, say("series.series-id-missing"))
            for row in _missing(table.frame[spec.series_id])
            if row not in told
        ]
    return pl.DataFrame(rows, schema=PROBLEMS, orient="row").sort("row")


def _missing(column: pl.Series) -> list[int]:
    missing: list[int] = as_text(column).is_null().arg_true().to_list()
    return missing


def _why(table: Table, spec: SeriesSpec, found: Times, row: int) -> str:
    value = table.frame[found.name][row]
    if value is None or not str(value).strip():
        return say("series.time-missing")
    if spec.time_zone:
        return say("series.not-a-time-in-zone", value=shown(value), zone=spec.time_zone)
    return say("series.not-a-time", value=shown(value))


def _items(table: Table, spec: SeriesSpec) -> np.ndarray:
    """Return the number of each row's item (N,) int64, in the order of their names."""
    if spec.series_id is None:
        return np.zeros(table.frame.height, dtype=np.int64)
    return table.frame[spec.series_id].rank("dense").fill_null(0).cast(pl.Int64).to_numpy()


def _taken(rows: irregular.SeriesRows, found: Times, item: str | None, step: Step, aside: pl.DataFrame) -> Ordered:
    """Return the rows as a table, whose time column holds what was read of it."""
    table = rows.table
    if len(rows.row_M) < table.frame.height or (np.diff(rows.row_M) != 1).any():
        table = gaps.gathered(table, pl.Series(rows.row_M))
    moments = pl.Series(found.name, rows.time_M)
    frame = table.frame.with_columns(moments.cast(pl.Datetime("us")) if found.dates else moments)
    table = replace(table, frame=frame)
    return Ordered(table, found.name, item, found.form, step, rows.item_M, rows.item_M, aside)
