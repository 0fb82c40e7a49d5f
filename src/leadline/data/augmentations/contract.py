"""What a random change of whole batches says of itself: its options, what it fits, how it is made, what it moves.

An augmentation is registered under the kind of input it is for and its name, such as ``image/flip``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor

from leadline.core.catalogue import say
from leadline.core.component import Component
from leadline.core.schema import InputSchema
from leadline.data.augmentations.motion import Motion
from leadline.errors import UsageError, did_you_mean
from leadline.nn.rng import Rng

Stage = Callable[[Tensor, Rng], Tensor]
Options = Mapping[str, Any]
DrawMotion = Callable[[Rng, int, int], Motion]  # of pictures of a height and width

LEVELS = 65_536


class Amount(NamedTuple):
    """An option that is a number: what it is unless given, the most it may be, its unit in words, the least it may
    be.
    """

    default: float
    most: float
    unit: str
    least: float = 0.0

    @property
    def type_text(self) -> str:
        """What it takes."""
        return f"float in [{self.least:g}, {self.most:g}]"

    @property
    def meaning(self) -> str:
        """What it means, in a line."""
        return self.unit.rstrip(",")

    def check(self, name: str, value: object) -> float:
        """Return a number that makes sense; raises UsageError otherwise."""
        if isinstance(value, bool) or not isinstance(value, int | float) or not self.least <= value <= self.most:
            raise UsageError(
                say(
                    "augmentations.option-number",
                    option=name,
                    meaning=self.meaning,
                    least=self.least,
                    most=self.most,
                    value=value,
                )
            )
        return float(value)


class Word(NamedTuple):
    """An option that is one of several words, the first of them unless it is given."""

    default: str
    others: tuple[str, ...]
    meaning: str = ""

    @property
    def type_text(self) -> str:
        """What it takes."""
        return " | ".join((self.default, *self.others))

    def check(self, name: str, value: object) -> str:
        """Return the word; raises UsageError where it is none of them."""
        words = (self.default, *self.others)
        if not isinstance(value, str) or value not in words:
            raise UsageError(
                say("augmentations.option-word", option=name, choices=" or ".join(map(repr, words)), value=value)
            )
        return value


class Augmentation(Protocol):
    """A random change of a whole batch of one input's raw encoded values, each row's by draws of its own.

    uint8 may come back as float32 of the same range, where rounding would lose something.
    """

    @property
    def options(self) -> Mapping[str, Amount | Word]:
        """What may be set, by name; a lone number is the one called ``amount``, or the first of them."""

    @property
    def passed(self) -> Callable[[Sequence[tuple[Any, Options]], InputSchema], Stage]:
        """From changes that follow each other, with their options, to the one pass over the batch that makes them all.

        Changes that follow each other share a pass where this is equal.
        """

    @property
    def motion(self) -> Callable[[Sequence[tuple[Any, Options]]], DrawMotion] | None:
        """From changes that share a pass, to what draws how they move what is where; None where all stays in its place.

        Given the same draws as the pass it must move things as the pass moves pixels.
        """

    @property
    def reorders(self) -> bool:
        """True where steps of a row change places, so that a target of each step would be that of another."""

    def unsuitable(self, schema: InputSchema) -> str | None:
        """Say why the input cannot be changed so, or None."""


@dataclass(frozen=True)
class SeparatePass:
    """An augmentation that needs a pass of its own, which `make(schema, **options)` gives."""

    make: Callable[..., Stage]
    options: Mapping[str, Amount | Word]
    unsuited: Callable[[InputSchema], str | None] = field(default=lambda schema: None)
    reorders: bool = False
    motion: None = None

    def unsuitable(self, schema: InputSchema) -> str | None:
        """Say why the input cannot be changed so, or None."""
        return self.unsuited(schema)

    def passed(self, changes: Sequence[tuple[SeparatePass, Options]], schema: InputSchema) -> Stage:
        """Return the change, made as often as it is asked for."""
        stages = [self.make(schema, **options) for _, options in changes]

        def stage(x: Tensor, rng: Rng) -> Tensor:
            for number, one in enumerate(stages):
                x = one(x, rng.fold_in(str(number)))
            return x

        return stage


def checked(component: Component, options: Mapping[str, Amount | Word]) -> dict[str, Any]:
    """Return all options of a named part, given ones checked; raises UsageError naming the part and the option.

    A lone number, which a `Component` calls ``amount``, is the option of that name, or the first where none is called
    so."""
    given = dict(component.options)
    if list(given) == ["amount"] and "amount" not in options:
        given = {next(iter(options)): given["amount"]}
    for name in given:
        if name not in options:
            raise UsageError(
                say(
                    "augmentations.unknown-option",
                    component=component.name,
                    option=name,
                    suggestion=did_you_mean(name, options),
                )
            )
    try:
        return {name: option.check(name, given.get(name, option.default)) for name, option in options.items()}
    except UsageError as error:
        raise UsageError(say("augmentations.of-component", component=component.name, error=error)) from None


def on_device(values: Tensor) -> Callable[[torch.device], Tensor]:
    """Return a function that gives the values on a device, copied there once."""

    @lru_cache(maxsize=2)
    def there(device: torch.device) -> Tensor:
        return values.to(device)

    return there


def normals(rng: Rng, count: int) -> Tensor:
    """Return (B, count) standard normals of 65,536 levels, good enough for noise: a tenth of the cost of
    `Rng.normal`.
    """
    bits_BN = rng.bits("noise", math.ceil(count / 4)).view(torch.int16)  # four numbers of each 64 bits
    at = bits_BN.to(torch.int32).add_(LEVELS // 2)
    return _quantiles(at.device).index_select(0, at.view(-1)).view(at.shape)[:, :count]


@lru_cache(maxsize=4)
def _quantiles(device: torch.device) -> Tensor:
    """Return the middle of each of as many slices of the normal distribution, all equally probable; their variance is
    1.
    """
    middle: Tensor = torch.special.ndtri((torch.arange(LEVELS, dtype=torch.float64) + 0.5) / LEVELS)
    return (middle / middle.square().mean().sqrt()).float().to(device)
