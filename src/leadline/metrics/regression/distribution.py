"""How good predicted distributions of a quantity are: normal ones, Poisson rates, quantiles.

Shapes: n rows, K quantiles, B points of a calibration curve.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from leadline.core.catalogue import say
from leadline.core.metric import Metric
from leadline.metrics.statistics.intervals import Floats, Ints, proportion
from leadline.metrics.statistics.means import explained, mean_of
from leadline.metrics.statistics.measurement import Levels, Measurement, absent

CRPS = Metric(
    "crps",
    "Continuous ranked probability score",
    "distance of the predictive distribution from the actual value; generalises the absolute error",
    "",
    "lower",
    compared=True,
)
COVERAGE = Metric("coverage", "Interval coverage", "share of actual values within the prediction interval", "%")
INTERVAL_WIDTH = Metric("interval_width", "Interval width", "mean width of the prediction interval", "", "lower")
PINBALL = Metric(
    "pinball",
    "Pinball loss",
    "quantile loss averaged over levels",
    "",
    "lower",
    compared=True,
)
DEVIANCE = Metric(
    "deviance",
    "Poisson deviance",
    "mean unit deviance of counts from predicted rates",
    better="lower",
    compared=True,
)
DEVIANCE_EXPLAINED = Metric(
    "deviance_explained",
    "Deviance explained (D²)",
    "1 minus the deviance over that of a constant rate",
    better="higher",
    largest=1.0,
)

# shares that central intervals claim in a calibration curve
CENTRAL = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
NOMINAL = 0.9  # of the interval whose coverage is a finding


def normal_losses(target_n: Floats, mean_n: Floats, std_n: Floats) -> Floats:
    """Return the negative log-likelihood of each value under a normal distribution, in nats."""
    target_n, mean_n, std_n = (np.asarray(v, dtype=np.float64) for v in (target_n, mean_n, std_n))
    losses_n: Floats = 0.5 * np.log(2 * np.pi) + np.log(std_n) + 0.5 * ((target_n - mean_n) / std_n) ** 2
    return losses_n


def normal_crps(target_n: Floats, mean_n: Floats, std_n: Floats) -> Floats:
    """Return the continuous ranked probability score of normal distributions (Gneiting & Raftery 2007), in the target's
    unit.
    """
    target_n, mean_n, std_n = (np.asarray(v, dtype=np.float64) for v in (target_n, mean_n, std_n))
    z_n = (target_n - mean_n) / std_n
    density_n = np.exp(-0.5 * z_n**2) / np.sqrt(2 * np.pi)
    scores_n: Floats = std_n * (z_n * (2 * special.ndtr(z_n) - 1) + 2 * density_n - 1 / np.sqrt(np.pi))
    return scores_n


def reach_of(share: float) -> float:
    """Return how many standard deviations a normal distribution's central interval of that share reaches to each
    side.
    """
    return float(special.ndtri(0.5 + share / 2))


def coverage(
    low_n: Floats, high_n: Floats, target_n: Floats, nominal: float, levels: Levels, group_n: Ints | None
) -> Measurement:
    """Return the share of values within their intervals, which should be `nominal`."""
    if len(target_n) == 0:
        return absent(say("metrics.no-examples"))
    inside_n = (target_n >= low_n) & (target_n <= high_n)
    method = "Wilson score" + ("" if group_n is None else ", effective n of the groups")
    note = f"; nominal coverage {100 * nominal:.4g} %"
    return Measurement(float(inside_n.mean()), proportion(inside_n, levels, group_n), len(inside_n), method + note)


def normal_calibration(target_n: Floats, mean_n: Floats, std_n: Floats, group_n: Ints | None) -> list[dict[str, Any]]:
    """Return how many values lie in central intervals that claim certain shares, as bins of a reliability diagram."""
    z_n = np.abs(np.asarray(target_n, dtype=np.float64) - mean_n) / std_n
    return _curve([(share, z_n <= reach_of(share)) for share in CENTRAL], group_n)


def quantile_calibration(
    target_n: Floats, quantile_nK: Floats, shares: Sequence[float], group_n: Ints | None
) -> list[dict[str, Any]]:
    """Return how many values lie below each quantile, as bins of a reliability diagram."""
    return _curve([(share, target_n <= quantile_nK[:, k]) for k, share in enumerate(shares)], group_n)


def _curve(points: Sequence[tuple[float, NDArray[np.bool_]]], group_n: Ints | None) -> list[dict[str, Any]]:
    bins: list[dict[str, Any]] = []
    for share, held_n in points:
        if len(held_n) == 0:
            return bins
        low, high = proportion(held_n, (0.95,), group_n)[0]
        bins.append(
            {"confidence": share, "accuracy": float(held_n.mean()), "low": low, "high": high, "count": len(held_n)}
        )
    return bins


def pinball(target_n: Floats, quantile_n: Floats, share: float) -> Floats:
    """Return the pinball loss of each predicted quantile (Koenker & Bassett 1978), in the target's unit."""
    error_n = np.asarray(target_n, dtype=np.float64) - quantile_n
    losses_n: Floats = np.maximum(share * error_n, (share - 1) * error_n)
    return losses_n


def deviances(target_n: Floats, rate_n: Floats) -> Floats:
    """Return the Poisson deviance of each count from a rate above 0, 2 (y log(y / rate) - y + rate)."""
    target_n, rate_n = np.asarray(target_n, dtype=np.float64), np.asarray(rate_n, dtype=np.float64)
    losses_n: Floats = 2 * (special.xlogy(target_n, target_n) - special.xlogy(target_n, rate_n) - target_n + rate_n)
    return np.maximum(losses_n, 0.0)  # rounding


def deviance(target_n: Floats, rate_n: Floats, levels: Levels, group_n: Ints | None = None) -> Measurement:
    """Return the mean Poisson deviance."""
    return mean_of(deviances(target_n, rate_n), levels, group_n, low=0.0)


def deviance_explained(target_n: Floats, rate_n: Floats, levels: Levels, group_n: Ints | None = None) -> Measurement:
    """Return D², the share of the Poisson deviance from the mean that predicted rates take away."""
    if len(target_n) == 0:
        return absent(say("metrics.no-examples"))
    target_n = np.asarray(target_n, dtype=np.float64)
    without_n = deviances(target_n, np.full(len(target_n), target_n.mean())) if target_n.any() else target_n
    why = say("metrics.d2-undefined")
    return explained(deviances(target_n, rate_n), without_n, levels, group_n, "D²", why)
