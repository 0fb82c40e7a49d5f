"""Which column says when rows are, and its values as times: dates in UTC, or whole numbers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import polars as pl

from leadline.core.catalogue import say
from leadline.core.series_spec import SeriesSpec
from leadline.core.wording import enumerated
from leadline.data.column_inference import check_columns, shown
from leadline.data.columns.scalars import time_stamps
from leadline.data.columns.scalars.parsing import as_numbers, clean, is_text
from leadline.data.series import number_times
from leadline.data.table import Table
from leadline.errors import DataError, UsageError

ROW = "step"  # what the time is called where rows are in order and no column says when
_LOOKED_AT = 1_000  # values by which a column is known for one of dates
_SURE = 0.95  # of which can be read as dates


class Times(NamedTuple):
    """The name of the time and its values by row, null where a row has none; the format of text; what the user should
    know.
    """

    name: str
    values: pl.Series
    form: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def dates(self) -> bool:
        """Whether times are dates, not numbers."""
        return bool(self.values.dtype.is_temporal())


def read(table: Table, spec: SeriesSpec, taken: Iterable[str], form: str | None = None, *, infer: bool = True) -> Times:
    """Return the times of all rows; columns that are `taken` are not looked at for dates.

    Where a column is known already, `form` is the format that its text had. Raises UsageError for an unknown column and
    for one that holds neither dates nor whole numbers, DataError where it cannot be told which of several columns says
    when.
    """
    check_columns([name for name in (spec.time, spec.series_id) if name], table, "data.series")
    column = spec.time or (_found(table, spec, taken) if infer else None)
    if column is None:
        return _in_order(table, spec)
    values = table.frame[column]
    if values.dtype.is_numeric():
        return _of_numbers(table, spec, values, number_times.written_dates(values) if infer else form)
    if not (is_text(values) or values.dtype in (pl.Date, pl.Datetime)):
        raise UsageError(say("series.time-dtype", column=column, dtype=values.dtype))
    zone = getattr(values.dtype, "time_zone", None)
    if zone is not None:
        utc = values.cast(pl.Datetime("us", zone)).dt.convert_time_zone("UTC").dt.replace_time_zone(None)
        return Times(column, utc, None, (say("series.zone-to-utc", column=column, zone=zone),))
    form = (form if form and _reads(values, form) else time_stamps.format_of(values)) if is_text(values) else None
    local = time_stamps.parse(values, form)
    offsets = _offsets(table, values) if form and "%#z" in form else ()
    if spec.time_zone is not None and not offsets:
        return Times(column, _from_zone(table, spec, local), form, (say("series.to-utc", column=column),))
    return Times(column, local, form, offsets)


def _found(table: Table, spec: SeriesSpec, taken: Iterable[str]) -> str | None:
    """Return the first column of dates whose values never fall in the order of the rows, else the only column of
    dates; where there is none, the column of numbers that says when rows are.
    """
    out = {spec.series_id, *spec.known_covariates, *taken}
    dates = [name for name in table.frame.columns if name not in out and _is_dates(table.frame[name])]
    for name in dates:
        if _rises(table, spec, time_stamps.parse(table.frame[name], time_stamps.format_of(table.frame[name]))):
            return name
    if len(dates) > 1:
        columns = ", ".join(map(repr, dates))
        raise DataError(say("series.several-time-columns", table=table.name, columns=columns))
    return dates[0] if dates else number_times.find(table, spec, out)


def _of_numbers(table: Table, spec: SeriesSpec, values: pl.Series, form: str | None) -> Times:
    """Return the times of a column of numbers: whole ones, or dates of the `form` that they are written in."""
    said = () if spec.time else (say("series.time-of-numbers", column=values.name),)
    if form is None:
        return Times(values.name, _whole(table, values), None, said)
    return Times(values.name, number_times.dates(values, form), form, said)


def _is_dates(column: pl.Series) -> bool:
    if column.dtype in (pl.Date, pl.Datetime):
        return column.null_count() < len(column)
    if not is_text(column):
        return False
    rows = np.linspace(0, len(column) - 1, min(len(column), _LOOKED_AT)).astype(np.int64)
    _, share, _ = time_stamps.best_format(clean(column[rows]).drop_nulls())
    return share >= _SURE


def _reads(column: pl.Series, form: str) -> bool:
    present = clean(column).drop_nulls()
    return time_stamps.parse(present, form).count() >= _SURE * len(present)


def _rises(table: Table, spec: SeriesSpec, values: pl.Series) -> bool:
    frame = pl.DataFrame(
        {"time": values, "item": table.frame[spec.series_id] if spec.series_id else pl.zeros(len(values), eager=True)}
    )
    fell = (pl.col("time").diff() < pl.duration(microseconds=0)).over("item")
    return not frame.drop_nulls("time").select(fell.any()).item()


def _in_order(table: Table, spec: SeriesSpec) -> Times:
    """Return the number of each row within its item, from 1."""
    if spec.calendar:
        raise UsageError(say("series.calendar-without-times"))
    item = table.frame[spec.series_id] if spec.series_id else pl.zeros(table.frame.height, dtype=pl.Int64, eager=True)
    number = pl.DataFrame({"item": item}).select(pl.int_range(1, pl.len() + 1).over("item")).to_series()
    name = ROW
    while name in table.frame.columns:
        name = f"{name}_"
    return Times(name, number.alias(name), None, (say("series.no-time-column"),))


def _whole(table: Table, values: pl.Series) -> pl.Series:
    numbers = as_numbers(values).fill_nan(None)
    part = (numbers != numbers.round()).fill_null(False).arg_true()
    if len(part):
        row = int(part[0])
        file, number = table.where(row)
        what = say("series.neither-date-nor-number", value=shown(values[row]))
        raise UsageError(say("series.invalid-time", file=file, row=number, column=values.name, reason=what))
    return numbers.cast(pl.Int64)


def _offsets(table: Table, values: pl.Series) -> tuple[str, ...]:
    """Return what is said of times that are written with their offset from UTC, naming the first row of each."""
    found = pl.DataFrame({"offset": clean(values).str.extract(time_stamps.OFFSET)}).with_row_index("row").drop_nulls()
    first = found.group_by("offset", maintain_order=True).agg(pl.col("row").first())
    if first.height < 2:
        return (say("series.to-utc", column=values.name),)
    places = [
        say("series.offset-from", offset=offset, row=table.where(int(row))[1]) for offset, row in first.iter_rows()
    ]
    return (say("series.offsets-to-utc", column=values.name, offsets=first.height, places=enumerated(places)),)


def _from_zone(table: Table, spec: SeriesSpec, local: pl.Series) -> pl.Series:
    """Return local times in UTC; of an hour that comes twice as clocks are set back, the rows that come first are the
    earlier.
    """
    try:
        first = local.dt.replace_time_zone(spec.time_zone, ambiguous="earliest", non_existent="null")
        second = local.dt.replace_time_zone(spec.time_zone, ambiguous="latest", non_existent="null")
    except pl.exceptions.PolarsError:
        raise UsageError(say("series.unknown-time-zone", zone=spec.time_zone)) from None
    item = table.frame[spec.series_id] if spec.series_id else pl.zeros(len(local), dtype=pl.Int64, eager=True)
    again = (
        pl.DataFrame({"item": item, "time": local}).select(pl.int_range(pl.len()).over("item", "time") > 0).to_series()
    )
    return first.zip_with(~again, second).dt.convert_time_zone("UTC").dt.replace_time_zone(None)


def in_words(value: int, *, dates: bool) -> str:
    """Return a time as messages quote it."""
    return str(np.datetime64(value, "us")).replace("T", " ").removesuffix(".000000") if dates else str(value)
