"""Ratios of sums."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from leadline.metrics.statistics.ratios import ratio_of


def test_with_equal_counts_it_is_the_mean_with_students_interval() -> None:
    values = np.random.default_rng(0).normal(3, 2, 50)
    found = ratio_of(values * 4, np.full(50, 4.0), (0.95,))
    low, high = stats.t.interval(0.95, 49, values.mean(), values.std(ddof=1) / np.sqrt(50))
    assert found.value == pytest.approx(values.mean())
    assert found.intervals[0] == pytest.approx((low, high))
    assert found.n == 200


def test_it_covers_what_it_says() -> None:
    rng = np.random.default_rng(1)
    hits = 0
    for _ in range(400):
        count = rng.integers(1, 9, 80)
        found = ratio_of(rng.binomial(count, 0.3).astype(float), count.astype(float), (0.95,), low=0, high=1)
        hits += found.intervals[0][0] <= 0.3 <= found.intervals[0][1]
    assert 0.915 <= hits / 400 <= 0.98


def test_ends_are_cut_and_nothing_is_absent() -> None:
    found = ratio_of(np.array([0.0, 0.0, 1.0]), np.ones(3), (0.99,), low=0, high=1)
    assert found.intervals[0] == (0.0, 1.0)
    assert ratio_of(np.zeros(3), np.zeros(3), (0.95,)).why
    assert ratio_of(np.ones(3), np.ones(3), (0.95,)).intervals == ()
