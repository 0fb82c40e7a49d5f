"""The area under the ROC curve, of one class against the rest, and its mean over classes.

Shapes: n rows, C classes, P rows of a class (positives), Q rows of the others (negatives).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from leadline.core.catalogue import say
from leadline.core.finding import Interval
from leadline.core.metric import Metric
from leadline.metrics.statistics.intervals import Floats, Ints, correlation, group_sums, over_all, quantiles
from leadline.metrics.statistics.measurement import Intervals, Levels, Measurement, absent

ROC_AUC = Metric(
    "roc_auc",
    "ROC AUC",
    "area under the ROC curve; chance gives 0.5",
    better="higher",
    largest=1.0,
)

# How many imperfectly ranked rows the expected variance counts for, against what was observed; chosen by simulation.
PRIOR = 5
EDGE = 1e-9


class Area(NamedTuple):
    """One class's area, how many rows have the class or not, and the influence of each row (n,): what its error is the
    sum of.

    `scale` is the ratio of its variance to the one that would be expected of such an area, and `freedom` how many
    degrees of freedom that estimate has.
    """

    value: float
    positives: int
    negatives: int
    scale: float
    influence_n: Floats
    freedom: float

    def variance(self, area: float) -> float:
        """Return the variance of the estimate if the true area were `area` (Hanley and McNeil 1982, as in Newcombe
        2006).
        """
        return self.scale * _variance(area, self.positives, self.negatives)


def roc_auc(target_n: Ints, probability_nC: Floats, levels: Levels, group_n: Ints | None = None) -> Measurement:
    """Return the ROC-AUC of class 1 where there are two, else the mean of each class's against the rest.

    Ties count half. Classes without rows are left out of the value, and may be anything for the interval; absent where
    fewer than two classes have rows. The score
    interval is that of Newcombe (2006, method 5) with the variance drawn to DeLong's (1988; fast form of Sun and Xu
    2014) the more, the more rows are ranked imperfectly: DeLong's own fails for areas near 1. It may cover only about
    90 % where twenty positives are scored far more diversely than the negatives.
    """
    classes = probability_nC.shape[1]
    present = [c for c in range(classes) if np.any(target_n == c)]
    if len(present) < 2:
        return absent(say("metrics.roc-auc-one-class") if present else say("metrics.no-examples"), len(target_n))
    measured = mean_area(
        [(target_n == c, probability_nC[:, c]) for c in (present if classes > 2 else [1])], levels, group_n
    )
    if classes == 2:
        return measured
    some = "" if len(present) == classes else f" of the {len(present)} classes that occur, interval over all {classes}"
    intervals = over_all(measured.intervals, len(present), classes)
    return measured._replace(intervals=intervals, method=f"one-vs-rest mean{some}; {measured.method}")


def mean_area(
    ranked: Sequence[tuple[NDArray[np.bool_], Floats]], levels: Levels, group_n: Ints | None = None
) -> Measurement:
    """Return the mean of areas, one for each pair of which rows are positives (n,) and how all score (n,).

    There must be a positive and a negative in each.
    """
    areas = [area(positive_n, score_n, group_n) for positive_n, score_n in ranked]
    units = np.inf if group_n is None else len(np.unique(group_n))
    correlation_CC = correlation(np.stack([group_sums(a.influence_n, group_n) for a in areas], axis=1))
    if len(areas) > 1:
        areas = _as_of_the_mean(areas)
    if len(areas) > 1 or group_n is not None:
        units = min(units, 1 + _freedom(areas, correlation_CC))
    intervals: Intervals = ((0.0, 1.0),) * len(levels)
    if units > 1:
        intervals = tuple(_score_interval(areas, correlation_CC, float(reach)) for reach in quantiles(levels, units))
    method = "Newcombe score with DeLong variance" + ("" if group_n is None else ", summed by group")
    return Measurement(float(np.mean([a.value for a in areas])), intervals, len(ranked[0][0]), method)


def area(positive_n: NDArray[np.bool_], score_n: Floats, group_n: Ints | None = None) -> Area:
    """Return the area for scores of positives and negatives; there must be one of each at least."""
    positives, negatives = int(positive_n.sum()), int((~positive_n).sum())
    above_P = _share_below(score_n[positive_n], score_n[~positive_n])
    below_Q = 1 - _share_below(score_n[~positive_n], score_n[positive_n])
    value = float(above_P.mean())
    influence_n = np.empty(len(score_n))
    influence_n[positive_n] = (above_P - value) / positives
    influence_n[~positive_n] = (below_Q - value) / negatives
    scale = _variance_scale(value, above_P, below_Q)
    if group_n is not None:
        scale *= _design_effect(positive_n, influence_n, group_n)
    return Area(value, positives, negatives, scale, influence_n, _sides_freedom(positive_n, influence_n, group_n))


def _sides_freedom(positive_n: NDArray[np.bool_], influence_n: Floats, group_n: Ints | None) -> float:
    """Return the degrees of freedom of an area's variance, the sum of what positives and what negatives (or groups that
    have them) add to it (Welch 1947); those of the smaller side where all is ranked right.
    """
    part_s, count_s = np.zeros(2), np.zeros(2)
    for s, side in enumerate((positive_n, ~positive_n)):
        sums = group_sums(influence_n[side], None if group_n is None else group_n[side])
        part_s[s], count_s[s] = np.sum(sums**2), len(sums)
    free_s = np.maximum(count_s - 1, 1)
    doubt = float(np.sum(part_s**2 / free_s))
    return float(part_s.sum() ** 2 / doubt) if doubt > 0 else float(free_s.min())


def _as_of_the_mean(areas: list[Area]) -> list[Area]:
    """Return areas whose scale is the ratio of the variance to that of their mean, at which a score interval asks.

    A class of few positives may lie far from the mean, and what it was seen to have is drawn to the mean as by one
    more positive.
    """
    mean = min(max(float(np.mean([a.value for a in areas])), EDGE), 1 - EDGE)
    found = []
    for a in areas:
        fewer = min(a.positives, a.negatives)
        near = (min(max(a.value, EDGE), 1 - EDGE) * fewer + mean) / (fewer + 1)
        own = _variance(near, a.positives, a.negatives)
        found.append(a._replace(scale=a.scale * own / _variance(mean, a.positives, a.negatives)))
    return found


def _freedom(areas: list[Area], correlation_CC: Floats) -> float:
    """Return the degrees of freedom of the variance of a mean of areas (Satterthwaite)."""
    mean = min(max(float(np.mean([a.value for a in areas])), EDGE), 1 - EDGE)
    size_C = np.sqrt([a.variance(mean) for a in areas])
    part_C = size_C * (correlation_CC @ size_C)
    doubt = float(np.sum(part_C**2 / np.array([a.freedom for a in areas])))
    return max(float(part_C.sum()) ** 2 / doubt, 1.0) if doubt > 0 else np.inf


def _share_below(score_n: Floats, others: Floats) -> Floats:
    """Return for each score the share of others that are lower, ties counted half."""
    others = np.sort(others)
    below_n = np.searchsorted(others, score_n, side="left") + np.searchsorted(others, score_n, side="right")
    result: Floats = below_n / (2 * len(others))
    return result


def delong_variance(above_P: Floats, below_Q: Floats) -> float:
    """Return DeLong's variance of an area, from how much of the other side each positive and each negative is ranked
    right of.
    """
    return float(above_P.var(ddof=1) / len(above_P) + below_Q.var(ddof=1) / len(below_Q))


def _variance_scale(value: float, above_P: Floats, below_Q: Floats) -> float:
    if min(len(above_P), len(below_Q)) < 2:
        return 1.0
    imperfect = min(int(np.sum(above_P < 1)), int(np.sum(below_Q < 1)))
    expected = _variance(min(max(value, EDGE), 1 - EDGE), len(above_P), len(below_Q))
    return (imperfect * delong_variance(above_P, below_Q) / expected + PRIOR) / (imperfect + PRIOR)


def _design_effect(positive_n: NDArray[np.bool_], influence_n: Floats, group_n: Ints) -> float:
    """Return how much grouping widens the variance (Obuchowski 1997), or would at most where all is ranked right."""
    observed = float(np.sum(influence_n**2))
    if observed > 0:
        sums_G = group_sums(influence_n, group_n)
        return max(1.0, float(np.sum(sums_G**2)) * len(sums_G) / max(len(sums_G) - 1, 1) / observed)
    return max(float(side.sum()) / len(np.unique(group_n[side])) for side in (positive_n, ~positive_n))


def _variance(area: float, positives: int, negatives: int) -> float:
    pairs = (positives + negatives) / 2 - 1
    return (
        area * (1 - area) * (1 + pairs * (1 - area) / (2 - area) + pairs * area / (1 + area)) / (positives * negatives)
    )


def _score_interval(areas: list[Area], correlation_CC: Floats, reach: float) -> Interval:
    """Return all mean areas that lie within `reach` standard errors, taken at that area, of the estimated one."""
    value = float(np.mean([a.value for a in areas]))

    def excess(area: float) -> float:
        size_C = np.sqrt([a.variance(area) for a in areas])
        return abs(value - area) - reach * float(np.sqrt(max(float(size_C @ correlation_CC @ size_C), 0.0))) / len(
            areas
        )

    low = float(optimize.brentq(excess, 0.0, min(value, 1 - EDGE))) if value > EDGE else 0.0
    high = float(optimize.brentq(excess, max(value, EDGE), 1.0)) if value < 1 - EDGE else 1.0
    return low, high
