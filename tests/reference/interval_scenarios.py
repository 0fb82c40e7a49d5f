"""Simulated test splits of 180 rows or more whose true measures are known, for every kind of interval."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from scipy import signal, stats

from leadline.core.finding import Finding
from leadline.data.splits.time_blocks import time_blocks
from leadline.evaluation.analyses.generalisation_gap import gap
from leadline.evaluation.proportions import spread
from leadline.machine.latency import median_interval
from leadline.metrics.classification import temperature
from leadline.metrics.classification.calibration import ece
from leadline.metrics.classification.confusion import (
    accuracy,
    balanced_accuracy,
    confusion_of,
    f1,
    f1_macro,
    precision_macro,
)
from leadline.metrics.classification.costs import expected_cost
from leadline.metrics.classification.precision_recall import average_precision
from leadline.metrics.classification.roc_auc import roc_auc
from leadline.metrics.regression import regressor
from leadline.metrics.statistics import paired
from leadline.metrics.statistics.intervals import mean
from leadline.metrics.statistics.measurement import Intervals

LEVEL = (0.95,)
Rng = np.random.Generator
Draw = Callable[[Rng], Intervals]


class Scenario(NamedTuple):
    """What is measured, in which situation, on how many rows; a draw of an interval, and the truth it is to hold."""

    measure: str
    situation: str
    rows: int
    draw: Draw
    truth: float


def proportion(share: float, n: int, rng: Rng) -> Intervals:
    wrong_n = (rng.random(n) > share).astype(int)
    return accuracy(confusion_of(np.zeros(n, dtype=int), wrong_n, 2), LEVEL).intervals


def clustered(share: float, within: float, rng: Rng) -> Intervals:
    odds = (1 - within) / within
    share_G = rng.beta(share * odds, (1 - share) * odds, size=40)
    group_n = np.repeat(np.arange(40), rng.integers(3, 20, size=40))
    wrong_n = (rng.random(len(group_n)) > share_G[group_n]).astype(int)
    return accuracy(confusion_of(np.zeros(len(group_n), dtype=int), wrong_n, 2, group_n), LEVEL).intervals


def few_groups(groups: int, rng: Rng) -> Intervals:
    share_G = rng.beta(0.8 * 9, 0.2 * 9, size=groups)
    group_n = np.repeat(np.arange(groups), 30)
    wrong_n = (rng.random(len(group_n)) > share_G[group_n]).astype(int)
    return accuracy(confusion_of(np.zeros(len(group_n), dtype=int), wrong_n, 2, group_n), LEVEL).intervals


def lasting(n: int, persistence: float, rng: Rng) -> np.ndarray:
    """Return standard normal values (n,) each of which resembles the one before."""
    step_n = rng.normal(size=n) * np.sqrt(1 - persistence**2)
    step_n[0] /= np.sqrt(1 - persistence**2)
    return np.asarray(signal.lfilter([1.0], [1.0, -persistence], step_n))


def in_time(n: int) -> np.ndarray:
    return time_blocks(np.arange(n), [np.arange(n)])


def right_in_time(share: float, persistence: float, n: int, rng: Rng) -> Intervals:
    latent_n = np.sqrt(0.5) * lasting(n, persistence, rng) + np.sqrt(0.5) * rng.normal(size=n)
    wrong_n = (latent_n > stats.norm.ppf(share)).astype(int)
    return accuracy(confusion_of(np.zeros(n, dtype=int), wrong_n, 2, in_time(n)), LEVEL).intervals


def error_in_time(persistence: float, n: int, rng: Rng) -> Intervals:
    return mean(np.abs(lasting(n, persistence, rng)), LEVEL, in_time(n), low=0.0)


def area_in_time(n: int, rng: Rng) -> Intervals:
    target_n = (rng.random(n) < 0.4).astype(int)
    score_n = 2 * target_n + lasting(n, 0.8, rng)
    return roc_auc(target_n, np.stack([-score_n, score_n], axis=1), LEVEL, in_time(n)).intervals


def exponential_mean(rng: Rng) -> Intervals:
    return mean(rng.exponential(size=180), LEVEL)


def clustered_mean(rng: Rng) -> Intervals:
    scale_G = rng.gamma(4, 1 / 4, size=40)
    return mean(np.repeat(scale_G, 8) * rng.exponential(size=320), LEVEL, np.repeat(np.arange(40), 8))


def log_normal_mean(rng: Rng) -> Intervals:
    return mean(rng.lognormal(size=180), LEVEL)


def error_measure(name: str, noise: Callable[..., np.ndarray], rng: Rng) -> Intervals:
    predicted_n = rng.normal(size=200)
    return regressor.measure_all(predicted_n + noise(rng, size=200), predicted_n)[name].intervals


def log_normal_r2(rng: Rng) -> Intervals:
    target_n = rng.lognormal(size=180)
    return regressor.r2(target_n, target_n * rng.uniform(0.5, 1.5, size=180), LEVEL).intervals


def normal(rng: Rng, size: int) -> np.ndarray:
    return 0.5 * rng.normal(size=size)


def heavy(rng: Rng, size: int) -> np.ndarray:
    return rng.standard_t(5, size=size)


def scored(shift: float, positives: int, n: int, rng: Rng) -> tuple[np.ndarray, np.ndarray]:
    target_n = (np.arange(n) < positives).astype(int)
    score_n = rng.normal(size=n) + shift * target_n
    return target_n, np.stack([-score_n, score_n], axis=1)


def binormal(shift: float, positives: int, rng: Rng) -> Intervals:
    return roc_auc(*scored(shift, positives, 180, rng), LEVEL).intervals


def uneven(rng: Rng) -> Intervals:
    target_n = (np.arange(180) < 20).astype(int)
    score_n = np.where(target_n > 0, 2.5 + 3 * rng.normal(size=180), rng.normal(size=180))
    return roc_auc(target_n, np.stack([-score_n, score_n], axis=1), LEVEL).intervals


def clustered_ranking(measure: str, rng: Rng) -> Intervals:
    group_n = np.repeat(np.arange(40), 10)
    target_n = (rng.random(400) < 0.3).astype(int)
    score_n = 2 * target_n + rng.normal(size=400) + 0.7 * rng.normal(size=40)[group_n]
    probability_nC = np.stack([-score_n, score_n], axis=1)
    if measure == "roc_auc":
        return roc_auc(target_n, probability_nC, LEVEL, group_n).intervals
    return average_precision(target_n, probability_nC, 1, LEVEL, group_n).intervals


def ranked(shift: float, share: float, n: int, rng: Rng) -> Intervals:
    target_n = (rng.random(n) < share).astype(int)
    score_n = rng.normal(size=n) + shift * target_n
    return average_precision(target_n, np.stack([-score_n, score_n], axis=1), 1, LEVEL).intervals


def true_precision(shift: float, share: float, deviation: float = 1.0) -> float:
    """Return the average precision of normal scores: the mean of the precision at each positive."""
    z = np.linspace(-9, 9, 20_001)
    above, below = stats.norm.sf(z), stats.norm.sf(z + shift / deviation)
    density = stats.norm.pdf(z) * (z[1] - z[0])
    return float(np.sum(density * share * above / (share * above + (1 - share) * below)))


# True class (rows), predicted class (columns): imbalanced, and the rare class is the hard one.
JOINT = np.array([[0.76, 0.03, 0.01], [0.02, 0.13, 0.00], [0.01, 0.005, 0.035]])
MEANS: dict[str, Any] = {
    "balanced_accuracy": balanced_accuracy,
    "precision_macro": precision_macro,
    "f1_macro": f1_macro,
}
TEN = 0.97 * np.eye(10) / 10 + 0.03 * (1 - np.eye(10)) / 90


def decided(joint: np.ndarray, n: int, rng: Rng) -> tuple[np.ndarray, np.ndarray]:
    cell_n = rng.choice(joint.size, size=n, p=joint.ravel())
    return cell_n // len(joint), cell_n % len(joint)


def averaged(name: str, joint: np.ndarray, n: int, rng: Rng) -> Intervals:
    return MEANS[name](confusion_of(*decided(joint, n, rng), len(joint)), LEVEL).intervals


def averaged_truth(name: str, joint: np.ndarray) -> float:
    right_C, true_C, given_C = np.diag(joint), joint.sum(1), joint.sum(0)
    whole = {"balanced_accuracy": true_C, "precision_macro": given_C, "f1_macro": (true_C + given_C) / 2}
    return float(np.mean(right_C / whole[name]))


def f1_of(c: int, n: int, rng: Rng) -> Intervals:
    return f1(confusion_of(*decided(JOINT, n, rng), 3), LEVEL)[c].intervals


COSTS = np.array([[0.0, 1.0, 2.0], [5.0, 0.0, 2.0], [20.0, 10.0, 0.0]])
DEAR = np.array([[0.0, 1.0], [100.0, 0.0]])
SELDOM = np.array([[0.85, 0.1], [0.01, 0.04]])


def cost(joint: np.ndarray, cost_CC: np.ndarray, n: int, rng: Rng) -> Intervals:
    return expected_cost(*decided(joint, n, rng), cost_CC, LEVEL).intervals


def better_by_five_points(rng: Rng) -> Intervals:
    first_n = rng.random(200) < 0.95
    other_n = np.where(rng.random(200) < 0.85, first_n & (rng.random(200) < 0.94), rng.random(200) < 0.938)
    return paired.accuracy_difference(first_n, other_n, LEVEL).intervals


def paired_losses(rng: Rng) -> Intervals:
    hard_n = rng.lognormal(size=200)
    return paired.mean_difference(hard_n * rng.uniform(0.5, 1.1, size=200), hard_n, LEVEL).intervals


def train_minus_test(rng: Rng) -> Intervals:
    found = []
    for split, share, n in (("train", 0.97, 2000), ("test", 0.93, 200)):
        wrong_n = (rng.random(n) > share).astype(int)
        measured = accuracy(confusion_of(np.zeros(n, dtype=int), wrong_n, 2), LEVEL)
        found.append(
            Finding(name="accuracy", split=split, value=measured.value, interval=measured.intervals[0], better="higher")
        )
    between = gap(found, "accuracy").interval
    assert between is not None
    return (between,)


def over_seeds(rng: Rng) -> Intervals:
    between = spread("mae", list(3 + rng.normal(size=5)), "1", "lower").interval
    assert between is not None
    return (between,)


def timed(rng: Rng) -> Intervals:
    interval = median_interval(np.sort(rng.lognormal(size=180)))
    assert interval is not None
    return (interval,)


def too_sure(rng: Rng) -> Intervals:
    z_n = 2 * rng.normal(size=400)
    target_n = (rng.random(400) < 1 / (1 + np.exp(-z_n))).astype(int)
    claimed_n = 1 / (1 + np.exp(-2.5 * z_n))
    interval = temperature.fit(target_n, np.stack([1 - claimed_n, claimed_n], axis=1)).interval
    assert interval is not None
    return (interval,)


def claims(power: float, rng: Rng) -> Intervals:
    claim_n = rng.uniform(0.5, 1, size=600)
    right_n = (rng.random(600) < claim_n**power).astype(int)
    return ece(right_n, np.stack([1 - claim_n, claim_n], axis=1), LEVEL).intervals


def miscalibrated(power: float) -> float:
    x = np.linspace(0.5, 1, 100_001)
    return float(np.mean(np.abs(x**power - x)))


def areas(shift: float, deviation: float = 1.0) -> float:
    return float(stats.norm.cdf(shift / (np.sqrt(2) * deviation)))
