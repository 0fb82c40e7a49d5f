"""The operating point: of two classes the probability from which on a row is called positive, by validation rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from leadline.core.catalogue import say
from leadline.core.finding import Finding
from leadline.core.metric import Metric
from leadline.metrics.classification import operating_point
from leadline.objectives.calibrations.contract import Calibration, calibrated_value, set_buffer
from leadline.objectives.contract import Columns, EvaluationContext


def _fit(last: Any, options: Any, predictions: Columns, context: EvaluationContext) -> Iterator[Finding]:
    if options.operating_point is None:
        return
    probability_nC = predictions.get("probability")
    point, n, positive = options.operating_point, len(context.target), context.schema.positive
    assert positive is not None and last.threshold is not None
    label = context.schema.classes[positive]
    if isinstance(point, float):
        yield calibrated_value("threshold", point, say("objectives.threshold-as-asked", positive=label), None)
        return
    (rule, wanted), *_ = point.items() if isinstance(point, Mapping) else [(str(point), None)]
    if wanted is None:
        goal = say("objectives.threshold-goal-best", metric=rule)
    else:
        goal = say("objectives.threshold-goal-at-least", metric=rule, wanted=wanted)
    positive_n = context.target == positive
    found = None
    if probability_nC is None or n == 0:
        why = say("objectives.no-validation")
    elif positive_n.all() or not positive_n.any():
        why = say("objectives.validation-one-class")
    else:
        found = operating_point.choose(positive_n, probability_nC[:, positive], rule, wanted)
        why = say("objectives.no-threshold-reaches")
    if found is None:
        method = say("objectives.threshold-kept", goal=goal, why=why)
        yield calibrated_value("threshold", float(last.threshold), method, n)
        return
    set_buffer(last.threshold, found.threshold)
    method = say("objectives.threshold-method", goal=goal, reached=found.reached, positive=label)
    yield calibrated_value("threshold", float(last.threshold), method, n)


def _summary(finding: Finding) -> str:
    """Say which threshold was chosen, and how."""
    return say("objectives.calibration-threshold", threshold=finding.value, method=finding.method)


CALIBRATION = Calibration(
    name="operating-point",
    fit=_fit,
    summary=_summary,
    metrics=(
        Metric("threshold", "Decision threshold", "probability at and above which an example is predicted positive"),
    ),
)
