"""Intervals agree with SciPy's, with brute force and with published figures."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from leadline.metrics.classification.roc_auc import area, delong_variance, roc_auc
from leadline.metrics.statistics import intervals


@pytest.mark.parametrize("level", [0.9, 0.95, 0.999])
@pytest.mark.parametrize(("successes", "n"), [(0, 7), (1, 7), (7, 7), (293, 300), (0, 1), (150, 301)])
def test_wilson_is_scipys(successes: int, n: int, level: float) -> None:
    theirs = stats.binomtest(successes, n).proportion_ci(level, method="wilson")
    assert intervals.wilson(successes, n, (level,))[0] == pytest.approx((theirs.low, theirs.high), abs=1e-12)


def test_the_mean_of_symmetric_values_has_students_interval() -> None:
    half_n = np.random.default_rng(0).normal(size=40)
    values_n = 3 + np.concatenate([half_n, -half_n])
    theirs = stats.ttest_1samp(values_n, 0).confidence_interval(0.95)
    assert intervals.mean(values_n, (0.95,))[0] == pytest.approx((theirs.low, theirs.high))


def test_halls_transformation_is_undone() -> None:
    values_n = np.random.default_rng(1).exponential(size=300)
    ((low, high),) = intervals.mean(values_n, (0.95,))
    size, skew, n = values_n.std(ddof=1) / np.sqrt(300), stats.skew(values_n), 300
    for end, sign in ((low, 1), (high, -1)):
        t = (values_n.mean() - end) / size
        transformed = t + skew * t**2 / (3 * np.sqrt(n)) + skew**2 * t**3 / (27 * n) + skew / (6 * np.sqrt(n))
        assert transformed == pytest.approx(sign * stats.t.ppf(0.975, n - 1))


def test_the_skewness_corrected_interval_is_near_the_bootstrap_t() -> None:
    rng = np.random.default_rng(2)
    values_n = rng.lognormal(sigma=1.0, size=150)
    drawn_Bn = values_n[rng.integers(150, size=(20_000, 150))]
    t_B = (drawn_Bn.mean(1) - values_n.mean()) / drawn_Bn.std(1)
    low_t, high_t = np.quantile(t_B, [0.025, 0.975])
    theirs = (values_n.mean() - high_t * values_n.std(), values_n.mean() - low_t * values_n.std())
    ((low, high),) = intervals.mean(values_n, (0.95,))
    assert (low, high) == pytest.approx(theirs, abs=0.12 * (theirs[1] - theirs[0]))


def test_the_area_is_that_of_mann_and_whitney() -> None:
    rng = np.random.default_rng(3)
    score_n = rng.integers(0, 12, size=90).astype(float)
    positive_n = rng.random(90) < 0.3
    statistic = stats.mannwhitneyu(score_n[positive_n], score_n[~positive_n]).statistic
    assert area(positive_n, score_n).value == pytest.approx(statistic / (positive_n.sum() * (~positive_n).sum()))


def test_delong_variance_by_brute_force() -> None:
    rng = np.random.default_rng(4)
    high_P, low_Q = rng.integers(2, 9, size=20).astype(float), rng.integers(0, 7, size=35).astype(float)
    wins_PQ = (high_P[:, None] > low_Q) + 0.5 * (high_P[:, None] == low_Q)
    above_P, below_Q = wins_PQ.mean(1), wins_PQ.mean(0)
    found = area(np.repeat([True, False], [20, 35]), np.concatenate([high_P, low_Q]))
    assert found.influence_n[:20] == pytest.approx((above_P - wins_PQ.mean()) / 20)
    assert found.influence_n[20:] == pytest.approx((below_Q - wins_PQ.mean()) / 35)
    assert delong_variance(above_P, below_Q) == pytest.approx(
        np.var(above_P, ddof=1) / 20 + np.var(below_Q, ddof=1) / 35
    )


def test_perfect_ranking_has_newcombes_interval() -> None:
    # At an area of 1 the bounds solve (1 - A)² = z² V(A) with V of Hanley and McNeil, N* = (P + Q)/2 - 1.
    target_n, score_n = np.repeat([0, 1], [25, 15]), np.arange(40) / 40
    ((low, high),) = roc_auc(target_n, np.stack([1 - score_n, score_n], axis=1), (0.95,)).intervals
    spread = low * (1 - low) * (1 + 19 * (1 - low) / (2 - low) + 19 * low / (1 + low)) / (25 * 15)
    assert (1 - low) ** 2 == pytest.approx(1.959964**2 * spread, rel=1e-5)
    assert high == 1.0


def test_the_median_interval_is_that_of_order_statistics() -> None:
    values_n = np.sort(np.random.default_rng(5).normal(size=99))
    ((low, high),) = intervals.median(values_n, (0.95,))
    below, above = int(np.searchsorted(values_n, low)) + 1, int(np.searchsorted(values_n, high)) + 1
    coverage = stats.binom.cdf(above - 1, 99, 0.5) - stats.binom.cdf(below - 1, 99, 0.5)
    assert 0.94 < coverage < 0.97


def test_the_effective_rows_are_those_of_the_design_effect() -> None:
    # Groups of 10 with a correlation of 0.3 within: the design effect is 1 + 9 · 0.3 = 3.7.
    rng = np.random.default_rng(6)
    share_G = rng.beta(0.7 * 7 / 3, 0.3 * 7 / 3, size=4000)
    right_G = rng.binomial(10, share_G).astype(float)
    rows, groups = intervals.effective_rows(right_G, np.full(4000, 10.0))
    assert groups == 4000
    assert 40_000 / rows == pytest.approx(3.7, rel=0.1)
