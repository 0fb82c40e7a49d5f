"""What is an anomaly: which classes are declared to be, and from which score on a row is called one.

B rows, n rows of a split, C classes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from leadline.core.finding import Finding, Reproduction
from leadline.core.metric import Metric
from leadline.core.schema import Schema
from leadline.errors import UsageError
from leadline.metrics.classification import anomaly as metrics
from leadline.metrics.statistics.findings import finding
from leadline.nn.batch import Batch
from leadline.nn.network import placeholder_inputs
from leadline.objectives.contract import EvaluationContext
from leadline.objectives.generative.latent_codes import classes_in

METRICS = (
    Metric(
        "error_slope",
        "Growth of errors",
        "the power of a row's distance from the mean row that errors usually grow with",
    ),
    Metric("anomaly_threshold", "Anomaly threshold", "the score above which a row is called an anomaly"),
    *metrics.METRICS,
)

LEAST = 1e-9  # train variances that errors and sizes have at least, before their logarithm
FEWEST = 10  # normal validation rows that a slope is found on
NEVER = torch.finfo(torch.float32).max  # a score that no row has


class Threshold(nn.Module):
    """The end of a network, which passes codes on; it carries the score above which a row is an anomaly.

    Where scores are `relative` also the power of rows' sizes that their errors usually grow with.
    """

    def __init__(self, *, relative: bool = False) -> None:
        super().__init__()
        self.slope: Tensor | None
        self.register_buffer("slope", torch.tensor(0.0) if relative else None)
        self.threshold: Tensor
        self.register_buffer("threshold", torch.tensor(NEVER))

    def forward(self, code_BL: Tensor) -> Tensor:
        return code_BL


def declared(schema: Schema, anomaly: tuple[str, ...], normal: tuple[str, ...]) -> tuple[str, ...]:
    """Return the classes that are anomalies, by either option; raises UsageError where that leaves none, or no
    others.
    """
    if anomaly and normal:
        raise UsageError("objective.anomaly and objective.normal say the same thing: give one of them.")
    if not anomaly and not normal:
        return ()
    named = classes_in(schema, anomaly or normal, "anomaly" if anomaly else "normal")
    found = tuple(label for at, label in enumerate(schema.classes) if (at in named) == bool(anomaly))
    counts = dict(zip(schema.classes, schema.target.state.get("counts", ()), strict=False)) if schema.target else {}
    if len(found) == len(schema.classes) or (
        counts and not sum(n for label, n in counts.items() if label not in found)
    ):
        raise UsageError("Every class with train rows is an anomaly: nothing is left to learn what is normal from.")
    return found


def normal_B(batch: Batch, numbers: Tensor | None) -> Tensor | None:
    """Return which rows are of no class that is an anomaly (B,); None where all are."""
    if numbers is None or not len(numbers) or batch.target_B is None:
        return None
    return (batch.target_B[:, None] != numbers).all(1)


def normal_n(target: np.ndarray, schema: Schema, anomaly: tuple[str, ...]) -> np.ndarray:
    """Return which rows of a split are of no class that is an anomaly (n,)."""
    numbers = [schema.classes.index(label) for label in anomaly]
    return np.ones(len(target), dtype=bool) if not numbers else ~np.isin(target, numbers)


def without(inputs: Mapping[str, Tensor], keep_B: Tensor | None) -> Mapping[str, Tensor]:
    """Return inputs in which a normal row stands in the place of each anomaly: batch norm would see it, whatever it
    weighs.
    """
    return inputs if keep_B is None else {name: placeholder_inputs(x, keep_B) for name, x in inputs.items()}


def excess(error: Any, size: Any, slope: Any) -> Any:
    """Return the logarithm of errors beyond what rows of their size usually have, of arrays or tensors alike."""
    log = torch.log if isinstance(error, Tensor) else np.log
    return log(error + LEAST) - slope * log(size + LEAST)


def calibrate_slope(last: Any, error_n: np.ndarray, size_n: np.ndarray) -> tuple[Finding, ...]:
    """Set the power of normal rows' sizes that their errors grow with, by least squares on logarithms; it is 0 at
    least.
    """
    again = Reproduction(producer="settled", repeat="recorded")
    x_n, y_n = np.log(size_n + LEAST), np.log(error_n + LEAST)
    if len(x_n) < FEWEST or not x_n.std() > 0:
        why = f"there are fewer than {FEWEST} normal validation rows of different sizes: errors are taken as they are"
        return (Finding.absent("error_slope", why, again=again),)
    value = max(0.0, float(np.cov(x_n, y_n)[0, 1] / x_n.var(ddof=1)))
    with torch.no_grad():
        last.slope.fill_(value)
    method = "least squares of the logarithms of errors on those of sizes, normal validation rows"
    return (Finding(name="error_slope", split="validation", value=value, n=len(x_n), method=method, again=again),)


def calibrate_threshold(
    last: Any, score_n: np.ndarray, rate: float, context: EvaluationContext, unit: str = "nats"
) -> tuple[Finding, ...]:
    """Set the threshold so that a new normal row lies above it with a probability of `rate` at most; `score_n` is of
    normal ones.

    It is the order statistic that promises this of exchangeable rows (Vovk et al. 2005). Of too few it is the largest.
    """
    n = len(score_n)
    again = Reproduction(producer="settled", repeat="recorded")
    if n == 0:
        why = "there are no normal validation rows to choose it on"
        return (Finding.absent("anomaly_threshold", why, unit=unit, again=again),)
    rank = math.ceil((n + 1) * (1 - rate))
    value = float(np.sort(score_n)[min(rank, n) - 1])
    with torch.no_grad():
        last.threshold.fill_(value)
    method = f"score that at most {rate:.3g} of normal rows are above, by validation rows"
    if rank > n:
        method = f"largest score of normal validation rows, which are too few for a rate of {rate:.3g}"
    return (
        Finding(name="anomaly_threshold", split="validation", value=value, n=n, unit=unit, method=method, again=again),
    )


def anomaly_findings(
    predictions: Mapping[str, np.ndarray],
    normal: np.ndarray,
    context: EvaluationContext,
    again: Reproduction,
    *,
    ranked: bool,
) -> Iterator[Finding]:
    """Yield how often normal rows are called anomalies and, where `ranked`, how well scores tell those that are
    declared to be.
    """
    found = metrics.measure_all(
        normal, predictions["score"], predictions["anomaly"], context.levels, context.group, ranked=ranked
    )
    common: dict[str, Any] = {"split": context.split, "levels": context.levels, "again": again}
    for name, one in found.items():
        yield finding(name, one, better="lower" if name == "false_alarms" else "higher", **common)
