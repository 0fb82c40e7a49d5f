"""Everything a regressor is judged by, from true and predicted values (n,)."""

from __future__ import annotations

import numpy as np

from leadline.metrics.intervals import Floats, Ints, error_of, mean, median, pairs, quantiles
from leadline.metrics.measured import Intervals, Levels, Measured, absent

HALL = "mean; Student t corrected for skewness"


def measure_all(
    target_n: Floats, predicted_n: Floats, *, levels: Levels = (0.95,), group: Ints | None = None
) -> dict[str, Measured]:
    """Return every measure by name; rows with equal numbers in `group` (n,) depend on each other."""
    squared = mse(target_n, predicted_n, levels, group)
    return {
        "mse": squared,
        "rmse": root(squared),
        "mae": mae(target_n, predicted_n, levels, group),
        "median_absolute_error": median_absolute_error(target_n, predicted_n, levels, group),
        "r2": r2(target_n, predicted_n, levels, group),
    }


def mse(target_n: Floats, predicted_n: Floats, levels: Levels, group_n: Ints | None = None) -> Measured:
    """Return the mean squared error, in the square of the target's unit."""
    return _mean(_error(target_n, predicted_n) ** 2, levels, group_n)


def mae(target_n: Floats, predicted_n: Floats, levels: Levels, group_n: Ints | None = None) -> Measured:
    """Return the mean absolute error, in the target's unit."""
    return _mean(np.abs(_error(target_n, predicted_n)), levels, group_n)


def root(squared: Measured) -> Measured:
    """Return the root of a mean squared error and of its interval, in the target's unit."""
    if squared.value is None:
        return squared
    intervals = tuple((float(np.sqrt(a)), float(np.sqrt(b))) for a, b in squared.intervals)
    return squared._replace(value=float(np.sqrt(squared.value)), intervals=intervals, method=f"root of the {squared.method}")


def median_absolute_error(target_n: Floats, predicted_n: Floats, levels: Levels, group_n: Ints | None = None) -> Measured:
    """Return the median of absolute errors, in the target's unit."""
    if len(target_n) == 0:
        return absent("there are no rows")
    error_n = np.abs(_error(target_n, predicted_n))
    return Measured(float(np.median(error_n)), median(error_n, levels, group_n), len(error_n), "median; Woodruff interval")


def r2(target_n: Floats, predicted_n: Floats, levels: Levels, group_n: Ints | None = None) -> Measured:
    """Return the share of the target's variance that is explained; absent where the target does not vary.

    The interval is Student's t on the scale of log(1 - R²), by the delta method. It covers less than it says where the target
    itself has heavy tails (about 85 % for a log-normal target at 180 rows): then few rows decide R².
    """
    target_n = np.asarray(target_n, dtype=np.float64)
    spread_n = (target_n - target_n.mean()) ** 2 if len(target_n) else target_n
    if len(target_n) == 0:
        return absent("there are no rows")
    if spread_n.max() == 0:
        return absent("the target does not vary, and R² compares with its variance", len(target_n))
    error_n = _error(target_n, predicted_n) ** 2
    unexplained = float(error_n.mean() / spread_n.mean())
    intervals: Intervals = ()
    if unexplained > 0:
        error = error_of(error_n / error_n.mean() - spread_n / spread_n.mean(), group_n)
        if error is not None:
            reach = np.minimum(quantiles(levels, error.units) * error.size, 100)  # far below any R², and exp stays finite
            intervals = pairs(1 - unexplained * np.exp(reach), 1 - unexplained * np.exp(-reach))
    return Measured(1 - unexplained, intervals, len(target_n), "Student t of log(1 - R²)" + _by_group(group_n))


def _error(target_n: Floats, predicted_n: Floats) -> Floats:
    return np.asarray(predicted_n, dtype=np.float64) - np.asarray(target_n, dtype=np.float64)


def _mean(loss_n: Floats, levels: Levels, group_n: Ints | None) -> Measured:
    if len(loss_n) == 0:
        return absent("there are no rows")
    return Measured(float(loss_n.mean()), mean(loss_n, levels, group_n, low=0.0), len(loss_n), HALL + _by_group(group_n))


def _by_group(group_n: Ints | None) -> str:
    return "" if group_n is None else ", summed by group"
