"""Augmentation: random changes of whole batches on the device, each row's drawn from (seed, step, row) alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from leadline.core.component import Component
from leadline.core.schema import InputSchema
from leadline.data.augmentations.contract import Augmentation, Options, Stage, checked
from leadline.data.columns.contract import input_type
from leadline.errors import UsageError, did_you_mean
from leadline.nn.batch import Batch
from leadline.nn.rng import Rng

WEAK = "weak"


def augmented_views(names: Sequence[str], inputs: Sequence[InputSchema]) -> Mapping[str, Augmenter]:
    """Return what makes each view of a batch but the first: ``weak`` ones as inputs ask for, ``strong`` ones by
    `strong` chains.
    """
    return {name: Augmenter([_as(name, one) for one in inputs]) for name in names[1:]}


def strong(one: InputSchema) -> tuple[Component, ...]:
    """Return the augmentations of an input's strong views: the user's, else all of its kind's usual ones that fit
    it.
    """
    if one.strong is not None:
        return one.strong
    known = _known(one)
    usual = input_type(one.kind).strong
    fitting = (part for part in usual if part.name in known and known[part.name].unsuitable(one) is None)
    return (*one.augment, *(part for part in fitting if part.name not in {own.name for own in one.augment}))


def _as(view: str, one: InputSchema) -> InputSchema:
    return one if view.split(maxsplit=1)[0] == WEAK else one.model_copy(update={"augment": strong(one)})


class Augmenter:
    """Apply the augmentations that inputs ask for, in their order.

    Of those that follow each other, all that move pixels cost one resampling, and all that change colours one pass.
    Raises UsageError at construction for augmentations and options that are unknown or do not fit the input. Pictures
    come back as float32 where whole numbers would lose something."""

    def __init__(self, inputs: Sequence[InputSchema]) -> None:
        self._stages = {schema.name: _stages(schema) for schema in inputs if schema.augment}

    def __call__(self, batch: Batch, rng: Rng) -> Batch:
        if not self._stages:
            return batch
        inputs = dict(batch.inputs)
        for name, stages in self._stages.items():
            for i, stage in enumerate(stages):
                inputs[name] = stage(inputs[name], rng.fold_in(f"augment:{name}:{i}"))
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
    known = _known(schema)
    where = f"Input {schema.name!r}:"
    if component.name not in known:
        raise UsageError(f"{where} there is no augmentation {component.name!r}. {did_you_mean(component.name, known)}")
    change = known[component.name]
    try:
        options = checked(component, change.options)
    except UsageError as error:
        raise UsageError(f"{where} {error}") from None
    reason = change.unsuitable(schema)
    if reason:
        raise UsageError(f"{where} {component.name} does not fit: {reason}.")
    return change, options


def _known(schema: InputSchema) -> Mapping[str, Augmentation]:
    return input_type(schema.kind).augmentations
