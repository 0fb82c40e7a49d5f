"""Means at their edges: no rows, no spread, one group."""

from __future__ import annotations

import numpy as np

from leadline.core.catalogue import say
from leadline.metrics.statistics.means import explained, mean_of

LEVELS = (0.95, 0.99)
NONE = np.empty(0)


def test_without_rows_means_are_absent() -> None:
    assert mean_of(NONE, LEVELS).value is None
    assert explained(NONE, NONE, LEVELS, None, "R²", "why").why == say("metrics.no-examples")


def test_what_does_not_vary_is_not_explained() -> None:
    assert explained(np.zeros(5), np.arange(5.0), LEVELS, None, "R²", "why").value == 1


def test_one_group_gives_no_interval_of_a_mean() -> None:
    target_n = np.random.default_rng(0).normal(size=20)
    assert mean_of(target_n, LEVELS, np.zeros(20, dtype=int)).intervals == ()
