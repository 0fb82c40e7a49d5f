"""The time of day, week and year, known of any step."""

from datetime import datetime, timedelta

import numpy as np
import polars as pl
import torch

from leadline.data.columns.calendar import COLUMN
from leadline.data.columns.contract import ColumnContext

HOURS = pl.Series("when", [datetime(2024, 3, 4) + timedelta(hours=k) for k in range(24 * 8)])  # from a Monday on


def features(column: pl.Series) -> np.ndarray:
    state = COLUMN.fit(column, ColumnContext())
    return COLUMN.preprocessor([state])(torch.from_numpy(COLUMN.encode(column, state, ColumnContext()).values)).numpy()


def test_no_column_is_taken_for_a_calendar() -> None:
    assert COLUMN.infer(HOURS, ColumnContext()) == 0


def test_days_and_weeks_come_round() -> None:
    x = features(HOURS)
    assert x.shape == (192, 6)  # sines of year, week and day, then cosines
    np.testing.assert_allclose(x[:24, [2, 5]], x[24:48, [2, 5]], atol=1e-5)
    np.testing.assert_allclose(x[:24, [1, 4]], x[168:, [1, 4]], atol=1e-5)
    hour = 2 * np.pi * np.arange(24) / 24
    np.testing.assert_allclose(x[:24, 2], np.sin(hour), atol=1e-5)
    np.testing.assert_allclose(x[:24, 5], np.cos(hour), atol=1e-5)
    np.testing.assert_allclose((x**2)[:, [0, 3]].sum(1), 1, rtol=1e-5)


def test_what_steps_are_too_long_for_is_left_out() -> None:
    days = pl.Series([datetime(2024, 1, 1) + timedelta(days=k) for k in range(30)])
    months = pl.Series([datetime(2024, m, 1) for m in range(1, 13)])
    assert features(days).shape == (30, 4) and features(months).shape == (12, 2)


def test_text_and_missing_times() -> None:
    text = pl.Series("when", ["2024-01-01 00:00", None, "soon", "2024-01-01 12:00"])
    state = COLUMN.fit(text[[0, 3]], ColumnContext())
    encoded = COLUMN.encode(text, state, ColumnContext())
    assert encoded.problems == {2: "'soon' is not a date"}
    assert COLUMN.decode(encoded.values, state) == ["2024-01-01 00:00:00", None, None, "2024-01-01 12:00:00"]
    assert (COLUMN.preprocessor([state])(torch.from_numpy(encoded.values))[1] == 0).all()
