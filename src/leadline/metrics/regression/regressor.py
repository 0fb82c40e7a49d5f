"""Everything a regressor is judged by, from true and predicted values (n,)."""

from __future__ import annotations

import numpy as np

from leadline.core.catalogue import say
from leadline.core.metric import Metric
from leadline.metrics.statistics.intervals import Floats, Ints, median
from leadline.metrics.statistics.means import explained, mean_of
from leadline.metrics.statistics.measurement import Levels, Measurement, absent

MSE = Metric("mse", "Mean squared error", "mean of squared errors", "", "lower", short="MSE")
RMSE = Metric("rmse", "Root mean squared error", "square root of the mean squared error", "", "lower", True, "RMSE")
MAE = Metric("mae", "Mean absolute error", "mean of absolute errors", "", "lower", True, "MAE")
MEDIAN_ABSOLUTE_ERROR = Metric(
    "median_absolute_error", "Median absolute error", "median of absolute errors", "", "lower"
)
R2 = Metric("r2", "R²", "coefficient of determination: share of the variance explained", better="higher", largest=1.0)
METRICS = (MAE, RMSE, MSE, MEDIAN_ABSOLUTE_ERROR, R2)

NAMES = ("mae", "rmse", "mse", "median_absolute_error", "r2")


def measure_all(
    target_n: Floats, predicted_n: Floats, *, levels: Levels = (0.95,), group: Ints | None = None
) -> dict[str, Measurement]:
    """Return every measure by name; rows with equal numbers in `group` (n,) depend on each other."""
    squared = mse(target_n, predicted_n, levels, group)
    return {
        "mse": squared,
        "rmse": root(squared),
        "mae": mae(target_n, predicted_n, levels, group),
        "median_absolute_error": median_absolute_error(target_n, predicted_n, levels, group),
        "r2": r2(target_n, predicted_n, levels, group),
    }


def mse(target_n: Floats, predicted_n: Floats, levels: Levels, group_n: Ints | None = None) -> Measurement:
    """Return the mean squared error, in the square of the target's unit."""
    return mean_of(_error(target_n, predicted_n) ** 2, levels, group_n, low=0.0)


def mae(target_n: Floats, predicted_n: Floats, levels: Levels, group_n: Ints | None = None) -> Measurement:
    """Return the mean absolute error, in the target's unit."""
    return mean_of(np.abs(_error(target_n, predicted_n)), levels, group_n, low=0.0)


def root(squared: Measurement) -> Measurement:
    """Return the root of a mean squared error and of its interval, in the target's unit."""
    if squared.value is None:
        return squared
    intervals = tuple((float(np.sqrt(a)), float(np.sqrt(b))) for a, b in squared.intervals)
    return squared._replace(
        value=float(np.sqrt(squared.value)), intervals=intervals, method=f"root of the {squared.method}"
    )


def median_absolute_error(
    target_n: Floats, predicted_n: Floats, levels: Levels, group_n: Ints | None = None
) -> Measurement:
    """Return the median of absolute errors, in the target's unit."""
    if len(target_n) == 0:
        return absent(say("metrics.no-examples"))
    error_n = np.abs(_error(target_n, predicted_n))
    return Measurement(
        float(np.median(error_n)), median(error_n, levels, group_n), len(error_n), "median; Woodruff interval"
    )


def r2(target_n: Floats, predicted_n: Floats, levels: Levels, group_n: Ints | None = None) -> Measurement:
    """Return the share of the target's variance that is explained; absent where the target does not vary.

    The interval is Student's t on the scale of log(1 - R²), by the delta method. It covers less than it says where the
    target itself has heavy tails (about 85 % for a log-normal target at 180 rows): then few rows decide R².
    """
    target_n = np.asarray(target_n, dtype=np.float64)
    spread_n = (target_n - target_n.mean()) ** 2 if len(target_n) else target_n
    why = say("metrics.r2-undefined")
    return explained(_error(target_n, predicted_n) ** 2, spread_n, levels, group_n, "R²", why)


def _error(target_n: Floats, predicted_n: Floats) -> Floats:
    return np.asarray(predicted_n, dtype=np.float64) - np.asarray(target_n, dtype=np.float64)
