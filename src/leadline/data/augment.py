"""Augmentation: random changes of whole batches on the device, each row's drawn from (seed, step, row) alone."""

from __future__ import annotations

from collections.abc import Sequence

from leadline.data.fields import table_augmentation
from leadline.data.fields.augmentation import Augmentation, Options, Stage, checked
from leadline.data.fields.contract import field_of
from leadline.errors import UsageError, did_you_mean
from leadline.facts.component import Component
from leadline.facts.schema import InputSchema
from leadline.layers.draws import Draws
from leadline.layers.types import Batch


class Augmenter:
    """Apply the augmentations that inputs ask for, in their order.

    Of those that follow each other, all that move pixels cost one resampling, and all that change colours one pass. Raises
    UsageError at construction for augmentations and options that are unknown or do not fit the input. Pictures come back as float32
    where whole numbers would lose something.
    """

    def __init__(self, inputs: Sequence[InputSchema]) -> None:
        self._stages = {schema.name: _stages(schema) for schema in inputs if schema.augment}

    def __call__(self, batch: Batch, draws: Draws) -> Batch:
        if not self._stages:
            return batch
        inputs = dict(batch.inputs)
        for name, stages in self._stages.items():
            for i, stage in enumerate(stages):
                inputs[name] = stage(inputs[name], draws.under(f"augment:{name}:{i}"))
        return batch.with_inputs(inputs)


def _stages(schema: InputSchema) -> list[Stage]:
    passes: list[list[tuple[Augmentation, Options]]] = []
    for component in schema.augment:
        change, options = _named(schema, component)
        if not passes or passes[-1][0][0].passed != change.passed:
            passes.append([])
        passes[-1].append((change, options))
    return [changes[0][0].passed(changes, schema) for changes in passes]


def _named(schema: InputSchema, component: Component) -> tuple[Augmentation, Options]:
    """Return an augmentation that fits the input, with all its options; raises UsageError."""
    known = table_augmentation.AUGMENTATIONS if schema.kind == "table" else field_of(schema.kind).augmentations
    where = f"Input {schema.name!r}:"
    if component.name not in known:
        raise UsageError(f"{where} there is no augmentation {component.name!r}. {did_you_mean(component.name, known)}")
    change = known[component.name]
    try:
        options = checked(component, change.options)
    except UsageError as error:
        raise UsageError(f"{where} {error}") from None
    reason = change.suits(schema)
    if reason:
        raise UsageError(f"{where} {component.name} does not fit: {reason}.")
    return change, options
