from __future__ import annotations

import numpy as np
import pytest

from leadline.metrics.classification.roc_auc import area, delong_variance, roc_auc

LEVELS = (0.95, 0.99)


def two(score_n: np.ndarray) -> np.ndarray:
    return np.stack([1 - score_n, score_n], axis=1)


def test_ties_count_half() -> None:
    assert roc_auc(np.array([0, 1, 0, 1]), np.full((4, 2), 0.5), LEVELS).value == 0.5


def test_perfect_ranking_keeps_its_doubt() -> None:
    target_n = np.repeat([0, 1], 30)
    m = roc_auc(target_n, two(np.linspace(0, 1, 60)), LEVELS)
    assert m.value == 1.0
    assert 0.85 < m.intervals[1][0] < m.intervals[0][0] < 0.99
    assert m.intervals[0][1] == 1.0


def test_the_area_of_the_other_class_is_mirrored() -> None:
    rng = np.random.default_rng(0)
    positive_n = rng.random(80) < 0.4
    score_n = rng.normal(size=80) + positive_n
    there, back = area(positive_n, score_n), area(~positive_n, -score_n)
    assert there.value == pytest.approx(back.value)
    assert there.scale == pytest.approx(back.scale)
    target_n = positive_n.astype(int)
    ((low, high),) = roc_auc(target_n, two(score_n), (0.95,)).intervals
    ((mirror_low, mirror_high),) = roc_auc(target_n, two(-score_n), (0.95,)).intervals
    assert (mirror_low, mirror_high) == pytest.approx((1 - high, 1 - low), abs=2e-2)


def test_delong_variance_of_a_known_case() -> None:
    # Positives 2, 4 and negatives 1, 3: placements (1/2, 1) and (1, 1/2), variances 1/8 each over 2 rows each.
    assert delong_variance(np.array([0.5, 1.0]), np.array([1.0, 0.5])) == pytest.approx(0.125)


def test_one_class_has_no_area() -> None:
    m = roc_auc(np.zeros(5, dtype=int), two(np.linspace(0, 1, 5)), LEVELS)
    assert m.value is None
    assert m.why is not None and "one class" in m.why


def test_a_class_that_does_not_occur_is_left_out() -> None:
    rng = np.random.default_rng(1)
    target_n = rng.integers(2, size=60)
    probability_nC = rng.dirichlet(np.ones(3), size=60)
    m = roc_auc(target_n, probability_nC, LEVELS)
    assert m.value == pytest.approx(np.mean([area(target_n == c, probability_nC[:, c]).value for c in (0, 1)]))
    assert "of the 2 classes that occur" in m.method


@pytest.mark.parametrize("positives", [1, 2])
def test_few_positives_give_wide_intervals(positives: int) -> None:
    target_n = (np.arange(40) < positives).astype(int)
    m = roc_auc(target_n, two(np.linspace(1, 0, 40)), LEVELS)
    assert m.value == 1.0
    assert m.intervals[0][0] < 0.85


def test_groups_that_agree_within_widen_the_interval() -> None:
    rng = np.random.default_rng(2)
    target_n, score_n = rng.integers(2, size=50), rng.normal(size=50)
    score_n = score_n + target_n
    ((low, high),) = roc_auc(target_n, two(score_n), LEVELS[:1]).intervals
    repeated = roc_auc(np.repeat(target_n, 8), two(np.repeat(score_n, 8)), LEVELS[:1], np.repeat(np.arange(50), 8))
    ((wide_low, wide_high),) = repeated.intervals
    assert wide_high - wide_low == pytest.approx(high - low, rel=0.1)
    assert roc_auc(target_n, two(score_n), LEVELS, np.zeros(50, dtype=int)).intervals == ((0.0, 1.0),) * 2
