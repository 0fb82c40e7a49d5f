"""Measures of new rows, against closed forms, other libraries and simulations."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import linalg, stats
from scipy.spatial.distance import cdist

from leadline.core.catalogue import say
from leadline.metrics.generative.sample_quality import (
    class_shares,
    classes_covered,
    closer,
    correlation_difference,
    fidelity,
    frechet_distance,
)

LEVELS = (0.95, 0.99)


def between(mean_1, cov_1, mean_2, cov_2) -> float:
    root = linalg.sqrtm(cov_1 @ cov_2)
    return float(np.sum((mean_1 - mean_2) ** 2) + np.trace(cov_1 + cov_2 - 2 * root.real))


def test_the_distance_is_that_of_the_moments() -> None:
    rng = np.random.default_rng(0)
    one, two = rng.normal(size=(60, 4)), rng.normal(size=(80, 4)) @ rng.normal(size=(4, 4)) + 1
    expected = between(one.mean(0), np.cov(one, rowvar=False), two.mean(0), np.cov(two, rowvar=False))
    assert frechet_distance(one, two, LEVELS).value == pytest.approx(expected, rel=1e-8)
    assert frechet_distance(two, one, LEVELS).value == pytest.approx(expected, rel=1e-8)


def test_of_one_dimension_it_is_the_difference_of_means_and_spreads() -> None:
    rng = np.random.default_rng(1)
    one, two = rng.normal(3, 2, (500, 1)), rng.normal(0, 1, (300, 1))
    expected = (one.mean() - two.mean()) ** 2 + (one.std(ddof=1) - two.std(ddof=1)) ** 2
    assert frechet_distance(one, two, LEVELS).value == pytest.approx(expected)


def test_constant_and_repeated_columns_do_no_harm() -> None:
    rng = np.random.default_rng(2)
    one, two = rng.normal(size=(50, 2)), rng.normal(1, 2, size=(50, 2))
    plain = frechet_distance(one, two, LEVELS)
    padded = [np.column_stack([x, x[:, 0], np.full(50, 7.0)]) for x in (one, two)]
    found = frechet_distance(*padded, LEVELS)
    assert found.value is not None
    assert np.isfinite(found.intervals).all()
    assert found.value > plain.value
    few = frechet_distance(rng.normal(size=(5, 40)), rng.normal(size=(6, 40)), LEVELS)  # fewer rows than dimensions
    assert few.value > 0
    assert np.isfinite(few.intervals).all()
    assert frechet_distance(one[:1], two, LEVELS).value is None
    assert frechet_distance(one, one, LEVELS).value == pytest.approx(0, abs=1e-9)


def test_its_interval_covers_the_true_distance() -> None:
    rng = np.random.default_rng(3)
    root, shift = np.array([[1.5, 0, 0], [0.4, 1, 0], [0.2, -0.3, 0.8]]), np.array([0.5, 0.0, -0.3])
    true = between(np.zeros(3), np.eye(3), shift, root @ root.T)
    covered = 0
    for _ in range(300):
        (low, high), _ = frechet_distance(
            rng.normal(size=(250, 3)), rng.normal(size=(300, 3)) @ root.T + shift, LEVELS
        ).intervals
        covered += low <= true <= high
    assert stats.binomtest(covered, 300, 0.95).pvalue > 0.01


def test_rows_of_a_group_count_once() -> None:
    rng = np.random.default_rng(4)
    new, few = rng.normal(size=(2000, 3)), rng.normal(1, 1, size=(100, 3))
    alone = frechet_distance(new, few, LEVELS)
    repeated = frechet_distance(new, np.repeat(few, 5, axis=0), LEVELS, np.repeat(np.arange(100), 5))
    width, again = (high - low for (low, high), _ in (alone.intervals, repeated.intervals))
    assert again == pytest.approx(width, rel=0.1)


def slowly(new: np.ndarray, real: np.ndarray) -> dict[str, float]:
    """The definitions of both papers, pair by pair."""
    among_real, among_new, across = cdist(real, real), cdist(new, new), cdist(new, real)
    reach = {k: np.sort(among_real, axis=1)[:, k] for k in (3, 5)}
    back = np.sort(among_new, axis=1)[:, 3]
    return {
        "precision": float((across <= reach[3]).any(1).mean()),
        "recall": float((back >= across.T).any(1).mean()),
        "density": float((across <= reach[5]).sum(1).mean() / 5),
        "coverage": float((across <= reach[5]).any(0).mean()),
    }


def test_precision_recall_density_and_coverage_are_as_defined() -> None:
    rng = np.random.default_rng(5)
    new, real = rng.normal(0.5, 1, size=(70, 3)), rng.normal(size=(90, 3))
    found = fidelity(new, real, LEVELS)
    assert {name: measured.value for name, measured in found.items()} == pytest.approx(slowly(new, real))
    assert [found[name].n for name in ("precision", "recall", "density", "coverage")] == [70, 90, 70, 90]


def test_collapse_and_noise_are_told_from_each_other() -> None:
    rng = np.random.default_rng(6)
    real = rng.normal(size=(300, 2))
    collapsed = fidelity(real[:1] + rng.normal(0, 1e-3, (300, 2)), real, LEVELS)
    assert collapsed["precision"].value == 1
    assert collapsed["recall"].value < 0.05
    assert collapsed["coverage"].value < 0.05
    noise = fidelity(rng.uniform(-20, 20, (300, 2)), real, LEVELS)
    assert noise["precision"].value < 0.1
    assert fidelity(real[:4], real, LEVELS)["precision"].why == say("metrics.not-more-than", most=5)


def test_copies_lie_closer() -> None:
    rng = np.random.default_rng(7)
    one, two = rng.exponential(size=400), rng.exponential(size=300)
    expected = stats.mannwhitneyu(one, two, alternative="less")
    found = closer(one, two, LEVELS)
    assert found.value == pytest.approx(1 - expected.statistic / (400 * 300))
    assert f"p = {expected.pvalue:.2g}" in found.method
    assert found.intervals[0][0] < 0.5 < found.intervals[0][1]
    assert closer(one * 0, two, LEVELS).value == 1
    assert closer(one, two, LEVELS, np.arange(300) // 10).n == 400
    assert closer(one[:0], two, LEVELS).value is None


def test_shares_of_classes_and_how_many_there_are() -> None:
    classes = np.repeat([0, 1, 2], [700, 290, 10])
    shares = class_shares(classes, 4, LEVELS)
    assert [share.value for share in shares] == [0.7, 0.29, 0.01, 0.0]
    assert shares[3].intervals[0][1] > 0
    covered = classes_covered(classes, 4, LEVELS)
    assert covered.value == 2
    assert covered.intervals == ((2.0, 2.0), (2.0, 2.0))
    unsure = classes_covered(np.repeat([0, 1, 2, 3], [10, 8, 2, 0]), 4, LEVELS)
    assert unsure.intervals[0][0] <= unsure.value <= unsure.intervals[0][1]
    assert unsure.intervals[0] == (2.0, 4.0)
    assert classes_covered(classes[:0], 4, LEVELS).value is None
    assert class_shares(classes[:0], 2, LEVELS)[1].why == say("metrics.no-examples")


def test_correlations_are_compared_pair_by_pair() -> None:
    rng = np.random.default_rng(8)
    new, real = rng.normal(size=(200, 3)), rng.normal(size=(150, 3)) @ np.array([[1, 0.8, 0], [0, 1, 0.3], [0, 0, 1]])
    upper = np.triu_indices(3, 1)
    expected = np.abs(np.corrcoef(new, rowvar=False) - np.corrcoef(real, rowvar=False))[upper].mean()
    found = correlation_difference(np.column_stack([new, np.ones(200)]), np.column_stack([real, np.ones(150)]), LEVELS)
    assert found.value == pytest.approx(expected)
    assert correlation_difference(new[:, :1], real[:, :1], LEVELS).why == say("metrics.fewer-than-two-columns")


def test_the_interval_of_correlations_covers() -> None:
    rng = np.random.default_rng(9)
    mix = np.array([[1.0, 0.0], [0.8, 0.6]])  # a correlation of 0.8
    covered = 0
    for _ in range(300):
        (low, high), _ = correlation_difference(
            rng.normal(size=(300, 2)), rng.normal(size=(300, 2)) @ mix.T, LEVELS
        ).intervals
        covered += low <= 0.8 <= high
    assert stats.binomtest(covered, 300, 0.95).pvalue > 0.01
