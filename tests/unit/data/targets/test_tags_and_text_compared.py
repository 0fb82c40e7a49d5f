"""Runs whose rows have an answer for every token are compared token by token."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from leadline.core.schema import Schema
from leadline.data.targets.contract import Comparison, target_type
from leadline.metrics.statistics.measurement import Measurement

SCHEMA = Schema(inputs=())


def held_out(**columns: Any) -> pl.DataFrame:
    rows = len(next(iter(columns.values())))
    return pl.DataFrame({"file": ["f"] * rows, "row": range(rows), **columns})


def comparison(kind: str) -> Comparison:
    how = target_type(kind).comparison
    assert how is not None
    return how


def compared(kind: str, mine: pl.DataFrame, theirs: pl.DataFrame) -> Measurement:
    how = comparison(kind)
    both = mine.join(theirs, on=list(how.on), how="inner", suffix="_other")
    return how.difference(both, SCHEMA, None)


def test_tags_are_compared_where_they_are_known() -> None:
    target = ["A B ? A", "B", "A A"] * 5
    mine = held_out(target=target, predicted=["A A A A", "B", "A B"] * 5)
    theirs = held_out(target=target, predicted=["A B B A B", "B", "A A"] * 5)  # one more, after the last that is known
    found = compared("tags", mine, theirs)
    assert (comparison("tags").measure, found.n) == ("token_accuracy", 15)
    assert found.value == pytest.approx(2 / 6)
    assert found.intervals[0][0] < 2 / 6 < found.intervals[0][1]


def test_texts_are_compared_by_surprise_a_token() -> None:
    common: dict[str, Any] = {"target": ["a", "b", "c"], "tokens": [1, 9, 5]}
    mine, theirs = held_out(**common, nll=[2.0, 1.0, 1.0]), held_out(**common, nll=[2.0, 0.5, 1.1])
    assert comparison("text").measure == "nll"
    assert compared("text", mine, theirs).value == pytest.approx((9 * 0.5 - 5 * 0.1) / 15)


def test_texts_of_other_lengths_are_other_rows() -> None:
    mine = held_out(target=["a"], tokens=[1], nll=[1.0])
    on = list(comparison("text").on)
    assert mine.join(mine.with_columns(tokens=pl.col("tokens") + 1), on=on, how="inner").height == 0
