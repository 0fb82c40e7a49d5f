"""The judge of rows that a network makes, loaded from its run or trained beside."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from leadline.data.dataset import Dataset
from leadline.facts.component import Component
from leadline.facts.experiment import AUTO, Experiment, NetworkSpec
from leadline.facts.training import EarlyStopping, TrainingSpec
from leadline.measuring.space import Judge
from leadline.run import folder as files
from leadline.run.build import build_network
from leadline.run.run import Run, shipped
from leadline.verbs.further import train_further
from leadline.verbs.job import Job
from leadline.verbs.judge import CLASSIFICATION, is_judged, may_train
from leadline.verbs.resolve import resolve

# A judge is to name classes right, and that it will not do better by going on: of few rows the loss falls for hundreds of epochs.
ENOUGH = EarlyStopping(on="accuracy", patience=10)
FOLDER = "judge"  # among the checkpoints: what lies there is needed until the run is finished


class Judged(NamedTuple):
    """The judge of a run's new rows, or why there is none."""

    judge: Judge | None
    why: str = ""


NOBODY = Judged(None)


def judged(folder: Path, job: Job, dataset: Dataset) -> Judged:
    """Return the judge of a finished training, one trained beside where none is given, from the same train rows.

    Raises Interrupted after a signal, DiskFull; goes on where it stopped.
    """
    asked, world = job.experiment.judge, job.world
    if not is_judged(job.objective):
        if asked:
            job.shown.note(f"judge={asked} means nothing here: a network for {job.objective.name!r} makes no rows.")
        return NOBODY
    if not asked:
        budget = job.experiment.training.max_time is not None or job.experiment.training.max_energy is not None
        why = (
            "as training has a budget; --set judge=auto trains one"
            if budget
            else "--set judge=auto trains one, judge=RUN names one"
        )
        return Judged(
            None, f"no classifier judges, {why}" if may_train(dataset.schema) else "no classifier judges: the data has no classes"
        )
    if asked == AUTO:
        return _trained(folder, job, dataset)
    if not world.is_main:
        return NOBODY
    run = Run(asked)
    told = {"judge": run.name, "weights": files.sha256(run.folder / files.WEIGHTS)}
    return Judged(Judge(run.network, run.objective, run.schema, f"the classifier {run.name}", told))


def _trained(folder: Path, whole: Job, dataset: Dataset) -> Judged:
    where, words = folder / files.CHECKPOINTS / FOLDER, "a classifier that judges new rows"
    own = replace(dataset, parts={name: part.labelled for name, part in dataset.parts.items()})
    job = whole.of(_experiment(whole.experiment, own), {})
    names = ", ".join(body.name for body in job.experiment.network.bodies.values())
    whole.shown.note(f"{words}: {names}, small; --set judge=false goes without")
    why = train_further(folder, where, job, own, lambda: build_network(job.experiment, own.schema), words, planned=False)
    if why is not None:
        return Judged(None, f"{words} could not be trained: {why}")
    if not whole.world.is_main:
        return NOBODY
    file = where / files.WEIGHTS
    told = {"judge": AUTO, "weights": files.sha256(file), "network": job.experiment.model_dump(mode="json")["network"]}
    network = shipped(file, job.experiment, own.schema)
    return Judged(Judge(network, job.objective, own.schema, "a classifier trained beside", told))


def _experiment(whole: Experiment, dataset: Dataset) -> Experiment:
    """Return the experiment of a small classifier of the same data, by whatever is usual for it, in fixed arithmetic."""
    plan = whole.training.plan.model_copy(update={"precision": None, "compile": None, "channels_last": None})
    training = TrainingSpec(
        plan=plan, deterministic=True, checkpoint_seconds=whole.training.checkpoint_seconds, early_stopping=ENOUGH
    )
    network = NetworkSpec(size="small", fusion=Component(name="concat"))
    asked = Experiment(
        data=whole.data, network=network, objective=Component(name=CLASSIFICATION), training=training, baselines=(), seed=whole.seed
    )
    rows = {name: len(part) for name, part in dataset.parts.items()}
    return resolve(asked, dataset.schema, rows)
