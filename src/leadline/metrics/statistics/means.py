"""Means of losses, and how much of a loss predictions take away: what most measures of quantities are."""

from __future__ import annotations

import numpy as np

from leadline.core.catalogue import say
from leadline.metrics.statistics.intervals import Floats, Ints, error_of, mean, pairs, quantiles
from leadline.metrics.statistics.measurement import Intervals, Levels, Measurement, absent

HALL = "mean; Student t corrected for skewness"


def by_group(group_n: Ints | None) -> str:
    """Return what a method's name adds where rows come in groups."""
    return "" if group_n is None else ", summed by group"


def mean_of(
    values_n: Floats,
    levels: Levels,
    group_n: Ints | None = None,
    *,
    low: float = -np.inf,
    high: float = np.inf,
    note: str = "",
) -> Measurement:
    """Return the mean of values with Hall's interval; `low` and `high` are what it cannot pass, `note` ends its
    method.
    """
    if len(values_n) == 0:
        return absent(say("metrics.no-examples"))
    values_n = np.asarray(values_n, dtype=np.float64)
    intervals = mean(values_n, levels, group_n, low=low, high=high)
    return Measurement(float(values_n.mean()), intervals, len(values_n), HALL + by_group(group_n) + note)


def explained(
    loss_n: Floats, without_n: Floats, levels: Levels, group_n: Ints | None, name: str, why: str
) -> Measurement:
    """Return the share of the loss `without_n` of a constant that predictions take away; `why` it is absent where that
    is 0.

    The interval is Student's t on the scale of log(1 - share), by the delta method. The constant is that of the rows
    themselves, where the loss is flat: that it was estimated does not matter to first order. Where few rows decide
    either loss (a log-normal target's R²) it covers less than it says.
    """
    if len(loss_n) == 0:
        return absent(say("metrics.no-examples"))
    if not without_n.mean() > 0:
        return absent(why, len(loss_n))
    left = float(loss_n.mean() / without_n.mean())
    intervals: Intervals = ()
    if left > 0:
        error = error_of(loss_n / loss_n.mean() - without_n / without_n.mean(), group_n)
        if error is not None:
            # far below any share, and exp stays finite
            reach = np.minimum(quantiles(levels, error.units) * error.size, 100)
            intervals = pairs(1 - left * np.exp(reach), 1 - left * np.exp(-reach))
    return Measurement(1 - left, intervals, len(loss_n), f"Student t of log(1 - {name})" + by_group(group_n))
