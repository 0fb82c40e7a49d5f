"""Dates and time stamps."""

import datetime as dt
import json
import math

import numpy as np
import polars as pl
import pytest
import torch

from leadline.core.catalogue import say
from leadline.data.columns.contract import ColumnContext
from leadline.data.columns.date import COLUMN, YEAR
from leadline.errors import DataError
from sentences import says

CONTEXT = ColumnContext()
DATES = [dt.date(2024, 1, 31), dt.date(1969, 12, 31), dt.date(1970, 1, 1), dt.date(2100, 7, 4)]


def fit(values: object) -> dict[str, object]:
    return json.loads(json.dumps(COLUMN.fit(pl.Series("when", values), CONTEXT)))


def encode(values: object, state: object) -> np.ndarray:
    return COLUMN.encode(pl.Series("when", values), state, CONTEXT).values


@pytest.mark.parametrize("pattern", ["%Y-%m-%d", "%Y/%m/%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y"])
def test_common_forms_are_inferred_and_read(pattern: str) -> None:
    text = [d.strftime(pattern) for d in DATES]
    assert COLUMN.infer(pl.Series(text), CONTEXT) > 0.9
    days = encode(text, fit(text))[:, 0]
    assert days.tolist() == [(d - dt.date(1970, 1, 1)).days for d in DATES]


@pytest.mark.parametrize(
    "pattern", ["%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%d.%m.%Y %H:%M", "%Y-%m-%dT%H:%M:%SZ"]
)
def test_times_are_read(pattern: str) -> None:
    text = [dt.datetime(2024, 1, 31, 23, 59).strftime(pattern), dt.datetime(2024, 2, 1).strftime(pattern)]
    assert COLUMN.infer(pl.Series(text), CONTEXT) > 0.9
    state = fit(text)
    assert state["times"] is True
    assert encode(text, state)[:, 1].tolist() == [86340, 0]


def test_dates_that_could_be_day_or_month_first_are_not_guessed() -> None:
    text = ["01/02/2024", "03/04/2024"]
    assert COLUMN.infer(pl.Series(text), CONTEXT) == 0
    with pytest.raises(DataError, match=says("columns.dates-ambiguous", column="when")):
        fit(text)


def test_a_forced_column_without_dates_is_refused() -> None:
    with pytest.raises(DataError, match=says("columns.no-dates")):
        fit(["soon", "later"])
    with pytest.raises(DataError, match=says("columns.not-dates")):
        fit([1.5])


@pytest.mark.parametrize(
    "column",
    [pl.Series(["2024"]), pl.Series(["abc", "x"]), pl.Series([20240131]), pl.Series(["31.12.24"]), pl.Series(["1.5"])],
)
def test_what_is_no_date_is_not_inferred(column: pl.Series) -> None:
    assert COLUMN.infer(column, CONTEXT) == 0


def test_typed_columns() -> None:
    assert COLUMN.infer(pl.Series(DATES), CONTEXT) == 1
    state = fit(DATES)
    assert state["format"] is None
    assert state["times"] is False
    assert encode(DATES, state)[1].tolist() == [-1, 0]
    assert encode(["2024-01-31", "2024-01-31T12:00:00"], state).tolist() == [[19753, 0], [19753, 43200]]


def test_a_zone_is_read_on_its_own_clock() -> None:
    column = pl.Series([dt.datetime(2024, 1, 31, 22, 30)]).dt.replace_time_zone("America/New_York")
    assert COLUMN.encode(column, fit([dt.datetime(2024, 1, 1)]), CONTEXT).values.tolist() == [[19753, 81000]]


def test_problems_and_missing() -> None:
    state = fit(["2024-01-31", None])
    assert state["missing"] is True
    assert fit(["2024-01-31", "2024-02-30"])["missing"] is False  # a row that is set aside is not a gap
    encoded = COLUMN.encode(pl.Series(["2024-02-30", None, "2024-02-29", "", "31.12.2024"]), state, CONTEXT)
    assert encoded.problems == {
        row: say("columns.date-written-otherwise", value=value, expected="2024-01-31")
        for row, value in {0: "2024-02-30", 4: "31.12.2024"}.items()
    }
    assert np.isnan(encoded.values).all(1).tolist() == [True, True, False, True, True]


def test_days_and_seconds_are_exact_in_float32() -> None:
    days = pl.Series([dt.date(1, 1, 1), dt.date(9999, 12, 31)])
    assert encode(days, fit(days))[:, 0].astype(int).tolist() == [-719162, 2932896]
    stamps = pl.Series([dt.datetime(2024, 1, 1, 23, 59, 59), dt.datetime(2024, 1, 1, 0, 0, 1)])
    assert encode(stamps, fit(stamps))[:, 1].tolist() == [86399, 1]


def test_decode() -> None:
    state = fit(DATES)
    assert COLUMN.decode(encode([*DATES, None], state), state) == [*(d.isoformat() for d in DATES), None]
    stamps = ["2024-01-31 10:00:05", "2024-01-31 00:00:00"]
    assert COLUMN.decode(encode(stamps, fit(stamps)), fit(stamps)) == stamps


def test_front_follows_the_formulas() -> None:
    stamps = [dt.datetime(2024, 3, 1, 6), dt.datetime(2020, 12, 24, 18), dt.datetime(1999, 7, 4, 0)]
    state = fit(stamps)
    z = COLUMN.preprocessor([state])(torch.from_numpy(encode(stamps, state))).numpy()
    seconds = np.array([(s - dt.datetime(1970, 1, 1)).total_seconds() for s in stamps]) / 86400
    day, part = np.floor(seconds), seconds % 1
    weekday = np.array([s.weekday() for s in stamps])
    angles = 2 * np.pi * np.stack([day % YEAR / YEAR, weekday / 7, part], 1)
    expected = np.concatenate(
        [((seconds - seconds.mean()) / seconds.std())[:, None], np.sin(angles), np.cos(angles)], 1
    )
    np.testing.assert_allclose(z, expected, atol=2e-4)


def test_the_time_of_year_is_within_a_day_of_the_calendar() -> None:
    first = [dt.date(year, 1, 1) for year in range(1970, 2101)]
    state = fit(first)
    phase = encode(first, state)[:, 0] % YEAR
    assert np.minimum(phase, YEAR - phase).max() <= 1.6


def test_missing_dates_are_zeros_and_an_indicator() -> None:
    front = COLUMN.preprocessor([fit([*DATES, None]), fit(DATES)])
    x = torch.tensor([[math.nan, math.nan, 5.0, 0.0], [5.0, 0.0, math.nan, math.nan]])
    z = front(x)
    assert z.shape == (2, 2 * 5 + 1)
    assert z[:, -1].tolist() == [1, 0]
    assert z[0, [0, 2, 4, 6, 8]].tolist() == [0.0] * 5
    assert z[1, [1, 3, 5, 7, 9]].tolist() == [0.0] * 5


def test_gradient_flows() -> None:
    x = torch.tensor([[5.0, 100.0], [math.nan, math.nan]], requires_grad=True)
    COLUMN.preprocessor([fit([dt.datetime(2024, 3, 1, 6), dt.datetime(2024, 3, 1, 7)])])(x).sum().backward()
    assert x.grad is not None
    assert x.grad.isfinite().all()
    assert x.grad[0].abs().min() > 0
