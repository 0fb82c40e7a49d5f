"""Rows in order of item and time: what is irregular is named by row, and set right as declared."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from leadline.core.catalogue import say
from leadline.core.series_spec import SeriesSpec
from leadline.data.series.order import ordered
from leadline.data.series.ordered_table import Ordered
from leadline.data.table import Table
from leadline.errors import DataError, UsageError
from sentences import says

START = datetime(2024, 1, 1)


def hours(*numbers: float) -> list[datetime]:
    return [START + timedelta(hours=n) for n in numbers]


def put(columns: dict[str, Any], **entries: Any) -> Ordered:
    return ordered(Table(pl.DataFrame(columns), "load", "0", "load.csv"), SeriesSpec(horizon=2, **entries))


def series(*numbers: float, **entries: Any) -> Ordered:
    return put({"when": hours(*numbers), "y": [float(n) for n in numbers]}, **entries)


def y(found: Ordered) -> list[float | None]:
    return found.table.frame["y"].to_list()


def test_rows_in_order_stay_as_they_are() -> None:
    found = series(0, 1, 2, 3)
    assert (found.name, str(found.step), found.notes) == ("when", "1h", ()) and y(found) == [0, 1, 2, 3]
    assert found.segment_N.tolist() == [0, 0, 0, 0] and found.aside.is_empty()
    assert found.words(1) == "2024-01-01 01:00:00"


def test_unsorted_rows_are_sorted_and_keep_their_numbers() -> None:
    found = series(3, 0, 2, 1)
    assert y(found) == [0, 1, 2, 3] and [found.table.where(i) for i in range(4)] == [
        ("load.csv", n) for n in (2, 4, 3, 1)
    ]
    assert say("series.sorted-by-time") in found.notes


def test_items_are_put_one_after_another() -> None:
    found = put({"when": hours(0, 0, 1, 1, 2), "shop": ["b", "a", "b", "a", "b"], "y": range(5)}, series_id="shop")
    assert found.table.frame["shop"].to_list() == ["a", "a", "b", "b", "b"] and y(found) == [1, 3, 0, 2, 4]
    assert found.item_N.tolist() == [1, 1, 2, 2, 2] and len(set(found.segment_N)) == 2


def test_gaps_are_told_and_cut() -> None:
    found = series(0, 1, 2, 5, 6, 8)
    assert np.unique(found.segment_N, return_counts=True)[1].tolist() == [3, 2, 1]
    place = {"file": "load.csv", "row": 4, "time": "2024-01-01 05:00:00", "previous": "2024-01-01 02:00:00"}
    assert found.notes == (say("series.gaps", gaps=2, step="1h", longest=2, **place),)


def test_gaps_can_be_filled_with_nothing() -> None:
    found = series(0, 1, 2, 5, 6, 8, gaps="fill")
    assert y(found) == [0, 1, 2, None, None, 5, 6, None, 8] and set(found.segment_N) == {0}
    assert found.table.frame["when"].to_list() == hours(*range(9))
    assert [found.table.where(i)[1] for i in range(9)] == [1, 2, 3, 3, 3, 4, 5, 5, 6]
    assert say("series.gaps-filled", steps=3, step="1h", gaps=2) in found.notes


def test_too_many_gaps_are_not_filled() -> None:
    with pytest.raises(DataError, match=says("series.mostly-gaps", missing=996, step="1h", rows=4)):
        series(0, 1, 2, 999, gaps="fill")


def test_rows_can_be_steps_whatever_lies_between() -> None:
    found = series(0, 1, 2.7, 50, gaps="ignore")
    assert set(found.segment_N) == {0} and found.notes == ()


def test_months_and_business_days_have_no_gaps() -> None:
    months = [datetime(2020 + k // 12, k % 12 + 1, 1) for k in range(30)]
    assert put({"when": months, "y": range(30)}).notes == ()
    days = [day for k in range(60) if (day := START + timedelta(days=k)).weekday() < 5]
    assert put({"when": days, "y": range(len(days))}).notes == ()


def test_rows_of_one_time_are_refused_by_name() -> None:
    with pytest.raises(DataError) as error:
        series(0, 1, 1, 2, 2, 3)
    place = say("series.place", file="load.csv", row=3, time="2024-01-01 01:00:00")
    assert say("series.same-time", place=place, row=2, rows=2) in str(error.value)
    assert say("series.advice-irregular") in str(error.value) and "series_id" not in str(error.value)


def test_a_column_that_may_be_the_item_is_named() -> None:
    with pytest.raises(DataError, match=says("series.irregular-times")):
        put({"when": hours(0, 0, 1, 1), "shop": ["a", "b", "a", "b"], "y": range(4)})


@pytest.mark.parametrize(
    ("repair", "expected", "numbers"),
    [("drop", [0, 1, 4], [1, 2, 5]), ("last", [0, 3, 4], [1, 4, 5]), ("mean", [0, 2, 4], [1, 2, 5])],
)
def test_rows_of_one_time_are_set_right_as_declared(repair: str, expected: list[float], numbers: list[int]) -> None:
    found = put({"when": hours(0, 1, 1, 1, 2), "y": range(5), "name": list("abcde")}, irregular_times=repair)
    assert y(found) == expected and [found.table.where(i)[1] for i in range(3)] == numbers
    place = say("series.place", file="load.csv", row=3, time="2024-01-01 01:00:00")
    assert found.notes[0].startswith(say("series.same-time", place=place, row=2, rows=2) + ": the ")


def test_times_between_steps_are_refused_by_name() -> None:
    with pytest.raises(DataError) as error:
        series(0, 1, 2, 2.5, 3, 4)
    place, previous = (
        say("series.place", file="load.csv", row=row, time=f"2024-01-01 02:{minutes}:00")
        for row, minutes in ((4, "30"), (3, "00"))
    )
    place = say("series.place-after", place=place, previous=previous)
    assert say("series.between-steps", place=place, step="1h", rows=1) in str(error.value)
    assert say("series.advice-gaps") in str(error.value)


def test_times_between_steps_are_dropped_or_taken_to_the_nearest() -> None:
    assert y(series(0, 1, 2, 2.4, 3, 4, irregular_times="drop")) == [0, 1, 2, 3, 4]
    found = series(0, 1, 2.1, 3, 4.2, 5, 6, 7, irregular_times="last")
    assert y(found) == [0, 1, 2.1, 3, 4.2, 5, 6, 7]
    assert found.table.frame["when"].to_list() == hours(*range(8)) and set(found.segment_N) == {0}


def test_an_hour_that_comes_twice_is_told_from_a_mistake() -> None:
    autumn = [datetime(2021, 10, 31) + timedelta(hours=h) for h in (0, 1, 2, 2, 3, 4, 5)]
    with pytest.raises(DataError, match=says("series.irregular-times")):
        put({"when": autumn, "y": range(7)})
    found = put({"when": autumn, "y": range(7)}, time_zone="Europe/Berlin")
    assert set(found.segment_N) == {0} and found.words(0) == "2021-10-30 22:00:00"


def test_an_hour_that_clocks_skip() -> None:
    spring = [datetime(2021, 3, 28) + timedelta(hours=h) for h in (0, 1, 3, 4, 5)]
    assert "1 gap between steps of 1h" in put({"when": spring, "y": range(5)}).notes[0]
    assert set(put({"when": spring, "y": range(5)}, time_zone="Europe/Berlin").segment_N) == {0}
    wrong = [datetime(2021, 3, 28) + timedelta(hours=h) for h in (0, 1, 2, 3, 4)]
    found = put({"when": [str(moment) for moment in wrong], "y": range(5)}, time_zone="Europe/Berlin")
    skipped = say("series.not-a-time-in-zone", value="'2021-03-28 02:00:00'", zone="Europe/Berlin")
    assert found.aside.rows() == [(2, "when", skipped)]
    with pytest.raises(UsageError, match=says("series.unknown-time-zone", zone="Berlin")):
        put({"when": spring, "y": range(5)}, time_zone="Berlin")


def test_offsets_that_change_are_told_and_do_no_harm() -> None:
    texts = [
        "2021-10-31T01:00:00+02:00",
        "2021-10-31T02:00:00+02:00",
        "2021-10-31T02:00:00+01:00",
        "2021-10-31T03:00:00+01:00",
    ]
    found = put({"when": texts, "y": range(4)})
    assert set(found.segment_N) == {0} and found.words(0) == "2021-10-30 23:00:00"
    places = [say("series.offset-from", offset=offset, row=row) for offset, row in (("+02:00", 1), ("+01:00", 3))]
    assert found.notes == (say("series.offsets-to-utc", column="when", offsets=2, places=", ".join(places)),)


def test_a_clock_with_a_zone_is_taken_in_utc() -> None:
    utc = pl.Series(hours(0, 1, 2, 3)).dt.replace_time_zone("UTC").dt.convert_time_zone("America/New_York")
    found = put({"when": utc, "y": range(4)})
    assert found.words(0) == "2024-01-01 00:00:00" and found.notes == (
        say("series.zone-to-utc", column="when", zone="America/New_York"),
    )


def test_rows_without_a_time_or_an_item_are_set_aside() -> None:
    when = ["2024-01-01", "2024-01-02", None, "soon", "2024-01-03", *(f"2024-02-{d:02}" for d in range(1, 29))] + [
        "2024-02-29"
    ] * 20
    item = ["a"] * 4 + [None] + ["a"] * 28 + [f"{k}" for k in range(20)]
    found = put({"when": when, "y": range(len(when)), "shop": item}, series_id="shop", time="when")
    assert found.aside.rows() == [
        (2, "when", say("series.time-missing")),
        (3, "when", say("series.not-a-time", value="'soon'")),
        (4, "shop", say("series.series-id-missing")),
    ]
    with pytest.raises(DataError, match=says("series.no-times", reason=say("series.time-missing"))):
        put({"when": pl.Series([None, None], dtype=pl.Datetime), "y": [1, 2]}, time="when")


def test_which_column_is_the_time() -> None:
    born = [datetime(1990, 1, 5), datetime(1980, 1, 5), datetime(1970, 1, 5)]
    assert put({"born": born, "when": hours(0, 1, 2), "y": range(3)}).name == "when"
    with pytest.raises(DataError, match=says("series.several-time-columns", columns="'born', 'hired'")):
        put({"born": born, "hired": born, "y": range(3)})
    assert put({"born": born, "y": range(3)}).name == "born"
    with pytest.raises(UsageError, match=says("data.no-column", column="whenn")):
        put({"when": hours(0, 1), "y": [1, 2]}, time="whenn")
    with pytest.raises(UsageError, match=says("series.time-dtype", dtype="Boolean")):
        put({"when": [True, False], "y": [1, 2]}, time="when")


def test_years_can_be_the_time() -> None:
    found = put({"year": [2000, 2005, 2010], "y": range(3)}, time="year")
    assert str(found.step) == "5" and found.words(2) == "2010" and not found.dates
    with pytest.raises(UsageError, match=says("series.invalid-time", file="load.csv", row=2, column="year")):
        put({"year": [2000.0, 2005.5], "y": range(2)}, time="year")


def test_without_a_time_rows_are_steps() -> None:
    found = put({"y": [5, 6, 7]})
    assert (found.name, str(found.step)) == ("step", "1") and found.time_N.tolist() == [1, 2, 3]
    assert found.notes == (say("series.no-time-column"),)
    items = put({"shop": list("abab"), "step": range(4)}, series_id="shop")
    assert (
        items.name == "step_"
        and items.time_N.tolist() == [1, 2, 1, 2]
        and items.table.frame["step"].to_list() == [0, 2, 1, 3]
    )
    with pytest.raises(UsageError, match=says("series.calendar-without-times")):
        put({"y": [5, 6, 7]}, calendar=True)


def test_a_step_that_the_user_names() -> None:
    assert series(0, 2, 4, 6, frequency="1h").segment_N.tolist() != [0, 0, 0, 0]
    with pytest.raises(
        DataError, match=says("series.frequency-of-other-type", frequency="10", column="when", type="dates")
    ):
        series(0, 1, 2, frequency="10")


def test_what_is_encoded_depends_on_how_rows_were_set_right() -> None:
    prints = {series(0, 1, 2, 5).table.fingerprint, series(0, 1, 2, 5, gaps="fill").table.fingerprint}
    assert len(prints) == 2 and "0" not in prints
