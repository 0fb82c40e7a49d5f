"""One run from preparing the data to its report, and its repeats with other seeds."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from torch import nn

from leadline.data.dataset import Dataset, prepare
from leadline.errors import Interrupted, RunError
from leadline.facts.experiment import Experiment
from leadline.facts.report import Report
from leadline.facts.schema import Schema
from leadline.run import folder as files
from leadline.run.build import build_network
from leadline.run.run import Run, read_schema
from leadline.verbs.environment import described, environment_for, write_environment
from leadline.verbs.fitting import fit_run
from leadline.verbs.job import Job
from leadline.verbs.repeating import has_spread, with_spread
from leadline.verbs.reporting import finish, write_report
from leadline.verbs.resolve import resolve
from leadline.verbs.telling import tell


def train_once(job: Job, out: Path | None) -> Run | None:
    """Prepare, resolve, train, measure and report a run and its repeats; None in processes that are not the first."""
    dataset = _prepared(job)
    modules = _by_input(job.modules, dataset.schema)
    rows = {name: len(part) for name, part in dataset.parts.items()}
    if job.experiment.training.early_stopping and not rows.get("validation"):
        job.shown.note("there are no validation rows: nothing stops training early, and the last weights ship")
    job = job.of(resolve(job.experiment, dataset.schema, rows, modules), modules)
    network = build_network(job.experiment, dataset.schema, modules)
    tell(dataset, job.experiment, job.shown)
    # All that can be wrong with what the user wrote has been found by now: only then is a folder made.
    folder = Path(job.world.share(str(_create(job.experiment, dataset, out)) if job.world.is_main else None))
    return _complete(folder, job, dataset, network)


def go_on(job: Job, folder: Path) -> Run | None:
    """Bring the run in a folder to its end, from wherever it stopped; `job` is what the folder holds.

    Raises RunError where the data is not what the run began with.
    """
    if job.world.any(job.world.is_main and (folder / files.MANIFEST).exists()):
        return _with_repeats(folder, job)
    dataset = _prepared(job)
    recorded = environment_for(folder).get("data", {}).get("fingerprint")
    if dataset.fingerprint != recorded or dataset.schema != read_schema(folder):
        raise RunError(
            f"The data at {job.experiment.data.source or 'source'} is not what the run {folder} began with. "
            "Put it back, or train anew."
        )
    return _complete(folder, job, dataset, build_network(job.experiment, dataset.schema, job.modules))


def _complete(folder: Path, job: Job, dataset: Dataset, network: nn.Module) -> Run | None:
    trained = fit_run(folder, job, dataset, network)
    if job.world.is_main:
        finish(folder, job, dataset, trained)
    return _with_repeats(folder, job)


def _with_repeats(folder: Path, job: Job) -> Run | None:
    """Train what is left of the repeats of a finished run, with the next seeds, and add the spread to its report.

    Random splits change with the seed; given ones do not. Requirements are judged on the first run.
    """
    main = job.world.is_main
    report = Report.read(folder / files.REPORT) if main else None
    if job.experiment.repeats > 1 and not job.world.any(report is not None and has_spread(report)):
        runs = [_repeat(folder, job, number) for number in range(1, job.experiment.repeats)]
        if report is not None:
            write_report(folder, with_spread(report, [run.report for run in runs if run is not None], folder))
    if not main:
        return None
    shutil.rmtree(folder / files.CHECKPOINTS, ignore_errors=True)  # a finished run needs none
    return Run(folder, modules=job.modules or None)


def _repeat(folder: Path, job: Job, number: int) -> Run | None:
    seed = job.experiment.seed + number
    where = folder / "repeats" / f"seed-{seed}"
    job.shown.note(f"repeat {number + 1} of {job.experiment.repeats}, seed {seed}")
    try:
        if job.world.any(job.world.is_main and (where / files.EXPERIMENT).exists()):
            return go_on(job.of(Experiment.read(where / files.EXPERIMENT)), where)
        if job.world.is_main:
            shutil.rmtree(where, ignore_errors=True)  # killed before there was anything to go on with
        return train_once(job.of(job.experiment.model_copy(update={"seed": seed, "require": (), "repeats": 1})), where)
    except Interrupted as error:
        message = f"Stopped in repeat {number + 1} of {job.experiment.repeats}. 'leadline resume {folder}' goes on from there."
        raise Interrupted(message, error.exit_code - 128) from None


def _prepared(job: Job) -> Dataset:
    if not job.world.is_main:
        job.world.barrier()  # the first process fills the cache; the others then find it filled
    dataset = prepare(job.experiment.data, job.memory, seed=job.experiment.seed, progress=job.shown.stage)
    if job.world.is_main:
        job.world.barrier()
    return dataset


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
