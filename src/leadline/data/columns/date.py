"""Dates and time stamps: the day number since 1970-01-01 and the second of the day, both exact in float32.

A time stamp with a time zone is read on that zone's clock, so that an evening stays an evening; text with an offset is
read in UTC.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Sequence

import numpy as np
import polars as pl
import torch
from torch import Tensor, nn

from leadline.core.catalogue import say
from leadline.data.columns.contract import (
    ColumnContext,
    ColumnState,
    ColumnType,
    Encoded,
    Unseen,
    unseen_gaps,
    unseen_range,
)
from leadline.data.columns.scalars.parsing import clean, is_text
from leadline.data.columns.scalars.time_stamps import (
    DAY,
    LOOKS_LIKE,
    YEAR,
    best_format,
    days,
    format_of,
    in_days_and_seconds,
    parse,
    seconds,
    written,
)
from leadline.nn.generative.cells import Cell

DIFFERENT = 10  # dates that a column must have to be one that rows are ordered by
_MOSTLY = 0.95  # of the values are in a form that is not read
_DIFFERENT = 20  # of them there have to be
_EXAMPLE = dt.datetime(2024, 1, 31, 13, 45)
_DAYS = (19_000_101, 21_001_231)
_MONTH = r"(?i:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
# 31.01.24, 31 Jan 2024, Jan 31, 2024 or 14:30
_OTHER = (
    rf"^(?:\d{{1,2}}[./-]\d{{1,2}}[./-]\d{{2}}|\d{{1,2}}[ -]{_MONTH}[ .,-]+\d{{2,4}}"
    rf"|{_MONTH}\.? \d{{1,2}},? \d{{4}}|\d{{1,2}}:\d{{2}}(?::\d{{2}})?)(?:$|[ T]\d)"
)
_OF_A_PERSON = re.compile(r"birth|born|dob", re.IGNORECASE)


def _infer(column: pl.Series, context: ColumnContext) -> float:
    if column.dtype in (pl.Date, pl.Datetime):
        return 1.0
    if not is_text(column):
        return 0.0
    _, share, ambiguous = best_format(clean(column).drop_nulls())
    return 0.95 * share if share >= 0.95 and not ambiguous else 0.0


def _fit(column: pl.Series, context: ColumnContext) -> ColumnState:
    """Return the format of text, the mean and spread in days, whether times of day vary and whether values were
    missing.

    Raises DataError where text is in no known format, or could be day before month as well as month before day.
    """
    form, present = format_of(column), clean(column).drop_nulls()
    found = parse(column, form).drop_nulls()
    day, second = days(found), seconds(found)
    elapsed = day + second / DAY if len(found) else np.zeros(1)
    return {
        "format": form,
        "mean": float(elapsed.mean()),
        "std": float(elapsed.std()),
        "first": math.floor(elapsed.min()),
        "last": math.ceil(elapsed.max()),
        "times": bool(len(np.unique(second)) > 1),
        "missing": len(present) < len(column),
    }


def _encode(column: pl.Series, state: ColumnState, context: ColumnContext) -> Encoded:
    values = in_days_and_seconds(parse(column, state["format"]))
    bad = np.flatnonzero(np.isnan(values[:, 0]) & clean(column).is_not_null().to_numpy())
    return Encoded(values, {int(row): _why(column[int(row)], state["format"]) for row in bad})


def _why(value: object, form: str | None) -> str:
    """Return that a value is no date, or none that is written as those of the train rows are."""
    if form is None:
        return say("columns.not-a-date", value=value)
    return say("columns.date-written-otherwise", value=value, expected=written(_EXAMPLE, form))


def _unseen(column: pl.Series, values: np.ndarray, state: ColumnState) -> list[Unseen]:
    if "first" not in state:  # of a run that did not keep it
        return []
    days_N = values[:, 0] + values[:, 1] / DAY
    far = unseen_range(days_N, state["first"], state["last"], lambda day: _words(day, 0.0, False))
    return [*far, *unseen_gaps(column, values, state)]


def _decode(values: np.ndarray, state: ColumnState) -> list[str | None]:
    return [
        None if np.isnan(day) else _words(float(day), float(second), state["times"])
        for day, second in values.reshape(-1, 2)
    ]


def _words(day: float, second: float, times: bool) -> str:
    moment = dt.datetime(1970, 1, 1) + dt.timedelta(days=day, seconds=round(second))
    return moment.isoformat(sep=" ") if times else moment.date().isoformat()


class DatePreprocessor(nn.Module):
    """Raw days and seconds (B,2K) to features (B,F).

    For each column the standardised time elapsed and the sine and cosine of the time of year and of the weekday; of the
    time of day where it varied in train; then 1 for missing where train had gaps. Missing dates are zeros. The time of
    year counts mean Gregorian years from 1970, at most a day off the calendar's.
    """

    def __init__(self, states: Sequence[ColumnState]) -> None:
        super().__init__()
        whole = [math.floor(state["mean"]) for state in states]
        self.day_K: Tensor
        self.part_K: Tensor
        self.scale_K: Tensor
        self.timed_N: Tensor
        self.gaps_M: Tensor
        # The whole days are taken off first: that difference is exact in float32.
        self.register_buffer("day_K", torch.tensor(whole, dtype=torch.float32))
        self.register_buffer("part_K", torch.tensor([s["mean"] - w for s, w in zip(states, whole, strict=True)]))
        self.register_buffer("scale_K", torch.tensor([1 / (state["std"] or 1.0) for state in states]))
        for name, key in (("timed_N", "times"), ("gaps_M", "missing")):
            found = [i for i, state in enumerate(states) if state[key]]
            self.register_buffer(name, torch.tensor(found, dtype=torch.int64), persistent=False)

    def forward(self, x_BW: Tensor) -> Tensor:
        missing_BK = torch.isnan(x_BW[:, 0::2])
        day_BK, second_BK = torch.nan_to_num(x_BW[:, 0::2]), torch.nan_to_num(x_BW[:, 1::2])
        elapsed_BK = ((day_BK - self.day_K) + (second_BK / DAY - self.part_K)) * self.scale_K
        # day 0 was a Thursday
        year_BK, week_BK = (torch.remainder(day_BK, YEAR) / YEAR, torch.remainder(day_BK + 3, 7) / 7)
        timed = [(second_BK / DAY).index_select(1, self.timed_N)] if len(self.timed_N) else []
        angle_BA = torch.cat([year_BK, week_BK, *timed], 1) * (2 * math.pi)
        timed_missing = [missing_BK.index_select(1, self.timed_N)] if timed else []
        gone_BA = torch.cat([missing_BK, missing_BK, *timed_missing], 1)
        parts = [
            elapsed_BK.masked_fill(missing_BK, 0),
            torch.sin(angle_BA).masked_fill(gone_BA, 0),
            torch.cos(angle_BA).masked_fill(gone_BA, 0),
        ]
        if len(self.gaps_M):
            parts.append(missing_BK.index_select(1, self.gaps_M).to(x_BW.dtype))
        return torch.cat(parts, 1)


def _width(state: ColumnState) -> int:
    return 2


def _recipe(state: ColumnState) -> ColumnState:
    return {"format": state["format"]}


def _cell(state: ColumnState) -> Cell:
    return Cell("moment", mean=state["mean"], std=state["std"], timed=state["times"])


def _better_split(column: pl.Series) -> str | None:
    if _OF_A_PERSON.search(column.name) or column.n_unique() < DIFFERENT:
        return None
    return say("columns.split-by-time", column=column.name)


def _are_numbers(column: pl.Series) -> bool:
    """Say whether many different whole numbers are all days, written as 20240131."""
    values = column.drop_nulls()
    if not values.dtype.is_integer() or values.n_unique() < _DIFFERENT or not values.is_between(*_DAYS).all():
        return False
    return values.cast(pl.String).str.to_date("%Y%m%d", strict=False).null_count() == 0


def _missed(column: pl.Series) -> str | None:
    """Say that dates are in several forms, could be day before month as well as month before day, are numbers, or are
    in a form that is not read.
    """
    if not is_text(column):
        numbers = _are_numbers(column)
        return say("columns.dates-as-numbers", column=column.name, value=column.drop_nulls()[0]) if numbers else None
    text = clean(column).drop_nulls()
    if len(text) and text.str.contains(_OTHER).sum() >= _MOSTLY * len(text) and text.n_unique() >= _DIFFERENT:
        return say("columns.dates-in-other-form", column=column.name, value=text[0])
    dates = text.filter(text.str.contains(LOOKS_LIKE))
    if 2 * len(dates) <= len(text):
        return None
    form, _, ambiguous = best_format(dates)
    if ambiguous:
        return say("columns.dates-unclear", column=column.name, value=dates[0])
    others = text.filter(parse(text, form).is_null())
    if form is None or others.is_empty():
        return None
    value = text.filter(parse(text, form).is_not_null()).first()
    return say("columns.dates-mixed", column=column.name, value=value, other=others[0])


COLUMN = ColumnType(
    "date",
    _infer,
    _fit,
    _encode,
    _decode,
    DatePreprocessor,
    plain=DatePreprocessor,
    width=_width,
    recipe=_recipe,
    better_split=_better_split,
    missed=_missed,
    cell=_cell,
    unseen=_unseen,
)
