"""Fill in what an experiment leaves open of its updates: the batch of gradient descent, schedules that count in
epochs.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from leadline.core.component import Component
from leadline.core.training_spec import TrainingSpec
from leadline.errors import UsageError, did_you_mean
from leadline.objectives.contract import BoundObjective
from leadline.training.schedule import Plateau, resolved_schedule, schedule

FULL_BATCH = "gd"
MICRO = 2_048  # rows that pass through the network together where a batch is the whole train split
STEPS = 1_500  # that full-batch gradient descent takes at most by default: each goes over all rows, and
SEEN = 10_000_000  # examples at most


def whole_batch(training: TrainingSpec, rows: int) -> int | None:
    """Return the batch of full-batch gradient descent, all train rows; None for other optimizers.

    Raises UsageError where the experiment says another.
    """
    if training.optimizer.name != FULL_BATCH:
        return None
    if training.batch is not None and training.batch < rows:
        raise UsageError(
            f"training.batch is {training.batch}, but the optimizer gd takes all {rows:,} train rows in each step."
            " Leave training.batch open, or take sgd, which is the same update on batches."
        )
    return rows


def whole_epochs(rows: int) -> int:
    """Return how many epochs, which are steps, full-batch gradient descent takes by default."""
    return min(STEPS, max(SEEN // rows, 50))


def micro_batches(training: TrainingSpec, batch: int, objective: BoundObjective) -> int:
    """Return how many micro-batches an update is made of: what was asked for, or such that a whole train split fits
    memory.
    """
    if training.optimizer.name != FULL_BATCH or training.accumulate > 1 or objective.supervision.coupled:
        return training.accumulate
    return math.ceil(batch / MICRO)


def schedule_for(component: Component, epochs: int, objective: BoundObjective, rows: Mapping[str, int]) -> Component:
    """Return the schedule with every default written out.

    Raises UsageError where it watches a measure that there is not.
    """
    chosen = schedule(component)
    if isinstance(chosen, Plateau):
        if chosen.on not in objective.decision.monitors:
            known = did_you_mean(chosen.on, objective.decision.monitors)
            raise UsageError(f"training.schedule.on: {objective.name} has no measure {chosen.on!r}. {known}")
        if not rows.get("validation"):
            raise UsageError(
                "The schedule 'plateau' watches a measure on validation rows, and there are none: set"
                " data.split.validation, or take a schedule that needs none, such as 'step'."
            )
    return resolved_schedule(component, epochs)
