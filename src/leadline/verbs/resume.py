"""Go on with a run that was interrupted, to the same end."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from torch import nn

from leadline.core.catalogue import say
from leadline.core.experiment import Experiment
from leadline.errors import RunError
from leadline.objectives.own_loss import component_of as loss_component
from leadline.pipeline.context import RunContext
from leadline.pipeline.progress import progress
from leadline.pipeline.several.crossval import Crossval, all_folds
from leadline.pipeline.several.repeats import has_spread, with_repeats
from leadline.pipeline.train import continue_run
from leadline.run import folder as files
from leadline.run.moved import moved_data
from leadline.run.own_code_trust import check_code
from leadline.training import distributed
from leadline.training.optim.own import component_of as optimizer_component
from leadline.verbs.crossval import with_verbs
from leadline.verbs.load import Run, opened


def resume(
    folder: str | Path,
    *,
    source: object = None,
    modules: Mapping[str, nn.Module] | None = None,
    loss: object = None,
    optimizer: object = None,
    trust_code: bool = False,
    quiet: bool = False,
) -> Run | Crossval | None:
    """Train an unfinished run, its repeats or folds, from the newest checkpoint to the end; a finished one is returned
    as it is.

    `source` is the data again, for runs on data in memory or whose data was moved, `modules` a user's own modules by
    input name, and `loss` and `optimizer` those that were given as objects which no file holds; `trust_code` lets code
    that the run names be run. Raises RunError where the folder holds no run, or the data is not what the run began
    with.
    """
    for given, component_of in ((loss, loss_component), (optimizer, optimizer_component)):
        if given is not None:
            component_of(given)  # known from here on by what it is made of, which the experiment says
    where = Path(folder).expanduser()
    if not (where / files.EXPERIMENT).exists():
        raise RunError(say("verbs.nothing-to-resume", folder=where, experiment=files.EXPERIMENT))
    experiment = Experiment.read(where / files.EXPERIMENT)
    folds = experiment.data.split.every_fold
    if (where / files.MANIFEST).exists() and not folds:
        run = Run(where, modules=modules, trust_code=trust_code)
        if experiment.repeats == 1 or has_spread(run.report):
            with progress(quiet) as shown:
                shown.note(say("verbs.already-finished", folder=where))
            return run
    if not experiment.data.source and source is None:
        raise RunError(say("verbs.resume-in-memory", folder=where, name=str(where)))
    check_code(where, experiment, modules, trusted=trust_code, training=True)
    with distributed.joined(experiment.training.plan.device) as world, progress(quiet or not world.is_main) as shown:
        moved = moved_data(where, experiment.data) if source is None else {}
        run_context = RunContext(experiment, source, modules or {}, world, shown, moved=moved)
        if folds:
            return with_verbs(all_folds(run_context, where))
        return opened(with_repeats(run_context, continue_run(run_context, where)))
