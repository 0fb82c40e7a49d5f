"""Train each of several inputs alone, as the whole network was trained: what their fusion is measured against."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from leadline.core.catalogue import say
from leadline.core.experiment import Experiment, NetworkSpec
from leadline.core.training_spec import TrainingSpec
from leadline.data.dataset import Dataset
from leadline.evaluation.input_ablation import AblationPredictions, with_missing_rows
from leadline.pipeline.auxiliary.run import train_auxiliary
from leadline.pipeline.context import RunContext
from leadline.run import folder as files
from leadline.run.inference import predict_subset
from leadline.run.run import load_shipped
from leadline.run.warm_start import warm_started_network

FOLDER = "alone"  # among the checkpoints: what lies there is needed until the run is finished


class SingleInputRun(NamedTuple):
    """A network that was given one `input` and no other; `why` says why there is none."""

    input: str
    folder: Path
    run_context: RunContext
    dataset: Dataset
    why: str | None = None


def compares_single_inputs(experiment: Experiment, dataset: Dataset) -> bool:
    """Say whether each input is trained alone: there are several, and test rows to compare them on; with a budget only
    if asked.
    """
    test = dataset.splits.get("test")
    if len(dataset.schema.inputs) < 2 or test is None or test.target is None or not len(test):
        return False
    training = experiment.training
    return (
        experiment.single_input_ablation
        if experiment.single_input_ablation is not None
        else training.max_time is None and training.max_energy is None
    )


def train_single_inputs(folder: Path, run_context: RunContext, dataset: Dataset) -> tuple[SingleInputRun, ...]:
    """Train a network for each input of a finished training, with the same seed, epochs, batches and way of stopping.

    A network learns from the rows that have its input. Raises Interrupted after a signal, DiskFull; goes on where it
    stopped.
    """
    if run_context.objective.supervision.labels == "none" or not compares_single_inputs(
        run_context.experiment, dataset
    ):
        return ()
    return tuple(_trained(folder, run_context, dataset, number) for number in range(len(dataset.schema.inputs)))


def single_input_predictions(alone: SingleInputRun, dataset: Dataset) -> AblationPredictions:
    """Return what a network decides for the test rows from one input alone; rows that lack it get the constant
    answer.
    """
    if alone.why is not None:
        return AblationPredictions(alone.input, {}, why=alone.why)
    network = load_shipped(
        alone.folder / files.WEIGHTS, alone.run_context.experiment, alone.dataset.schema, alone.run_context.modules
    )
    decided = predict_subset(network, alone.run_context.objective, alone.dataset.splits["test"])
    return with_missing_rows(alone.input, decided, alone.run_context.objective, dataset)


def _trained(folder: Path, whole: RunContext, dataset: Dataset, number: int) -> SingleInputRun:
    name, where = dataset.schema.inputs[number].name, folder / files.CHECKPOINTS / FOLDER / str(number + 1)
    words = say("pipeline.single-input", input=name, number=number + 1, count=len(dataset.schema.inputs))
    own = dataset.only(name)
    modules = {name: whole.modules[name]} if name in whole.modules else {}
    run_context = whole.of(_experiment(whole.experiment, name), modules)
    alone = SingleInputRun(name, where, run_context, own)
    if not len(own.splits["train"]) or not len(own.splits["test"]):
        lacking = "pipeline.input-in-no-test-row" if len(own.splits["train"]) else "pipeline.input-in-no-train-row"
        return alone._replace(why=say(lacking))
    whole.shown.note(words)
    why = train_auxiliary(
        folder,
        where,
        run_context,
        own,
        lambda: warm_started_network(run_context.experiment, own.schema, modules),
        words,
    )
    return alone._replace(why=why)


def _experiment(whole: Experiment, name: str) -> Experiment:
    """Return the experiment of one input alone: all that decides its training as it is, but for what speaks of other
    inputs.
    """
    training: TrainingSpec = whole.training
    others = [other for other in whole.network.encoders if other != name]
    update = {
        "log": (),
        "freeze": tuple(_speaking(training.freeze, others)),
        "lr_multipliers": {
            pattern: training.lr_multipliers[pattern] for pattern in _speaking(training.lr_multipliers, others)
        },
    }
    network = NetworkSpec(encoders={name: whole.network.encoders[name]}, size=whole.network.size)
    return whole.model_copy(update={"network": network, "training": training.model_copy(update=update), "require": ()})


def _speaking(patterns: Iterable[str], others: Sequence[str]) -> Iterator[str]:
    """Yield the patterns of parameters but for those that speak of other inputs or of the fusion."""
    for pattern in patterns:
        if not pattern.startswith("fusion.") and not any(pattern.startswith(f"encoders.{other}.") for other in others):
            yield pattern
