"""One run from preparing the data to its report."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from torch import nn

from leadline.data.dataset import Dataset, prepare
from leadline.facts.experiment import Experiment
from leadline.facts.schema import Schema
from leadline.run import folder as files
from leadline.run.build import build_network
from leadline.run.run import Run
from leadline.verbs.environment import described, write_environment
from leadline.verbs.fitting import fit_run
from leadline.verbs.job import Job
from leadline.verbs.reporting import finish
from leadline.verbs.resolve import resolve
from leadline.verbs.telling import tell


def train_once(job: Job, out: Path | None) -> Run | None:
    """Prepare, resolve, train, measure and report one run; None in processes that are not the first."""
    if not job.world.is_main:
        job.world.barrier()  # the first process fills the cache; the others then find it filled
    dataset = prepare(job.experiment.data, job.memory, seed=job.experiment.seed, progress=job.shown.stage)
    if job.world.is_main:
        job.world.barrier()
    modules = _by_input(job.modules, dataset.schema)
    job = job.of(resolve(job.experiment, dataset.schema, len(dataset.parts["train"]), modules), modules)
    network = build_network(job.experiment, dataset.schema, modules)
    tell(dataset, job.experiment, job.shown)
    # All that can be wrong with what the user wrote has been found by now: only then is a folder made.
    folder = Path(job.world.share(str(_create(job.experiment, dataset, out)) if job.world.is_main else None))
    trained = fit_run(folder, job, dataset, network)
    if not job.world.is_main:
        return None
    finish(folder, job, dataset, trained)
    return Run(folder, modules=modules or None)


def _create(experiment: Experiment, dataset: Dataset, out: Path | None) -> Path:
    """Make the run folder with everything that decides the run, before the first step."""
    folder = files.create(out, experiment.name or dataset.name)
    files.write(folder / files.SCHEMA, dataset.schema.model_dump_json(indent=1))
    write_environment(folder, described(dataset))
    if dataset.set_aside.height:
        dataset.set_aside.write_parquet(folder / "set_aside.parquet")
    files.write(folder / files.EXPERIMENT, experiment.to_yaml())  # last: a folder that has it can be resumed
    return folder


def _by_input(modules: Mapping[str, nn.Module], schema: Schema) -> Mapping[str, nn.Module]:
    """Return a user's modules by input name, where ``"*"`` stands for the only input."""
    return {schema.inputs[0].name: modules["*"]} if "*" in modules else modules
