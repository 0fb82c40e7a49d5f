"""Augmentation: random changes of whole batches on the device, each row's drawn from (seed, step, row) alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple

from torch import Tensor

from leadline.core.catalogue import say
from leadline.core.component import Component
from leadline.core.registry import lookup, registered
from leadline.core.schema import ColumnSchema, InputSchema
from leadline.data.augmentations.contract import Augmentation, DrawMotion, Options, Stage, checked
from leadline.data.augmentations.motion import Motion
from leadline.data.columns.contract import input_type
from leadline.data.targets.contract import target_type
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
    usual = input_type(one.kind).strong
    fitting = (part for part in usual if augmentation(one.kind, part.name).unsuitable(one) is None)
    return (*one.augment, *(part for part in fitting if part.name not in {own.name for own in one.augment}))


def _as(view: str, one: InputSchema) -> InputSchema:
    return one if view.split(maxsplit=1)[0] == WEAK else one.model_copy(update={"augment": strong(one)})


class Augmenter:
    """Apply the augmentations that inputs ask for, in their order.

    Of those that follow each other, all that move pixels cost one resampling, and all that change colours one pass.
    Inputs that lie in the places of a picture (masks), and a `target` that does (boxes), move with the one that is
    moved. Raises UsageError at construction for augmentations and options that are unknown or do not fit the input, and
    where two pictures move and something is to follow. Pictures come back as float32 where whole numbers would lose
    something.
    """

    def __init__(self, inputs: Sequence[InputSchema], target: ColumnSchema | None = None) -> None:
        self._passes = {schema.name: _passes(schema) for schema in inputs if schema.augment}
        self._following = _following(inputs, target) if self._passes else {}
        moving = [name for name, passes in self._passes.items() if any(one.motion is not None for one in passes)]
        if self._following and len(moving) > 1:
            raise UsageError(
                say(
                    "augmentations.two-moving-images",
                    follower=_called(next(iter(self._following))),
                    first=moving[0],
                    second=moving[1],
                )
            )

    def __call__(self, batch: Batch, rng: Rng) -> Batch:
        if not self._passes:
            return batch
        inputs, target_B = dict(batch.inputs), batch.target_B
        for name, passes in self._passes.items():
            for i, one in enumerate(passes):
                draws = rng.fold_in(f"augment:{name}:{i}")
                if one.motion is not None and self._following:
                    motion = one.motion(draws, *inputs[name].shape[-2:])
                    for other, moved in self._following.items():
                        if other is not None:
                            inputs[other] = moved(inputs[other], motion)
                        elif target_B is not None:
                            target_B = moved(target_B, motion)
                inputs[name] = one.change(inputs[name], draws)
        batch = batch.with_inputs(inputs)
        return batch if target_B is batch.target_B else replace(batch, target_B=target_B)


class Pass(NamedTuple):
    """One pass over the batch of an input, and what draws how it moves what is where; None where it leaves it there."""

    change: Stage
    motion: DrawMotion | None


def _following(
    inputs: Sequence[InputSchema], target: ColumnSchema | None
) -> dict[str | None, Callable[[Tensor, Motion], Tensor]]:
    """Return how what lies in the places of a picture moves with it: inputs by name, the target under None."""
    following: dict[str | None, Callable[[Tensor, Motion], Tensor]] = {}
    for one in inputs:
        if (move := input_type(one.kind).moved) is not None:
            following[one.name] = partial(move, one)
    if target is not None and (turn := target_type(target.kind).moved) is not None:
        following[None] = partial(turn, target)
    return following


def _called(name: str | None) -> str:
    return "The target" if name is None else f"Input {name!r}"


def _passes(schema: InputSchema) -> list[Pass]:
    alike: list[list[tuple[Augmentation, Options]]] = []
    for component in schema.augment:
        change, options = _named(schema, component)
        if not alike or alike[-1][0][0].passed != change.passed:
            alike.append([])
        alike[-1].append((change, options))
    found = []
    for changes in alike:
        first = changes[0][0]
        found.append(Pass(first.passed(changes, schema), None if first.motion is None else first.motion(changes)))
    return found


def _named(schema: InputSchema, component: Component) -> tuple[Augmentation, Options]:
    """Return an augmentation that fits the input, with all its options; raises UsageError."""
    known = augmentations(schema.kind)
    where = f"Input {schema.name!r}:"
    if component.name not in known:
        raise UsageError(
            say(
                "augmentations.unknown",
                input=where,
                augmentation=component.name,
                suggestion=did_you_mean(component.name, known),
            )
        )
    change = augmentation(schema.kind, component.name)
    try:
        options = checked(component, change.options)
    except UsageError as error:
        raise UsageError(say("augmentations.of-input", input=where, error=error)) from None
    reason = change.unsuitable(schema)
    if reason:
        raise UsageError(say("augmentations.unsuitable", input=where, augmentation=component.name, reason=reason))
    return change, options


def augmentations(kind: str) -> list[str]:
    """Return the names of all augmentations of a kind of input; imports none of them."""
    return [name.removeprefix(f"{kind}/") for name in registered("augmentations") if name.startswith(f"{kind}/")]


def augmentation(kind: str, name: str) -> Augmentation:
    """Return the augmentation of a kind of input that a name stands for; raises UsageError where there is none."""
    found: Augmentation = lookup("augmentations", f"{kind}/{name}")
    return found
