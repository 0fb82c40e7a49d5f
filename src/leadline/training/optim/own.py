"""An optimizer of a user's own: any class of `torch.optim.Optimizer`, from a file, a module or an object.

It is built over groups of parameters as Leadline's own are: each has a learning rate, which the schedule scales, and a
weight decay, where its constructor takes one. What it keeps from step to step must lie in its `state`, as tensors and
numbers, or in its groups: a checkpoint holds these, and a trial on a few small parameters shows whether they bring it
back to the bit.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import torch
from pydantic import Field, create_model
from torch import nn

from leadline.core import own_code
from leadline.core.catalogue import say
from leadline.core.component import Component
from leadline.errors import UsageError, first_line
from leadline.training.optim.contract import Optimizer
from leadline.training.optim.state import load_state, state_of
from leadline.training.options import read_options

NOUN = "optimizer"
OURS = frozenset(("params", "lr", "weight_decay", "rate", "hidden"))  # entries of a group that are not its own
VECTORS = "decay_vectors"  # the one option that is Leadline's, beside those of the constructor
RATE = 0.01  # the learning rate, where neither the user nor the constructor says one
STEPS = 3  # of the trial


class OwnOptimizer(Optimizer):
    """Options of an optimizer of the user's own: those of its constructor."""

    made_by: ClassVar[Callable[..., torch.optim.Optimizer]]
    called: ClassVar[str]
    arguments: ClassVar[frozenset[str]]

    def build(self, groups: list[dict[str, Any]]) -> torch.optim.Optimizer:
        """Return the optimizer; raises UsageError where its constructor fails, or returns something else."""
        given = {name: getattr(self, name) for name in self.arguments}
        try:
            made = type(self).made_by(groups, **given)
        except own_code.FAILURES as error:
            raise UsageError(say("training.own-optimizer-not-built", name=self.called, error=error)) from error
        if not isinstance(made, torch.optim.Optimizer):
            raise UsageError(say("training.own-optimizer-none", name=self.called, type=type(made).__name__))
        return made

    def numbers(self, running: torch.optim.Optimizer, names: Mapping[nn.Parameter, str]) -> dict[str, Any]:
        """Return what an optimizer keeps beside tensors: numbers of parameters by name, and those of its groups."""
        kept: dict[str, Any] = {}
        for p, name in names.items():
            own = {key: value for key, value in running.state.get(p, {}).items() if own_code.is_plain(value)}
            if own:
                kept[name] = own
        groups = [
            {key: value for key, value in group.items() if key not in OURS and own_code.is_plain(value)}
            for group in running.param_groups
        ]
        return {"state": kept, "groups": groups}

    def load_numbers(
        self, running: torch.optim.Optimizer, names: Mapping[nn.Parameter, str], numbers: Mapping[str, Any]
    ) -> None:
        """Put back what `numbers` returned."""
        parameters = {name: p for p, name in names.items()}
        for name, own in numbers["state"].items():
            running.state[parameters[name]].update(own)
        for group, own in zip(running.param_groups, numbers["groups"], strict=True):
            group.update({name: tuple(v) if isinstance(group.get(name), tuple) else v for name, v in own.items()})


def component_of(optimizer: Any) -> Component:
    """Return how an experiment names an optimizer that is given in Python: a class, or a `partial` or function.

    Raises UsageError for one that is bound to parameters already, and for what is none.
    """
    if isinstance(optimizer, torch.optim.Optimizer):
        name = type(optimizer).__name__
        raise UsageError(say("training.own-optimizer-bound", name=name))
    if not callable(optimizer):
        raise UsageError(say("training.own-optimizer-not-callable", type=type(optimizer).__name__))
    return own_code.component_of(optimizer)


def own_optimizer(component: Component) -> OwnOptimizer:
    """Return the options of an optimizer that a component names by its code.

    Raises UsageError where there is no such class, or where an option is unknown, missing or wrong.
    """
    thing = own_code.found(component, NOUN)
    if isinstance(thing, type) and not issubclass(thing, torch.optim.Optimizer):
        raise UsageError(say("training.own-optimizer-none", name=component.name, type=thing.__name__))
    if not callable(thing):
        raise UsageError(say("training.own-optimizer-not-callable", type=type(thing).__name__))
    parameters = own_code.parameters_of(thing, 1)
    anything = any(p.kind is p.VAR_KEYWORD for p in inspect.signature(thing).parameters.values())
    if "lr" not in parameters and not anything:
        raise UsageError(say("training.own-optimizer-no-rate", name=component.name))
    vectors = {name: value for name, value in component.options.items() if name == VECTORS}
    bare = Component(name=component.name, options={k: v for k, v in component.options.items() if k != VECTORS})
    rate = {} if isinstance(bare.options.get("lr"), int | float) or _has_rate(parameters) else {"lr": RATE}
    bare = bare.model_copy(update={"options": {**rate, **bare.options}})
    options = own_code.checked_options(bare, parameters, NOUN, anything=anything)
    fields: dict[str, Any] = dict.fromkeys(options, (Any, ...))
    fields |= {name: (float, Field(ge=0)) for name in ("lr", "weight_decay") if name in options}
    kind = create_model(f"{getattr(thing, '__name__', 'Own')}Options", __base__=OwnOptimizer, **fields)
    kind.made_by, kind.called = staticmethod(thing), component.name
    kind.arguments = frozenset(options)
    return read_options(NOUN, Component(name=component.name, options={**options, **vectors}), kind)


def _has_rate(parameters: Mapping[str, inspect.Parameter]) -> bool:
    return "lr" in parameters and isinstance(parameters["lr"].default, int | float)


def recorded(component: Component) -> Component:
    """Return a component as it is written into a resolved experiment, with every option and the sha256 of its file.

    Raises UsageError where a short trial shows that it cannot train, or that a checkpoint could not bring it back.
    """
    options = own_optimizer(component)
    _try(options)
    arguments = {*options.arguments, VECTORS}
    values = options.model_dump(mode="json")
    written = {name: value for name, value in values.items() if name in arguments and value is not None}
    kept = own_code.recorded(component, NOUN).options
    beside = {name: kept[name] for name in (own_code.SHA256, own_code.OBJECT) if name in kept}
    return Component(name=component.name, options={**written, **beside})


def _try(options: OwnOptimizer) -> None:
    """Take a few steps with small parameters, once at a stretch and once with a checkpoint between."""
    weights, running = _small(options)
    first = [p.detach().clone() for p in weights]
    with torch.random.fork_rng(devices=[]):
        try:
            for number in range(STEPS):
                _step(weights, running, number)
        except own_code.FAILURES as error:
            what = first_line(error)
            raise UsageError(say("training.own-optimizer-fails", name=options.called, error=what)) from error
        if all(torch.equal(p, before) for p, before in zip(weights, first, strict=True)):
            raise UsageError(say("training.own-optimizer-moves-nothing", name=options.called))
        stopped, halfway = _small(options)
        for number in range(STEPS - 1):
            _step(stopped, halfway, number)
        resumed, again = _small(options)
        with torch.no_grad():
            for p, saved in zip(resumed, stopped, strict=True):
                p.copy_(saved)
        names = [{p: str(at) for at, p in enumerate(ones)} for ones in (stopped, resumed)]
        load_state(again, names[1], {name: x.clone() for name, x in state_of(halfway, names[0]).items()})
        options.load_numbers(again, names[1], options.numbers(halfway, names[0]))
        _step(resumed, again, STEPS - 1)
    if not all(torch.equal(p, q) for p, q in zip(weights, resumed, strict=True)):
        raise UsageError(say("training.own-optimizer-not-resumed", name=options.called))


def _small(options: OwnOptimizer) -> tuple[list[nn.Parameter], torch.optim.Optimizer]:
    """Return a small matrix and a small vector, the same each time, and an optimizer over them."""
    generator = torch.Generator().manual_seed(0)
    weights = [nn.Parameter(torch.randn(shape, generator=generator)) for shape in ((3, 2), (3,))]
    return weights, options.over(weights)


def _step(weights: list[nn.Parameter], running: torch.optim.Optimizer, number: int) -> None:
    generator = torch.Generator().manual_seed(1 + number)
    for p in weights:
        p.grad = torch.randn(p.shape, generator=generator)
    running.step()
