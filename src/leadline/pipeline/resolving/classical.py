"""Fill in an experiment whose network is classical: what of training and of the objective still means something."""

from __future__ import annotations

from typing import Any

from leadline.core.catalogue import say
from leadline.core.component import Component
from leadline.core.schema import Schema
from leadline.core.training_spec import TrainingSpec
from leadline.errors import UsageError
from leadline.models.contract import Family
from leadline.objectives.contract import BoundObjective
from leadline.objectives.lookup import objective_for
from leadline.training.classical import AHEAD, LEARNT

KEPT = ("deterministic", "checkpoint_seconds")  # entries of training that need no step
PROMISED = ("max_time", "max_energy")


def classical_entries(
    training: TrainingSpec, component: Component, family: Family, objective: BoundObjective, schema: Schema
) -> dict[str, Any]:
    """Return what entries of an experiment become of which some only mean stepping; those are back at their defaults.

    Raises UsageError for promises that fitting cannot keep, for objectives that it cannot learn, and where what is
    installed does not fit it.
    """
    family.check()
    name = family.name
    for entry in PROMISED:
        if getattr(training, entry) is not None:
            raise UsageError(say("pipeline.classical-has-no-budget", entry=entry, name=name))
    if objective.supervision.classical_target not in (AHEAD if family.forecasts else LEARNT):
        raise UsageError(
            say(
                "pipeline.classical-wrong-objective",
                name=name,
                objective=objective.name,
                usual="classification" if schema.classes else "regression",
            )
        )
    kept = {entry: getattr(training, entry) for entry in KEPT}
    stopping = TrainingSpec.model_fields["early_stopping"].default if training.early_stopping else None
    options = {key: value for key, value in component.options.items() if key not in objective.supervision.loss_options}
    plain = objective_for(Component(name=component.name, options=options)).options.model_dump(mode="json")
    return {
        "training": TrainingSpec(**kept, early_stopping=stopping),
        "objective": Component(name=component.name, options=plain),
    }
