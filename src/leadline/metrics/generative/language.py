"""How well texts are foreseen: surprise a token, perplexity, bits a character.

Each is a ratio of sums over rows, whose tokens depend on each other: rows, or groups of them, are what intervals count.
Shapes: n rows.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from leadline.core.catalogue import say
from leadline.core.metric import Metric
from leadline.metrics.classification.calibration import NLL
from leadline.metrics.statistics.intervals import Floats, Ints, error_of, pairs, quantiles
from leadline.metrics.statistics.means import by_group
from leadline.metrics.statistics.measurement import Levels, Measurement, absent

METRICS = (
    Metric(
        "perplexity",
        "Perplexity",
        "exponential of the mean negative log-likelihood per token",
        better="lower",
        compared=True,
    ),
    NLL,
    Metric(
        "bits_per_character",
        "Bits per character",
        "negative log₂-likelihood per character",
        "bits",
        "lower",
        compared=True,
    ),
)


def surprise(nll_n: Floats, count_n: Ints, levels: Levels = (0.95,), group_n: Ints | None = None) -> Measurement:
    """Return sum(nll) / sum(count) in nats, with an interval of the ratio by the delta method (Student t on its
    logarithm).
    """
    count = float(np.sum(count_n))
    if not count:
        return absent(say("metrics.no-tokens"), len(nll_n))
    nll_n, count_n = np.asarray(nll_n, dtype=np.float64), np.asarray(count_n, dtype=np.float64)
    value = float(nll_n.sum()) / count
    method = "mean over all texts; Student t of the log of the ratio" + by_group(group_n)
    error = error_of((nll_n / value - count_n) / count_n.mean(), group_n) if value > 0 else None
    if error is None:
        return Measurement(value, (), int(count), method)
    reach = np.minimum(quantiles(levels, error.units) * error.size, 100.0)
    return Measurement(value, pairs(value * np.exp(-reach), value * np.exp(reach)), int(count), method)


def perplexity(surprised: Measurement) -> Measurement:
    """Return the exponential of a surprise in nats, and of its interval: among so many equally likely tokens one would
    choose.
    """
    return _changed(surprised, _exp, "exp of the ")


def in_bits(surprised: Measurement) -> Measurement:
    """Return a surprise in bits."""
    return _changed(surprised, _bits, "")


def _exp(nats: float) -> float:
    return math.exp(min(nats, 700.0))


def _bits(nats: float) -> float:
    return nats / math.log(2)


def _changed(surprised: Measurement, change: Callable[[float], float], how: str) -> Measurement:
    if surprised.value is None:
        return surprised
    intervals = tuple((change(low), change(high)) for low, high in surprised.intervals)
    return surprised._replace(value=change(surprised.value), intervals=intervals, method=how + surprised.method)
