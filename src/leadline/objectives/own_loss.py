"""A loss of a user's own in the place of an objective's: what a head's scores cost, row by row.

It stands where an experiment says ``objective.loss: own.py:focal``. What is decided and how that is judged stays the
objective's; so a run is loaded, predicts and is evaluated without the loss. Its code is run by `OwnLoss.on`, which
training calls before the first step.

B rows.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from leadline.core import own_code
from leadline.core.catalogue import say
from leadline.core.component import Component
from leadline.core.schema import Schema
from leadline.errors import UsageError
from leadline.nn.batch import Loss, Prediction
from leadline.objectives.capabilities import Head

NOUN = "loss"
REDUCED = ("reduction", "reduce", "size_average")  # how PyTorch's losses are told to return one number for all rows


class Called(nn.Module):
    """A function of scores and targets as a module; with `elementwise`, whose losses have an entry for each of several
    numbers of a row, these are averaged.
    """

    def __init__(self, function: Any, name: str, *, elementwise: bool = False) -> None:
        super().__init__()
        self.function, self.name, self.elementwise = function, name, elementwise

    def forward(self, scores: Tensor, target: Tensor) -> Tensor:
        """Return a value for each row (B,); raises UsageError where the function returns anything else."""
        value: object = self.function(scores, target)
        if not isinstance(value, Tensor) or not value.is_floating_point():
            kind = value.dtype if isinstance(value, Tensor) else type(value).__name__
            raise UsageError(say("objectives.own-loss-no-tensor", name=self.name, kind=kind))
        if self.elementwise and value.ndim > 1:
            value = value.flatten(1).mean(1)
        if value.ndim == 0:
            raise UsageError(say("objectives.own-loss-one-number", name=self.name, rows=len(scores)))
        if value.shape != scores.shape[:1]:
            raise UsageError(
                say("objectives.own-loss-shape", name=self.name, shape=tuple(value.shape), rows=len(scores))
            )
        return value


@dataclass
class OwnLoss:
    """A loss that an experiment names, with its options; its module once training has asked for it."""

    component: Component
    module: Called | None = field(default=None, repr=False)

    def on(self, device: torch.device) -> Called:
        """Return the loss as a module on a device, built from its code the first time.

        Raises UsageError where there is no such code, or where it cannot be built.
        """
        if self.module is None:
            self.module = _built(self.component)
        return self.module.to(device)

    def recorded(self) -> OwnLoss:
        """Return the loss as it is written into a resolved experiment: its options, and the sha256 of its file."""
        thing = own_code.found(self.component, NOUN)
        options = own_code.checked_options(self.component, _parameters(thing), NOUN)
        component = own_code.recorded(self.component, NOUN)
        known = {name: value for name, value in options.items() if value is not None and name not in REDUCED}
        return OwnLoss(component.model_copy(update={"options": {**known, **component.options}}))


@dataclass(frozen=True)
class OwnLossHead(Head):
    """A head whose scores cost what a loss of the user's says; all else is as it was."""

    head: Head
    loss: OwnLoss

    def outputs(self, schema: Schema) -> int:
        """Return how many numbers the head gives a row."""
        return self.head.outputs(schema)

    def last(self, schema: Schema) -> nn.Module:
        """Return the end of the network."""
        return self.head.last(schema)

    def value(self, last: Any, scores: Tensor, target_B: Tensor) -> Loss:
        """Return what scores cost; what a row's target makes it count stays the objective's (weights of classes)."""
        module = self.loss.module
        assert module is not None, "`OwnLoss.on` was called before the first step"
        return Loss(module(scores, target_B), self.head.value(last, scores.detach(), target_B).weight_B, {})

    def decided(self, last: Any, scores: Tensor) -> Prediction:
        """Return what a user receives for scores."""
        return self.head.decided(last, scores)

    def averaged(self, outputs_KBO: Tensor) -> Tensor:
        """Return what the members of an ensemble say together."""
        return self.head.averaged(outputs_KBO)


def own_loss_of(options: Mapping[str, Any]) -> tuple[OwnLoss | None, dict[str, Any]]:
    """Return the loss of the user's own that an objective's options name, None where they name none, and the other
    options.
    """
    named = options.get(NOUN)
    name = named.get("name") if isinstance(named, Mapping) else named
    if not isinstance(name, str) or not own_code.is_own(name):
        return None, dict(options)
    component = Component.model_validate(named)
    return OwnLoss(component), {option: value for option, value in options.items() if option != NOUN}


def component_of(loss: Any) -> Component:
    """Return how an experiment names a loss that is given in Python: a function of scores and targets, a module, its
    class, or a `partial`.
    """
    if not callable(loss):
        raise UsageError(say("objectives.own-loss-not-callable", type=type(loss).__name__))
    return own_code.component_of(loss)


def _built(component: Component) -> Called:
    """Return what a component names as a module whose losses are one for each row."""
    thing, name = own_code.found(component, NOUN), component.name
    parameters = _parameters(thing)
    options = own_code.checked_options(component, parameters, NOUN)
    if "reduction" in parameters:
        options["reduction"] = "none"
    try:
        if isinstance(thing, type):
            function = thing(**options)
        else:
            function = copy.deepcopy(thing) if isinstance(thing, nn.Module) else partial(thing, **options)
    except own_code.FAILURES as error:
        raise UsageError(say("objectives.own-loss-not-built", name=name, error=error)) from error
    if not callable(function):
        raise UsageError(say("objectives.own-loss-not-callable", type=name))
    elementwise = "reduction" in parameters
    if isinstance(function, nn.Module):
        if isinstance(getattr(function, "reduction", None), str):
            setattr(function, "reduction", "none")  # noqa: B010  a plain attribute, which the types take for a module
            elementwise = True
        if any(p.requires_grad for p in function.parameters()):
            raise UsageError(say("objectives.own-loss-has-parameters", name=name))
    return Called(function, name, elementwise=elementwise)


def _parameters(thing: Any) -> dict[str, inspect.Parameter]:
    """Return the options of a loss: those of a class's constructor, or of a function beside scores and targets."""
    if isinstance(thing, nn.Module):
        return {}
    try:
        return own_code.parameters_of(thing, 0 if isinstance(thing, type) else 2)
    except (TypeError, ValueError):  # built in, without a signature
        return {}
