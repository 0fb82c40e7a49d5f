"""Go on with a run that was interrupted, to the same end."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from torch import nn

from leadline.data.dataset import Dataset, prepare
from leadline.errors import RunError
from leadline.facts.experiment import Experiment
from leadline.run import folder as files
from leadline.run.build import build_network
from leadline.run.run import Run, read_schema
from leadline.training import distributed
from leadline.verbs.environment import environment_for
from leadline.verbs.fitting import fit_run
from leadline.verbs.job import Job
from leadline.verbs.progress import progress
from leadline.verbs.reporting import finish


def resume(
    folder: str | Path, *, source: object = None, modules: Mapping[str, nn.Module] | None = None, quiet: bool = False
) -> Run | None:
    """Train an unfinished run from its newest checkpoint to its end and return it; a finished one is returned as it is.

    `source` is the data again, for runs on data in memory, and `modules` a user's own modules by input name. Raises RunError
    where the folder holds no run, or the data is not what the run began with.
    """
    where = Path(folder)
    if not (where / files.EXPERIMENT).exists():
        raise RunError(f"{where} holds no run to go on with: it has no {files.EXPERIMENT}.")
    if (where / files.MANIFEST).exists():
        return Run(where, modules=modules)
    experiment = Experiment.read(where / files.EXPERIMENT)
    if not experiment.data.source and source is None:
        raise RunError(
            f"The run {where} was trained on data in memory: leadline.resume({str(where)!r}, source=...) takes it again."
        )
    with distributed.joined(experiment.training.plan.device) as world, progress(quiet or not world.is_main) as shown:
        dataset = prepare(experiment.data, source, seed=experiment.seed, progress=shown.stage)
        _check_same(where, experiment, dataset)
        job = Job(experiment, source, modules or {}, world, shown)
        trained = fit_run(where, job, dataset, build_network(experiment, dataset.schema, job.modules))
        if not world.is_main:
            return None
        finish(where, job, dataset, trained)
    return Run(where, modules=modules)


def _check_same(folder: Path, experiment: Experiment, dataset: Dataset) -> None:
    recorded = environment_for(folder).get("data", {}).get("fingerprint")
    if dataset.fingerprint != recorded or dataset.schema != read_schema(folder):
        raise RunError(
            f"The data at {experiment.data.source or 'source'} is not what the run {folder} began with. Put it back, or train anew."
        )
