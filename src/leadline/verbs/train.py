"""Train a network on a dataset and measure it."""

from __future__ import annotations

from pathlib import Path
from typing import Unpack

from leadline.core.catalogue import say
from leadline.core.entries.train_options import TrainOptions
from leadline.errors import UsageError
from leadline.pipeline.context import RunContext
from leadline.pipeline.progress import progress
from leadline.pipeline.resolving.compose import compose
from leadline.pipeline.resolving.keywords import keywords
from leadline.pipeline.several.repeats import with_repeats
from leadline.pipeline.train import train_run
from leadline.run import folder as files
from leadline.training import distributed
from leadline.verbs.load import Run, opened


@keywords(TrainOptions)
def train(source: object, **options: Unpack[TrainOptions]) -> Run | None:
    """Train a network on `source`, measure it, and return the run.

    `source` is a path, a bundled name, an experiment file, an `Experiment`, or data in memory: a polars or pandas
    frame, a mapping of arrays, or ``(X, y)``. `settings` are entries of the experiment by their dotted place, as those
    in brackets below. `repeats` runs with different seeds go into ``<out>/repeats``. Under torchrun every process calls
    this; only the first returns the run, the others None.

    Raises UsageError and DataError before anything is written, TrainingFailed and Interrupted with what is left on
    disk.
    """
    out, quiet = options.pop("out", None), options.pop("quiet", False)
    experiment, memory, modules = compose(source, **options)
    if experiment.data.split.every_fold:
        raise UsageError(say("verbs.folds-without-fold"))
    where = Path(out).expanduser() if out is not None else None
    with distributed.joined(experiment.training.plan.device) as world, progress(quiet or not world.is_main) as shown:
        if world.is_main:
            files.check_writable(where)
        run_context = RunContext(experiment, memory, modules, world, shown)
        return opened(with_repeats(run_context, train_run(run_context, where)))
