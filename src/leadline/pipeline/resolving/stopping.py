"""Fill in when a training ends: after how many epochs, by early stopping, by a budget; and what then ships."""

from __future__ import annotations

import math
from collections.abc import Mapping

from leadline.core.catalogue import say
from leadline.core.component import Component
from leadline.core.schema import Schema
from leadline.core.training_spec import EarlyStopping, TrainingSpec
from leadline.core.wording import Wording
from leadline.errors import UsageError, did_you_mean
from leadline.machine import energy
from leadline.objectives.contract import BoundObjective
from leadline.objectives.monitoring import monitors
from leadline.training.state.early_stopping import PATIENCE
from leadline.training.weight_average import resolved_weight_average

LONGER = 10  # times the usual epochs that a training takes at most which is bounded by a budget alone


def most_epochs(training: TrainingSpec, default_epochs: int) -> int:
    """Return the epochs that were asked for, else the usual number, or more where a budget bounds them.

    Raises UsageError where what was declared for estimating energy is nonsense.
    """
    energy.declared_watts(), energy.declared_co2()
    if training.epochs is not None:
        return training.epochs
    return default_epochs if training.max_time is None and training.max_energy is None else LONGER * default_epochs


def stopping_for(
    training: TrainingSpec, objective: BoundObjective, schema: Schema, rows: Mapping[str, int], epochs: int
) -> EarlyStopping | None:
    """Return what stops training early, its patience written out unless a budget decides how many epochs there will be.

    Raises UsageError where it watches a measure that there is not, or waits for a value that it cannot reach.
    """
    stopping = training.early_stopping
    if stopping is None:
        return None
    if not rows.get("validation"):
        if stopping.stopping_threshold is not None:
            raise UsageError(say("pipeline.early-stopping-target-needs-validation", metric=stopping.monitor))
        return None
    known_monitors = monitors(objective.decision, schema)
    if stopping.monitor not in known_monitors:
        known = did_you_mean(stopping.monitor, known_monitors)
        raise UsageError(
            say(
                "pipeline.early-stopping-unknown-metric", objective=objective.name, metric=stopping.monitor, known=known
            )
        )
    for name in ("stopping_threshold", "min_delta"):
        value = getattr(stopping, name)
        if value is None:
            continue
        if not math.isfinite(value):
            raise UsageError(
                say("pipeline.early-stopping-not-a-number", name=name, value=value, metric=stopping.monitor)
            )
        if Wording(objective.decision.declared_metrics).metric(stopping.monitor).is_share and not 0 <= value <= 1:
            raise UsageError(
                say(
                    "pipeline.early-stopping-share",
                    name=name,
                    metric=stopping.monitor,
                    value=value,
                    meant=value / 100,
                )
            )
    if stopping.patience is None and training.max_time is None and training.max_energy is None:
        return stopping.model_copy(update={"patience": max(PATIENCE, epochs // 2)})
    return stopping


def average_for(training: TrainingSpec) -> Component | None:
    """Return how weights are averaged with all options; raises UsageError where a name or an option is unknown or
    wrong.
    """
    return None if training.average is None else resolved_weight_average(training.average)
