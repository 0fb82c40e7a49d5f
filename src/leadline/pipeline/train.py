"""What `train` does, in the order in which it happens; `verbs/train.py` calls this, and each step has its own file.

1 prepare    read the source, split it, fit its columns on the train split, encode it        pipeline/prepare.py
2 resolve    write every default out; build the network                                      pipeline/resolve.py
3 begin      make the run folder; from here on the run can be resumed                        pipeline/begin.py
4 fit        train the network to its end                                                    pipeline/fit.py
5 calibrate  choose temperature and thresholds on validation rows; write the weights         pipeline/calibrate.py
6 evaluate   measure the weights that lie in the folder; read the test split, once           pipeline/evaluate.py
7 compare    with simpler models, and with the networks trained beside it (below)            pipeline/compare.py
8 write      judge the requirements; report, page, card, manifest                            pipeline/write.py

Between 5 and 6 other networks are trained that the run's own is compared with (`pipeline/auxiliary/`): each of several
inputs alone, the same network on fewer labels, a classifier by which generated rows are judged.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from leadline.pipeline.auxiliary.label_efficiency import train_shares
from leadline.pipeline.auxiliary.reference_classifier import reference_classifier
from leadline.pipeline.auxiliary.single_inputs import train_single_inputs
from leadline.pipeline.begin import Begun, begin_run, reopen
from leadline.pipeline.calibrate import calibrate_run
from leadline.pipeline.compare import compare_run, competitors_of
from leadline.pipeline.context import RunContext
from leadline.pipeline.disk_guard import disk_full_guard
from leadline.pipeline.evaluate import evaluate_run
from leadline.pipeline.fit import fit
from leadline.pipeline.prepare import prepare_data
from leadline.pipeline.resolve import resolve_run
from leadline.pipeline.write import write_run
from leadline.run import folder as files
from leadline.run.lock import locked
from leadline.run.run import Run
from leadline.run.warm_start import parent_run


def train_run(run_context: RunContext, out: Path | None) -> Run | None:
    """Train a run and write its report; None in processes that are not the first."""
    begun = start(run_context, out)
    with locked(begun.folder, here=run_context.world.is_main):
        return complete(begun)


def start(run_context: RunContext, out: Path | None) -> Begun:
    """Prepare, resolve, and only when all that the user wrote makes sense, make the run folder."""
    # The run that first weights come from (`--init`), whose fitted columns this one takes over; None for most.
    parent = parent_run(run_context.experiment, run_context.modules)
    dataset = prepare_data(run_context, parent)
    resolved = resolve_run(run_context, dataset, parent)
    return begin_run(resolved, parent, out)


def continue_run(run_context: RunContext, folder: Path) -> Run | None:
    """Bring the run in a folder to its end, from wherever it stopped; `run_context` has the experiment that it holds.

    Raises RunError where the experiment or the data is not what the run began with, and where another process trains
    it.
    """
    world = run_context.world
    if world.any(world.is_main and (folder / files.MANIFEST).exists()):
        return _finished(folder, run_context)
    with locked(folder, here=world.is_main):
        return complete(reopen(run_context, folder))


def complete(begun: Begun) -> Run | None:
    """Train what has begun to its end, measure it, and write its report."""
    folder, run_context, dataset, _ = begun
    with disk_full_guard(folder):
        trained = calibrate_run(begun, fit(begun))
        single_inputs = train_single_inputs(folder, run_context, dataset)
        label_shares = train_shares(folder, run_context, dataset)
        reference = reference_classifier(folder, run_context, dataset)
        if run_context.world.is_main:
            evaluated = evaluate_run(begun, trained, reference)
            competitors = competitors_of(begun, evaluated, single_inputs)
            compared = compare_run(begun, evaluated, competitors, label_shares)
            write_run(begun, evaluated, competitors, compared)
    return _finished(folder, run_context)


def _finished(folder: Path, run_context: RunContext) -> Run | None:
    if not run_context.world.is_main:
        return None
    # With repeats the report is to be written once more, and that may be interrupted.
    if run_context.experiment.repeats == 1:
        drop_checkpoints(folder)
    return Run(folder, modules=run_context.modules or None)


def drop_checkpoints(folder: Path) -> None:
    """Remove the checkpoints of a finished run, which needs none."""
    shutil.rmtree(folder / files.CHECKPOINTS, ignore_errors=True)
