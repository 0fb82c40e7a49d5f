"""The generalisation gap and the spread over repeats, against their formulas."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from leadline.core.finding import Finding, Reproduction
from leadline.evaluation.analyses.generalisation_gap import gap
from leadline.evaluation.proportions import spread


def accuracy(split: str, value: float, interval: tuple[float, float]) -> Finding:
    return Finding(name="accuracy", split=split, value=value, interval=interval, n=100, better="higher")


def test_the_gap_is_a_difference_with_the_interval_of_independent_estimates() -> None:
    found = gap([accuracy("train", 0.95, (0.93, 0.97)), accuracy("test", 0.90, (0.86, 0.93))], "accuracy")
    assert found.value == pytest.approx(0.05)
    assert found.interval == pytest.approx((0.05 - math.hypot(0.02, 0.03), 0.05 + math.hypot(0.02, 0.04)))


def test_there_is_no_gap_between_what_is_measured_in_two_ways() -> None:
    pair = [
        accuracy(split, 0.9, (0.8, 1.0)).model_copy(
            update={"again": Reproduction(producer="objective", options={"among": rows})}
        )
        for split, rows in (("train", 32), ("test", 4))
    ]
    found = gap(pair, "accuracy")
    assert found.value is None
    assert "among 32 on train, among 4 on test" in str(found.why)


def test_the_gap_of_a_loss_has_the_other_sign() -> None:
    train, test = (
        Finding(name="mae", split=s, value=v, n=9, better="lower") for s, v in (("train", 1.0), ("test", 1.5))
    )
    assert gap([train, test], "mae").value == pytest.approx(0.5)


def test_the_gap_has_an_interval_at_every_level_that_both_have() -> None:
    pair = [accuracy("train", 0.95, (0.93, 0.97)), accuracy("test", 0.90, (0.86, 0.93))]
    stricter = [{"0.975": (0.92, 0.98), "0.99": (0.91, 0.99)}, {"0.975": (0.85, 0.94)}]
    found = gap([f.model_copy(update={"stricter": s}) for f, s in zip(pair, stricter, strict=True)], "accuracy")
    assert set(found.stricter) == {"0.975"}
    assert found.stricter["0.975"] == pytest.approx((0.05 - math.hypot(0.03, 0.04), 0.05 + math.hypot(0.03, 0.05)))


def test_the_gap_is_absent_without_both() -> None:
    found = gap([accuracy("test", 0.9, (0.8, 1.0))], "accuracy")
    assert found.value is None
    assert "train" in (found.why or "")


def test_the_spread_is_the_t_interval_of_the_mean() -> None:
    values = [0.9, 0.95, 0.93]
    found = spread("accuracy", values, "1", "higher")
    low, high = stats.t.interval(0.95, 2, np.mean(values), stats.sem(values))
    assert found.value == pytest.approx(np.mean(values))
    assert found.interval == pytest.approx((low, high))


def test_equal_values_prove_nothing_about_other_seeds() -> None:
    assert spread("accuracy", [1.0, 1.0, 1.0], "1", "higher").interval is None


def test_the_spread_does_not_pass_what_the_measure_cannot() -> None:
    assert spread("accuracy", [0.9, 1.0], "1", "higher").interval[1] == 1.0
    assert spread("mae", [0.1, 3.0], "m", "lower").interval[0] == 0.0
    assert spread("mae", [1.0, 3.0], "m", "lower").interval[1] > 3.0


def test_the_gap_covers_at_its_level() -> None:
    rng = np.random.default_rng(0)
    truth, n, covered = 0.06, 200, 0
    for _ in range(400):
        pair = []
        for split, p in (("train", 0.92), ("test", 0.86)):
            right = int(rng.binomial(n, p))
            ends = stats.binomtest(right, n).proportion_ci(0.95, method="wilson")
            pair.append(accuracy(split, right / n, (ends.low, ends.high)))
        interval = gap(pair, "accuracy").interval
        assert interval is not None
        covered += interval[0] <= truth <= interval[1]
    assert 0.92 <= covered / 400 <= 0.98
