"""Optimizers by name, their options, and their state as named tensors.

In all formulas w are the weights, g the gradient of the loss (with the decay of weights added, where that is not
apart), lr the learning rate, ⊙ and all powers, roots and quotients those of single entries. What is remembered from
step to step starts at zero."""

from __future__ import annotations

from leadline.core.component import Component
from leadline.core.registry import lookup
from leadline.training.optim.contract import Optimizer
from leadline.training.optim.state import load_state, state_of
from leadline.training.options import read_options

__all__ = ["AUTO", "Optimizer", "load_state", "optimizer", "resolved_optimizer", "state_of"]

AUTO = "auto"  # as a learning rate: a range test is to find it, before anything is written


def optimizer(component: Component) -> Optimizer:
    """Return an optimizer's options by name; raises UsageError where the name or an option is unknown or wrong."""
    kind: type[Optimizer] = lookup("optimizers", component.name)
    return read_options("optimizer", component, kind)


def resolved_optimizer(component: Component) -> Component:
    """Return the component with every default written out; a learning rate that is to be found stays ``auto``."""
    given = dict(component.options)
    sought = {"lr": given.pop("lr")} if given.get("lr") == AUTO else {}
    checked = optimizer(Component(name=component.name, options=given))
    return Component(name=component.name, options={**checked.model_dump(mode="json"), **sought})
