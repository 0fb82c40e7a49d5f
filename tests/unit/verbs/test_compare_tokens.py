"""Runs whose rows have an answer for every token are compared token by token."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest

from leadline.verbs.compare import _of_steps

TAGGED: Any = SimpleNamespace(schema=SimpleNamespace(tags=("A", "B")))
LANGUAGE: Any = SimpleNamespace(schema=SimpleNamespace(tags=()))


def held_out(**columns: Any) -> pl.DataFrame:
    rows = len(next(iter(columns.values())))
    return pl.DataFrame({"file": ["f"] * rows, "row": range(rows), **columns})


def test_tags_are_compared_where_they_are_known() -> None:
    target = ["A B ? A", "B", "A A"] * 5
    mine = held_out(target=target, predicted=["A A A A", "B", "A B"] * 5)
    theirs = held_out(target=target, predicted=["A B B A B", "B", "A A"] * 5)  # one more, after the last that is known
    found = _of_steps(TAGGED, mine, theirs)
    assert found is not None
    assert (found.measure, found.n) == ("token_accuracy", 15)
    assert found.value == pytest.approx(2 / 6)
    assert found.interval is not None
    assert found.interval[0] < 2 / 6 < found.interval[1]


def test_texts_are_compared_by_surprise_a_token() -> None:
    common: dict[str, Any] = {"target": ["a", "b", "c"], "tokens": [1, 9, 5]}
    mine, theirs = held_out(**common, nll=[2.0, 1.0, 1.0]), held_out(**common, nll=[2.0, 0.5, 1.1])
    found = _of_steps(LANGUAGE, mine, theirs)
    assert found is not None
    assert found.measure == "nll"
    assert found.value == pytest.approx((9 * 0.5 - 5 * 0.1) / 15)
    assert _of_steps(LANGUAGE, mine, theirs.with_columns(tokens=pl.col("tokens") + 1)) is None
