"""Ratios of sums over rows, such as the share of right answers where rows have several each.

Shapes: n rows.
"""

from __future__ import annotations

import numpy as np

from leadline.core.catalogue import say
from leadline.metrics.statistics.intervals import Floats, Ints, error_of, pairs, quantiles
from leadline.metrics.statistics.means import by_group
from leadline.metrics.statistics.measurement import Levels, Measurement, absent


def ratio_of(
    sum_n: Floats,
    count_n: Floats,
    levels: Levels,
    group_n: Ints | None = None,
    *,
    low: float = -np.inf,
    high: float = np.inf,
) -> Measurement:
    """Return sum(sum_n) / sum(count_n) with Student's interval by the delta method, cut to what the ratio can be.

    What a row counts depends on what it sums up to: rows, or groups of them, are what the interval rests on.
    """
    total = float(np.sum(count_n))
    if not total:
        return absent(say("metrics.nothing-to-count"), len(sum_n))
    value = float(np.sum(sum_n)) / total
    method = "ratio of sums over rows; Student t" + by_group(group_n)
    error = error_of((sum_n - value * count_n) / float(np.mean(count_n)), group_n)
    if error is None:
        return Measurement(value, (), round(total), method)
    reach = quantiles(levels, error.units) * error.size
    return Measurement(
        value, pairs(np.clip(value - reach, low, high), np.clip(value + reach, low, high)), round(total), method
    )
