"""Begin with the weights of another run: what of its encoders fits a new network is copied into it."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
from torch import Tensor, nn

from leadline.core import own_code
from leadline.core.catalogue import say
from leadline.core.component import Component
from leadline.core.experiment import Experiment
from leadline.core.schema import InputSchema, Schema
from leadline.core.warm_start import WarmStart
from leadline.data.checks.unknown_tokens import share_unknown
from leadline.data.columns.contract import input_type
from leadline.data.dataset import Dataset
from leadline.data.input_matching import columns_differ, matching_input, same_state
from leadline.errors import RunError, UsageError
from leadline.models.build import classical_family
from leadline.run import folder as files
from leadline.run.build import build_network
from leadline.run.parquet import read_parquet
from leadline.run.run import Run

SHOWN = 4  # reasons that a sentence gives


class Layer(NamedTuple):
    """A tensor of the new network's encoders: its name, its shape in words, and why it begins fresh (None where it is
    carried over); `learned` are parameters, the others statistics.
    """

    name: str
    shape: str
    why: str | None
    learned: bool


class CarriedOver(NamedTuple):
    """Which layers of a network begin with the weights of another."""

    layers: tuple[Layer, ...]

    def description(self, start: ParentRun, freeze: tuple[str, ...]) -> list[str]:
        """Return, in words, how many layers begin with the weights of a run, and why others do not."""
        fresh = [layer for layer in self.layers if layer.why is not None]
        count = len(self.layers) - len(fresh)
        lines = [say("run.init-carried-over", carried=count, total=len(self.layers), folder=start.run.folder)]
        lines += [say("run.init-untrained", reasons=_because(fresh))] if fresh else []
        stuck = [layer.name for layer in fresh if layer.learned and any(fnmatchcase(layer.name, p) for p in freeze)]
        return [*lines, *([say("run.init-frozen-untrained", names=_some(stuck))] if stuck else [])]


class ParentRun(NamedTuple):
    """A finished run that another begins with, and the sha256 of its weights."""

    run: Run
    weights: str

    def identity(self, carried: CarriedOver) -> dict[str, Any]:
        """Return what a run says of the one that it began with, and which of its layers did."""
        objective = self.run.experiment.objective
        return {
            "run": str(self.run.folder),
            "id": self.run.report.run.id,
            "weights": self.weights,
            "objective": objective.name if objective else None,
            "layers": [[layer.name, layer.shape, layer.why] for layer in carried.layers],
        }

    def chosen(self, experiment: Experiment, schema: Schema) -> Experiment:
        """Return an experiment that names the weights by their hash, with the run's networks for inputs that it has
        too.

        Raises UsageError where the experiment names another network for one of these.
        """
        encoders = dict(experiment.network.encoders)
        for one in schema.inputs:
            other = matching_input(one, schema, self.run.schema)
            if other is not None:
                asked = encoders.get(one.name) or encoders.get("*")
                encoders[one.name] = self._body(one, self.run.experiment.network.encoders[other.name], asked)
        network = experiment.network.model_copy(update={"encoders": encoders})
        init = WarmStart(run=str(self.run.folder), weights=self.weights)
        return experiment.model_copy(update={"network": network, "init": init})

    def _body(self, one: InputSchema, known: Component, asked: Component | None) -> Component:
        if asked is None:
            return known
        if asked.name != known.name:
            raise UsageError(
                say(
                    "run.init-other-network",
                    input=one.name,
                    known=known.name,
                    folder=self.run.folder,
                    asked=asked.name,
                )
            )
        return Component(name=known.name, options={**known.options, **asked.options})

    def seen(self, dataset: Dataset) -> list[str]:
        """Return, in words, how many test rows of a dataset that the run was trained on too are not among its own test
        rows.
        """
        recorded = self.run.report.environment.get("data", {}).get("fingerprint")
        test, file = dataset.splits.get("test"), self.run.folder / files.PREDICTIONS
        series = any(one.window is not None for one in dataset.schema.inputs)
        if test is None or recorded != dataset.fingerprint or series or not file.exists():
            return []
        files.verify(self.run.folder, (files.PREDICTIONS,))
        held = read_parquet(file, ("split", "file", "row")).filter(pl.col("split") == "test")
        own = pl.DataFrame(
            [test.where(i) for i in range(len(test))], schema={"file": pl.String, "row": pl.Int64}, orient="row"
        )
        count = own.join(held, on=["file", "row"], how="anti").height
        if not count:
            return []
        return [say("run.init-test-rows-seen", count=count, total=len(test), folder=self.run.folder)]

    def check(self, dataset: Dataset) -> None:
        """Raise UsageError where texts that are read with the run's vocabulary have none of its tokens."""
        for one in dataset.schema.inputs:
            other = matching_input(one, dataset.schema, self.run.schema)
            taken = input_type(one.kind).tokens is not None and other is not None and same_state(one, other)
            if taken and share_unknown(dataset.splits["train"], one) == 1:
                raise UsageError(say("run.init-vocabulary-unknown", folder=self.run.folder, input=one.name))

    def carry(self, network: nn.Module, schema: Schema) -> CarriedOver:
        """Copy what fits of the run's encoders into a new network's; raises UsageError where nothing learned does."""
        theirs, layers = encoders_of(self.run.network), []
        for name, body in encoders_of(network).items():
            one = next(one for one in schema.inputs if one.name == name)
            layers += self._into(one, body, theirs, schema)
        if not any(layer.learned and layer.why is None for layer in layers):
            why = _because([layer for layer in layers if layer.why is not None]) or say("run.init-nothing-learned")
            raise UsageError(say("run.init-no-weights-fit", folder=self.run.folder, why=why))
        return CarriedOver(tuple(layers))

    def _into(self, one: InputSchema, body: nn.Module, theirs: Mapping[str, nn.Module], schema: Schema) -> list[Layer]:
        other = matching_input(one, schema, self.run.schema)
        known: Mapping[str, Tensor] = (
            {} if other is None or other.name not in theirs else theirs[other.name].state_dict()
        )
        missing = say("run.init-no-such-layer")
        if other is None:
            inputs = ", ".join(f"{known.name!r} ({known.kind})" for known in self.run.schema.inputs)
            missing = say("run.init-no-such-input", kind=one.kind, inputs=inputs)
        anew = None if other is None else _anew(one, other)
        learned = {name for name, _ in body.named_parameters(remove_duplicate=False)}
        layers = []
        for name, x in body.state_dict().items():
            front = name.startswith("preprocessor.")
            if front and anew is None and name not in known and name not in learned and other is not None:
                continue  # what prepares the input the same way, though the objective sees it through something else
            why = _unfit(name, x, known, missing) or (anew if front else None)
            if why is None:
                x.copy_(known[name])  # the entries of a state dict are the network's own tensors
            layers.append(Layer(f"encoders.{one.name}.{name}", _shape(x), why, name in learned))
        return layers


def parent_run(experiment: Experiment, modules: Mapping[str, nn.Module] | None = None) -> ParentRun | None:
    """Return the run that an experiment begins with, None where weights are drawn.

    `modules` are a user's own, where that run has such. Raises RunError where the run is missing, unfinished, damaged,
    of several folds, or not the one whose weights the experiment names; UsageError where its model is fitted, and so
    has no encoders, or its network is code that the user has not named.
    """
    init = experiment.init
    if init is None:
        return None
    run = Run(Path(init.run), modules=modules or None)
    named = {one.name for one in experiment.network.encoders.values()}
    for one in () if modules else run.experiment.network.encoders.values():
        if own_code.is_own(one.name) and one.name not in named and not own_code.has_run(one.name):
            raise UsageError(say("run.init-own-network", folder=run.folder, code=one.name))
    family = classical_family(run.experiment.network, run.modules or {})
    if family is not None:
        raise UsageError(say("run.init-classical", folder=run.folder, family=family.name))
    files.verify(run.folder, (files.WEIGHTS,))
    weights = files.sha256(run.folder / files.WEIGHTS)
    if init.weights is not None and init.weights != weights:
        raise RunError(say("run.init-weights-changed", folder=run.folder, found=weights[:12], wanted=init.weights[:12]))
    return ParentRun(run, weights)


def warm_started_network(
    experiment: Experiment, schema: Schema, modules: Mapping[str, nn.Module] | None = None
) -> nn.Module:
    """Return the network of a resolved experiment before its first step: weights drawn, or those that it begins
    with.
    """
    network = build_network(experiment, schema, modules)
    start = parent_run(experiment, modules)
    if start is not None:
        start.carry(network, schema)
    return network


def encoders_of(network: nn.Module) -> dict[str, nn.Module]:
    """Return the encoders of a network by the name of their input, wherever they are in it."""
    found: dict[str, nn.Module] = {}
    for part in network.modules():
        encoders, names = getattr(part, "encoders", None), getattr(part, "names", ())
        if isinstance(encoders, nn.ModuleList) and len(encoders) == len(names):
            for name, body in zip(names, encoders, strict=True):
                found.setdefault(name, body)
    return found


def _unfit(name: str, x: Tensor, known: Mapping[str, Tensor], missing: str) -> str | None:
    if name not in known:
        return missing
    if known[name].shape == x.shape:
        return None
    return say("run.init-shapes-differ", shape=_shape(x), other_shape=_shape(known[name]))


def _anew(one: InputSchema, other: InputSchema) -> str | None:
    """Say why what prepares an input is not taken over, or None."""
    if same_state(one, other):
        return None
    differ = columns_differ(one, other)
    return say("run.init-columns-differ", columns=differ) if differ else say("run.init-options-differ")


def _because(layers: list[Layer]) -> str:
    """Return why tensors begin fresh, those of one reason together."""
    by_reason: dict[str, list[str]] = {}
    for layer in layers:
        by_reason.setdefault(str(layer.why), []).append(layer.name)
    return _some(
        [
            say("run.init-reason-of-several", name=names[0], more=len(names) - 1, why=why)
            if len(names) > 1
            else say("run.init-reason", name=names[0], why=why)
            for why, names in by_reason.items()
        ]
    )


def _shape(x: Tensor) -> str:
    return "×".join(map(str, x.shape)) or say("run.a-number")


def _some(words: list[str]) -> str:
    more = say("run.init-and-more", more=len(words) - SHOWN) if len(words) > SHOWN else ""
    return "; ".join(words[:SHOWN]) + more
