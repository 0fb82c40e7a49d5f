"""Whole numbers as times: recognised in any order of rows, or asked about."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np
import polars as pl
import pytest

from leadline.core.catalogue import say
from leadline.core.experiment import DataSpec
from leadline.core.series_spec import SeriesSpec
from leadline.data.dataset import prepare
from leadline.data.series.order import ordered
from leadline.data.series.ordered_table import Ordered
from leadline.data.table import Table
from leadline.errors import DataError
from sentences import says

N = 60
V = np.random.default_rng(0).normal(size=N).cumsum()
SHUFFLED = np.random.default_rng(1).permutation(N)


def put(frame: pl.DataFrame, **entries: Any) -> Ordered:
    return ordered(Table(frame, "load", "0", "load.csv"), SeriesSpec(horizon=2, **entries))


@pytest.mark.parametrize(
    ("name", "times"),
    [
        ("year", np.arange(1960, 1960 + N)),
        ("Year", np.arange(1960, 1960 + 5 * N, 5)),
        ("birthYear", np.arange(1960, 1960 + N)),
        ("step", np.arange(N)),
        ("t", np.arange(100, 100 + N)),
        ("time_step", np.arange(N) * 10),
        ("timestamp", 1_700_000_000 + 3_600 * np.arange(N)),
        ("period", np.arange(N) + 1.0),
        ("index", np.arange(N)),
        ("id", np.arange(1, N + 1)),
    ],
)
@pytest.mark.parametrize("order", ["oldest first", "newest first", "shuffled"])
def test_numbers_that_are_called_a_time_order_the_rows(name: str, times: np.ndarray, order: str) -> None:
    frame = pl.DataFrame({"v": V, name: times})
    frame = {"oldest first": frame, "newest first": frame.reverse(), "shuffled": frame[SHUFFLED]}[order]
    found = put(frame)
    assert found.name == name and found.table.frame["v"].to_list() == V.tolist()
    assert say("series.time-of-numbers", column=name) in found.notes
    assert (say("series.sorted-by-time") in found.notes) == (order != "oldest first")


@pytest.mark.parametrize("reverse", [False, True])
def test_a_column_of_any_name_that_counts_evenly_is_the_time(reverse: bool) -> None:
    frame = pl.DataFrame({"n": np.arange(7, 7 + 2 * N, 2), "v": V})
    found = put(frame.reverse() if reverse else frame)
    assert found.name == "n" and found.table.frame["v"].to_list() == V.tolist()


@pytest.mark.parametrize(
    "columns",
    [
        {"cases": np.cumsum(np.arange(N) % 7 + 1), "v": V},  # grows, unevenly
        {"v": V},
        {"n": np.arange(N)},  # alone: it is what is forecast
        {"month": np.arange(N) % 12 + 1, "v": V},  # comes again, and rises
        {"year": 1960 + np.arange(N) // 12, "month": np.arange(N) % 12 + 1, "v": V},
        {"time": np.arange(N) / 10, "v": V},  # no whole numbers, and in order
    ],
    ids=["counts", "alone", "evenly alone", "month", "year and month", "fractions"],
)
def test_without_such_a_column_rows_are_taken_in_their_order(columns: dict[str, Any]) -> None:
    found = put(pl.DataFrame(columns))
    assert found.name == "step" and found.notes == (say("series.no-time-column"),)


@pytest.mark.parametrize(
    ("columns", "name"),
    [
        ({"year": 1960 + np.arange(N) // 12, "month": np.arange(N) % 12 + 1, "v": V}, "year"),
        ({"month": np.arange(N) % 12 + 1, "v": V}, "month"),
        ({"time": np.arange(N) / 10, "v": V}, "time"),
    ],
)
def test_rows_that_begin_with_the_newest_and_have_no_time_are_refused(columns: dict[str, Any], name: str) -> None:
    with pytest.raises(DataError, match=says("series.newest-first", table="load", column=name)):
        put(pl.DataFrame(columns).reverse())


def test_years_that_repeat_from_row_to_row_are_asked_about() -> None:
    frame = pl.DataFrame({"year": np.tile(np.arange(2000, 2030), 2), "land": ["a"] * 30 + ["b"] * 30, "v": V})
    with pytest.raises(DataError, match=says("series.time-repeats", table="load", column="year")):
        put(frame)
    found = put(frame.reverse(), series_id="land")
    assert found.name == "year" and found.table.frame["v"].to_list() == V.tolist()


def test_columns_that_order_the_rows_differently_are_asked_about() -> None:
    frame = pl.DataFrame({"t": np.arange(N), "hour": SHUFFLED, "v": V})
    with pytest.raises(DataError, match=says("series.several-time-numbers", table="load", columns="'t', 'hour'")):
        put(frame)
    assert put(frame, time="t").name == "t"
    assert put(frame.with_columns(hour=pl.col("t") * 2)).name == "t"
    assert put(pl.DataFrame({"t": np.arange(N), "year": np.arange(N)[::-1] + 1960, "v": V})).name == "year"


@pytest.mark.parametrize(
    ("written", "form", "second"),
    [("%Y%m%d", "1d", datetime(2024, 1, 2)), ("%Y%m", "1mo", datetime(2024, 2, 1))],
)
def test_dates_that_are_written_as_whole_numbers_are_dates(written: str, form: str, second: datetime) -> None:
    days = pl.datetime_range(datetime(2024, 1, 1), datetime(2040, 1, 1), form, eager=True)[:N]
    frame = pl.DataFrame({"date": days.dt.strftime(written).cast(pl.Int64), "v": V})
    for rows in (frame, frame.reverse()):
        found = put(rows)
        assert str(found.step) == form and found.form == written
        assert found.table.frame["date"][1] == second and found.table.frame["v"].to_list() == V.tolist()
    spec = DataSpec.model_validate({"target": "v", "series": {"horizon": 2, "context_length": 4}})
    schema = prepare(spec, frame).schema
    (part,) = prepare(spec, frame.reverse(), schema=schema, labelled=False).splits.values()
    assert part.index is not None and part.index["date"][int(part.rows[0])] > days[-1].date()
