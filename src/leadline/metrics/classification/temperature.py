"""One number that makes a classifier as sure as it is right: the temperature that scores are divided by (Guo et al.
2017).

Shapes: n rows, C classes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from leadline.core.finding import Interval
from leadline.metrics.classification.calibration import TINY
from leadline.metrics.statistics.intervals import Floats, Ints, error_of, quantiles
from leadline.metrics.statistics.measurement import Levels, Measurement
from leadline.metrics.statistics.paired import mean_difference

FOLDS = 5  # in which the gain is measured on rows that the temperature was not fitted on
STEPS = 50  # of Newton's method at most; about six are needed
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

    The negative log-likelihood is convex in 1 / temperature, which Newton's method finds; the interval is that of a
    maximum-likelihood estimate that need not be of the true model (the sandwich; White 1982), on the scale of the
    logarithm.
    """
    score_nC = np.log(np.maximum(probability_nC.astype(np.float64), TINY))
    cold = _coldness(target_n, score_nC, 1.0)
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
            other = _coldness(target_n[~held], score_nC[~held], cold)
            after_n[held] = _loss(target_n[held], score_nC[held], other)
    return Temperature(1 / cold, interval, mean_difference(after_n, before_n, levels, group_n))


def scaled(probability_nC: Floats, temperature: float) -> Floats:
    """Return probabilities as they would be with their scores divided by a temperature; 1 / temperature undoes it."""
    return _softmax(np.log(np.maximum(probability_nC.astype(np.float64), TINY)) / temperature)


def _softmax(score_nC: Floats) -> Floats:
    power_nC = np.exp(score_nC - score_nC.max(1, keepdims=True))
    result: Floats = power_nC / power_nC.sum(1, keepdims=True)
    return result


def _loss(target_n: Ints, score_nC: Floats, cold: float) -> Floats:
    z_nC = cold * score_nC
    top_n = z_nC.max(1)
    loss: Floats = top_n + np.log(np.exp(z_nC - top_n[:, None]).sum(1)) - z_nC[np.arange(len(target_n)), target_n]
    return loss


def _derivatives(target_n: Ints, score_nC: Floats, cold: float) -> tuple[Floats, Floats]:
    """Return the first and second derivative of each row's loss by 1 / temperature."""
    probability_nC = _softmax(cold * score_nC)
    mean_n = (probability_nC * score_nC).sum(1)
    bend_n: Floats = (probability_nC * (score_nC - mean_n[:, None]) ** 2).sum(1)
    return mean_n - score_nC[np.arange(len(target_n)), target_n], bend_n


def _coldness(target_n: Ints, score_nC: Floats, start: float) -> float:
    """Return the 1 / temperature of least loss, by Newton's method within a bracket."""
    low, high, cold = 1 / HOTTEST, 1 / COLDEST, start
    for _ in range(STEPS):
        slope_n, bend_n = _derivatives(target_n, score_nC, cold)
        slope, bend = float(slope_n.mean()), float(bend_n.mean())
        low, high = (low, cold) if slope > 0 else (cold, high)
        step = cold - slope / bend if bend > 0 else high
        following = step if low < step < high else (low * high) ** 0.5
        if abs(following - cold) <= 1e-10 * cold:
            break
        cold = following
    return cold
