"""Average precision: the area under the precision–recall curve, as a sum over its steps, of one class or as a mean over
classes.

Shapes: n rows, C classes, T different scores from high to low.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from leadline.core.catalogue import say
from leadline.core.metric import Metric
from leadline.metrics.statistics.intervals import Floats, Ints, correlation, group_sums, mean_of_shares, over_all
from leadline.metrics.statistics.measurement import Levels, Measurement, absent

AVERAGE_PRECISION = Metric(
    "average_precision",
    "Average precision",
    "area under the precision–recall curve; chance gives the share of positives",
    better="higher",
    largest=1.0,
)

# How many imperfectly ranked rows the expected variance counts for, against what was observed; as for the area under
# ROC.
PRIOR = 5
Ranked = tuple[NDArray[np.bool_], Floats]


class Steps(NamedTuple):
    """How many rows, and how many positives, score at least as high as each different score (T,); each row's place
    there (n,).
    """

    rows_T: Floats
    positives_T: Floats
    step_n: Ints


def steps(positive_n: NDArray[np.bool_], score_n: Floats) -> Steps:
    """Count rows and positives from the highest score down; rows of equal scores share a step."""
    different_T, step_n = np.unique(-score_n, return_inverse=True)
    rows_T = np.cumsum(np.bincount(step_n, minlength=len(different_T)))
    positives_T = np.cumsum(np.bincount(step_n, weights=positive_n, minlength=len(different_T)))
    return Steps(rows_T.astype(np.float64), positives_T.astype(np.float64), step_n)


def average_precision(
    target_n: Ints, probability_nC: Floats, positive: int, levels: Levels, group_n: Ints | None = None
) -> Measurement:
    """Return the average precision of the class `positive` where there are two, else the mean of each class's against
    the rest.

    Precisions are weighted by the steps in recall, without interpolation. Each row's influence on it (the infinitesimal
    jackknife) gives the variance, which is drawn to that of a proportion of the positives (Boyd, Eng & Page 2013) the
    more, the fewer rows are ranked imperfectly; the interval is Wilson's with the number of rows a proportion of that
    variance would have. Classes without rows are left out of the value, and may be anything for the interval; absent
    where fewer than two classes have rows.
    """
    classes = probability_nC.shape[1]
    present = [c for c in range(classes) if np.any(target_n == c)]
    if len(present) < 2:
        why = say("metrics.average-precision-one-class") if present else say("metrics.no-examples")
        return absent(why, len(target_n))
    some = present if classes > 2 else [positive]
    measured = mean_precision([(target_n == c, probability_nC[:, c]) for c in some], levels, group_n)
    if classes == 2:
        return measured
    part = "" if len(present) == classes else f" of the {len(present)} classes that occur, interval over all {classes}"
    intervals = over_all(measured.intervals, len(present), classes)
    return measured._replace(intervals=intervals, method=f"one-vs-rest mean{part}; {measured.method}")


def mean_precision(ranked: Sequence[Ranked], levels: Levels, group_n: Ints | None = None) -> Measurement:
    """Return the mean of average precisions, one for each pair of which rows are positives (n,) and how all score (n,).

    There must be a positive in each.
    """
    found = [influence(positive_n, score_n) for positive_n, score_n in ranked]
    value_C = np.array([value for value, _, _ in found])
    by_group_GC = np.stack([group_sums(influence_n, group_n) for _, influence_n, _ in found], axis=1)
    positives_C = np.array([float(np.sum(positive_n)) for positive_n, _ in ranked])
    units = np.inf if group_n is None else float(len(by_group_GC))
    if group_n is not None:  # where all is ranked right, one group is no more evidence than one row
        positives_C = np.array([float(len(np.unique(group_n[positive_n]))) for positive_n, _ in ranked])
    wrong_C = np.array([wrong for _, _, wrong in found])
    rows_C = _effective(value_C, positives_C, wrong_C, np.sum(by_group_GC**2, axis=0), len(by_group_GC))
    correlation_CC, most = correlation(by_group_GC), max(float(rows_C.sum()), 1.0)
    # Few positives make it too high: each is counted in its own precision. The lower end allows for that.
    least_C = np.maximum(value_C - np.array([_own(*pair) for pair in ranked]), 0.0)
    low = mean_of_shares(least_C, rows_C, correlation_CC, levels, most=most, units=units)
    high = mean_of_shares(value_C, rows_C, correlation_CC, levels, most=most, units=units)
    intervals = tuple((min(below[0], above[0]), above[1]) for below, above in zip(low, high, strict=True))
    method = "Wilson score, effective n from the influence of examples" + (
        "" if group_n is None else ", summed by group"
    )
    return Measurement(float(value_C.mean()), intervals, len(ranked[0][0]), method)


def _own(positive_n: NDArray[np.bool_], score_n: Floats) -> float:
    """Return by how much average precision is too high on average because each positive is counted where it stands."""
    rows_T, positives_T, _ = steps(positive_n, score_n)
    new_T = np.diff(positives_T, prepend=0.0)
    return float(np.sum(new_T * (1 - positives_T / rows_T) / rows_T) / positives_T[-1])


def influence(positive_n: NDArray[np.bool_], score_n: Floats) -> tuple[float, Floats, int]:
    """Return the average precision, the influence of each row on it (n,), and how many positives have a negative at or
    above them.

    The influence is the derivative by the row's weight: how the row's own precision differs from the average, and what
    it adds to the precision at every positive that does not score higher.
    """
    rows_T, positives_T, step_n = steps(positive_n, score_n)
    total = positives_T[-1]
    new_T = np.diff(positives_T, prepend=0.0)
    precision_T = positives_T / rows_T
    value = float(np.sum(new_T * precision_T) / total)
    gain_T = np.cumsum((new_T / rows_T)[::-1])[::-1]
    loss_T = np.cumsum((new_T * precision_T / rows_T)[::-1])[::-1]
    own_n = positive_n * (precision_T[step_n] - value + gain_T[step_n])
    imperfect = int(np.sum(new_T[precision_T < 1]))
    return value, (own_n - loss_T[step_n]) / total, imperfect


def _effective(value_C: Floats, positives_C: Floats, wrong_C: Ints, square_C: Floats, units: int) -> Floats:
    """Return how many rows a proportion of each variance would have."""
    expected_C = value_C * (1 - value_C) / positives_C
    observed_C = square_C * units / max(units - 1, 1)
    variance_C = (wrong_C * observed_C + PRIOR * expected_C) / (wrong_C + PRIOR)
    rows_C: Floats = np.where(
        variance_C > 0, value_C * (1 - value_C) / np.where(variance_C > 0, variance_C, 1.0), positives_C
    )
    return np.maximum(rows_C, 1.0)
