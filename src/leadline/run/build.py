"""From an experiment and a schema to a network with freshly drawn weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import nn

from leadline.core.catalogue import say
from leadline.core.experiment import Experiment
from leadline.core.schema import Schema
from leadline.data.columns.contract import input_type
from leadline.data.preprocessors import build_preprocessor, signal_spec
from leadline.errors import UsageError
from leadline.models.build import build_encoder, classical_family
from leadline.nn.batch import SignalSpec
from leadline.nn.fusion import SideBySide, fuse_by
from leadline.nn.network import InputEncoder
from leadline.nn.rng import seed_for
from leadline.objectives.contract import BoundObjective
from leadline.objectives.lookup import objective_for


def build_network(
    experiment: Experiment,
    schema: Schema,
    modules: Mapping[str, Callable[..., nn.Module]] | None = None,
    *,
    start: bool = True,
) -> nn.Module:
    """Return the network of a resolved experiment, its weights a function of the seed alone.

    `modules` holds a user's own module objects by input name, where the experiment names their class. With `start`
    fronts put in the weights that they begin from (word vectors), which a network whose weights are to be loaded needs
    none of. Raises UsageError where parts do not fit each other.
    """
    assert experiment.objective is not None
    objective = objective_for(experiment.objective)
    if objective.learning.encoder_output != "vector" and len(schema.inputs) > 1:
        raise UsageError(say("run.one-input-needed", objective=objective.name, inputs=len(schema.inputs)))
    with torch.random.fork_rng(devices=[]):
        return _built(experiment, schema, modules or {}, start)


def _built(
    experiment: Experiment, schema: Schema, modules: Mapping[str, Callable[..., nn.Module]], start: bool
) -> nn.Module:
    """Return the network, or all members of an ensemble as one; raises as `build_network` does."""
    assert experiment.objective is not None
    objective, count = objective_for(experiment.objective), experiment.training.members
    if count == 1:
        torch.manual_seed(seed_for(experiment.seed, "weights"))
        return _one(experiment, schema, modules, objective, start)
    if modules:  # whose weights are as they were given
        raise UsageError(say("run.members-of-own-modules", inputs=", ".join(modules)))
    networks = []
    for number in range(count):
        torch.manual_seed(seed_for(experiment.seed, "weights", *([number] if number else [])))
        networks.append(_one(experiment, schema, modules, objective, start))
    ensemble = objective.learning.ensemble(networks)
    if ensemble is None:
        raise UsageError(say("run.no-members", objective=objective.name))
    return ensemble


def _one(
    experiment: Experiment,
    schema: Schema,
    modules: Mapping[str, Callable[..., nn.Module]],
    objective: BoundObjective,
    start: bool,
) -> nn.Module:
    """Return one network, its weights drawn from torch's generator; raises as `build_network` does."""
    forecaster = objective.capability("forecaster")
    each = 1 if forecaster is None else forecaster.each
    network = experiment.network
    family = classical_family(network, modules)
    plain = family is not None and family.plain
    fronts = {one.name: build_preprocessor(one, plain=plain) for one in schema.inputs}
    specs = {one.name: signal_spec(fronts[one.name], one)._replace(each=each) for one in schema.inputs}
    for front in fronts.values():
        if start and callable(getattr(front, "start", None)):
            front.start()  # type: ignore[operator]
    groups = () if family is not None else network.share
    specs |= {name: spec for group in groups for name, spec in _in_common(group, specs).items()}
    first = {name: group[0] for group in groups for name in group[1:]}
    encoders: dict[str, InputEncoder] = {}
    # those whose backbone others have come before these
    for name in sorted(fronts, key=lambda name: name in first):
        if name in first:
            encoders[name] = encoders[first[name]].over(fronts[name], specs[name].classes)
            continue
        own = modules.get(name)
        encoders[name] = build_encoder(
            network.encoders[name], specs[name], fronts[name], network.size, own, objective.learning.encoder_output
        )
    media = [input_type(one.kind).medium for one in schema.inputs]
    return objective.learning.build(schema, encoders, SideBySide if plain else fuse_by(network.fusion, media))


def _in_common(names: Sequence[str], specs: Mapping[str, SignalSpec]) -> Mapping[str, SignalSpec]:
    """Return what one backbone for several inputs may expect; raises UsageError where they differ in more than in
    length.
    """
    one = specs[names[0]]
    for name in names[1:]:
        other = specs[name]
        steps = one.kind == "sequence"
        if other.kind != one.kind or other.shape[steps:] != one.shape[steps:]:
            shapes = [f"{n!r} is {s.kind} {'×'.join(map(str, s.shape))}" for n, s in ((names[0], one), (name, other))]
            raise UsageError(say("run.share-shapes-differ", shapes=" and ".join(shapes)))
    longest = max((specs[name].shape for name in names), key=lambda shape: shape[0])
    return {name: specs[name]._replace(shape=longest) for name in names}
