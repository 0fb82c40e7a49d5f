"""Steps that no row is there for: no window crosses them, unless they are put in without values.

Shapes: N rows, P rows with those that were put in.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl

from leadline.core.catalogue import say
from leadline.core.series_spec import SeriesSpec
from leadline.data.series.ordered_table import Ordered
from leadline.data.series.steps import after, days_of_month
from leadline.data.table import Table
from leadline.errors import DataError


def handled(found: Ordered, tick_N: np.ndarray, spec: SeriesSpec) -> tuple[Ordered, tuple[str, ...]]:
    """Return the rows in segments without a gap, and what is said of gaps.

    Raises DataError where more steps are missing than there are rows, and they are to be put in.
    """
    item_N = found.item_N
    missing_N = np.zeros(len(item_N), dtype=np.int64)  # steps between a row and the one before
    missing_N[1:] = np.where(np.diff(item_N) == 0, np.diff(tick_N) - 1, 0)
    if spec.gaps == "fill" and missing_N.any():
        return _filled(found, missing_N)
    new_N = missing_N > 0
    new_N[1:] |= np.diff(item_N) != 0
    result = found._replace(segment_N=np.cumsum(new_N))
    return result, (_told(found, missing_N),) if missing_N.any() else ()


def _told(found: Ordered, missing_N: np.ndarray) -> str:
    gaps, at = int((missing_N > 0).sum()), int(missing_N.argmax())
    file, number = found.table.where(at)
    return say(
        "series.gaps",
        gaps=gaps,
        step=found.step,
        longest=int(missing_N[at]),
        file=file,
        row=number,
        time=found.words(at),
        previous=found.words(at - 1),
    )


def _filled(found: Ordered, missing_N: np.ndarray) -> tuple[Ordered, tuple[str, ...]]:
    count, rows = int(missing_N.sum()), len(missing_N)
    if count > rows:
        raise DataError(say("series.mostly-gaps", table=found.table.name, missing=count, step=found.step, rows=rows))
    before_P = np.repeat(np.arange(rows), missing_N)  # the row that follows each step put in
    place_P = np.argsort(np.concatenate([np.arange(rows), before_P - 0.5]), kind="stable")
    last_P = before_P - 1
    steps_P = np.arange(count) - np.repeat(np.cumsum(missing_N) - missing_N, missing_N) + 1
    grown = appended(found, last_P, steps_P, place_P)
    note = say("series.gaps-filled", steps=count, step=found.step, gaps=int((missing_N > 0).sum()))
    return grown._replace(segment_N=grown.item_N), (note,)


def appended(found: Ordered, last_P: np.ndarray, steps_P: np.ndarray, order: np.ndarray) -> Ordered:
    """Return the rows with more that have no values: so many steps after the rows `last_P`; `order` are the places of
    them all.

    They are of the item, and of the segment, of the row that they follow, and messages give them its number.
    """
    rows = len(found.item_N)
    day_P = None
    if found.step.unit == "mo":  # those of an item are on the same day, the last one of short months
        days = pl.DataFrame({"item": found.item_N, "day": days_of_month(found.time_N)}).select(
            pl.col("day").max().over("item")
        )
        day_P = days["day"].to_numpy()[last_P]
    time_P = after(found.time_N[last_P], steps_P, found.step, day_P)
    from_row = np.concatenate([np.arange(rows), last_P])[order]
    there = (np.arange(rows + len(last_P)) < rows)[order]
    table = gathered(found.table, pl.Series(from_row))
    keep = [
        name if name == found.item else pl.when(pl.Series(there)).then(pl.col(name)).alias(name)
        for name in table.frame.columns
    ]
    time = pl.Series(found.name, np.concatenate([found.time_N, time_P])[order]).cast(
        found.table.frame[found.name].dtype
    )
    frame = table.frame.select(keep).with_columns(time)
    return found._replace(
        table=replace(table, frame=frame), item_N=found.item_N[from_row], segment_N=found.segment_N[from_row]
    )


def gathered(table: Table, rows: pl.Series) -> Table:
    """Return a table of some rows of another, which keep their numbers and files."""
    return replace(
        table,
        frame=table.frame[rows],
        numbers=rows.cast(pl.Int64) + 1 if table.numbers is None else table.numbers[rows],
        origin=table.origin if isinstance(table.origin, str) else table.origin[rows],
    )
