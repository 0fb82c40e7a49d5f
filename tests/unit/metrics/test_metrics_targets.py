"""Measures of distributions, counts, probabilities and sets at their edges: no rows, no spread, one group, unseen
labels.
"""

from __future__ import annotations

import numpy as np
import pytest

from leadline.metrics.classification import multilabel, soft_labels
from leadline.metrics.regression import distribution
from leadline.metrics.statistics.means import explained, mean_of

LEVELS = (0.95, 0.99)
NONE = np.empty(0)


def test_without_rows_everything_is_absent() -> None:
    assert mean_of(NONE, LEVELS).value is None
    assert explained(NONE, NONE, LEVELS, None, "R²", "why").why == "there are no rows"
    assert distribution.coverage(NONE, NONE, NONE, 0.9, LEVELS, None).value is None
    assert distribution.deviance_explained(NONE, NONE, LEVELS).value is None
    assert distribution.normal_calibration(NONE, NONE, NONE, None) == []
    empty = np.empty((0, 3))
    assert all(m.value is None for m in soft_labels.measure_all(empty, empty, levels=LEVELS).values())
    found = multilabel.measure_all(empty > 0, empty > 0, empty, levels=LEVELS)
    assert {"subset_accuracy", ("recall", 2)} <= set(found)
    assert all(m.value is None for m in found.values())


def test_what_does_not_vary_is_not_explained() -> None:
    same = np.full(10, 3.0)
    assert "does not vary" in str(distribution.deviance_explained(same, same, LEVELS).why)
    assert "does not vary" in str(distribution.deviance_explained(np.zeros(10), same, LEVELS).why)
    assert explained(np.zeros(5), np.arange(5.0), LEVELS, None, "R²", "why").value == 1


def test_one_group_gives_no_interval_of_a_mean_and_the_widest_of_a_share() -> None:
    rng = np.random.default_rng(0)
    group_n, target_n = np.zeros(20, dtype=int), rng.normal(size=20)
    assert mean_of(target_n, LEVELS, group_n).intervals == ()
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


def test_labels_that_never_occur_say_so() -> None:
    true_nL = np.array([[1, 0, 0], [0, 0, 0], [1, 0, 0], [0, 0, 0]]) > 0
    said_nL = np.array([[1, 0, 1], [0, 0, 0], [0, 0, 0], [0, 0, 0]]) > 0
    found = multilabel.measure_all(true_nL, said_nL, said_nL.astype(float), levels=LEVELS)
    assert found["recall", 1].why == "no row has this label"
    assert found["precision", 1].why == "no row was given this label"
    assert found["f1", 2].value == 0
    assert "of the 2 labels that occur" in found["f1_macro"].method
    assert "of the 1 labels that occur" in found["roc_auc"].method
    nothing = multilabel.measure_all(true_nL & False, said_nL & False, said_nL.astype(float), levels=LEVELS)
    assert nothing["subset_accuracy"].value == 1
    assert nothing["f1_micro"].value is None
    assert nothing["average_precision"].why == "no row has a label"


def test_a_perfect_prediction_is_still_in_doubt() -> None:
    true_nL = np.random.default_rng(0).random((50, 3)) < 0.4
    found = multilabel.measure_all(true_nL, true_nL, true_nL.astype(float), levels=LEVELS)
    for name in ("subset_accuracy", "f1_micro", "f1_macro", "average_precision", "roc_auc"):
        assert found[name].value == 1
        low, high = found[name].intervals[0]
        assert low < 0.99
        assert high == 1
    assert found["hamming_loss"].value == 0
