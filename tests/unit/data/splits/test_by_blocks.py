"""Splits by how long each part lasts; whole groups and times are tested with the splits that they make."""

from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest

from leadline.core.catalogue import say
from leadline.core.experiment import SplitSpec
from leadline.data.splits.assign import split
from leadline.data.splits.by_blocks import by_spans
from leadline.data.table import Table
from leadline.errors import DataError, UsageError
from sentences import says

DAYS = pl.Series("day", [datetime(2024, 1, 31) + timedelta(days=k) for k in range(90)])


def test_parts_last_as_long_as_they_are_to() -> None:
    part_N, notes = by_spans(DAYS, ("40d", "20d", "20d"))
    assert np.bincount(part_N + 1).tolist() == [10, 40, 20, 20] and (np.diff(part_N[:80]) >= 0).all()
    assert notes == (say("splits.later-than-spans", rows=10, spans="40d/20d/20d"),)


def test_months_are_those_of_the_calendar_and_order_does_not_matter() -> None:
    part_N, notes = by_spans(DAYS.reverse(), ("1mo", "1mo", "1mo"))
    # to the 29th of February, the 31st of March, the 29th of April
    assert np.bincount(part_N).tolist() == [29, 31, 30] and notes == ()


def test_numbers_are_so_many_different_times() -> None:
    years = pl.Series("year", [2001, 2001, 2003, 2005, 2010, 2010])
    assert by_spans(years, ("2", "1", "1"))[0].tolist() == [0, 0, 0, 1, 2, 2]
    with pytest.raises(UsageError, match=says("splits.spans-of-numbers", column="year")):
        by_spans(years, ("2d", "1d", "1d"))


def test_spans_that_reach_beyond_the_data() -> None:
    with pytest.raises(
        DataError,
        match=says(
            "splits.spans-leave-empty-subset", spans="200d/20d/20d", subset="validation", first="2024-01-31 00:00:00"
        ),
    ):
        by_spans(DAYS, ("200d", "20d", "20d"))


def test_any_table_can_be_split_so() -> None:
    table = Table(pl.DataFrame({"day": DAYS.cast(pl.String), "y": range(90)}), "t", "0")
    spec = SplitSpec.model_validate("time:day:40d/20d/20d")
    result = split(table, spec, "y", False, 0)
    assert {name: len(rows) for name, rows in result.rows.items()} == {"train": 40, "validation": 20, "test": 20}
    assert result.by == "by time 'day', 40d/20d/20d" and result.group is not None and (result.group[80:] == -1).all()
