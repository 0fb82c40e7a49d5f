"""One run from preparing the data to its report."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from torch import nn

from leadline.data.dataset import Dataset, prepare
from leadline.errors import DiskFull, RunError
from leadline.facts.experiment import Experiment
from leadline.facts.schema import Schema
from leadline.models.build import fitted_family
from leadline.objectives.named import labels_of, wanted_by
from leadline.run import folder as files
from leadline.run.build import build_network
from leadline.run.initial import Start, begun_network, start_of
from leadline.run.run import Run, read_schema
from leadline.training.groups import Groups
from leadline.training.range_test import RangeTest
from leadline.verbs.alone import train_alone
from leadline.verbs.environment import described, environment_for, write_environment
from leadline.verbs.fitted import fit_model, unused
from leadline.verbs.fitting import fit_run
from leadline.verbs.job import Job
from leadline.verbs.judged import judged
from leadline.verbs.label_efficiency import check_shares, train_shares
from leadline.verbs.reporting import finish
from leadline.verbs.resolve import resolve
from leadline.verbs.room import room
from leadline.verbs.seeking import keep, with_rate
from leadline.verbs.telling import tell


class Begun(NamedTuple):
    """A run before its first step: its folder, the resolved job, the data, and the network with fresh weights."""

    folder: Path
    job: Job
    dataset: Dataset
    network: nn.Module


def train_once(job: Job, out: Path | None) -> Run | None:
    """Prepare, resolve, train, measure and report a run; None in processes that are not the first."""
    return _complete(*begin(job, out))


def begin(job: Job, out: Path | None) -> Begun:
    """Prepare and resolve, and only when all that the user wrote makes sense, make the run folder."""
    start = start_of(job.experiment, job.modules)
    dataset = _prepared(job, start)
    modules = _by_input(job.modules, dataset.schema)
    rows = {name: len(part) for name, part in dataset.parts.items()}
    if job.experiment.training.early_stopping and not rows.get("validation"):
        job.shown.note("there are no validation rows: nothing stops training early, and the last weights ship")
    asked = job.experiment if start is None else start.chosen(job.experiment, dataset.schema)
    job = job.of(resolve(asked, dataset.schema, rows, modules), modules)
    network = build_network(job.experiment, dataset.schema, modules)
    carried = None if start is None else start.carry(network, dataset.schema)
    check_shares(job, dataset)
    Groups.of(job.experiment.training).freeze_in(network)
    tell(dataset, job.experiment, job.shown)
    if start is not None and carried is not None:
        start.check(dataset)
        for line in (*carried.told(start, job.experiment.training.freeze), *start.seen(dataset)):
            job.shown.note(line)
    family = fitted_family(job.experiment.network, modules)
    entries = list(unused(asked, job.experiment, dataset.schema)) if family else []
    if entries and family:
        job.shown.note(f"{family.name} is fitted, not stepped: {', '.join(entries)} mean nothing to it")
    job, found = (job, None) if family else with_rate(job, dataset, network)
    # All that can be wrong with what the user wrote has been found by now: only then is a folder made.
    began = start.identity(carried) if start is not None and carried is not None else None
    folder = Path(job.world.share(str(_create(job.experiment, dataset, out, found, began)) if job.world.is_main else None))
    return Begun(folder, job, dataset, network)


def go_on(job: Job, folder: Path) -> Run | None:
    """Bring the run in a folder to its end, from wherever it stopped; `job` is what the folder holds.

    Raises RunError where the experiment or the data is not what the run began with.
    """
    if job.world.any(job.world.is_main and (folder / files.MANIFEST).exists()):
        return _finished(folder, job)
    environment = environment_for(folder)
    if environment.get("experiment") != job.experiment.hash:
        raise RunError(
            f"{folder / files.EXPERIMENT} was changed since the run began: going on would mix two experiments. Undo the change, or "
            f"train the changed one anew: leadline train {folder / files.EXPERIMENT}"
        )
    dataset = _prepared(job, start_of(job.experiment, job.modules))
    recorded = environment.get("data", {}).get("fingerprint")
    if dataset.fingerprint != recorded or dataset.schema != read_schema(folder):
        raise RunError(
            f"The data at {job.experiment.data.source or 'source'} is not what the run {folder} began with. "
            "Put it back, or train anew."
        )
    return _complete(folder, job, dataset, begun_network(job.experiment, dataset.schema, job.modules))


def _complete(folder: Path, job: Job, dataset: Dataset, network: nn.Module) -> Run | None:
    family = fitted_family(job.experiment.network, job.modules)
    with room(folder):
        trained = fit_model(folder, job, dataset, network, family) if family else fit_run(folder, job, dataset, network)
        alone = train_alone(folder, job, dataset)
        shares = train_shares(folder, job, dataset)
        judge = judged(folder, job, dataset)
        if job.world.is_main:
            finish(folder, job, dataset, trained, alone, judge, shares)
    return _finished(folder, job)


def _finished(folder: Path, job: Job) -> Run | None:
    if not job.world.is_main:
        return None
    if job.experiment.repeats == 1:  # otherwise the report is to be written once more, and may be interrupted in it
        drop_checkpoints(folder)
    return Run(folder, modules=job.modules or None)


def drop_checkpoints(folder: Path) -> None:
    """Remove the checkpoints of a finished run, which needs none."""
    shutil.rmtree(folder / files.CHECKPOINTS, ignore_errors=True)


def _prepared(job: Job, start: Start | None) -> Dataset:
    if not job.world.is_main:
        job.world.barrier()  # the first process fills the cache; the others then find it filled
    dataset = prepare(
        job.experiment.data,
        job.memory,
        seed=job.experiment.seed,
        wanted=wanted_by(job.experiment),
        labels=labels_of(job.experiment),
        known=None if start is None else start.run.schema,
        progress=job.shown.stage,
    )
    if job.world.is_main:
        job.world.barrier()
    return dataset


def _create(
    experiment: Experiment, dataset: Dataset, out: Path | None, found: RangeTest | None, began: Mapping[str, Any] | None
) -> Path:
    """Make the run folder with everything that decides the run, before the first step."""
    folder = files.create(out, experiment.name or dataset.name)
    try:
        with room(folder):
            files.write(folder / files.SCHEMA, dataset.schema.model_dump_json(indent=1))
            first = {"init": began} if began is not None else {}
            write_environment(folder, {**described(dataset), "experiment": experiment.hash, **first})
            if dataset.set_aside.height:
                dataset.set_aside.write_parquet(folder / "set_aside.parquet")
            keep(folder, found)
            files.write(folder / files.EXPERIMENT, experiment.to_yaml())  # last: a folder that has it can be resumed
    except DiskFull:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return folder


def _by_input(modules: Mapping[str, nn.Module], schema: Schema) -> Mapping[str, nn.Module]:
    """Return a user's modules by input name, where ``"*"`` stands for the only input."""
    return {schema.inputs[0].name: modules["*"]} if "*" in modules else modules
