"""What early stopping and schedules may watch on validation rows: what an objective monitors after every epoch, and
every metric that it measures, which is computed where it is named.
"""

from __future__ import annotations

import numpy as np

from leadline.core import wording
from leadline.core.finding import Finding
from leadline.core.schema import Schema
from leadline.objectives.contract import Columns, Decision, EvaluationContext


def monitors(decision: Decision, schema: Schema) -> dict[str, str]:
    """Return the names that a monitor may have, with "lower" or "higher" for which is better: ``loss``, ``roc_auc``,
    ``recall(cat)``.
    """
    better = {one.id: one.better for one in decision.declared_metrics}
    named = {name: better.get(wording.parted(name)[0]) for name in decision.metric_names(schema)}
    return {**{name: way for name, way in named.items() if way}, **decision.monitors}


def monitored(
    names: tuple[str, ...], decision: Decision, predictions: Columns, target: np.ndarray, schema: Schema
) -> dict[str, float]:
    """Return what an objective monitors on validation predictions, and the metrics of those `names` that are none of
    it; NaN where a metric has no value on such rows.
    """
    values = dict(decision.monitor(predictions, target, schema))
    missing = [name for name in names if name not in values]
    if missing:
        context = EvaluationContext("validation", target, None, schema)
        found = (one for one in decision.measure(predictions, context) if isinstance(one, Finding))
        measured = {one.label: one.value for one in found}
        values |= {name: float("nan") if (value := measured.get(name)) is None else value for name in missing}
    return values
