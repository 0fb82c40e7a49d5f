"""From an experiment and a schema to a network with freshly drawn weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from pydantic import ValidationError
from torch import nn

from leadline.data.front import build_front, signal_spec
from leadline.errors import UsageError, did_you_mean
from leadline.facts.component import Component
from leadline.facts.experiment import Experiment
from leadline.facts.registry import lookup
from leadline.facts.schema import Schema
from leadline.layers.contracts import Objective
from leadline.layers.draws import seed_for
from leadline.models.build import build_body


def objective_for(component: Component) -> tuple[Objective, Any]:
    """Return an objective and its checked options; raises UsageError where an option is unknown or wrong."""
    objective: Objective = lookup("objectives", component.name)
    try:
        return objective, objective.options.model_validate(dict(component.options))
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][-1]) if first["loc"] else ""
        hint = did_you_mean(name, objective.options.model_fields) if first["type"] == "extra_forbidden" else first["msg"]
        raise UsageError(f"objective {component.name}: option {name!r}: {hint}") from None


def build_network(experiment: Experiment, schema: Schema, modules: Mapping[str, nn.Module] | None = None) -> nn.Module:
    """Return the network of a resolved experiment, its weights a function of the seed alone.

    `modules` holds a user's own module objects by input name, where the experiment names their class.
    """
    assert experiment.objective is not None
    objective, options = objective_for(experiment.objective)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed_for(experiment.seed, "weights"))
        bodies = {}
        for one in schema.inputs:
            front = build_front(one)
            component, own = experiment.network.bodies[one.name], (modules or {}).get(one.name)
            bodies[one.name] = build_body(component, signal_spec(front, one), front, experiment.network.size, own)
        return objective.build(schema, bodies, options)
