"""Runs that continue texts are compared by how surprising a token is."""

from __future__ import annotations

import polars as pl
import pytest

from leadline.core.schema import Schema
from leadline.data.targets.text import TARGET


def test_texts_are_compared_by_surprise_a_token() -> None:
    rows = {"tokens": [1, 9, 5], "nll": [2.0, 1.0, 1.0], "nll_other": [2.0, 0.5, 1.1]}
    assert TARGET.comparison is not None
    found = TARGET.comparison.difference(pl.DataFrame(rows), Schema(inputs=()), None)
    assert found.value == pytest.approx((9 * 0.5 - 5 * 0.1) / 15)
    assert "tokens" in TARGET.comparison.on  # rows that were cut into other tokens are not the same
