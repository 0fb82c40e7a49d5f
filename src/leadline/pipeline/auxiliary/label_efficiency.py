"""How good the same network is with fewer labels: trained anew on nested shares of the labelled train rows."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from torch import nn

from leadline.core.catalogue import say
from leadline.core.exhibit import ExhibitDraft
from leadline.core.experiment import Experiment
from leadline.core.finding import Finding
from leadline.core.training_spec import TrainingSpec
from leadline.data.dataset import Dataset
from leadline.data.splits.label_subset import drawn
from leadline.evaluation.comparison import Comparisons
from leadline.objectives.contract import EvaluationContext
from leadline.pipeline.auxiliary.run import train_auxiliary
from leadline.pipeline.context import RunContext
from leadline.pipeline.resolving.updates import STEPS
from leadline.run import folder as files
from leadline.run.inference import predict_subset
from leadline.run.run import load_shipped
from leadline.run.warm_start import warm_started_network

FOLDER = "labels"  # among the checkpoints: what lies there is needed until the run is finished
SCRATCH, CARRIED = "from scratch", "pre-trained"
NAME = "label_efficiency"
SECTION = "per_class"


class LabelShare(NamedTuple):
    """A network trained on a `share` of the labels, so many `rows`, that began as `start` says; `why` says why there is
    none.
    """

    share: float
    start: str
    rows: int
    folder: Path
    run_context: RunContext
    dataset: Dataset
    why: str | None = None

    @property
    def label(self) -> str:
        """The share and the start in words: ``1% of labels, from scratch``."""
        return f"{100 * self.share:.3g}% of labels, {self.start}"


def train_shares(folder: Path, run_context: RunContext, dataset: Dataset) -> tuple[LabelShare, ...]:
    """Train the network of a finished training on each share of its labels: from scratch, and as that one began.

    What was trained on all labels already is not trained again. Raises Interrupted after a signal, DiskFull; goes on
    where it stopped.
    """
    own = CARRIED if run_context.experiment.init is not None else SCRATCH
    starts = (SCRATCH,) if own == SCRATCH else (SCRATCH, CARRIED)
    trials = []
    for share in sorted(set(run_context.experiment.label_efficiency)):
        for start in starts:
            trial = _trial(folder, run_context, dataset, share, start)
            trials.append(trial if share == 1 and start == own else _trained(folder, run_context, trial))
    return tuple(trials)


def curve(
    folder: Path, trials: Sequence[LabelShare], run_context: RunContext, levels: tuple[float, ...]
) -> Comparisons:
    """Return what the networks reach on the test rows, the first measure of the objective, with the picture of it."""
    found = [(trial, finding) for trial in trials for finding in _measured(folder, trial, run_context, levels)]
    shown = [(trial, one) for trial, one in found if one.value is not None]
    if not shown:
        return Comparisons(tuple(one for _, one in found))
    series = [_line(start, [(t, one) for t, one in shown if t.start == start]) for start in (SCRATCH, CARRIED)]
    name = shown[0][1].name
    content = {
        "x": {"label": say("exhibits.labelled-examples"), "log": True},
        "panels": [{"label": name, "series": [one for one in series if one["x"]]}],
    }
    caption = say("exhibits.label-efficiency-about")
    draft = ExhibitDraft(NAME, "bands", say("exhibits.label-efficiency"), content, caption, "test", "other")
    return Comparisons(tuple(one for _, one in found), (draft,))


def _line(start: str, points: Sequence[tuple[LabelShare, Finding]]) -> dict[str, Any]:
    ends = [one.interval or (None, None) for _, one in points]
    return {
        "name": start,
        "x": [trial.rows for trial, _ in points],
        "y": [one.value for _, one in points],
        "low": [low for low, _ in ends],
        "high": [high for _, high in ends],
    }


def _measured(folder: Path, trial: LabelShare, run_context: RunContext, levels: tuple[float, ...]) -> Iterator[Finding]:
    """Yield the first measure of one network on the test rows."""
    test, schema = trial.dataset.splits["test"], trial.dataset.schema
    assert test.target is not None
    if trial.why is not None:
        yield Finding.absent(NAME, trial.why, split="test", group=trial.label, section=SECTION)
        return
    where = trial.folder if (trial.folder / files.WEIGHTS).exists() else folder  # that on all labels is the run itself
    network = load_shipped(where / files.WEIGHTS, trial.run_context.experiment, schema, run_context.modules)
    context = EvaluationContext("test", test.target, test.group, schema, levels, run_context.experiment.seed)
    decided = predict_subset(network, trial.run_context.objective, test)
    first = next(
        one for one in trial.run_context.objective.decision.measure(decided, context) if isinstance(one, Finding)
    )
    yield first.model_copy(update={"group": trial.label, "section": SECTION})


def _trial(folder: Path, whole: RunContext, dataset: Dataset, share: float, start: str) -> LabelShare:
    train = dataset.splits["train"].labelled
    assert train.target is not None
    class_n = train.target if dataset.schema.classes else np.zeros(len(train), dtype=np.int64)
    at = drawn(class_n, share, whole.experiment.seed)
    few = replace(dataset, splits={**dataset.splits, "train": train.subset(at)})
    where = folder / files.CHECKPOINTS / FOLDER / f"{start.replace(' ', '-')}-{share:g}"
    run_context = whole.of(_experiment(whole.experiment, start, len(at), len(train)))
    return LabelShare(share, start, len(at), where, run_context, few)


def _trained(folder: Path, whole: RunContext, trial: LabelShare) -> LabelShare:
    start = "pipeline.label-share-pretrained" if trial.start == CARRIED else "pipeline.label-share"
    words = say(start, share=trial.share, rows=trial.rows)
    whole.shown.note(words)
    run_context, dataset = trial.run_context, trial.dataset

    def begin() -> nn.Module:
        return warm_started_network(run_context.experiment, dataset.schema, run_context.modules)

    return trial._replace(why=train_auxiliary(folder, trial.folder, run_context, dataset, begin, words))


def _experiment(whole: Experiment, start: str, rows: int, of: int) -> Experiment:
    """Return the experiment of one network: all that decides its training as it is, but for how often so few rows are
    passed over.

    From scratch nothing is frozen: what is drawn has to learn.
    """
    training = whole.training
    update: dict[str, Any] = {"log": (), **(_passes(training, rows, of) if training.batch and training.epochs else {})}
    if start == SCRATCH and whole.init is not None:
        update["freeze"] = ()
    own: dict[str, Any] = {"training": training.model_copy(update=update), "require": (), "label_efficiency": ()}
    return whole.model_copy(update={**own, **({"init": None} if start == SCRATCH else {})})


def _passes(training: TrainingSpec, rows: int, of: int) -> dict[str, Any]:
    """Return batch, epochs and patience for so few rows: as many epochs as for all, and no fewer steps than `STEPS`, or
    than for all, if that is less.
    """
    assert training.batch is not None and training.epochs is not None
    batch = min(training.batch, rows)
    steps = min(training.epochs * math.ceil(of / training.batch), STEPS)
    epochs = max(training.epochs, math.ceil(steps / max(rows // batch, 1)))
    stopping = training.early_stopping
    if stopping is not None and stopping.patience is not None:
        stopping = stopping.model_copy(update={"patience": math.ceil(stopping.patience * epochs / training.epochs)})
    return {"batch": batch, "epochs": epochs, "accumulate": min(training.accumulate, batch), "early_stopping": stopping}
