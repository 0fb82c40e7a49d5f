"""Who judges the rows that a network makes: a classifier given by its run, a small one trained beside, or nobody."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from leadline.core.catalogue import say
from leadline.core.component import AUTO
from leadline.core.experiment import Experiment
from leadline.core.schema import InputSchema, Schema
from leadline.data.columns.contract import column_type, input_type
from leadline.errors import LeadlineError, UsageError
from leadline.objectives.contract import BoundObjective
from leadline.run.run import Run

CLASSIFICATION = "classification"


def resolved(experiment: Experiment, schema: Schema, objective: BoundObjective) -> str | bool | None:
    """Return who judges: a run, ``auto`` or nobody; as it was given for networks that make no rows.

    Raises UsageError for a run that cannot judge such rows.
    """
    asked, training = experiment.reference_classifier, experiment.training
    if not needs_reference(objective) or asked is False:
        return asked
    if asked is None:
        budget = training.max_time is not None or training.max_energy is not None
        return AUTO if may_train(schema) and not budget else False
    if asked == AUTO:
        if not may_train(schema):
            raise UsageError(say("pipeline.reference-classifier-no-classes"))
        return AUTO
    _check(asked, schema)
    return asked


def needs_reference(objective: BoundObjective) -> bool:
    """Say whether an objective's network makes rows that a classifier can judge."""
    converter = objective.capability("converter")
    return objective.capability("generator") is not None or (converter is not None and converter.into is None)


def may_train(schema: Schema) -> bool:
    """Say whether a classifier could be trained beside."""
    return bool(schema.classes) and all(one.window is None for one in schema.inputs)


def _check(asked: str, schema: Schema) -> None:
    """Raise UsageError where a run is no classifier of rows that are encoded as these are."""
    try:
        run = Run(asked)
    except LeadlineError as error:
        raise UsageError(say("pipeline.reference-classifier-unreadable", error=error)) from None
    if run.objective.name != CLASSIFICATION:
        raise UsageError(say("pipeline.reference-classifier-objective", run=asked, objective=run.objective.name))
    own = {one.name: one for one in run.schema.inputs}
    other = next((one.name for one in schema.inputs if one.name not in own), None)
    if other is not None or len(own) != len(schema.inputs):
        here = ", ".join(one.name for one in schema.inputs)
        raise UsageError(say("pipeline.reference-classifier-other-inputs", run=asked, own=", ".join(own), here=here))
    for one in schema.inputs:
        other_one = own[one.name]
        if _recipe(one) != _recipe(other_one):
            here, there = (input_type(side.kind).short(side) for side in (one, other_one))
            raise UsageError(
                say("pipeline.reference-classifier-other-encoding", run=asked, input=one.name, there=there, here=here)
            )


def _recipe(one: InputSchema) -> tuple[Any, ...]:
    """Return what the encoded values of an input depend on."""
    return one.kind, one.shape, [(f.name, f.kind, _plain(column_type(f.kind).recipe(f.state))) for f in one.fields]


def _plain(state: Mapping[str, Any]) -> dict[str, Any]:
    return {key: list(value) if isinstance(value, tuple) else value for key, value in state.items()}
