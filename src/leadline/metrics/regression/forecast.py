"""How far forecasts are off: over all of them, by variable, by step ahead; and whether quantiles hold what they say.

Cells whose target is missing (NaN) are left out: a measure is the sum of what the others cost, over how many there are.
Windows overlap, so that intervals count blocks of windows, not windows.

Shapes: n windows, H steps ahead, V variables, Q quantiles, G blocks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from leadline.core.catalogue import say
from leadline.core.metric import Metric
from leadline.metrics.regression.distribution import COVERAGE
from leadline.metrics.regression.regressor import MAE, MSE
from leadline.metrics.statistics.intervals import Floats, Ints, group_sums, ratio
from leadline.metrics.statistics.means import mean_of
from leadline.metrics.statistics.measurement import Levels, Measurement, absent

MSE_SCALED = Metric(
    "mse_scaled",
    "Mean squared error (normalised)",
    "mean squared error in units of the training variance",
    better="lower",
    compared=True,
    short="normalised MSE",
)
METRICS = (
    MSE_SCALED,
    Metric(
        "mae_scaled",
        "Mean absolute error (normalised)",
        "mean absolute error in training standard deviations",
        better="lower",
        compared=True,
        short="normalised MAE",
    ),
    MSE,
    MAE,
    Metric(
        "mase",
        "Mean absolute scaled error",
        "mean absolute error over the horizon, relative to the seasonal naive forecast on the training rows",
        better="lower",
        compared=True,
        short="MASE",
    ),
    Metric(
        "pinball_scaled",
        "Pinball loss (normalised)",
        "quantile loss in training standard deviations",
        better="lower",
    ),
    COVERAGE,
    Metric(
        "interval_width_scaled",
        "Interval width (normalised)",
        "mean width of the forecast interval in training standard deviations",
        better="lower",
    ),
)

NAMES = ("mse_scaled", "mae_scaled", "mse", "mae", "mase")
CELLS = 1 << 21  # forecasts that are looked at together: memory stays bounded

Cost = Callable[[Floats], Floats]


class Errors(NamedTuple):
    """Sums over the known cells of each window: by variable over its steps (n,V), in the variables' units; by step over
    the variables (n,H), in train standard deviations. `cost_nV` is of errors in standard deviations, where one was
    asked for.
    """

    squared_nV: Floats
    absolute_nV: Floats
    known_nV: Floats
    squared_nH: Floats
    known_nH: Floats
    cost_nV: Floats


class Spread(NamedTuple):
    """What errors are divided by: the train deviation of each variable (V,), and the mean absolute error in train of
    repeating what was a season before (V,), which `naive` says in words.
    """

    std_V: Floats
    naive_V: Floats
    naive: str = ""


def errors(target_nHV: Floats, predicted_nHV: Floats, std_V: Floats, cost: Cost | None = None) -> Errors:
    """Return how far forecasts are off, in one pass."""
    n, steps, variables = target_nHV.shape
    found = Errors(*(np.zeros((n, width)) for width in (variables, variables, variables, steps, steps, variables)))
    for some in blocks(n, steps * variables):
        error_bHV = predicted_nHV[some].astype(np.float64) - target_nHV[some]
        known_bHV = ~np.isnan(target_nHV[some])
        error_bHV[~known_bHV] = 0.0
        squared_bHV = error_bHV**2
        found.squared_nV[some] = squared_bHV.sum(1)
        found.absolute_nV[some] = np.abs(error_bHV).sum(1)
        found.known_nV[some] = known_bHV.sum(1)
        found.squared_nH[some] = (squared_bHV / std_V**2).sum(2)
        found.known_nH[some] = known_bHV.sum(2)
        if cost is not None:
            found.cost_nV[some] = cost(error_bHV / std_V).sum(1)
    return found


def blocks(n: int, cells: int) -> Iterator[slice]:
    """Yield stretches of n windows of so many cells each that hold about `CELLS` together."""
    size = max(CELLS // max(cells, 1), 1)
    yield from (slice(start, start + size) for start in range(0, n, size))


def measure_all(
    found: Errors, spread: Spread, levels: Levels = (0.95,), group: Ints | None = None, variable: int | None = None
) -> dict[str, Measurement]:
    """Return every measure by name, over all variables or of one; windows with equal numbers in `group` depend on each
    other.
    """
    at = slice(None) if variable is None else slice(variable, variable + 1)
    squared_nV, absolute_nV, known_nV = found.squared_nV[:, at], found.absolute_nV[:, at], found.known_nV[:, at]
    std_V = spread.std_V[at]
    measured = {
        "mse_scaled": over(squared_nV / std_V**2, known_nV, levels, group),
        "mae_scaled": over(absolute_nV / std_V, known_nV, levels, group),
        "mse": over(squared_nV, known_nV, levels, group),
        "mae": over(absolute_nV, known_nV, levels, group),
    }
    moves_V = spread.naive_V[at] > 0
    if not moves_V.any():
        return {**measured, "mase": absent(say("metrics.mase-undefined"))}
    scaled_nV = absolute_nV[:, moves_V] / spread.naive_V[at][moves_V]
    scaled = over(scaled_nV, known_nV[:, moves_V], levels, group)
    return {**measured, "mase": scaled._replace(method="; ".join(filter(None, [scaled.method, spread.naive])))}


def over(sum_nV: Floats, known_nV: Floats, levels: Levels, group_n: Ints | None = None) -> Measurement:
    """Return what a known cell costs on average, with Hall's interval over windows, or blocks of them."""
    held_n = known_nV.sum(1) > 0
    if not held_n.any():
        return absent(say("metrics.no-known-targets"))
    value_n = by_window(sum_nV[held_n], known_nV[held_n])
    return mean_of(value_n, levels, None if group_n is None else group_n[held_n], low=0.0)


def by_window(sum_nV: Floats, known_nV: Floats) -> Floats:
    """Return a number for each window (n,) whose mean is what a known cell costs on average.

    Where all cells are known it is the window's own mean; where some are missing, the first-order part that a window
    has in the ratio of the two sums, so that its spread is that of the ratio.
    """
    sum_n, known_n = sum_nV.sum(1), known_nV.sum(1)
    mean, size = sum_n.sum() / max(known_n.sum(), 1.0), known_n.mean()
    value_n: Floats = mean + (sum_n - mean * known_n) / max(size, 1e-300)
    return value_n


def by_step(found: Errors, levels: Levels, group: Ints | None, steps: Sequence[int]) -> list[Measurement]:
    """Return the mean squared error in train standard deviations of some steps ahead, counted from 0."""
    return [over(found.squared_nH[:, [h]], found.known_nH[:, [h]], levels, group) for h in steps]


class Bands(NamedTuple):
    """Sums over the known cells of each window: those within each central band (n,V,P), from the widest; those below
    each quantile (n,Q); the mean pinball loss over quantiles and the width of the widest band (n,V), in train standard
    deviations.
    """

    inside_nVP: Floats
    below_nQ: Floats
    pinball_nV: Floats
    width_nV: Floats
    known_nV: Floats


def central(shares: Sequence[float]) -> list[tuple[int, int]]:
    """Return which quantiles stand for the ends of a central band, from the widest: the first and last, the next to
    them …
    """
    return [(k, len(shares) - 1 - k) for k in range(len(shares) // 2)]


def bands(target_nHV: Floats, quantile_nHVQ: Floats, shares: Sequence[float], std_V: Floats) -> Bands:
    """Return how forecast quantiles hold, in one pass."""
    n, steps, variables = target_nHV.shape
    pairs, share_Q = central(shares), np.asarray(shares)
    found = Bands(
        np.zeros((n, variables, len(pairs))), np.zeros((n, len(shares))), *(np.zeros((n, variables)) for _ in range(3))
    )
    for some in blocks(n, steps * variables * len(shares)):
        target_bHV1, quantile_bHVQ = (
            target_nHV[some].astype(np.float64)[..., None],
            quantile_nHVQ[some].astype(np.float64),
        )
        known_bHV1 = ~np.isnan(target_bHV1)
        error_bHVQ = np.where(known_bHV1, target_bHV1 - quantile_bHVQ, 0.0)
        found.pinball_nV[some] = np.maximum(share_Q * error_bHVQ, (share_Q - 1) * error_bHVQ).mean(3).sum(1) / std_V
        found.below_nQ[some] = ((error_bHVQ <= 0) & known_bHV1).sum((1, 2))
        for p, (low, high) in enumerate(pairs):
            inside_bHV = (error_bHVQ[..., low] >= 0) & (error_bHVQ[..., high] <= 0) & known_bHV1[..., 0]
            found.inside_nVP[some, :, p] = inside_bHV.sum(1)
        width_bHV = np.where(known_bHV1[..., 0], quantile_bHVQ[..., -1] - quantile_bHVQ[..., 0], 0.0)
        found.width_nV[some] = width_bHV.sum(1) / std_V
        found.known_nV[some] = known_bHV1[..., 0].sum(1)
    return found


def share(part_n: Floats, known_n: Floats, levels: Levels, group_n: Ints | None, note: str = "") -> Measurement:
    """Return a share of the known cells, with Wilson's interval and the effective number of cells of the windows or
    blocks.
    """
    if not known_n.sum() > 0:
        return absent(say("metrics.no-known-targets"))
    counted_n = np.arange(len(part_n)) if group_n is None else group_n
    intervals = ratio(group_sums(part_n, counted_n), group_sums(known_n, counted_n), levels)
    method = f"Wilson score, effective n of the {'windows' if group_n is None else 'groups'}{note}"
    return Measurement(float(part_n.sum() / known_n.sum()), intervals, int((known_n > 0).sum()), method)


def calibration(found: Bands, shares: Sequence[float], group_n: Ints | None) -> list[dict[str, float]]:
    """Return how many values lie below each quantile, as bins of a reliability diagram."""
    bins = []
    known_n = found.known_nV.sum(1)
    for k, claimed in enumerate(shares):
        measured = share(found.below_nQ[:, k], known_n, (0.95,), group_n)
        if measured.value is not None:
            low, high = measured.intervals[0]
            count = int(known_n.sum())
            bins.append({"confidence": claimed, "accuracy": measured.value, "low": low, "high": high, "count": count})
    return bins
