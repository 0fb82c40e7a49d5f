"""Augmentation: random changes of whole batches on the device, each row's drawn from (seed, step, row) alone."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from functools import partial

from torch import Tensor

from leadline.data.fields.affine import Affine, warp
from leadline.data.fields.contract import Augmentation, Field
from leadline.errors import UsageError, did_you_mean
from leadline.facts.component import Component
from leadline.facts.registry import lookup
from leadline.facts.schema import InputSchema
from leadline.layers.draws import Draws
from leadline.layers.types import Batch

Stage = Callable[[Tensor, Draws], Tensor]


class Augmenter:
    """Apply the augmentations that inputs ask for, in their order; affine ones that follow each other cost one resampling.

    Raises UsageError at construction for unknown augmentations, options and amounts. Interpolated pictures come back as float32.
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
    if schema.kind == "table":
        raise UsageError(f"Input {schema.name!r} is a table, for which there are no augmentations.")
    field: Field = lookup("fields", schema.kind)
    stages: list[Stage] = []
    moves: list[tuple[Affine, float]] = []
    for component in schema.augment:
        change = _named(schema.name, component, field)
        if not isinstance(change, Affine):
            stages.append(partial(change, **component.options))
            moves = []
            continue
        if not moves:
            stages.append(partial(warp, moves=moves))  # which the affine changes that follow are added to
        moves.append((change, _amount(schema.name, component, change)))
    return stages


def _named(name: str, component: Component, field: Field) -> Augmentation:
    """Return an augmentation whose options are known; raises UsageError."""
    known = field.augmentations
    if component.name not in known:
        raise UsageError(f"Input {name!r}: there is no augmentation {component.name!r}. {did_you_mean(component.name, known)}")
    change = known[component.name]
    options = [p.name for p in inspect.signature(change).parameters.values() if p.kind is p.KEYWORD_ONLY]
    for option in component.options:
        if option not in options:
            raise UsageError(f"Input {name!r}: {component.name} has no option {option!r}. {did_you_mean(option, options)}")
    return change


def _amount(name: str, component: Component, change: Affine) -> float:
    try:
        return change.check(component.options.get("amount", change.amount))
    except UsageError as error:
        raise UsageError(f"Input {name!r}: {component.name}: {error}.") from None
