"""The time of day, week and year of time stamps, as sine and cosine: what is known of any step of a series, however far
ahead.

Raw values are those of dates: the day number since 1970-01-01 and the second of the day. No column is taken for this by
itself.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence

import numpy as np
import polars as pl
import torch
from torch import Tensor, nn

from leadline.core.catalogue import say
from leadline.data.columns.contract import ColumnContext, ColumnState, ColumnType, Encoded
from leadline.data.columns.scalars.parsing import clean
from leadline.data.columns.scalars.time_stamps import DAY, YEAR, format_of, in_days_and_seconds, parse
from leadline.nn.generative.cells import Cell

_WEEK = 7 * DAY


def _fit(column: pl.Series, context: ColumnContext) -> ColumnState:
    """Return the format of text, and whether times are close enough to each other for the day and the week to say
    something.
    """
    form = format_of(column)
    moment_N = np.unique(parse(column, form).drop_nulls().to_physical().to_numpy()) / 1e6
    nearest = float(np.diff(moment_N).min()) if len(moment_N) > 1 else math.inf
    return {"format": form, "day": nearest < DAY, "week": nearest < _WEEK}


def _encode(column: pl.Series, state: ColumnState, context: ColumnContext) -> Encoded:
    values = in_days_and_seconds(parse(column, state["format"]))
    bad = np.flatnonzero(np.isnan(values[:, 0]) & clean(column).is_not_null().to_numpy())
    return Encoded(values, {int(row): say("columns.not-a-date", value=column[int(row)]) for row in bad})


def _decode(values: np.ndarray, state: ColumnState) -> list[str | None]:
    start = dt.datetime(1970, 1, 1)
    return [
        None
        if np.isnan(day)
        else (start + dt.timedelta(days=float(day), seconds=round(float(second)))).isoformat(sep=" ")
        for day, second in values.reshape(-1, 2)
    ]


class CalendarPreprocessor(nn.Module):
    """Raw days and seconds (B,2K) to (B,F): for each column the sine and cosine of the time of year, week and day.

    Missing times are zeros.

    The week is left out where steps are a week or longer, the day where they are a day or longer. The time of year
    counts mean Gregorian years from 1970, at most a day off the calendar's.
    """

    def __init__(self, states: Sequence[ColumnState]) -> None:
        super().__init__()
        periods = [(k, period) for k, s in enumerate(states) for period in _periods(s)]
        self.column_A: Tensor
        self.period_A: Tensor
        self.register_buffer("column_A", torch.tensor([k for k, _ in periods], dtype=torch.int64), persistent=False)
        self.register_buffer("period_A", torch.tensor([period for _, period in periods]), persistent=False)

    def forward(self, x_BW: Tensor) -> Tensor:
        day_BA = x_BW[:, 0::2].index_select(1, self.column_A)
        second_BA = x_BW[:, 1::2].index_select(1, self.column_A)
        missing_BA = torch.isnan(day_BA)
        # Days are whole, and small after the remainder: adding the part of the day first would round it.
        share_BA = (
            torch.remainder(torch.nan_to_num(day_BA) + 3, self.period_A) + torch.nan_to_num(second_BA) / DAY
        ) / self.period_A
        angle_BA = share_BA * (2 * math.pi)
        return torch.cat(
            [torch.sin(angle_BA).masked_fill(missing_BA, 0), torch.cos(angle_BA).masked_fill(missing_BA, 0)], 1
        )


def _periods(state: ColumnState) -> list[float]:
    """Return the periods of a column in days; day 0 was a Thursday, so that weeks begin three days earlier."""
    return [YEAR, *([7.0] if state["week"] else []), *([1.0] if state["day"] else [])]


COLUMN = ColumnType(
    "calendar",
    lambda column, context: 0.0,
    _fit,
    _encode,
    _decode,
    CalendarPreprocessor,
    plain=CalendarPreprocessor,
    width=lambda state: 2,
    recipe=lambda state: {"format": state["format"]},
    cell=lambda state: Cell("derived"),
)
