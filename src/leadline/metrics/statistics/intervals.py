"""Confidence intervals, all in closed form: fast for any number of rows, and the same every time.

One idea carries most of them. A smooth measure is, to first order, its true value plus the mean of one `influence` per
row (Hampel 1974), so its standard error is that of a mean. Rows of one group depend on each other: their influences are
summed and the groups are what is counted. How well the intervals cover is simulated in
``tests/reference/test_interval_coverage.py``.

Shapes: n rows, G groups, C classes.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from leadline.metrics.statistics.measurement import Intervals, Levels

Floats = NDArray[np.float64]
Ints = NDArray[np.integer]


# An arm of a skewed mean's interval against that of a BCa bootstrap: with 1.2, none is 1.5 times as long in simulation.
LONGEST = 1.2


class Error(NamedTuple):
    """The standard error of an estimate, the skewness of its error, and how many independent units it rests on."""

    size: float
    skewness: float
    units: int


def quantiles(levels: Levels, units: float = np.inf) -> Floats:
    """Return how many standard errors an interval of each level reaches: Student's t for that many units, or normal."""
    upper = 0.5 + np.asarray(levels, dtype=np.float64) / 2
    return np.asarray(stats.t.ppf(upper, units - 1) if np.isfinite(units) else stats.norm.ppf(upper), dtype=np.float64)


def group_sums(values_n: Floats, group_n: Ints | None) -> Floats:
    """Return the sums of values over groups (G,), or the values where rows are independent."""
    if group_n is None:
        return values_n
    _, index_n = np.unique(group_n, return_inverse=True)
    sums_G: Floats = np.bincount(index_n, weights=values_n).astype(np.float64)
    return sums_G


def error_of(influence_n: Floats, group_n: Ints | None = None) -> Error | None:
    """Return the error of an estimate whose error is the mean of these influences; None for one unit or no spread."""
    units = group_sums(influence_n, group_n)
    count = len(units)
    spread = float(np.std(units, ddof=1)) if count > 1 else 0.0
    # What rounding leaves of a constant is no spread.
    if spread <= 1e-12 * float(np.abs(influence_n).max(initial=0.0)):
        return None
    centred = units - units.mean()
    skewness = float(np.mean(centred**3) / np.mean(centred**2) ** 1.5)
    return Error(spread * np.sqrt(count) / len(influence_n), skewness, count)


def wilson(successes: float, n: float, levels: Levels, units: float = np.inf) -> Intervals:
    """Return Wilson's score interval of a proportion at each level; empty for n = 0 (Wilson 1927).

    `n` may be an effective sample size; `units` is then the number of groups it was estimated from: of one group alone,
    nothing follows for others. Stays informative when everything is right or wrong.
    """
    if n <= 0:
        return ()
    if units < 2:
        return ((0.0, 1.0),) * len(levels)
    share = successes / n
    return pairs(*wilson_ends(np.asarray(share), n, quantiles(levels, units)))


def wilson_ends(share: Floats, n: float, reach: Floats) -> tuple[Floats, Floats]:
    """Return the ends of Wilson's interval for shares of n rows, `reach` standard errors wide to each side; they
    broadcast.
    """
    square = reach**2
    centre = (share + square / (2 * n)) / (1 + square / n)
    half = np.sqrt(square * (share * (1 - share) / n + square / (4 * n * n))) / (1 + square / n)
    # Rounding may leave an end on the wrong side of a share of 0 or 1.
    return np.clip(centre - half, 0.0, share), np.clip(centre + half, share, 1.0)


def proportion(right_n: NDArray[np.bool_], levels: Levels, group_n: Ints | None = None) -> Intervals:
    """Return an interval of the share of True; Wilson's, with the effective number of rows where rows come in
    groups.
    """
    if group_n is None:
        return wilson(int(right_n.sum()), len(right_n), levels)
    right = right_n.astype(np.float64)
    return ratio(group_sums(right, group_n), group_sums(np.ones(len(right)), group_n), levels)


def ratio(part_G: Floats, whole_G: Floats, levels: Levels) -> Intervals:
    """Return an interval of sum(part) / sum(whole), a proportion that was counted in groups; empty where there are no
    rows.

    Wilson's interval with the effective number of rows (Dean and Pagano 2015).
    """
    rows, groups = effective_rows(part_G, whole_G)
    share = float(part_G.sum()) / max(float(whole_G.sum()), 1.0)
    return wilson(share * rows, rows, levels, groups)


def effective_rows(part_G: Floats, whole_G: Floats) -> tuple[float, int]:
    """Return how many independent rows would leave a proportion as uncertain as these groups do, and how many groups
    have rows.

    Never more than the rows there are; one row per group, fewer where groups differ in size, where everything is right
    or wrong, since dependence then cannot be seen. Groups say by the jackknife how much they vary; where a large one
    hides how far it lies from the others, what rows of a group share (analysis of variance) says so.
    """
    held = whole_G > 0
    part_G, whole_G = part_G[held], whole_G[held]
    groups, rows = len(whole_G), float(whole_G.sum())
    if groups < 2:
        return float(groups), groups
    fewest = rows**2 / float(np.sum(whole_G**2))
    share = float(part_G.sum()) / rows
    away_G = part_G - share * whole_G
    jackknife = float(np.sum((away_G / (rows - whole_G)) ** 2)) * (groups - 1) / groups
    if not 0 < share < 1 or jackknife == 0:
        return fewest, groups
    spread = max(jackknife, _shared_variance(away_G, whole_G, share))
    return min(max(share * (1 - share) / spread, 1.0), rows), groups


def _shared_variance(away_G: Floats, whole_G: Floats, share: float) -> float:
    """Return the variance of a share over groups whose rows have so much in common as analysis of variance says."""
    groups, rows = len(whole_G), float(whole_G.sum())
    if rows <= groups:
        return 0.0
    between_sum = float(np.sum(away_G**2 / whole_G))
    between = between_sum / (groups - 1)
    within = max(rows * share * (1 - share) - between_sum, 0.0) / (rows - groups)
    square = float(np.sum(whole_G**2)) / rows
    common = max((between - within) * (groups - 1) / (rows - square), 0.0)
    return within / rows + common * square / rows


def mean_of_shares(
    share_C: Floats, rows_C: Floats, correlation_CC: Floats, levels: Levels, *, most: float, units: float = np.inf
) -> Intervals:
    """Return an interval of the unweighted mean of proportions: Wilson's, with the effective number of rows of the
    mean.

    The variance of a class is drawn to that of the mean share, as if one more error had been seen there: a rare class
    that happens to be all right is still in doubt. Few rows decide where a rare class is the hard one, and Student's t
    with Satterthwaite's degrees of freedom says so. `most` is how many rows the mean can rest on, `units` the number of
    groups where there are groups.
    """
    centre = float(share_C.mean())
    typical = centre * (1 - centre)
    free_C = np.maximum(rows_C - 1, 1)
    # In units of the variance of one row at the mean share, which is 0 where all is right: only the ratio has a limit
    # there.
    size_C = np.sqrt((rows_C / free_C * rows_C * share_C * (1 - share_C) + 1) / (rows_C * typical + 1) / rows_C)
    part_C = size_C * (correlation_CC @ size_C)
    # Classes that do well in turn, group by group, could make the mean look more certain than `most` allows.
    variance = max(float(part_C.sum()), len(share_C) ** 2 / most)
    rows = len(share_C) ** 2 / variance
    doubt = float(np.sum(part_C**2 / free_C))  # none where the classes' errors cancel exactly
    freedom = max(variance**2 / doubt, 1.0) if doubt > 0 else np.inf
    return wilson(centre * rows, rows, levels, min(units, 1 + freedom))


def over_all(intervals: Intervals, measured: int, classes: int) -> Intervals:
    """Return intervals of a mean over all classes, of which only some were measured: the others' may be all from 0 to
    1.
    """
    if not 0 < measured < classes:
        return intervals
    rest = classes - measured
    return tuple((measured * low / classes, (measured * high + rest) / classes) for low, high in intervals)


def mean(
    values_n: Floats, levels: Levels, group_n: Ints | None = None, *, low: float = -np.inf, high: float = np.inf
) -> Intervals:
    """Return an interval of a mean at each level: Student's t, corrected for skewness; empty for one unit or no spread.

    Hall's cubic transformation of t (Hall 1992, "On the removal of skewness by transformation"), as accurate as the
    bootstrap-t, and like it boundless where one of few rows has most of the sum: so no arm is longer than Student's
    and 1.2 times that of a BCa bootstrap. `low` and `high` are what the mean cannot pass. Where the fourth moment is
    infinite (squares of errors with heavy tails) a 95 % interval covers about 93 % at 180 rows.
    """
    if len(values_n) == 0:
        return ()
    centre = float(values_n.mean())
    error = error_of(values_n - centre, group_n)
    if error is None:
        return ()
    t = quantiles(levels, error.units)
    bend = error.skewness / np.sqrt(error.units)
    below, above = _untwist(t, bend), -_untwist(-t, bend)
    z = quantiles(levels)
    # mirrored, the lower arm is an upper one
    below = np.minimum(below, np.maximum(t, LONGEST * bootstrap_arm(z, -bend)))
    above = np.minimum(above, np.maximum(t, LONGEST * bootstrap_arm(z, bend)))
    return pairs(centre - below * error.size, centre + above * error.size, low, high)


def bootstrap_arm(z: Floats, bend: float) -> Floats:
    """Return how many standard errors a BCa bootstrap's interval of a mean would reach up, without drawing samples.

    Its upper end is the quantile of the bootstrapped mean at a level moved by bias and acceleration (Efron 1987), and
    that quantile follows from the skewness (Cornish and Fisher). `bend` is the skewness over the root of the units.
    """
    bias = bend / 6  # of a mean it is the acceleration too
    level = bias + (bias + z) / np.maximum(1 - bias * (bias + z), 0.2)
    return np.asarray(level + (level**2 - 1) * bend / 6, dtype=np.float64)


def _untwist(t: Floats, bend: float) -> Floats:
    if abs(bend) < 1e-8:
        return t
    return np.asarray(3 * (np.cbrt(1 + bend * (t - bend / 6)) - 1) / bend, dtype=np.float64)


def median(values_n: Floats, levels: Levels, group_n: Ints | None = None) -> Intervals:
    """Return an interval of the median: the values at the ends of the interval of the share below it (Woodruff 1952).

    Empty where so few rows, or groups, could all lie on one side of the true median more often than the strictest level
    allows.
    """
    below = (values_n <= np.median(values_n)).astype(np.float64) if len(values_n) else values_n
    rows, units = float(len(below)), np.inf
    if group_n is not None:
        rows, units = effective_rows(group_sums(below, group_n), group_sums(np.ones(len(below)), group_n))
    if 1 - 2 * 0.5 ** min(rows, units) < max(levels):
        return ()
    ends = np.quantile(values_n, np.array(wilson(rows / 2, rows, levels, units)), method="inverted_cdf")
    return pairs(ends[:, 0], ends[:, 1])


def correlation(influence_GC: Floats) -> Floats:
    """Return correlations between the columns, 0 for a column without spread; influences have mean zero by
    construction.
    """
    return normalised(influence_GC.T @ influence_GC)


def normalised(covariance_CC: Floats) -> Floats:
    """Return the correlations of a covariance matrix, 0 beside the diagonal where there is no variance."""
    size_C = np.sqrt(np.diag(covariance_CC))
    size_C = np.where(size_C > 0, size_C, np.inf)
    correlation_CC: Floats = covariance_CC / size_C[:, None] / size_C
    np.fill_diagonal(correlation_CC, 1.0)
    return correlation_CC


def pairs(low: Floats, high: Floats, least: float = -np.inf, most: float = np.inf) -> Intervals:
    """Return lower and upper ends as one pair per level, cut at what the measure cannot pass."""
    return tuple(
        (float(a), float(b)) for a, b in zip(np.clip(low, least, most), np.clip(high, least, most), strict=True)
    )
