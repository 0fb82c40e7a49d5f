"""Rows that share a step with another, or whose time lies between the steps: named, and set right as the user declares.

Shapes: M rows, G steps that have a row.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import polars as pl

from leadline.core.catalogue import say
from leadline.core.series_spec import SeriesSpec, Step
from leadline.data.series import times
from leadline.data.series.steps import after
from leadline.data.series.times import Times
from leadline.data.table import Table
from leadline.errors import DataError

_DAY, _HOUR = 86_400_000_000, 3_600_000_000
_HOW = {  # names of sentences
    "drop": "series.irregular-first-kept",
    "mean": "series.irregular-mean-used",
    "last": "series.irregular-last-used",
}


class SeriesRows(NamedTuple):
    """Rows of a table in order of item and time: their positions in it, items, times, steps, and whether they lie
    between steps.
    """

    table: Table
    times: Times
    row_M: np.ndarray
    item_M: np.ndarray
    time_M: np.ndarray
    tick_M: np.ndarray
    between_M: np.ndarray

    def at(self, kept: np.ndarray) -> SeriesRows:
        """Return some of the rows."""
        return SeriesRows(self.table, self.times, *(values[kept] for values in self[2:]))

    def place(self, at: int) -> str:
        """Return where a row is from and its time, in words."""
        file, number = self.table.where(int(self.row_M[at]))
        time = times.in_words(int(self.time_M[at]), dates=self.times.dates)
        return say("series.place", file=file, row=number, time=time)


def regularise(rows: SeriesRows, spec: SeriesSpec, step: Step) -> tuple[SeriesRows, tuple[str, ...]]:
    """Return one row a step, and what was done in words; raises DataError where that is refused."""
    again_M = np.zeros(len(rows.row_M), dtype=bool)  # the step is that of the row before
    again_M[1:] = (np.diff(rows.tick_M) == 0) & (np.diff(rows.item_M) == 0)
    if not again_M.any() and not rows.between_M.any():
        return rows, ()
    what = _named(rows, again_M, step)
    if spec.irregular_times == "error":
        raise DataError(
            say("series.irregular-times", table=rows.table.name, irregularity=what, advice=_advice(rows, spec, again_M))
        )
    if spec.irregular_times == "drop":
        rows = rows.at(~rows.between_M)
        first_M = np.ones(len(rows.row_M), dtype=bool)
        first_M[1:] = (np.diff(rows.tick_M) != 0) | (np.diff(rows.item_M) != 0)
        return rows.at(first_M), (say(_HOW["drop"], irregularity=what),)
    if spec.irregular_times == "mean":
        table = _averaged(rows, again_M)
        kept = rows.at(~again_M)._replace(table=table, row_M=np.arange(int((~again_M).sum())))
    else:
        kept = rows.at(np.append(~again_M[1:], True))
    if step.unit in ("us", "1") and spec.gaps != "ignore":  # times are put on the steps
        lies_M = kept.time_M - after(np.zeros_like(kept.tick_M), kept.tick_M, step)
        usual = pl.DataFrame({"item": kept.item_M, "lies": lies_M}).select(pl.col("lies").mode().min().over("item"))
        kept = kept._replace(time_M=after(usual["lies"].to_numpy(), kept.tick_M, step))
    return kept, (say(_HOW[spec.irregular_times], irregularity=what),)


def _named(rows: SeriesRows, again_M: np.ndarray, step: Step) -> str:
    """Return in words what is irregular, with the first two rows of each kind."""
    said = []
    same_M = again_M & (np.diff(rows.time_M, prepend=rows.time_M[0] - 1) == 0)
    if same_M.any():
        at = int(same_M.argmax())
        same = int(same_M.sum())
        said.append(say("series.same-time", place=rows.place(at), row=_number(rows, at - 1), rows=same))
    between = int(rows.between_M.sum())
    if between:
        at = int(rows.between_M.argmax())
        place = rows.place(at)
        if at and rows.item_M[at] == rows.item_M[at - 1]:
            place = say("series.place-after", place=place, previous=rows.place(at - 1))
        said.append(say("series.between-steps", place=place, step=step, rows=between))
    elif not same_M.any():
        at = int(again_M.argmax())
        place, previous = rows.place(at), rows.place(at - 1)
        said.append(say("series.same-step", place=place, step=step, previous=previous, rows=int(again_M.sum())))
    return "; ".join(said)


def _number(rows: SeriesRows, at: int) -> int:
    return rows.table.where(int(rows.row_M[at]))[1]


def _advice(rows: SeriesRows, spec: SeriesSpec, again_M: np.ndarray) -> str:
    advice = []
    if spec.series_id is None and again_M.any() and (column := _items(rows)):
        advice.append(say("series.advice-series-id", column=column))
    if spec.time_zone is None and rows.times.dates and _as_clocks_are_set_back(rows, again_M):
        advice.append(say("series.advice-time-zone"))
    advice.append(say("series.advice-irregular"))
    if rows.between_M.any():
        advice.append(say("series.advice-gaps"))
    return " ".join(advice)


def _items(rows: SeriesRows) -> str | None:
    """Return a column of text that tells rows of one time apart, if there is one."""
    frame = rows.table.frame
    for name in frame.columns:
        if name != rows.times.name and frame[name].dtype in (pl.String, pl.Categorical, pl.Enum):
            pairs = pl.DataFrame({"item": frame[name][rows.row_M], "time": rows.time_M})
            if not pairs.is_duplicated().any():
                return name
    return None


def _as_clocks_are_set_back(rows: SeriesRows, again_M: np.ndarray) -> bool:
    """Say whether the times that come twice are all of one early hour on Sundays, as those of clocks that are set
    back.
    """
    time_M = rows.time_M[again_M]
    early = time_M % _DAY < 4 * _HOUR
    return bool((early & ((time_M // _DAY + 3) % 7 == 6)).all())


def _averaged(rows: SeriesRows, again_M: np.ndarray) -> Table:
    """Return a table of the means of the rows of each step, columns that are no numbers from the first."""
    from_row = pl.Series(rows.row_M)
    frame = rows.table.frame[from_row].with_columns(pl.Series("", np.cumsum(~again_M)))
    means = [
        (pl.col(name).cast(pl.Float64).mean() if dtype.is_numeric() else pl.col(name).first())
        for name, dtype in rows.table.frame.schema.items()
    ]
    first = from_row.filter(pl.Series(~again_M))
    origin = rows.table.origin
    return replace(
        rows.table,
        frame=frame.group_by("", maintain_order=True).agg(means).drop(""),
        origin=origin if isinstance(origin, str) else origin[first],
        numbers=first.cast(pl.Int64) + 1 if rows.table.numbers is None else rows.table.numbers[first],
    )
