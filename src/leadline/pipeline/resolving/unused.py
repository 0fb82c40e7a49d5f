"""Entries that a user wrote and that mean nothing to what was chosen: one line says so, and the run goes on.

What asks for something that cannot be done (a budget for a fit in one go, a positive class of a number) is refused
where it is resolved; what only tunes something that this run does not do is said here. `pipeline/resolve.py` calls it
once all is chosen.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from leadline.core.catalogue import say
from leadline.core.component import AUTO, Component
from leadline.core.entries.surface import mentioned
from leadline.core.experiment import Experiment, NetworkSpec
from leadline.core.schema import Schema
from leadline.core.training_spec import TrainingSpec
from leadline.models.contract import Family
from leadline.pipeline.resolving.classical import KEPT


def unused(
    before: Experiment, after: Experiment, schema: Schema, family: Family | None, networks: Collection[str]
) -> Iterator[str]:
    """Yield a line for each group of entries of `before`, what was asked for, that nothing in `after` makes use of.

    `family` is that of a model that is fitted, if it is one; `networks` are the names of those trained in turn.
    """
    training = before.training
    if family is not None:
        entries = [*_of_training(before, after), *_of_classical(before, after, schema)]
        if entries:
            yield say("pipeline.unused-by-classical", family=family.name, n=len(entries), entries=_listed(entries))
    elif after.training.optimizers and set(networks) <= set(after.training.optimizers):
        entries = list(_parts("training.optimizer", training.optimizer, TrainingSpec.model_fields["optimizer"].default))
        own = _listed(f"training.optimizers.{name}" for name in sorted(networks))
        if entries:
            yield say("pipeline.optimizers-of-their-own", n=len(entries), entries=_listed(entries), own=own)
    fusion = NetworkSpec.model_fields["fusion"].default
    if len(schema.inputs) == 1 and (entries := list(_parts("network.fusion", before.network.fusion, fusion))):
        yield say("pipeline.nothing-to-fuse", n=len(entries), entries=_listed(entries))
    split = before.data.split
    if split.by == "column" or split.spans is not None:
        usual = type(split)()
        shares = [name for name in ("validation", "test") if getattr(split, name) != getattr(usual, name)]
        if shares:
            entries = [f"data.split.{name}" for name in shares]
            yield say("pipeline.split-without-shares", n=len(entries), entries=_listed(entries))


def _listed(entries: Iterable[str]) -> str:
    return ", ".join(map(mentioned, entries))


def _parts(place: str, given: Component, usual: Component) -> Iterator[str]:
    """Yield what was written of an item: its options where these are all, else the item."""
    if given.name == AUTO or (given.name == usual.name and len(given.options) == 1):
        yield from (f"{place}.{option}" for option in given.options)
    elif given != usual:
        yield place


def _of_training(before: Experiment, after: Experiment) -> Iterator[str]:
    """Yield entries of training that a model that is fitted has no use for."""
    for name, field in TrainingSpec.model_fields.items():
        given = getattr(before.training, name)
        if name in KEPT or given == field.default or given == getattr(after.training, name):
            continue
        if isinstance(field.default, Component):
            yield from _parts(f"training.{name}", given, field.default)
        elif name == "plan":
            yield from (f"training.plan.{one}" for one, value in given if value is not None)
        else:
            yield f"training.{name}"


def _of_classical(before: Experiment, after: Experiment, schema: Schema) -> Iterator[str]:
    """Yield options of the objective and augmentations that such a model has no use for."""
    if before.objective is not None and after.objective is not None:
        for name, value in before.objective.options.items():
            if after.objective.options.get(name) != value:
                yield f"objective.{name}"
    yield from (f"data.inputs.{one.name}.augment" for one in schema.inputs if one.augment)
