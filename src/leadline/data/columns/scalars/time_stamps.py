"""How columns of any type are read as moments: what dates, calendars and series share.

A moment is a time stamp without a zone: a column with a time zone is read on that zone's clock, text with an offset in
UTC.
"""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl

from leadline.core.catalogue import say
from leadline.data.columns.scalars.parsing import clean, is_text
from leadline.errors import DataError

OFFSET = r"(Z|[+-]\d{2}:?\d{2})$"  # of text that says how far its clock is from UTC
YEAR = 365.2425  # days, the mean of the Gregorian calendar
DAY = 86_400.0  # seconds
_TIMES = ("", " %H:%M", " %H:%M:%S%.f", "T%H:%M", "T%H:%M:%S%.f")
_ISO = (*(f"%Y-%m-%d{time}" for time in _TIMES), "%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%d %H:%M:%S%.f%#z")
_COMMON = tuple(f"{day}{time}" for day in ("%Y/%m/%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y") for time in _TIMES)
LOOKS_LIKE = r"^(\d{4}[-/]\d{1,2}[-/]\d{1,2}|\d{1,2}[./]\d{1,2}[./]\d{4})([ T]\d|$)"


def best_format(text: pl.Series) -> tuple[str | None, float, bool]:
    """Return the format that reads most of the texts, the share it reads, and whether another reads as many
    otherwise.
    """
    if text.is_empty() or not text.head(20).str.contains(LOOKS_LIKE).any():
        return None, 0.0, False
    shares = {form: _read(text, form).count() / len(text) for form in (*_ISO, *_COMMON)}
    best = max(shares, key=lambda form: shares[form])
    rivals = [form for form, share in shares.items() if share == shares[best]]
    ambiguous = any(form.startswith("%d/%m") for form in rivals) and any(form.startswith("%m/%d") for form in rivals)
    return best, shares[best], ambiguous and shares[best] > 0


def format_of(column: pl.Series) -> str | None:
    """Return the format of the dates in a column of text, None for other types and where nothing is there.

    Raises DataError where text is in no known format, or could be day before month as well as month before day.
    """
    if not is_text(column):
        return None
    present = clean(column).drop_nulls()
    form, share, ambiguous = best_format(present)
    if ambiguous:
        raise DataError(say("columns.dates-ambiguous", column=column.name))
    if share == 0 and len(present):
        raise DataError(say("columns.no-dates", column=column.name))
    return form


def parse(column: pl.Series, form: str | None) -> pl.Series:
    """Return moments, null where there is none; text in the given format, or any of ISO 8601's."""
    if column.dtype in (pl.Date, pl.Datetime):
        return column.cast(pl.Datetime("us", getattr(column.dtype, "time_zone", None))).dt.replace_time_zone(None)
    if not is_text(column):
        raise DataError(say("columns.not-dates", column=column.name, dtype=column.dtype))
    text = clean(column)
    moments = _read(text, form or _ISO[0])
    for other in () if form else _ISO[1:]:
        moments = moments.zip_with(moments.is_not_null(), _read(text, other))
    return moments


def written(moment: dt.datetime, form: str) -> str:
    """Return a moment as text in a format that `format_of` returns."""
    return moment.strftime(form.replace("%.f", "").replace("%#z", "Z"))


def _read(text: pl.Series, form: str) -> pl.Series:
    dated = text.set(~text.str.contains(LOOKS_LIKE), None)  # else two-digit years would be read as the first century
    return dated.str.to_datetime(form, time_unit="us", strict=False).dt.replace_time_zone(None)


def days(moments: pl.Series) -> np.ndarray:
    """Return the days since 1970-01-01 (N,) float64, 0 where there is no moment."""
    return moments.dt.date().to_physical().cast(pl.Float64).fill_null(0).to_numpy()


def seconds(moments: pl.Series) -> np.ndarray:
    """Return the seconds of the day (N,) float64, 0 where there is no moment."""
    microseconds = moments.to_physical().cast(pl.Int64).fill_null(0).to_numpy() % (86_400 * 1_000_000)
    return np.asarray(microseconds / 1e6)


def in_days_and_seconds(moments: pl.Series) -> np.ndarray:
    """Return days and seconds (N,2) float32, exact in it; NaN where there is no moment."""
    values = np.stack([days(moments), seconds(moments)], 1).astype(np.float32)
    values[moments.is_null().to_numpy()] = np.nan
    return values
