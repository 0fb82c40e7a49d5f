"""What decisions cost, where mistakes cost differently (Elkan 2001, "The foundations of cost-sensitive learning").

Shapes: n rows, C classes, G groups. Rows of a cost matrix are true classes, columns decided ones.
"""

from __future__ import annotations

import numpy as np

from leadline.core.catalogue import say
from leadline.core.metric import Metric
from leadline.metrics.statistics.intervals import Floats, Ints, group_sums, pairs, wilson
from leadline.metrics.statistics.measurement import Intervals, Levels, Measurement, absent

EXPECTED_COST = Metric(
    "expected_cost",
    "Expected cost",
    "mean cost of a decision, in the unit of the cost matrix",
    "",
    "lower",
    compared=True,
)


def expected_cost(
    target_n: Ints, predicted_n: Ints, cost_CC: Floats, levels: Levels = (0.95,), group_n: Ints | None = None
) -> Measurement:
    """Return the mean cost of a row's decision, in the unit of the matrix."""
    if len(target_n) == 0:
        return absent(say("metrics.no-examples"))
    paid_n = cost_CC[target_n, predicted_n].astype(np.float64)
    low, high = float(cost_CC.min()), float(cost_CC.max())
    intervals = bounded_mean(paid_n, low, high, levels, group_n)
    method = "mean cost of the decisions; Wilson score, effective n of a mean within bounds"
    return Measurement(
        float(paid_n.mean()), intervals, len(paid_n), method + ("" if group_n is None else ", summed by group")
    )


def bounded_mean(values_n: Floats, low: float, high: float, levels: Levels, group_n: Ints | None = None) -> Intervals:
    """Return an interval of the mean of values that lie between two bounds; empty where there are no rows.

    On the scale from 0 to 1 it is Wilson's, with as many rows as a proportion of that variance would have. The variance
    is that of one more independent row at the bound that is further off: costs that are rare and high may happen not to
    be among the rows.
    """
    if len(values_n) == 0:
        return ()
    if high <= low:
        return ((low, high),) * len(levels)
    share_n = (values_n - low) / (high - low)
    share, rows = float(share_n.mean()), float(len(share_n))
    sums_G = group_sums(share_n - share, group_n)
    units = len(sums_G)
    spread = float(np.sum(sums_G**2)) * units / max(units - 1, 1)
    if 0 < share < 1 and spread > 0:
        alike = max(1.0, spread / float(np.sum((share_n - share) ** 2)))  # how many rows make one independent row
        one_more = (max(share, 1 - share) * alike) ** 2
        rows = max(share * (1 - share) * rows**2 / (spread + one_more), 1.0)
    elif group_n is not None:
        rows = float(units)  # dependence cannot be seen where all rows are alike
    ends = np.array(wilson(share * rows, rows, levels, np.inf if group_n is None else units))
    ends = low + (high - low) * ends
    return pairs(ends[:, 0], ends[:, 1], low, high)
