"""Measures of predicted distributions and counts at their edges: no rows, no spread, one group."""

from __future__ import annotations

import numpy as np
import pytest

from leadline.core.catalogue import say
from leadline.metrics.regression import distribution

LEVELS = (0.95, 0.99)
NONE = np.empty(0)


def test_without_rows_distributions_are_not_judged() -> None:
    assert distribution.coverage(NONE, NONE, NONE, 0.9, LEVELS, None).value is None
    assert distribution.deviance_explained(NONE, NONE, LEVELS).value is None
    assert distribution.normal_calibration(NONE, NONE, NONE, None) == []


def test_deviance_that_does_not_vary_is_not_explained() -> None:
    same = np.full(10, 3.0)
    assert distribution.deviance_explained(same, same, LEVELS).why == say("metrics.d2-undefined")
    assert distribution.deviance_explained(np.zeros(10), same, LEVELS).why == say("metrics.d2-undefined")


def test_one_group_gives_the_widest_interval_of_a_share() -> None:
    rng = np.random.default_rng(0)
    group_n, target_n = np.zeros(20, dtype=int), rng.normal(size=20)
    inside = distribution.coverage(target_n - 1, target_n + 1, target_n, 0.9, LEVELS, group_n)
    assert inside.intervals == ((0.0, 1.0), (0.0, 1.0))


def test_groups_that_are_alike_make_intervals_wider() -> None:
    rng = np.random.default_rng(0)
    group_n = np.repeat(np.arange(20), 10)
    rate_n = np.full(200, 3.0)
    target_n = rng.poisson(3 * np.exp(0.6 * rng.normal(size=20))[group_n])
    alone, together = (distribution.deviance(target_n, rate_n, LEVELS, group) for group in (None, group_n))
    assert together.value == alone.value
    assert together.intervals[0][1] - together.intervals[0][0] > 1.5 * (alone.intervals[0][1] - alone.intervals[0][0])
    assert together.method.endswith("summed by group")


def test_calibration_points_are_the_shares_claimed() -> None:
    rng = np.random.default_rng(0)
    target_n = rng.normal(size=5000)
    bins = distribution.normal_calibration(target_n, np.zeros(5000), np.ones(5000), None)
    assert [b["confidence"] for b in bins] == list(distribution.CENTRAL)
    assert [b["accuracy"] for b in bins] == pytest.approx(distribution.CENTRAL, abs=0.02)
    quantile_nK = np.broadcast_to(np.quantile(target_n, [0.1, 0.9]), (5000, 2))
    bins = distribution.quantile_calibration(target_n, quantile_nK, (0.1, 0.9), None)
    assert [b["accuracy"] for b in bins] == pytest.approx([0.1, 0.9], abs=0.001)
