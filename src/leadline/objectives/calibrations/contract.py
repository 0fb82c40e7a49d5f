"""What a calibration is: how something of a decision is chosen on predictions of validation rows, after training.

Each file beside this one declares one as ``CALIBRATION`` and `core.registry` lists it; another package adds its own by
an entry point in the group ``leadline.calibrations``. A decision side names those that it is calibrated by, in order.
What is chosen is a buffer of the network's end, so that it travels with the weights.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from leadline.core.finding import Finding, Reproduction
from leadline.core.metric import Metric
from leadline.core.registry import lookup, registered
from leadline.objectives.contract import Columns, EvaluationContext

RECORDED = Reproduction(producer="calibration", repeat="recorded")  # how what was chosen is had again


@dataclass(frozen=True)
class Calibration:
    """One choice, and what it makes of predictions.

    - `fit(last, options, predictions, context)`: sets buffers of the network's end, by the options of the objective and
      predictions that were made before; yields a finding for each thing chosen, or kept, with its reason. Without
      validation rows predictions are empty.
    - `applied(last, predictions)`: predictions as they are once that is set, for calibrations that come after.
    - `undone(last, predictions)`: calibrated predictions as they would be without it, and a name for them; None where
      it changed nothing.
    - `metrics`: what its findings are called.
    - `summary`: what the terminal says of a finding, in a line; None where it says nothing of it.
    """

    name: str
    fit: Callable[[Any, Any, Columns, EvaluationContext], Iterator[Finding]]
    metrics: tuple[Metric, ...]
    applied: Callable[[Any, Columns], Columns] = lambda last, predictions: predictions
    undone: Callable[[Any, Columns], tuple[str, Columns] | None] = lambda last, predictions: None
    summary: Callable[[Finding], str | None] = lambda finding: None
    reference: str = ""


def calibrated_value(name: str, value: float, method: str, n: int | None, **rest: Any) -> Finding:
    """Return the finding that something was chosen, by how many validation rows."""
    split = "validation" if n else None
    return Finding(name=name, split=split, value=value, n=n or None, method=method, again=RECORDED, **rest)


def set_buffer(buffer: torch.Tensor, value: float) -> None:
    """Put what was chosen into a buffer."""
    with torch.no_grad():
        buffer.fill_(value)


def calibrated(
    names: Sequence[str], last: Any, options: Any, predictions: Columns, context: EvaluationContext
) -> tuple[Finding, ...]:
    """Calibrate a network's end by each of the named calibrations in turn; returns what was chosen, and how."""
    found: list[Finding] = []
    for one in _named(names):
        found += one.fit(last, options, predictions, context)
        predictions = one.applied(last, predictions)
    return tuple(found)


def without_calibration(names: Sequence[str], last: Any, predictions: Columns) -> tuple[str, Columns] | None:
    """Return predictions without the first of the named calibrations that changed something, and a name for them."""
    undone = (one.undone(last, predictions) for one in _named(names))
    return next((found for found in undone if found is not None), None)


def metrics_of(names: Sequence[str]) -> tuple[Metric, ...]:
    """Return what the findings of the named calibrations are called."""
    return tuple(metric for one in _named(names) for metric in one.metrics)


def summary(finding: Finding) -> str | None:
    """Return what the terminal says of something chosen, by the calibration that chose it."""
    for one in _named(registered("calibrations")):
        if finding.name in {metric.id for metric in one.metrics}:
            return one.summary(finding)
    return None


def _named(names: Iterable[str]) -> list[Calibration]:
    return [lookup("calibrations", name) for name in names]
