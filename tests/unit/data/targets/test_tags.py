"""Runs that tag texts are compared token by token, where the tag is known."""

from __future__ import annotations

import polars as pl
import pytest

from leadline.core.schema import Schema
from leadline.data.targets.tags import TARGET


def test_tags_are_compared_where_they_are_known() -> None:
    rows = {
        "target": ["A B ? A", "B", "A A"] * 5,
        "predicted": ["A A A A", "B", "A B"] * 5,
        "predicted_other": ["A B B A B", "B", "A A"] * 5,  # one more, after the last that is known
    }
    assert TARGET.comparison is not None
    assert TARGET.comparison.measure == "token_accuracy"
    found = TARGET.comparison.difference(pl.DataFrame(rows), Schema(inputs=()), None)
    assert found.n == 15
    assert found.value == pytest.approx(2 / 6)
    ((low, high),) = found.intervals
    assert low < 2 / 6 < high
