"""What rows of the test split that could not be used mean for what was measured on the others.

A class that training did not know, or a file that cannot be read: the user gave the row, and the network has no right
answer to it. Measures speak of the rows that could be used; verdicts count the others against the network.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from leadline.core.finding import Finding, Interval
from leadline.core.metric import Metric
from leadline.data.subset import Subset
from leadline.evaluation.declared_metrics import metric_name
from leadline.metrics.statistics.intervals import wilson


def with_unusable(finding: Finding, subset: Subset | None, metrics: Mapping[str, Metric]) -> Finding:
    """Return a finding on the rows of a split with how many of its rows could not be used, and for a share of the rows
    that are right the intervals in which those rows are wrong.
    """
    if subset is None or not subset.unusable or finding.value is None:
        return finding
    metric = metrics.get(metric_name(finding.name, metrics))
    rate = metric is not None and metric.of_right_rows and finding.group is None
    counted = as_errors(finding, len(subset), subset.unusable) if rate else {}
    return finding.model_copy(update={"unusable": subset.unusable, "as_errors": counted})


def as_errors(finding: Finding, usable: int, unusable: int) -> dict[str, Interval]:
    """Return, by level, the intervals of a share of right rows to which so many wrong ones are added.

    The share among all rows is that among usable rows times the share of usable rows; the ends of both intervals are
    joined by the square-root rule for products (MOVER; Donner & Zou 2012), Wilson's interval for the latter.
    """
    if finding.interval is None or finding.value is None:
        return {}
    own = {f"{finding.level:.6g}": finding.interval, **finding.stricter}
    return {level: _joined(finding.value, ends, usable, unusable, float(level)) for level, ends in own.items()}


def _joined(right: float, ends: Interval, usable: int, unusable: int, level: float) -> Interval:
    share = usable / (usable + unusable)
    ((low, high),) = wilson(usable, usable + unusable, (level,))
    value = right * share
    down = math.hypot(share * (right - ends[0]), right * (share - low))
    up = math.hypot(share * (ends[1] - right), right * (high - share))
    return max(value - down, 0.0), min(value + up, 1.0)
