"""One number that makes a classifier as sure as it is right: the temperature that scores are divided by (Guo et al.
2017).

Shapes: n rows, C classes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import optimize, special

from leadline.core.finding import Interval
from leadline.metrics.classification.calibration import TINY
from leadline.metrics.statistics.intervals import Floats, Ints, error_of, quantiles
from leadline.metrics.statistics.measurement import Levels, Measurement
from leadline.metrics.statistics.paired import mean_difference

FOLDS = 5  # in which the gain is measured on rows that the temperature was not fitted on
COLDEST, HOTTEST = 0.05, 20.0


@dataclass(frozen=True)
class Temperature:
    """The temperature of least negative log-likelihood with its 95 % interval, and what it changes that by (nats a
    row).

    The change is measured on rows that the temperature was not fitted on, fold by fold; negative where it helps.
    """

    value: float
    interval: Interval | None
    change: Measurement


def fit(target_n: Ints, probability_nC: Floats, levels: Levels = (0.95,), group_n: Ints | None = None) -> Temperature:
    """Return the temperature that suits these rows best; rows with equal numbers in `group_n` depend on each other.

    The interval is that of a maximum-likelihood estimate that need not be of the true model (the sandwich; White 1982),
    on the scale of the logarithm.
    """
    score_nC = np.log(np.maximum(probability_nC.astype(np.float64), TINY))
    cold = best_scale(target_n, score_nC)
    slope_n, bend_n = _derivatives(target_n, score_nC, cold)
    error = error_of(slope_n, group_n)
    interval = None
    if error is not None and bend_n.mean() > 0:
        reach = float(quantiles(levels, error.units)[0]) * error.size / float(bend_n.mean()) / cold
        interval = (float(np.exp(-reach) / cold), float(np.exp(min(reach, 50.0)) / cold))
    fold_n = (np.arange(len(target_n)) if group_n is None else np.unique(group_n, return_inverse=True)[1]) % FOLDS
    before_n = _loss(target_n, score_nC, 1.0)
    after_n = before_n.copy()
    for fold in range(FOLDS):
        held = fold_n == fold
        if held.any() and not held.all():
            other = best_scale(target_n[~held], score_nC[~held])
            after_n[held] = _loss(target_n[held], score_nC[held], other)
    return Temperature(1 / cold, interval, mean_difference(after_n, before_n, levels, group_n))


def scaled(probability_nC: Floats, temperature: float) -> Floats:
    """Return probabilities as they would be with their scores divided by a temperature; 1 / temperature undoes it."""
    return special.softmax(np.log(np.maximum(probability_nC.astype(np.float64), TINY)) / temperature, axis=1)


def best_scale(
    target_n: Ints, score_nC: Floats, weight_n: Floats | None = None, bounds: Interval = (1 / HOTTEST, 1 / COLDEST)
) -> float:
    """Return what scores are multiplied by, 1 / temperature, for the least (weighted) negative log-likelihood.

    That is convex in the scale: it is least where its slope is zero, or at one of the bounds.
    """

    def slope(log_scale: float) -> float:
        slope_n, _ = _derivatives(target_n, score_nC, float(np.exp(log_scale)))
        return float(np.average(slope_n, weights=weight_n))

    low, high = np.log(bounds)
    if slope(low) >= 0:
        return bounds[0]
    if slope(high) <= 0:
        return bounds[1]
    return float(np.exp(optimize.brentq(slope, low, high, xtol=1e-12)))


def _loss(target_n: Ints, score_nC: Floats, cold: float) -> Floats:
    loss: Floats = -special.log_softmax(cold * score_nC, axis=1)[np.arange(len(target_n)), target_n]
    return loss


def _derivatives(target_n: Ints, score_nC: Floats, cold: float) -> tuple[Floats, Floats]:
    """Return the first and second derivative of each row's loss by 1 / temperature."""
    probability_nC = special.softmax(cold * score_nC, axis=1)
    mean_n = (probability_nC * score_nC).sum(1)
    bend_n: Floats = (probability_nC * (score_nC - mean_n[:, None]) ** 2).sum(1)
    return mean_n - score_nC[np.arange(len(target_n)), target_n], bend_n
