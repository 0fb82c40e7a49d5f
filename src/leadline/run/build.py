"""From an experiment and a schema to a network with freshly drawn weights."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import nn

from leadline.data.front import build_front, signal_spec
from leadline.facts.experiment import Experiment
from leadline.facts.schema import Schema
from leadline.layers.draws import seed_for
from leadline.models.build import build_body, fitted_family
from leadline.objectives.named import objective_for


def build_network(experiment: Experiment, schema: Schema, modules: Mapping[str, nn.Module] | None = None) -> nn.Module:
    """Return the network of a resolved experiment, its weights a function of the seed alone.

    `modules` holds a user's own module objects by input name, where the experiment names their class.
    """
    assert experiment.objective is not None
    objective, options = objective_for(experiment.objective)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed_for(experiment.seed, "weights"))
        bodies = {}
        plain = fitted_family(experiment.network, modules or {}) is not None
        for one in schema.inputs:
            front = build_front(one, plain=plain)
            component, own = experiment.network.bodies[one.name], (modules or {}).get(one.name)
            bodies[one.name] = build_body(component, signal_spec(front, one), front, experiment.network.size, own)
        return objective.build(schema, bodies, options)
