"""Simpler models, fitted to the same train rows as a network and measured on the same test rows."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn

from leadline.core.catalogue import say
from leadline.core.component import Component
from leadline.core.experiment import Experiment, NetworkSpec
from leadline.core.registry import lookup, registered
from leadline.core.schema import Schema
from leadline.data.columns.contract import input_type
from leadline.data.dataset import Dataset
from leadline.data.preprocessors import build_preprocessor, signal_spec
from leadline.errors import UsageError, did_you_mean
from leadline.evaluation.predictions import first_inputs
from leadline.evaluation.proportions import train_target
from leadline.machine import latency
from leadline.models.build import resolved_options
from leadline.models.contract import Effort, Family
from leadline.objectives.contract import BoundObjective, EvaluationContext
from leadline.objectives.lookup import objective_for
from leadline.run.build import build_network
from leadline.run.inference import predict_subset
from leadline.run.run import load_shipped, save_weights
from leadline.training.classical import AHEAD, LEARNT, drawn, fit_classical, model_of

LEAST = 4e9  # operations that all baselines together may take however quickly the network trains: some seconds
SHARE = 0.25  # of the operations of training, by which they may take more
VECTORISED = 20  # of a network's operations are done in the time of one of theirs
RATE = 5e8  # of their operations are done in a second, at a guess
FEWEST = 500  # rows that each is fitted on, where there are so many
# what fitting may raise on odd data
_FAILURES = (UsageError, ValueError, ArithmeticError, MemoryError, np.linalg.LinAlgError)

Note = Callable[[str], None]


class Baseline(NamedTuple):
    """A model, its decisions on the test rows, the train rows it was fitted to and what it took; `why` says why there
    is none.

    `notes` are what should be known of the fit, `caveats` those that make it weaker than it might be. `latency_ms` is
    that of one row, `options` those that differ from the family's own.
    """

    name: str
    decided: Mapping[str, np.ndarray]
    rows: int
    seconds: float = 0.0
    params: int = 0
    size_mb: float = 0.0
    latency_ms: float = 0.0
    why: str | None = None
    notes: tuple[str, ...] = ()
    caveats: tuple[str, ...] = ()
    options: Mapping[str, Any] = MappingProxyType({})


def choose(
    asked: Sequence[str] | None, network: NetworkSpec, objective: BoundObjective, schema: Schema
) -> tuple[str, ...]:
    """Return the names of the baselines of a run: those asked for, or those that suit the data and are not the network
    itself.

    Raises UsageError for names that are no fitted models, and where the objective is nothing that those can learn.
    """
    ahead = objective.supervision.classical_target in AHEAD
    learnt = ahead or objective.supervision.classical_target in LEARNT
    if asked is None:
        usual = [input_type(one.kind).baselines for one in schema.inputs]
        names = tuple(
            name
            for name in usual[0]
            if learnt and all(name in others for others in usual) and lookup("models", name).is_baseline(schema)
        )
    else:
        families = {name: lookup("models", name) for name in registered("models")}
        known = [name for name, family in families.items() if family.fit is not None and family.forecasts == ahead]
        for name in asked:
            if name not in known:
                raise UsageError(say("evaluation.unknown-baseline", name=name, suggestion=did_you_mean(name, known)))
        if asked and not learnt:
            raise UsageError(say("evaluation.no-baselines-for", objective=objective.name))
        names = tuple(dict.fromkeys(asked))
    own = {component.name for component in network.encoders.values()}
    return tuple(name for name in names if name not in own)


def dummy_baseline(objective: BoundObjective, dataset: Dataset, rows: int) -> Baseline:
    """Return the answer that ignores the inputs, for so many rows."""
    target: Any = train_target(dataset)
    name, decided = objective.decision.dummy_predictor(target, rows, dataset.schema)
    return Baseline(name, decided, len(target))


def fit_baselines(
    experiment: Experiment,
    objective: BoundObjective,
    dataset: Dataset,
    *,
    operations: float,
    note: Note,
    progress: Callable[[str, int, int], None],
    seconds: float | None = None,
) -> Iterator[Baseline]:
    """Yield each baseline of a resolved experiment, measured on its own weights file, with its decisions on the test
    rows.

    `operations` is about what training the network took; where all train rows would take longer than is fitting beside
    that, they are sampled. The bound counts operations, not seconds, so that it is the same on every machine; with a
    budget of time they share `seconds`, too.
    """
    names = experiment.baselines or ()
    allowed = max(LEAST, SHARE * operations / VECTORISED) / max(len(names), 1)
    began, title = time.perf_counter(), say("pipeline.stage-baselines")
    for number, name in enumerate(names):
        progress(title, 100 * number // len(names), 100)
        left = None if seconds is None else seconds - (time.perf_counter() - began)
        if left is not None and left <= 0:
            yield Baseline(name, {}, 0, why=say("evaluation.baseline-no-time", name=name))
            continue
        share = None if left is None else left / (len(names) - number)
        cap = allowed if share is None else min(allowed, share * RATE)
        effort = Effort(_reporting(progress, title, number, len(names)), _deadline(share))
        try:
            yield _fitted(name, experiment, objective, dataset, cap, note, effort)
        except _FAILURES as error:
            yield Baseline(name, {}, 0, why=say("evaluation.baseline-failed", name=name, error=error))
    progress(title, 100, 100)


def _deadline(seconds: float | None) -> Callable[[], bool]:
    """Return what says whether so many seconds from now are over; they never are where there is no budget."""
    end = None if seconds is None else time.perf_counter() + seconds
    return lambda: end is not None and time.perf_counter() > end


def _reporting(
    progress: Callable[[str, int, int], None], title: str, number: int, count: int
) -> Callable[[float], None]:
    """Return what says which share of a baseline is done, as percent of all of them."""
    return lambda share: progress(title, min(int(100 * (number + share) / count), 99), 100)


def _fitted(
    name: str,
    experiment: Experiment,
    objective: BoundObjective,
    dataset: Dataset,
    allowed: float,
    note: Note,
    effort: Effort,
) -> Baseline:
    family: Family = lookup("models", name)
    encoders = _encoders(name, dataset.schema)
    alone = experiment.training.model_copy(update={"members": 1})
    own = experiment.model_copy(update={"network": NetworkSpec(encoders=encoders), "training": alone})
    if family.forecasts:
        own, objective = _without(own, objective)
    network: Any = build_network(own, dataset.schema)
    train, validation, test = (
        dataset.splits["train"].labelled,
        dataset.splits.get("validation"),
        dataset.splits.get("test"),
    )
    assert test is not None
    rows = _affordable(family, model_of(network, family), len(train), allowed)
    began = time.perf_counter()
    some = drawn(train, rows, experiment.seed)
    fitted = fit_classical(network, family, objective, some, validation, seed=experiment.seed, effort=effort)
    seconds = time.perf_counter() - began
    caveats = fitted.caveats
    if rows < len(train):
        caveats = (say("evaluation.baseline-sampled-caveat", rows=rows, train_count=len(train)), *caveats)
        note(say("evaluation.baseline-sampled", name=name, rows=rows, train_count=len(train)))
    if validation is not None and validation.target is not None and len(validation):
        context = EvaluationContext("validation", validation.target, validation.group, dataset.schema)
        objective.decision.calibrate(network, predict_subset(network, objective, validation), context)
    with TemporaryDirectory() as folder:
        file = Path(folder) / "model.safetensors"
        save_weights(network, file)
        network = load_shipped(file, own, dataset.schema)
        size_mb = file.stat().st_size / 1e6
    return Baseline(
        name,
        predict_subset(network, objective, test),
        rows,
        seconds,
        sum(p.numel() for p in network.parameters()),
        size_mb,
        _latency(network, first_inputs(test, 1)),
        notes=fitted.notes,
        caveats=caveats,
        options=lookup("models", name).from_data(dataset.schema),
    )


def _encoders(name: str, schema: Schema) -> Mapping[str, Component]:
    encoders, component = {}, Component(name=name, options=lookup("models", name).from_data(schema))
    for one in schema.inputs:
        spec = signal_spec(build_preprocessor(one, plain=lookup("models", name).plain), one)
        encoders[one.name] = Component(name=name, options=resolved_options(component, spec, "base"))
    return encoders


def _without(experiment: Experiment, objective: BoundObjective) -> tuple[Experiment, BoundObjective]:
    """Return an experiment and its objective without the options that mean nothing to what is fitted."""
    assert experiment.objective is not None
    kept = {
        key: value
        for key, value in experiment.objective.options.items()
        if key not in objective.supervision.loss_options
    }
    without = objective_for(Component(name=objective.name, options=kept))
    component = Component(name=objective.name, options=without.options.model_dump(mode="json"))
    return experiment.model_copy(update={"objective": component}), without


def _affordable(family: Family, head: nn.Module, rows: int, allowed: float) -> int:
    """Return how many rows can be fitted with so many operations."""
    assert family.work is not None
    work, rows = family.work, min(rows, getattr(head.options, "max_samples", rows))
    if work(head, rows) <= allowed:
        return rows
    low, high = min(FEWEST, rows), rows
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if work(head, middle) <= allowed else (low, middle)
    return low


def _latency(network: nn.Module, inputs: Mapping[str, torch.Tensor]) -> float:
    with torch.inference_mode():
        return latency.measure(lambda: network(inputs), repeats=50, seconds=0.2).median_ms
