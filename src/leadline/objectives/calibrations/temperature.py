"""A classifier's temperature: what scores are divided by, fitted on validation rows (Guo et al. 2017)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from leadline.core.catalogue import say
from leadline.core.finding import Finding
from leadline.core.metric import Metric
from leadline.metrics.classification.temperature import fit, scaled
from leadline.objectives.calibrations.contract import Calibration, calibrated_value, set_buffer
from leadline.objectives.contract import Columns, EvaluationContext

FEWEST_ROWS = 100  # below which no temperature is fitted
FEWEST_WRONG = 5  # rows that are wrong say how sure is too sure; with fewer of them, next to nothing does


def _fit(last: Any, options: Any, predictions: Columns, context: EvaluationContext) -> Iterator[Finding]:
    n = len(context.target)
    if isinstance(options.temperature, float):
        set_buffer(last.temperature, options.temperature)
        yield calibrated_value("temperature", options.temperature, say("objectives.calibration-as-asked"), None)
        return
    if options.temperature == "none":
        return
    kept = _too_little(predictions, context)
    if not kept:
        fitted = fit(context.target, predictions["probability"], context.levels, context.group)
        gain = fitted.change.intervals
        if gain and gain[0][1] < 0:
            set_buffer(last.temperature, fitted.value)
            method = say("objectives.temperature-method", change=-(fitted.change.value or 0.0))
            yield calibrated_value("temperature", fitted.value, method, n, interval=fitted.interval)
            return
        kept = say("objectives.scaling-not-needed")
    yield calibrated_value("temperature", 1.0, kept, n)


def _too_little(predictions: Columns, context: EvaluationContext) -> str:
    """Say why no temperature can be fitted; empty where one can."""
    n = len(context.target)
    if n == 0:
        return say("objectives.no-validation")
    if n < FEWEST_ROWS:
        return say("objectives.temperature-too-few", fewest=FEWEST_ROWS)
    wrong = int(np.sum(predictions["probability"].argmax(1) != context.target))
    if wrong < FEWEST_WRONG:
        return say("objectives.temperature-too-few-errors", wrong=wrong, fewest=FEWEST_WRONG)
    return ""


def _summary(finding: Finding) -> str:
    """Say which temperature was fitted, or why none was."""
    if finding.value != 1:
        name = "objectives.calibration-temperature" if finding.n else "objectives.calibration-temperature-as-asked"
        return say(name, **({"n": finding.n} if finding.n else {}), temperature=finding.value)
    if finding.method == say("objectives.scaling-not-needed"):
        return say("objectives.calibration-not-needed")
    return say("objectives.calibration-none", why=finding.method)


def _applied(last: Any, predictions: Columns) -> Columns:
    """Return predictions whose probabilities are those at the temperature, made at 1."""
    if "probability" not in predictions:
        return predictions
    return {**predictions, "probability": scaled(predictions["probability"], float(last.temperature))}


def _undone(last: Any, predictions: Columns) -> tuple[str, Columns] | None:
    """Return predictions with the probabilities that a temperature of 1 would give."""
    temperature = float(last.temperature)
    if temperature == 1:
        return None
    return "temperature=1", {**predictions, "probability": scaled(predictions["probability"], 1 / temperature)}


CALIBRATION = Calibration(
    name="temperature",
    fit=_fit,
    applied=_applied,
    undone=_undone,
    summary=_summary,
    metrics=(Metric("temperature", "Temperature", "divisor of the logits; above 1, the network was overconfident"),),
    reference="Guo et al. 2017",
)
