from __future__ import annotations

import pytest

from leadline.metrics.statistics.intervals import wilson
from leadline.metrics.statistics.sample_size import rows_needed


def test_three_hundred_rows_need_293_right_for_95_percent() -> None:
    assert rows_needed(300, 0.95, ">=") == 293


@pytest.mark.parametrize("level", [0.9, 0.95, 0.99])
@pytest.mark.parametrize("bound", [0.2, 0.5, 0.9])
def test_it_is_the_least_that_clears(bound: float, level: float) -> None:
    k = rows_needed(200, bound, ">=", level)
    assert k is not None
    assert wilson(k, 200, (level,))[0][0] >= bound > wilson(k - 1, 200, (level,))[0][0]
    most = rows_needed(200, bound, "<=", level)
    assert most is not None
    assert wilson(most, 200, (level,))[0][1] <= bound < wilson(most + 1, 200, (level,))[0][1]


def test_what_cannot_be_proven_is_none() -> None:
    assert rows_needed(20, 0.99, ">=") is None
    assert rows_needed(20, 0.01, "<=") is None
    assert rows_needed(0, 0.5, ">=") is None


def test_trivial_bounds() -> None:
    assert rows_needed(10, 0.0, ">=") == 0
    assert rows_needed(10, 0.0, ">") == 1
    assert rows_needed(10, 1.0, "<=") == 10
    assert rows_needed(10, 1.0, "<") == 9
