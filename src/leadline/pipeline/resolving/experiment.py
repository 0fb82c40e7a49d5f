"""Fill in what an experiment leaves open, from the data: network, objective, epochs, batch; nothing stays implicit."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from torch import nn

from leadline.core.catalogue import say
from leadline.core.component import AUTO, Component
from leadline.core.experiment import Experiment, NetworkSpec
from leadline.core.metric import Metric
from leadline.core.requirement import Requirement
from leadline.core.schema import InputSchema, Schema
from leadline.core.series_spec import SeriesSpec
from leadline.core.training_spec import TrainingSpec
from leadline.data.augmentations.augmenter import Augmenter
from leadline.data.augmentations.mixing import Mixer
from leadline.data.columns.contract import input_type
from leadline.data.preprocessors import build_preprocessor, signal_spec
from leadline.data.targets import default_objective
from leadline.data.targets.selection import NONE
from leadline.errors import UsageError, did_you_mean
from leadline.evaluation import baselines, input_ablation
from leadline.evaluation.analyses.lookup import analyses
from leadline.evaluation.declared_metrics import check_names, declared_metrics
from leadline.models.build import classical_family, resolved_options
from leadline.models.custom import resolve as named_family
from leadline.nn.fusion import checked_fusion
from leadline.objectives.contract import BoundObjective, component_of, with_own_loss
from leadline.objectives.lookup import objective_for
from leadline.pipeline.resolving.classical import classical_entries
from leadline.pipeline.resolving.reference import resolved as judge_for
from leadline.pipeline.resolving.stopping import average_for, most_epochs, stopping_for
from leadline.pipeline.resolving.updates import micro_batches, schedule_for, whole_batch, whole_epochs
from leadline.training.optim import resolved_optimizer, without_rate
from leadline.training.plan import device_for
from leadline.training.steps.contract import resolved_step
from leadline.training.trackers import resolved_trackers

SOME = 3  # measures of single classes that a refused requirement offers
SEEN = 500_000  # examples a default run trains on, over all epochs; the bounds keep tiny and huge sets sensible
EPOCHS = (4, 60)
STEPS = 1_500  # that a default run takes at least: tiny sets need more epochs for it
# the same of texts, which networks know by heart after a few epochs, and the most epochs
READ, READ_EPOCHS = (100_000, 20)
NOTHING: Mapping[str, Any] = MappingProxyType({})
SLOW_EPOCHS = 20  # at most, for clips and large pictures: a hundred times the work of small ones


def resolve(
    experiment: Experiment, schema: Schema, rows: Mapping[str, int], modules: Mapping[str, nn.Module] | None = None
) -> Experiment:
    """Return the experiment with every default written out, for a dataset with so many `rows` by split.

    Without validation rows nothing stops training early.

    Raises UsageError naming the entry where a name or an option is unknown, or where parts do not fit each other.
    """
    objective = _objective(experiment, schema)
    reason = objective.unsuitable(schema)
    if reason:
        end = "" if reason.endswith("?") else "."
        raise UsageError(say("pipeline.objective-does-not-fit", objective=objective.name, reason=reason, end=end))
    objective = objective.complete(schema)
    own = objective.learning.own_loss
    objective = with_own_loss(objective, None if own is None else own.recorded())
    component = component_of(objective)
    if (lacking := objective.too_few_rows(rows)) is not None:
        raise UsageError(say("pipeline.too-few-rows", lacking=lacking))
    network = _network(experiment, schema, modules or {}, objective)
    positive = experiment.data.positive if schema.positive is None else schema.classes[schema.positive]
    chosen = {
        "data": experiment.data.model_copy(
            update={"target": _target(schema, objective), "positive": positive, "series": _series(schema)}
        ),
        "network": network,
        "objective": component,
        "baselines": baselines.choose(experiment.baselines, network, objective, schema),
        "reference_classifier": judge_for(experiment, schema, objective),
    }
    check_names(objective)
    several = (input_ablation.GAIN,) if len(schema.inputs) > 1 and objective.supervision.labels != "none" else ()
    check_requirements(experiment.require, (*_measured(objective, schema), *several), declared_metrics(objective))
    Augmenter(schema.inputs, schema.target)  # refuses unknown augmentations
    Augmenter([one.model_copy(update={"augment": one.strong}) for one in schema.inputs if one.strong])
    training = with_defaults(experiment.training, objective, _usual(network, modules or {}))
    family = classical_family(network, modules or {})
    if family is not None:
        return experiment.model_copy(
            update={**chosen, **classical_entries(training, component, family, objective, schema)}
        )
    return experiment.model_copy(update={**chosen, "training": _training(training, objective, schema, rows)})


def _measured(objective: BoundObjective, schema: Schema) -> tuple[str, ...]:
    """Return the names of all findings that a requirement may speak of: the objective's, and those of analyses."""
    others = (name for analysis in analyses() for name in analysis.names(objective, schema))
    diagnostics = objective.capability("diagnostics")
    return (*objective.decision.metric_names(schema), *(diagnostics.watched if diagnostics else ()), *others)


def _usual(network: NetworkSpec, modules: Mapping[str, nn.Module]) -> Mapping[str, Any]:
    """Return the entries of `training` that suit the network of an only input."""
    if len(network.encoders) > 1 or modules:
        return {}
    return named_family(next(iter(network.encoders.values())).name).training


def with_defaults(
    training: TrainingSpec, objective: BoundObjective, of_network: Mapping[str, Any] = NOTHING
) -> TrainingSpec:
    """Return how a network is trained, with what is usual for the objective, else for the network, where the user says
    nothing.
    """
    given = training.model_dump(mode="json", exclude_unset=True)
    defaults = {**of_network, **objective.defaults.training}
    for name in ("step", "optimizer", "schedule"):
        one = getattr(training, name)
        if one.name == AUTO:  # options alone are those of what is usual
            usual = defaults.get(name, TrainingSpec.model_fields[name].default)
            default = Component.model_validate(usual)
            given[name] = {**default.model_dump(), **one.options}
    if not defaults:
        return TrainingSpec.model_validate(given)
    optimizers = {
        name: Component.model_validate(one) for name, one in objective.defaults.training.get("optimizers", {}).items()
    }
    for name, one in training.optimizers.items():  # an option alone is one of the usual optimizer
        usual = optimizers.get(name)
        same = usual is not None and one.name in (AUTO, usual.name)
        optimizers[name] = (
            usual.model_copy(update={"options": {**usual.options, **one.options}}) if usual and same else one
        )
    return TrainingSpec.model_validate({**defaults, **given, "optimizers": optimizers})


def _training(
    training: TrainingSpec, objective: BoundObjective, schema: Schema, rows: Mapping[str, int]
) -> TrainingSpec:
    """Return how a network is stepped, with every default written out."""
    count = rows["train"]
    whole = whole_batch(training, count)
    batch = whole or min(training.batch or (32 if count < 5_000 else 128), count)
    epochs = most_epochs(training, whole_epochs(count) if whole else _epochs(count, batch, schema, objective))
    if training.accumulate > batch:
        raise UsageError(say("pipeline.accumulate-above-batch", accumulate=training.accumulate, batch=batch))
    if objective.supervision.coupled and batch < 2:
        raise UsageError(say("pipeline.batch-too-small-for-coupled-loss", objective=objective.name))
    device_for(training.plan.device)  # refuses a device that is not there
    return training.model_copy(
        update={
            "epochs": epochs,
            "batch": batch,
            "accumulate": micro_batches(training, batch, objective),
            "step": resolved_step(training.step, objective),
            "optimizer": resolved_optimizer(training.optimizer),
            "optimizers": _resolved_optimizers(training.optimizers, objective),
            "schedule": schedule_for(training.schedule, epochs, objective, schema, rows),
            "mix": _mix(training.mix, objective, schema),
            "early_stopping": stopping_for(training, objective, schema, rows, epochs),
            "average": average_for(training),
            "log": resolved_trackers(training.log),
        }
    )


def _resolved_optimizers(optimizers: Mapping[str, Component], objective: BoundObjective) -> Mapping[str, Component]:
    """Return the optimizers of those parts that have their own; raises UsageError for a part that the objective does
    not have.
    """
    known = objective.defaults.training.get("optimizers", {})
    for name in optimizers:
        if name not in known:
            hint = did_you_mean(name, known) if known else say("pipeline.one-network")
            raise UsageError(
                say("pipeline.optimizer-of-unknown-network", objective=objective.name, name=name, hint=hint)
            )
        if without_rate(optimizers[name]).takes_all_rows:
            raise UsageError(say("pipeline.full-batch-of-several", name=name))
    return {name: resolved_optimizer(component) for name, component in optimizers.items()}


def _target(schema: Schema, objective: BoundObjective) -> str | tuple[str, ...] | None:
    """Return the target's column, or its columns."""
    if schema.target is None and objective.supervision.labels == "none":
        return NONE
    columns = schema.target.columns if schema.target else ()
    return columns[0] if len(columns) == 1 else columns or None


def _series(schema: Schema) -> SeriesSpec | None:
    """Return a series with everything that the data decided written out; None where rows are no windows."""
    return next((one.window.spec for one in schema.inputs if one.window is not None), None)


def _mix(mix: Component | None, objective: BoundObjective, schema: Schema) -> Component | None:
    """Return how rows are mixed with all its options."""
    if mix is None:
        return None
    if not objective.supervision.mixable:
        raise UsageError(say("pipeline.mix-does-not-fit", objective=objective.name))
    return Mixer(mix, schema.inputs).component


def check_requirements(
    texts: Sequence[str], names: Iterable[str], metrics: Mapping[str, Metric]
) -> tuple[Requirement, ...]:
    """Parse requirements; raises UsageError where one names a finding that is not among the `names` of those to be
    measured, or has a bound that no value of its metric, by `metrics`, can meet.
    """
    known = {name.replace(" ", "") for name in names}
    requirements = tuple(Requirement.parse(text) for text in texts)
    for requirement in requirements:
        if requirement.name not in known:
            grouped = {name for name in known if name.startswith(f"{requirement.base}(")}
            plain = {name for name in known if "(" not in name}
            if grouped:  # of one measure: of each class, and all of them together
                whole = {name for name in plain if name.startswith(f"{requirement.base}_")}
                plain = whole | (set(sorted(grouped)[:SOME]) if requirement.name == requirement.base else grouped)
            raise UsageError(
                say(
                    "pipeline.requirement-not-measured",
                    requirement=requirement.name,
                    suggestion=did_you_mean(requirement.name, plain),
                )
            )
        metric = metrics.get(requirement.base)
        if metric is not None:
            requirement.check_possible(metric)
    return requirements


def _epochs(rows: int, batch: int, schema: Schema, objective: BoundObjective) -> int:
    paces = {input_type(one.kind).pace(one) for one in schema.inputs}
    if objective.learning.encoder_output == "vector" and "few" in paces:
        return min(max(round(READ / rows), EPOCHS[0]), READ_EPOCHS)
    usual = min(max(round(SEEN / rows), EPOCHS[0]), EPOCHS[1])
    if "slow" in paces:
        return min(usual, SLOW_EPOCHS)
    return max(usual, math.ceil(STEPS * batch / rows))


def _objective(experiment: Experiment, schema: Schema) -> BoundObjective:
    component = experiment.objective or Component(name=AUTO)
    if component.name == AUTO:
        component = component.model_copy(update={"name": default_objective(schema)})
    return objective_for(component)


def _default_encoder(one: InputSchema, objective: BoundObjective) -> Component:
    if objective.learning.encoder_output in ("sequence", "causal"):
        return Component(name="rnn", options={"bidirectional": objective.learning.encoder_output == "sequence"})
    return input_type(one.kind).network(one, objective.supervision.labels != "none")


def _network(
    experiment: Experiment, schema: Schema, modules: Mapping[str, nn.Module], objective: BoundObjective
) -> NetworkSpec:
    """Return the network with all options of encoders, and of the fusion where there is something to fuse."""
    encoders, fusion = _encoders(experiment, schema, modules, objective), experiment.network.fusion
    names = [one.name for one in schema.inputs]
    options = checked_fusion(fusion).model_dump(mode="json")
    shared = [name for group in experiment.network.share for name in group]
    for name in shared:
        if name not in names:
            raise UsageError(say("pipeline.share-unknown-input", name=name, suggestion=did_you_mean(name, names)))
        if shared.count(name) > 1:
            raise UsageError(say("pipeline.share-named-twice", name=name))
    for group in experiment.network.share:
        others = [
            name for name in group if encoders[name] != encoders[group[0]] or (name in modules) != (group[0] in modules)
        ]
        if others:
            raise UsageError(say("pipeline.share-different-networks", group=group[0], others=others[0]))
    if len(names) > 1:
        fusion = fusion.model_copy(update={"options": options})
    return experiment.network.model_copy(update={"encoders": encoders, "fusion": fusion})


def _encoders(
    experiment: Experiment, schema: Schema, modules: Mapping[str, nn.Module], objective: BoundObjective
) -> dict[str, Component]:
    network = experiment.network
    names = [one.name for one in schema.inputs]
    for name in network.encoders:
        if name != "*" and name not in names:
            raise UsageError(say("pipeline.encoder-unknown-input", name=name, suggestion=did_you_mean(name, names)))
    encoders = {}
    for one in schema.inputs:
        component = network.encoders.get(one.name) or network.encoders.get("*") or _default_encoder(one, objective)
        if component.name == AUTO:  # options alone are those of the network that is chosen
            default = _default_encoder(one, objective)
            component = default.model_copy(update={"options": {**default.options, **component.options}})
        if one.name in modules:
            encoders[one.name] = component
            continue
        try:
            spec = signal_spec(build_preprocessor(one, plain=named_family(component.name).plain), one)
            encoders[one.name] = Component(name=component.name, options=resolved_options(component, spec, network.size))
        except UsageError as error:
            raise UsageError(f"Input {one.name!r}: {error}" if len(names) > 1 else str(error)) from None
    return encoders
