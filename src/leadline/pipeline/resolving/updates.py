"""Fill in what an experiment leaves open of its updates: the batch of gradient descent, schedules that count in
epochs.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from leadline.core.catalogue import say
from leadline.core.component import Component
from leadline.core.registry import renaming
from leadline.core.schema import Schema
from leadline.core.training_spec import TrainingSpec
from leadline.errors import UsageError, did_you_mean
from leadline.objectives.contract import BoundObjective
from leadline.objectives.monitoring import monitors
from leadline.training.optim import without_rate
from leadline.training.schedule import resolved_schedule, schedule

MICRO = 2_048  # rows that pass through the network together where a batch is the whole train split
STEPS = 1_500  # that full-batch gradient descent takes at most by default: each goes over all rows, and
SEEN = 10_000_000  # examples at most


def whole_batch(training: TrainingSpec, rows: int) -> int | None:
    """Return the batch of full-batch gradient descent, all train rows; None for other optimizers.

    Raises UsageError where the experiment says another.
    """
    if not without_rate(training.optimizer).takes_all_rows:
        return None
    if training.batch is not None and training.batch < rows:
        raise UsageError(say("pipeline.batch-of-full-batch-optimizer", batch=training.batch, rows=rows))
    return rows


def whole_epochs(rows: int) -> int:
    """Return how many epochs, which are steps, full-batch gradient descent takes by default."""
    return min(STEPS, max(SEEN // rows, 50))


def micro_batches(training: TrainingSpec, batch: int, objective: BoundObjective) -> int:
    """Return how many micro-batches an update is made of: what was asked for, or such that a whole train split fits
    memory.
    """
    if training.accumulate > 1 or objective.supervision.coupled or not without_rate(training.optimizer).takes_all_rows:
        return training.accumulate
    return math.ceil(batch / MICRO)


def schedule_for(
    component: Component, epochs: int, objective: BoundObjective, schema: Schema, rows: Mapping[str, int]
) -> Component:
    """Return the schedule with every default written out.

    Raises UsageError where it watches a measure that there is not.
    """
    chosen = schedule(component)
    if chosen.watches is not None:
        known_monitors = monitors(objective.decision, schema)
        if chosen.watches not in known_monitors:
            known = did_you_mean(chosen.watches, known_monitors)
            raise UsageError(
                say("pipeline.schedule-unknown-metric", objective=objective.name, metric=chosen.watches, known=known)
            )
        if not rows.get("validation"):
            raise UsageError(say("pipeline.schedule-needs-validation", schedule=component.name))
    return resolved_schedule(component, epochs)


def renamings(training: TrainingSpec) -> list[str]:
    """Return a line for each optimizer that is given by a name of version 0.1."""
    entries = {"training.optimizer": training.optimizer}
    entries |= {f"training.optimizers.{name}": one for name, one in training.optimizers.items()}
    lines = (renaming("optimizers", one, where) for where, one in entries.items())
    return [line for line in lines if line is not None]
