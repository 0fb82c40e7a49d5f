"""Dates and time stamps: the day number since 1970-01-01 and the second of the day, both exact in float32.

A time stamp with a time zone is read on that zone's clock, so that an evening stays an evening; text with an offset is read in UTC.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence

import numpy as np
import polars as pl
import torch
from torch import Tensor, nn

from leadline.data.fields.contract import Context, Encoded, Field, State
from leadline.data.fields.text import clean, is_text
from leadline.errors import DataError

_TIMES = ("", " %H:%M", " %H:%M:%S%.f", "T%H:%M", "T%H:%M:%S%.f")
_ISO = (*(f"%Y-%m-%d{time}" for time in _TIMES), "%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%d %H:%M:%S%.f%#z")
_COMMON = tuple(f"{day}{time}" for day in ("%Y/%m/%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y") for time in _TIMES)
_LOOKS_LIKE = r"^(\d{4}[-/]\d{1,2}[-/]\d{1,2}|\d{1,2}[./]\d{1,2}[./]\d{4})([ T]\d|$)"
YEAR = 365.2425  # days, the mean of the Gregorian calendar
DAY = 86_400.0  # seconds


def _infer(column: pl.Series, context: Context) -> float:
    if column.dtype in (pl.Date, pl.Datetime):
        return 1.0
    if not is_text(column):
        return 0.0
    _, share, ambiguous = _best_format(clean(column).drop_nulls())
    return 0.95 * share if share >= 0.95 and not ambiguous else 0.0


def _fit(column: pl.Series, context: Context) -> State:
    """Return the format of text, the mean and spread in days, whether times of day vary and whether values were missing.

    Raises DataError where text is in no known format, or could be day before month as well as month before day.
    """
    form, present = None, clean(column).drop_nulls()
    if is_text(column):
        form, share, ambiguous = _best_format(present)
        if ambiguous:
            raise DataError(
                f"The dates in column {column.name!r} can be read with the day or with the month first; write them as 2024-01-31."
            )
        if share == 0 and len(present):
            raise DataError(
                f"Column {column.name!r} holds no dates that can be read; write them as 2024-01-31 or 2024-01-31 10:00:00."
            )
    moments = _parse(column, form).drop_nulls()
    days, seconds = _days(moments), _seconds(moments)
    elapsed = days + seconds / DAY if len(moments) else np.zeros(1)
    return {
        "format": form,
        "mean": float(elapsed.mean()),
        "std": float(elapsed.std()),
        "times": bool(len(np.unique(seconds)) > 1),
        "missing": len(present) < len(column),
    }


def _encode(column: pl.Series, state: State, context: Context) -> Encoded:
    moments = _parse(column, state["format"])
    gone = moments.is_null().to_numpy()
    values = np.stack([_days(moments), _seconds(moments)], 1).astype(np.float32)
    values[gone] = np.nan
    bad = np.flatnonzero(gone & clean(column).is_not_null().to_numpy())
    return Encoded(values, {int(row): f"{column[int(row)]!r} is not a date" for row in bad})


def _decode(values: np.ndarray, state: State) -> list[str | None]:
    return [None if np.isnan(day) else _words(float(day), float(second), state["times"]) for day, second in values.reshape(-1, 2)]


def _words(day: float, second: float, times: bool) -> str:
    moment = dt.datetime(1970, 1, 1) + dt.timedelta(days=day, seconds=round(second))
    return moment.isoformat(sep=" ") if times else moment.date().isoformat()


def _best_format(text: pl.Series) -> tuple[str | None, float, bool]:
    """Return the format that reads most of the texts, the share it reads, and whether another reads as many otherwise."""
    if text.is_empty() or not text.head(20).str.contains(_LOOKS_LIKE).any():
        return None, 0.0, False
    shares = {form: _read(text, form).count() / len(text) for form in (*_ISO, *_COMMON)}
    best = max(shares, key=lambda form: shares[form])
    rivals = [form for form, share in shares.items() if share == shares[best]]
    ambiguous = any(form.startswith("%d/%m") for form in rivals) and any(form.startswith("%m/%d") for form in rivals)
    return best, shares[best], ambiguous and shares[best] > 0


def _read(text: pl.Series, form: str) -> pl.Series:
    dated = text.set(~text.str.contains(_LOOKS_LIKE), None)  # else two-digit years would be read as the first century
    return dated.str.to_datetime(form, time_unit="us", strict=False).dt.replace_time_zone(None)


def _parse(column: pl.Series, form: str | None) -> pl.Series:
    """Return time stamps without a zone, null where there is none; text in the given format, or any of ISO 8601's."""
    if column.dtype in (pl.Date, pl.Datetime):
        return column.cast(pl.Datetime("us", getattr(column.dtype, "time_zone", None))).dt.replace_time_zone(None)
    if not is_text(column):
        raise DataError(f"Column {column.name!r} holds values of type {column.dtype}, not dates.")
    text = clean(column)
    moments = _read(text, form or _ISO[0])
    for other in () if form else _ISO[1:]:
        moments = moments.zip_with(moments.is_not_null(), _read(text, other))
    return moments


def _days(moments: pl.Series) -> np.ndarray:
    return moments.dt.date().to_physical().cast(pl.Float64).fill_null(0).to_numpy()


def _seconds(moments: pl.Series) -> np.ndarray:
    microseconds = moments.to_physical().cast(pl.Int64).fill_null(0).to_numpy() % (86_400 * 1_000_000)
    return np.asarray(microseconds / 1e6)


class DateFront(nn.Module):
    """Raw days and seconds (B,2K) to features (B,F).

    For each column the standardised time elapsed and the sine and cosine of the time of year and of the weekday; of the time of
    day where it varied in train; then 1 for missing where train had gaps. Missing dates are zeros. The time of year counts mean
    Gregorian years from 1970, at most a day off the calendar's.
    """

    def __init__(self, states: Sequence[State]) -> None:
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
        year_BK, week_BK = torch.remainder(day_BK, YEAR) / YEAR, torch.remainder(day_BK + 3, 7) / 7  # day 0 was a Thursday
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


def _width(state: State) -> int:
    return 2


def _recipe(state: State) -> State:
    return {"format": state["format"]}


FIELD = Field("date", True, _infer, _fit, _encode, _decode, DateFront, plain=DateFront, width=_width, recipe=_recipe)
