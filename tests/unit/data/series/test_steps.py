"""How long a step is, which step a row is, and when the next ones are."""

from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest

from leadline.core.series_spec import Step
from leadline.data.series.steps import after, days_of_month, find_step, ticks
from leadline.errors import DataError
from sentences import says

HOUR = 3_600_000_000


def times(*moments: datetime) -> np.ndarray:
    return pl.Series(moments, dtype=pl.Datetime("us")).to_physical().to_numpy()


def every(interval: str, start: datetime, count: int) -> np.ndarray:
    steps = pl.Series([start], dtype=pl.Datetime("us"))
    unit = interval.lstrip("0123456789")
    number = int(interval.removesuffix(unit))
    return np.concatenate([steps.dt.offset_by(f"{number * k}{unit}").to_physical().to_numpy() for k in range(count)])


def one_item(time_N: np.ndarray) -> np.ndarray:
    return np.zeros(len(time_N), dtype=np.int64)


@pytest.mark.parametrize("interval", ["15m", "1h", "1d", "7d", "28d"])
def test_the_commonest_step_is_the_step(interval: str) -> None:
    time_N = np.delete(every(interval, datetime(2023, 12, 28, 5), 60), [7, 8, 20])
    assert str(find_step(time_N, one_item(time_N), dates=True)) == interval.replace("15m", "15min")


@pytest.mark.parametrize(("interval", "said"), [("1mo", "1mo"), ("3mo", "3mo"), ("12mo", "1y")])
@pytest.mark.parametrize("day", [1, 15, 31])
def test_months_are_not_all_as_long(interval: str, said: str, day: int) -> None:
    time_N = every(interval, datetime(2019, 1, day), 30)
    assert str(find_step(time_N, one_item(time_N), dates=True)) == said


def test_business_days() -> None:
    days = [datetime(2024, 1, 1) + timedelta(days=k) for k in range(60)]
    time_N = times(*[day for day in days if day.weekday() < 5])
    assert str(find_step(time_N, one_item(time_N), dates=True)) == "1b"
    tick_N, between_N = ticks(time_N, one_item(time_N), Step(1, "b"))
    assert (np.diff(tick_N) == 1).all() and not between_N.any()
    # a Saturday
    assert ticks(times(datetime(2024, 1, 6)), np.zeros(1, dtype=np.int64), Step(1, "b"))[1].tolist() == [True]


def test_numbers_have_steps_too() -> None:
    assert find_step(np.array([2000, 2005, 2010, 2020]), one_item(np.arange(4)), dates=False) == Step(5, "1")


def test_steps_are_those_within_items() -> None:
    time_N, item_N = np.array([0, 10, 20, 0, 10, 20]) * HOUR, np.array([0, 0, 0, 1, 1, 1])
    assert str(find_step(time_N, item_N, dates=True)) == "10h"
    with pytest.raises(DataError, match=says("series.no-frequency")):
        find_step(np.array([0, 5]), np.array([0, 1]), dates=True)


def test_each_item_has_its_own_beginning_and_times_between_steps_are_of_the_nearest() -> None:
    time_N = np.array([0, 1, 2, 3.4, 0.5, 1.5, 2.5, 3.3]) * HOUR
    tick_N, between_N = ticks(time_N.astype(np.int64), np.repeat([0, 1], 4), Step(HOUR, "us"))
    assert between_N.tolist() == [False, False, False, True, False, False, False, True]
    assert np.diff(tick_N[:4]).tolist() == [1, 1, 1] and np.diff(tick_N[4:]).tolist() == [1, 1, 1]


@pytest.mark.parametrize(
    ("text", "start", "expected"),
    [
        ("90min", datetime(2024, 2, 28, 23), datetime(2024, 2, 29, 3, 30)),
        ("1mo", datetime(2024, 1, 31, 6), datetime(2024, 4, 30, 6)),
        ("1y", datetime(2024, 2, 29), datetime(2027, 2, 28)),
        ("1b", datetime(2024, 3, 1, 17), datetime(2024, 3, 6, 17)),
    ],
)
def test_three_steps_later(text: str, start: datetime, expected: datetime) -> None:
    assert after(times(start), np.array([3]), Step.parse(text)).tolist() == times(expected).tolist()


def test_ends_of_months_stay_ends_of_months() -> None:
    later = after(times(datetime(2023, 2, 28)), np.array([1]), Step.parse("1mo"), np.array([31]))
    assert later.tolist() == times(datetime(2023, 3, 31)).tolist()
    assert days_of_month(times(datetime(2023, 2, 28), datetime(2024, 1, 1))).tolist() == [28, 1]
    assert after(np.array([1990]), np.array([2]), Step(5, "1")).tolist() == [2000]
