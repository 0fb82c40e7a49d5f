"""Optimizers by name, their options, and their state as named tensors.

In all formulas w are the weights, g the gradient of the loss (with the decay of weights added, where that is not
apart), lr the learning rate, ⊙ and all powers, roots and quotients those of single entries. What is remembered from
step to step starts at zero.
"""

from __future__ import annotations

from leadline.core.component import Component
from leadline.core.own_code import is_own
from leadline.core.registry import lookup, renamed
from leadline.training.optim import own
from leadline.training.optim.contract import Optimizer
from leadline.training.optim.state import load_state, state_of
from leadline.training.options import read_options

__all__ = ["AUTO", "Optimizer", "load_state", "optimizer", "resolved_optimizer", "state_of", "without_rate"]

AUTO = "auto"  # as a learning rate: a range test is to find it, before anything is written


def optimizer(component: Component) -> Optimizer:
    """Return an optimizer's options by name, or by where its code is; raises UsageError where the name or an option is
    unknown or wrong.
    """
    if is_own(component.name):
        return own.own_optimizer(component)
    component = renamed("optimizers", component)
    kind: type[Optimizer] = lookup("optimizers", component.name)
    return read_options("optimizer", component, kind)


def without_rate(component: Component) -> Optimizer:
    """Return an optimizer's options with the usual learning rate in the place of one that is to be found."""
    given = {name: value for name, value in component.options.items() if (name, value) != ("lr", AUTO)}
    return optimizer(component.model_copy(update={"options": given}))


def resolved_optimizer(component: Component) -> Component:
    """Return the component with every default written out; a learning rate that is to be found stays ``auto``."""
    sought = {"lr": AUTO} if component.options.get("lr") == AUTO else {}
    if is_own(component.name):
        bare = {name: value for name, value in component.options.items() if name not in sought}
        written = own.recorded(component.model_copy(update={"options": bare}))
        return written.model_copy(update={"options": {**written.options, **sought}})
    options = without_rate(component).model_dump(mode="json")
    return Component(name=renamed("optimizers", component).name, options={**options, **sought})
