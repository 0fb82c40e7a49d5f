"""Train and measure once for each fold, so that every row is tested by a network that never saw it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Unpack

from leadline.core import yaml_io
from leadline.core.entries.train_options import CrossvalOptions
from leadline.errors import DataError, UsageError
from leadline.pipeline.context import RunContext
from leadline.pipeline.progress import progress
from leadline.pipeline.resolving.compose import compose
from leadline.pipeline.resolving.keywords import keywords
from leadline.pipeline.several.crossval import FOLDS, Crossval, all_folds, in_folds
from leadline.run import folder as files
from leadline.run.declared import declare
from leadline.training import distributed
from leadline.verbs.load import opened


@keywords(CrossvalOptions)
def crossval(source: object, **options: Unpack[CrossvalOptions]) -> Crossval | None:
    """Train on all folds but one and test on that one, for each of `folds` in turn; `source` is that of `train`.

    Folds are stratified by class; ``split="group:COL"`` keeps groups whole, and ``split="time:COL"`` tests each fold on
    networks trained on what came before it, as those of a series are. A split that the source gives is put aside.
    Validation rows are taken from each fold's train rows. Under torchrun only the first process returns the result, the
    others None.

    Raises UsageError and DataError before anything is written, TrainingFailed and Interrupted with what is left on
    disk.
    """
    out, quiet = options.pop("out", None), options.pop("quiet", False)
    experiment, memory, modules = compose(source, **options)
    experiment = in_folds(experiment, experiment.data.split.folds or FOLDS)
    where = Path(out).expanduser() if out is not None else None
    with distributed.joined(experiment.training.plan.device) as world, progress(quiet or not world.is_main) as shown:
        if world.is_main:
            files.check_writable(where)
        run_context = RunContext(experiment, memory, modules, world, shown)
        name = experiment.name or (Path(experiment.data.source).stem if experiment.data.source else "data")
        folder = Path(world.share(str(files.create(where, f"{name}-folds")) if world.is_main else None))
        if world.is_main:
            declare(folder, experiment.require)
            files.write_experiment(folder, yaml_io.dump(experiment.unresolved()))
        try:
            return with_verbs(all_folds(run_context, folder))
        except (UsageError, DataError):
            if world.is_main and not (folder / files.FOLDS).exists():
                shutil.rmtree(folder)  # bad input leaves nothing behind
            raise


def with_verbs(done: Crossval | None) -> Crossval | None:
    """Return a cross-validation whose runs predict and evaluate."""
    return None if done is None else done._replace(runs=tuple(map(opened, done.runs)))
