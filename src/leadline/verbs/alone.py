"""Train each of several inputs alone, as the whole network was trained: what their fusion is measured against."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from leadline.data.dataset import Dataset
from leadline.facts.experiment import Experiment, NetworkSpec
from leadline.facts.training import TrainingSpec
from leadline.measuring.decisions import decide
from leadline.measuring.inputs import Told, answered
from leadline.run import folder as files
from leadline.run.initial import begun_network
from leadline.run.run import shipped
from leadline.verbs.further import train_further
from leadline.verbs.job import Job

FOLDER = "alone"  # among the checkpoints: what lies there is needed until the run is finished


class Alone(NamedTuple):
    """A network that was given one `input` and no other; `why` says why there is none."""

    input: str
    folder: Path
    job: Job
    dataset: Dataset
    why: str | None = None


def wanted(experiment: Experiment, dataset: Dataset) -> bool:
    """Say whether each input is trained alone: there are several, and test rows to compare them on; with a budget only if asked."""
    test = dataset.parts.get("test")
    if len(dataset.schema.inputs) < 2 or test is None or test.target is None or not len(test):
        return False
    training = experiment.training
    return experiment.alone if experiment.alone is not None else training.max_time is None and training.max_energy is None


def train_alone(folder: Path, job: Job, dataset: Dataset) -> tuple[Alone, ...]:
    """Train a network for each input of a finished training, with the same seed, epochs, batches and way of stopping.

    A network learns from the rows that have its input. Raises Interrupted after a signal, DiskFull; goes on where it stopped.
    """
    if job.objective.labels == "none" or not wanted(job.experiment, dataset):
        return ()
    return tuple(_trained(folder, job, dataset, number) for number in range(len(dataset.schema.inputs)))


def told(alone: Alone, dataset: Dataset) -> Told:
    """Return what a network decides for the test rows from one input alone; rows that lack it get the constant answer."""
    if alone.why is not None:
        return Told(alone.input, {}, why=alone.why)
    network = shipped(alone.folder / files.WEIGHTS, alone.job.experiment, alone.dataset.schema, alone.job.modules)
    decided = decide(network, alone.job.objective, alone.dataset.parts["test"])
    return answered(alone.input, decided, alone.job.objective, dataset)


def _trained(folder: Path, whole: Job, dataset: Dataset, number: int) -> Alone:
    name, where = dataset.schema.inputs[number].name, folder / files.CHECKPOINTS / FOLDER / str(number + 1)
    words = f"input {number + 1} of {len(dataset.schema.inputs)} alone: {name}"
    own = dataset.only(name)
    modules = {name: whole.modules[name]} if name in whole.modules else {}
    job = whole.of(_experiment(whole.experiment, name), modules)
    alone = Alone(name, where, job, own)
    if not len(own.parts["train"]) or not len(own.parts["test"]):
        return alone._replace(why=f"no {'test' if len(own.parts['train']) else 'train'} row has it")
    whole.shown.note(words)
    why = train_further(folder, where, job, own, lambda: begun_network(job.experiment, own.schema, modules), words)
    return alone._replace(why=why)


def _experiment(whole: Experiment, name: str) -> Experiment:
    """Return the experiment of one input alone: all that decides its training as it is, but for what speaks of other inputs."""
    training: TrainingSpec = whole.training
    others = [other for other in whole.network.bodies if other != name]
    update = {
        "log": (),
        "freeze": tuple(_speaking(training.freeze, others)),
        "rates": {pattern: training.rates[pattern] for pattern in _speaking(training.rates, others)},
    }
    network = NetworkSpec(bodies={name: whole.network.bodies[name]}, size=whole.network.size)
    return whole.model_copy(update={"network": network, "training": training.model_copy(update=update), "require": ()})


def _speaking(patterns: Iterable[str], others: Sequence[str]) -> Iterator[str]:
    """Yield the patterns of parameters but for those that speak of other inputs or of the fusion."""
    for pattern in patterns:
        if not pattern.startswith("fusion.") and not any(pattern.startswith(f"bodies.{other}.") for other in others):
            yield pattern
