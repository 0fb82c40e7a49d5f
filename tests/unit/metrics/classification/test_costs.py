from __future__ import annotations

import numpy as np
import pytest

from leadline.metrics.classification.costs import bounded_mean, expected_cost
from leadline.metrics.statistics.intervals import wilson

COST = np.array([[0.0, 1.0], [20.0, 0.0]])


def test_costs_are_those_of_the_true_row_and_the_decided_column() -> None:
    found = expected_cost(np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1]), COST)
    assert found.value == pytest.approx((0 + 1 + 20 + 0) / 4)
    assert found.n == 4


def test_errors_that_cost_one_have_wilsons_interval_or_a_little_more() -> None:
    target_n = np.zeros(400, dtype=int)
    found = expected_cost(target_n, (np.arange(400) % 10 == 0).astype(int), 1 - np.eye(2))
    ((low, high),) = wilson(40, 400, (0.95,))
    assert found.intervals[0] == pytest.approx((low, high), abs=2e-3)
    assert found.intervals[0][0] <= low
    assert found.intervals[0][1] >= high


def test_costs_that_did_not_happen_to_be_paid_are_still_possible() -> None:
    right_n = np.zeros(100, dtype=int)
    ((low, high),) = expected_cost(right_n, right_n, COST).intervals
    assert low == 0
    assert high == pytest.approx(20 * wilson(0, 100, (0.95,))[0][1])
    assert expected_cost(right_n[:0], right_n[:0], COST).value is None


def test_repeating_every_row_does_not_narrow_a_grouped_interval() -> None:
    paid_n = (np.arange(60) % 7 == 0) * 3.0
    once = bounded_mean(paid_n, 0, 5, (0.95,), np.arange(60))
    many = bounded_mean(np.repeat(paid_n, 9), 0, 5, (0.95,), np.repeat(np.arange(60), 9))
    assert many[0] == pytest.approx(once[0], rel=0.01)
    alike = bounded_mean(np.zeros(90), 0, 5, (0.95,), np.repeat(np.arange(10), 9))
    assert alike[0][1] == pytest.approx(5 * wilson(0, 10, (0.95,), 10)[0][1])


def test_a_matrix_of_one_number_needs_no_interval_to_be_wide() -> None:
    assert bounded_mean(np.full(5, 2.0), 2, 2, (0.95, 0.99)) == ((2, 2), (2, 2))
