from __future__ import annotations

import numpy as np
import pytest

from leadline.metrics.classification import calibration

LEVELS = (0.95,)


def claims(confidence_n: np.ndarray, right_n: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return classes and two-class probabilities in which class 1 is claimed with these confidences."""
    return right_n.astype(int), np.stack([1 - confidence_n, confidence_n], axis=1)


def test_brier_of_certain_mistakes_is_one_for_two_classes_and_two_for_more() -> None:
    of_two = calibration.brier(np.array([0, 1]), np.array([[0.0, 1.0], [1.0, 0.0]]), LEVELS)
    assert (of_two.value, of_two.method.split("; ")[-1]) == (1.0, "of the positive class")
    of_three = calibration.brier(np.array([0, 1]), np.array([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]), LEVELS)
    assert (of_three.value, of_three.method.split("; ")[-1]) == (2.0, "summed over classes")


def test_nll_of_probability_zero_is_finite_and_said() -> None:
    m = calibration.nll(np.array([0, 1]), np.array([[0.0, 1.0], [0.0, 1.0]], dtype=np.float32), LEVELS)
    assert m.value == pytest.approx(-np.log(np.finfo(np.float32).tiny) / 2, rel=1e-6)
    assert "1 example whose true class had probability 0 counts as 87 nats" in m.method


def test_ece_of_constant_overconfidence() -> None:
    target_n, probability_nC = claims(np.full(100, 0.9), np.arange(100) < 60)
    m = calibration.ece(target_n, probability_nC, LEVELS)
    assert m.value == pytest.approx(0.3)
    ((low, high),) = m.intervals
    assert 0.15 < low < 0.3 < high < 0.45


def test_ece_interval_of_calibrated_claims_reaches_zero() -> None:
    rng = np.random.default_rng(0)
    confidence_n = rng.uniform(0.5, 1, size=2000)
    m = calibration.ece(*claims(confidence_n, rng.random(2000) < confidence_n), LEVELS)
    assert m.value is not None and m.value > 0.01
    assert m.intervals[0][0] == 0.0


def test_ece_does_not_depend_on_the_order_of_rows() -> None:
    rng = np.random.default_rng(1)
    confidence_n = rng.choice([0.6, 0.7, 1.0], size=500)
    right_n = rng.random(500) < confidence_n
    order = np.argsort(right_n)
    there = calibration.ece(*claims(confidence_n, right_n), LEVELS)
    assert calibration.ece(*claims(confidence_n[order], right_n[order]), LEVELS).value == pytest.approx(there.value)


def test_bins_share_the_rows_evenly_and_cover_them() -> None:
    rng = np.random.default_rng(2)
    target_n, probability_nC = claims(rng.uniform(0.5, 1, 1500), rng.random(1500) < 0.8)
    bins = calibration.reliability(target_n, probability_nC)
    assert [b.count for b in bins] == [100] * 15
    assert all(b.low <= b.accuracy <= b.high for b in bins)
    assert [b.confidence for b in bins] == sorted(b.confidence for b in bins)
    gap = sum(b.count * abs(b.accuracy - b.confidence) for b in bins) / 1500
    assert calibration.ece(target_n, probability_nC, LEVELS).value == pytest.approx(gap)


def test_few_rows_have_few_bins() -> None:
    target_n, probability_nC = claims(np.linspace(0.5, 1, 25), np.arange(25) % 2 == 0)
    assert len(calibration.reliability(target_n, probability_nC)) == 2
    assert len(calibration.reliability(target_n[:1], probability_nC[:1])) == 1


def test_groups_that_agree_within_widen_every_interval() -> None:
    rng = np.random.default_rng(3)
    right_n, confidence_n = rng.random(40) < 0.8, rng.uniform(0.5, 1, size=40)
    alone = claims(np.repeat(confidence_n, 10), np.repeat(right_n, 10))
    group_n = np.repeat(np.arange(40), 10)
    for measure in (calibration.nll, calibration.brier, calibration.ece):
        ((low, high),) = measure(*alone, LEVELS).intervals
        ((wide_low, wide_high),) = measure(*alone, LEVELS, group_n).intervals
        assert wide_high - wide_low > 1.5 * (high - low)


def test_no_rows_are_absent() -> None:
    empty = (np.zeros(0, dtype=int), np.zeros((0, 2)))
    assert calibration.nll(*empty, LEVELS).value is None
    assert calibration.brier(*empty, LEVELS).value is None
    assert calibration.ece(*empty, LEVELS).value is None
    assert calibration.reliability(*empty) == []
