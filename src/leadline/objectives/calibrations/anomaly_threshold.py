"""The score above which a row is called an anomaly, chosen on the normal ones of the validation rows."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from leadline.core.catalogue import say
from leadline.core.finding import Finding
from leadline.core.metric import Metric
from leadline.objectives.calibrations.contract import RECORDED, Calibration, set_buffer
from leadline.objectives.contract import Columns, EvaluationContext
from leadline.objectives.generative.anomalies import LEAST, excess, normal_n

FEWEST = 10  # normal validation rows that a slope is found on


def _fit(last: Any, options: Any, predictions: Columns, context: EvaluationContext) -> Iterator[Finding]:
    normal, rate = normal_n(context.target, context.schema, options.anomaly), options.false_positive_rate
    found = {name: values[normal].astype(np.float64) for name, values in predictions.items()} or {"score": np.empty(0)}
    if last.slope is None:
        yield from calibrate_threshold(last, found["score"], rate)
        return
    error_n, size_n = (
        found[name][~np.isnan(found["error"])] if "error" in found else np.empty(0) for name in ("error", "size")
    )
    yield from calibrate_slope(last, error_n, size_n)
    yield from calibrate_threshold(last, excess(error_n, size_n, float(last.slope)), rate, "1")


def calibrate_slope(last: Any, error_n: np.ndarray, size_n: np.ndarray) -> tuple[Finding, ...]:
    """Set the power of normal rows' sizes that their errors grow with, by least squares on logarithms; it is 0 at
    least.
    """
    x_n, y_n = np.log(size_n + LEAST), np.log(error_n + LEAST)
    if len(x_n) < FEWEST or not x_n.std() > 0:
        why = say("objectives.anomaly-few-normal-examples", least=FEWEST)
        return (Finding.absent("error_slope", why, again=RECORDED),)
    value = max(0.0, float(np.cov(x_n, y_n)[0, 1] / x_n.var(ddof=1)))
    set_buffer(last.slope, value)
    method = say("objectives.anomaly-slope-method")
    return (Finding(name="error_slope", split="validation", value=value, n=len(x_n), method=method, again=RECORDED),)


def calibrate_threshold(last: Any, score_n: np.ndarray, rate: float, unit: str = "nats") -> tuple[Finding, ...]:
    """Set the threshold so that a new normal row lies above it with a probability of `rate` at most; `score_n` is of
    normal ones.

    It is the order statistic that promises this of exchangeable rows (Vovk et al. 2005). Of too few it is the largest.
    """
    n = len(score_n)
    if n == 0:
        why = say("objectives.no-normal-validation")
        return (Finding.absent("anomaly_threshold", why, unit=unit, again=RECORDED),)
    rank = math.ceil((n + 1) * (1 - rate))
    value = float(np.sort(score_n)[min(rank, n) - 1])
    set_buffer(last.threshold, value)
    few = rank > n
    method = say("objectives.anomaly-threshold-largest" if few else "objectives.anomaly-threshold-method", rate=rate)
    return (
        Finding(
            name="anomaly_threshold", split="validation", value=value, n=n, unit=unit, method=method, again=RECORDED
        ),
    )


def _summary(finding: Finding) -> str | None:
    """Say which threshold was chosen; the power that errors grow with is a detail of it."""
    if finding.name != "anomaly_threshold":
        return None
    if finding.value is None:
        return say("objectives.calibration-no-anomaly-threshold", why=finding.why)
    return say("objectives.calibration-anomaly-threshold", threshold=finding.value, method=finding.method)


CALIBRATION = Calibration(
    name="anomaly-threshold",
    fit=_fit,
    summary=_summary,
    metrics=(
        Metric(
            "error_slope",
            "Error scaling exponent",
            "exponent with which reconstruction error grows with the distance from the mean example",
        ),
        Metric("anomaly_threshold", "Anomaly threshold", "anomaly score above which an example is flagged"),
    ),
    reference="Vovk et al. 2005",
)
