"""The judge of rows that a network makes, loaded from its run or trained beside."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from leadline.core.catalogue import say
from leadline.core.component import AUTO, Component
from leadline.core.experiment import Experiment, NetworkSpec
from leadline.core.training_spec import EarlyStopping, TrainingSpec
from leadline.data.dataset import Dataset
from leadline.evaluation.feature_space import ReferenceClassifier
from leadline.pipeline.auxiliary.run import train_auxiliary
from leadline.pipeline.context import RunContext
from leadline.pipeline.resolving.experiment import resolve
from leadline.pipeline.resolving.reference import CLASSIFICATION, may_train, needs_reference
from leadline.run import folder as files
from leadline.run.build import build_network
from leadline.run.run import Run, load_shipped

# A judge is to name classes right, and that it will not do better by going on: of few rows the loss falls for hundreds
# of epochs, of which the first, in which the learning rate still rises, say little.
ENOUGH = EarlyStopping(monitor="accuracy", patience=10)
SHARE = 10  # of the epochs, a tenth of them if that is more
FOLDER = "judge"  # among the checkpoints: what lies there is needed until the run is finished


class Reference(NamedTuple):
    """The judge of a run's new rows, or why there is none."""

    judge: ReferenceClassifier | None
    why: str = ""


NO_REFERENCE = Reference(None)


def reference_classifier(folder: Path, run_context: RunContext, dataset: Dataset) -> Reference:
    """Return the judge of a finished training, one trained beside where none is given, from the same train rows.

    Raises Interrupted after a signal, DiskFull; goes on where it stopped.
    """
    asked, world = run_context.experiment.reference_classifier, run_context.world
    if not needs_reference(run_context.objective):
        if asked:
            run_context.shown.note(say("pipeline.reference-classifier-unused", objective=run_context.objective.name))
        return NO_REFERENCE
    if not asked:
        budget = (
            run_context.experiment.training.max_time is not None
            or run_context.experiment.training.max_energy is not None
        )
        if not may_train(dataset.schema):
            return Reference(None, say("pipeline.no-reference-classes"))
        return Reference(None, say("pipeline.no-reference-budget" if budget else "pipeline.no-reference"))
    if asked == AUTO:
        return _trained(folder, run_context, dataset)
    if not world.is_main:
        return NO_REFERENCE
    run = Run(asked)
    told = {"reference_classifier": run.name, "weights": files.sha256(run.folder / files.WEIGHTS)}
    return Reference(
        ReferenceClassifier(
            run.network, run.objective, run.schema, say("pipeline.reference-classifier-run", run=run.name), told
        )
    )


def _trained(folder: Path, whole: RunContext, dataset: Dataset) -> Reference:
    where, words = folder / files.CHECKPOINTS / FOLDER, say("pipeline.reference-classifier")
    own = _labelled(dataset)
    run_context = whole.of(_experiment(whole.experiment, own), {})
    names = ", ".join(encoder.name for encoder in run_context.experiment.network.encoders.values())
    whole.shown.note(say("pipeline.training-reference-classifier", networks=names))
    why = train_auxiliary(
        folder, where, run_context, own, lambda: build_network(run_context.experiment, own.schema), words, planned=False
    )
    if why is not None:
        return Reference(None, say("pipeline.reference-classifier-failed", why=why))
    if not whole.world.is_main:
        return NO_REFERENCE
    files.write(folder / files.REFERENCE, (where / files.WEIGHTS).read_bytes())
    return kept_classifier(folder, whole, dataset)


def kept_classifier(folder: Path, whole: RunContext, dataset: Dataset) -> Reference:
    """Return the judge that was trained beside a run, from the weights that the run keeps.

    Raises RunError where they do not fit.
    """
    file, own = folder / files.REFERENCE, _labelled(dataset)
    run_context = whole.of(_experiment(whole.experiment, own), {})
    told = {
        "reference_classifier": AUTO,
        "weights": files.sha256(file),
        "network": run_context.experiment.model_dump(mode="json")["network"],
    }
    network = load_shipped(file, run_context.experiment, own.schema)
    return Reference(
        ReferenceClassifier(network, run_context.objective, own.schema, say("pipeline.reference-classifier-own"), told)
    )


def _labelled(dataset: Dataset) -> Dataset:
    return replace(dataset, splits={name: part.labelled for name, part in dataset.splits.items()})


def _experiment(whole: Experiment, dataset: Dataset) -> Experiment:
    """Return the experiment of a small classifier of the same data, by whatever is usual for it, in fixed
    arithmetic.
    """
    plan = whole.training.plan.model_copy(update={"precision": None, "compile": None, "channels_last": None})
    training = TrainingSpec(
        plan=plan, deterministic=True, checkpoint_seconds=whole.training.checkpoint_seconds, early_stopping=ENOUGH
    )
    network = NetworkSpec(size="small", fusion=Component(name="concat"))
    asked = Experiment(
        data=whole.data,
        network=network,
        objective=Component(name=CLASSIFICATION),
        training=training,
        baselines=(),
        seed=whole.seed,
    )
    rows = {name: len(part) for name, part in dataset.splits.items()}
    found = resolve(asked, dataset.schema, rows)
    stopping, epochs = found.training.early_stopping, found.training.epochs
    if stopping is None or stopping.patience is None or epochs is None:
        return found
    patient = stopping.model_copy(update={"patience": max(stopping.patience, epochs // SHARE)})
    return found.model_copy(update={"training": found.training.model_copy(update={"early_stopping": patient})})
