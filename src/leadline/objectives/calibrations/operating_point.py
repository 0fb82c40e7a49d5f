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
        yield calibrated_value("threshold", point, f"as the experiment says; from this probability on, {label!r}", None)
        return
    (rule, wanted), *_ = point.items() if isinstance(point, Mapping) else [(str(point), None)]
    goal = f"the best {rule}" if wanted is None else f"{rule} of at least {wanted:g}"
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
        yield calibrated_value(
            "threshold", float(last.threshold), f"the most probable class, rather than {goal}: {why}", n
        )
        return
    set_buffer(last.threshold, found.threshold)
    method = f"{goal} on validation rows, where it is {found.reached:.4g}; from this probability on, {label!r}"
    yield calibrated_value("threshold", float(last.threshold), method, n)


CALIBRATION = Calibration(
    name="operating-point",
    fit=_fit,
    metrics=(
        Metric("threshold", "Decision threshold", "probability at and above which an example is predicted positive"),
    ),
)
