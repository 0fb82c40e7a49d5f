from __future__ import annotations

import numpy as np
import pytest

from leadline.metrics.classification.precision_recall import average_precision
from leadline.metrics.classification.roc_auc import area, delong_variance, roc_auc
from leadline.metrics.statistics.measurement import Measurement

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


def scored(positives: list[int], seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return classes of so many rows each, and scores that are higher for the own class."""
    target_n = np.repeat(np.arange(len(positives)), positives)
    own_nC = target_n[:, None] == np.arange(len(positives))
    return target_n, np.random.default_rng(seed).normal(size=own_nC.shape) + 2.5 * own_nC


@pytest.mark.parametrize("measure", ["roc_auc", "average_precision"])
def test_a_class_without_rows_may_be_ranked_anyhow(measure: str) -> None:
    target_n, score_nC = scored([40, 30, 20])
    wider_nC = np.column_stack([score_nC, np.zeros(len(score_nC))])

    def measured(probability_nC: np.ndarray) -> Measurement:
        if measure == "roc_auc":
            return roc_auc(target_n, probability_nC, LEVELS)
        return average_precision(target_n, probability_nC, 1, LEVELS)

    three, four = measured(score_nC), measured(wider_nC)
    assert four.value == three.value
    (low, high), (wide_low, wide_high) = three.intervals[0], four.intervals[0]
    assert (wide_low, wide_high) == pytest.approx((3 * low / 4, (3 * high + 1) / 4))


@pytest.mark.parametrize("positives", [1, 2, 3])
def test_few_positives_of_one_class_widen_the_mean(positives: int) -> None:
    def width(rare: int) -> float:
        target_n, score_nC = scored([80, 60, rare])
        ((low, high),) = roc_auc(target_n, score_nC, (0.95,)).intervals
        return high - low

    assert width(positives) > 1.5 * width(30)


def test_a_mean_of_perfect_rankings_keeps_its_doubt() -> None:
    target_n = np.repeat([0, 1, 2], 5)
    ((low, high),) = roc_auc(target_n, np.eye(3)[target_n], (0.95,)).intervals
    assert low < 0.97
    assert high == 1.0


def test_average_precision_of_few_positives_allows_for_counting_each_where_it_stands() -> None:
    target_n = np.repeat([0, 1], [97, 3])
    score_n = np.r_[np.linspace(0, 1, 97), 0.7, 0.95, 2.0]
    found = average_precision(target_n, two(score_n), 1, (0.95,))
    assert found.value is not None
    assert found.intervals[0][0] < found.value / 2
