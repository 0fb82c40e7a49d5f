"""Simulated test splits of any number of rows, few above all, whose true measures are known."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np
from interval_scenarios import LEVEL, Rng
from scipy import signal, stats

from leadline.data.splits.time_blocks import time_blocks
from leadline.metrics.classification.confusion import accuracy, confusion_of
from leadline.metrics.classification.roc_auc import roc_auc
from leadline.metrics.regression import forecast, regressor
from leadline.metrics.statistics.intervals import mean
from leadline.metrics.statistics.measurement import Intervals

STEP = 0.5  # how much of a step of a series is left in the next


class FewRows(NamedTuple):
    """What is measured, in which situation; a draw of an interval on so many rows, the truth, and which end of an
    interval a requirement is compared with: 0 where higher is better.
    """

    measure: str
    situation: str
    draw: Callable[[int, Rng], Intervals]
    truth: float
    end: int
    least: int = 15  # rows


def explained(deviation: float, freedom: float, n: int, rng: Rng) -> Intervals:
    """R² of a prediction that varies by 1, with errors of Student's t, normal where the degrees are infinite."""
    noise_n = rng.normal(size=n) if np.isinf(freedom) else rng.standard_t(freedom, size=n)
    predicted_n = rng.normal(size=n)
    return regressor.r2(predicted_n + deviation * noise_n, predicted_n, LEVEL).intervals


def ranked_groups(size: int, n: int, rng: Rng) -> Intervals:
    """AUC where all rows of a group have one class, as the pictures of one patient have."""
    groups = max(n // size, 3)
    class_G = (np.arange(groups) < max(round(0.4 * groups), 1)).astype(int)
    group_n = np.repeat(np.arange(groups), size)
    target_n = class_G[group_n]
    score_n = 2 * target_n + 0.7 * rng.normal(size=groups)[group_n] + rng.normal(size=len(group_n))
    return roc_auc(target_n, np.stack([-score_n, score_n], axis=1), LEVEL, group_n).intervals


def one_large_group(size: int, within: float, n: int, rng: Rng) -> Intervals:
    """Accuracy of 0.8 where one group has half of the rows, and the others `size` each."""
    group_n = np.r_[np.zeros(n // 2, dtype=int), 1 + np.arange(n - n // 2) // size]
    odds = (1 - within) / within
    share_G = rng.beta(0.8 * odds, 0.2 * odds, size=group_n.max() + 1)
    wrong_n = (rng.random(n) > share_G[group_n]).astype(int)
    return accuracy(confusion_of(np.zeros(n, dtype=int), wrong_n, 2, group_n), LEVEL).intervals


def forecasts(horizon: int, n: int, rng: Rng) -> Intervals:
    """Mean absolute error of the best forecasts of an autoregressive series, in windows that start at every step."""
    series = signal.lfilter([1.0], [1.0, -STEP], rng.normal(size=n + horizon + 50))[50:]
    ahead_H = np.arange(1, horizon + 1)
    error_nH = np.abs(series[np.arange(n)[:, None] + ahead_H] - STEP**ahead_H * series[:n, None])
    block_n = time_blocks(np.arange(n), [np.arange(n)], least=horizon)
    return forecast.over(error_nH.sum(1, keepdims=True), np.full((n, 1), float(horizon)), LEVEL, block_n).intervals


def forecast_error(horizon: int) -> float:
    variance_H = (1 - STEP ** (2 * np.arange(1, horizon + 1))) / (1 - STEP**2)
    return float(np.mean(np.sqrt(2 * variance_H / np.pi)))


def exponential(n: int, rng: Rng) -> Intervals:
    return mean(rng.exponential(size=n), LEVEL, low=0.0)


def log_normal(n: int, rng: Rng) -> Intervals:
    return mean(rng.lognormal(size=n), LEVEL, low=0.0)


def proportion(share: float, n: int, rng: Rng) -> Intervals:
    wrong_n = (rng.random(n) > share).astype(int)
    return accuracy(confusion_of(np.zeros(n, dtype=int), wrong_n, 2), LEVEL).intervals


AREA = float(stats.norm.cdf(2 / np.sqrt(2 * 1.49)))
SCENARIOS = (
    FewRows("accuracy", "accuracy 90 %", partial(proportion, 0.9), 0.9, 0),
    FewRows("r2", "normal errors, 0.8", partial(explained, 0.5, np.inf), 0.8, 0),
    FewRows("r2", "normal errors, 0.3", partial(explained, np.sqrt(7 / 3), np.inf), 0.3, 0),
    FewRows("r2", "errors of Student's t, 5 degrees", partial(explained, 1.0, 5.0), 1 - (5 / 3) / (8 / 3), 0),
    FewRows("roc_auc", "groups of 3 rows of one class each", partial(ranked_groups, 3), AREA, 0),
    FewRows("roc_auc", "groups of 5 rows of one class each", partial(ranked_groups, 5), AREA, 0),
    FewRows(
        "accuracy",
        "one group of half the rows, others of 1 row; correlation 0.1",
        partial(one_large_group, 1, 0.1),
        0.8,
        0,
    ),
    FewRows(
        "accuracy",
        "one group of half the rows, others of 3 rows; correlation 0.3",
        partial(one_large_group, 3, 0.3),
        0.8,
        0,
    ),
    *(
        FewRows(
            "mase", f"windows of {steps} steps", partial(forecasts, steps), forecast_error(steps), 1, max(15, 2 * steps)
        )
        for steps in (3, 6, 12)
    ),
    FewRows("nll, brier, mae", "exponential losses", exponential, 1.0, 1),
    FewRows("nll, brier, mae", "log-normal losses", log_normal, float(np.exp(0.5)), 1),
)
