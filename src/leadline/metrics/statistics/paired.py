"""How much better one predictor is than another on the same rows; positive where the first has the larger number."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from leadline.core.catalogue import say
from leadline.metrics.statistics.intervals import Floats, Ints, group_sums, mean, pairs, quantiles
from leadline.metrics.statistics.measurement import Levels, Measurement, absent


def accuracy_difference(
    right_n: NDArray[np.bool_], other_right_n: NDArray[np.bool_], levels: Levels = (0.95,), group_n: Ints | None = None
) -> Measurement:
    """Return the accuracy of one predictor minus that of another, with the interval of Bonett and Price (2012).

    It is Wald's with one more row on which only the first is right and one more on which only the other is. Rows that
    come in groups count as fewer rows, by how much differences vary between groups; by the number of groups where they
    never differ.
    """
    n = len(right_n)
    if n == 0:
        return absent(say("metrics.no-examples"))
    difference_n = right_n.astype(np.float64) - other_right_n.astype(np.float64)
    value = float(difference_n.mean())
    rows, units = float(n), np.inf
    if group_n is not None:
        units = len(np.unique(group_n))
        rows = _effective_rows(difference_n - value, group_n)
    shares = [float((difference_n == side).mean()) for side in (1, -1)]
    first, second = ((share * rows + 1) / (rows + 2) for share in shares)
    size = np.sqrt((first + second - (first - second) ** 2) / (rows + 2))
    method = "paired; Bonett-Price" + ("" if group_n is None else ", effective n of the groups")
    if units < 2:
        return Measurement(value, ((-1.0, 1.0),) * len(levels), n, method)
    reach = quantiles(levels, units) * size
    centre = first - second
    return Measurement(
        value, pairs(np.minimum(centre - reach, value), np.maximum(centre + reach, value), -1.0, 1.0), n, method
    )


def mean_difference(
    loss_n: Floats, other_loss_n: Floats, levels: Levels = (0.95,), group_n: Ints | None = None
) -> Measurement:
    """Return the mean loss of one predictor minus that of another, with the interval of the mean of differences."""
    if len(loss_n) == 0:
        return absent(say("metrics.no-examples"))
    difference_n = np.asarray(loss_n, dtype=np.float64) - np.asarray(other_loss_n, dtype=np.float64)
    method = "paired; Student t corrected for skewness" + ("" if group_n is None else ", summed by group")
    return Measurement(float(difference_n.mean()), mean(difference_n, levels, group_n), len(difference_n), method)


def ratio_difference(
    loss_n: Floats, other_loss_n: Floats, count_n: Ints, levels: Levels = (0.95,), group_n: Ints | None = None
) -> Measurement:
    """Return by how much the loss of one predictor exceeds another's, per thing counted: sum(loss - other) /
    sum(count).

    The interval is that of a ratio, by the delta method.
    """
    count = float(np.sum(count_n))
    if not count:
        return absent(say("metrics.no-examples"))
    difference_n = np.asarray(loss_n, dtype=np.float64) - np.asarray(other_loss_n, dtype=np.float64)
    value = float(difference_n.sum()) / count
    influence_n = (difference_n - value * count_n) * len(difference_n) / count
    method = "paired; Student t of the ratio corrected for skewness" + ("" if group_n is None else ", summed by group")
    return Measurement(value, mean(value + influence_n, levels, group_n), int(count), method)


def _effective_rows(centred_n: Floats, group_n: Ints) -> float:
    sums_G = group_sums(centred_n, group_n)
    groups, n = len(sums_G), len(centred_n)
    if not np.any(sums_G) or groups < 2:
        return float(groups)
    grouped = float(np.sum(sums_G**2)) * groups / (groups - 1)
    return float(np.clip(n * np.sum(centred_n**2) / grouped, 1.0, n))
