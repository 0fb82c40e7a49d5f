"""One run from preparing the data to its report."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from torch import nn

from leadline.core.experiment import Experiment
from leadline.core.schema import Schema
from leadline.data.dataset import Dataset, prepare
from leadline.errors import DiskFull, RunError
from leadline.models.build import classical_family
from leadline.objectives.lookup import labels_of, target_types_of
from leadline.pipeline.auxiliary.label_efficiency import check_shares, train_shares
from leadline.pipeline.auxiliary.reference_classifier import reference_classifier
from leadline.pipeline.auxiliary.single_inputs import train_single_inputs
from leadline.pipeline.context import RunContext
from leadline.pipeline.data_summary import describe_data
from leadline.pipeline.disk_guard import disk_full_guard
from leadline.pipeline.fit import fit_network
from leadline.pipeline.fit_classical import fit_classical_network, unused_entries
from leadline.pipeline.lr_range_test import keep, with_rate
from leadline.pipeline.resolving.experiment import resolve
from leadline.pipeline.write import finish
from leadline.run import folder as files
from leadline.run.build import build_network
from leadline.run.environment import described, environment_for, write_environment
from leadline.run.run import Run, read_schema
from leadline.run.warm_start import ParentRun, parent_run, warm_started_network
from leadline.training.lr_range_test import LrRangeTest
from leadline.training.parameter_groups import ParameterGroups


class Begun(NamedTuple):
    """A run before its first step: its folder, the resolved job, the data, and the network with fresh weights."""

    folder: Path
    run_context: RunContext
    dataset: Dataset
    network: nn.Module


def train_run(run_context: RunContext, out: Path | None) -> Run | None:
    """Prepare, resolve, train, measure and report a run; None in processes that are not the first."""
    return _complete(*begin(run_context, out))


def begin(run_context: RunContext, out: Path | None) -> Begun:
    """Prepare and resolve, and only when all that the user wrote makes sense, make the run folder."""
    start = parent_run(run_context.experiment, run_context.modules)
    dataset = _prepared(run_context, start)
    modules = _by_input(run_context.modules, dataset.schema)
    rows = {name: len(part) for name, part in dataset.splits.items()}
    if run_context.experiment.training.early_stopping and not rows.get("validation"):
        run_context.shown.note("there are no validation rows: nothing stops training early, and the last weights ship")
    asked = run_context.experiment if start is None else start.chosen(run_context.experiment, dataset.schema)
    run_context = run_context.of(resolve(asked, dataset.schema, rows, modules), modules)
    network = build_network(run_context.experiment, dataset.schema, modules)
    carried = None if start is None else start.carry(network, dataset.schema)
    check_shares(run_context, dataset)
    ParameterGroups.of(run_context.experiment.training).freeze_in(network)
    describe_data(dataset, run_context.experiment, run_context.shown)
    if start is not None and carried is not None:
        start.check(dataset)
        for line in (*carried.description(start, run_context.experiment.training.freeze), *start.seen(dataset)):
            run_context.shown.note(line)
    family = classical_family(run_context.experiment.network, modules)
    entries = list(unused_entries(asked, run_context.experiment, dataset.schema)) if family else []
    if entries and family:
        run_context.shown.note(f"{family.name} is fitted, not stepped: {', '.join(entries)} mean nothing to it")
    run_context, found = (run_context, None) if family else with_rate(run_context, dataset, network)
    # All that can be wrong with what the user wrote has been found by now: only then is a folder made.
    began = start.identity(carried) if start is not None and carried is not None else None
    folder = Path(
        run_context.world.share(
            str(_create(run_context.experiment, dataset, out, found, began)) if run_context.world.is_main else None
        )
    )
    return Begun(folder, run_context, dataset, network)


def continue_run(run_context: RunContext, folder: Path) -> Run | None:
    """Bring the run in a folder to its end, from wherever it stopped; `job` is what the folder holds.

    Raises RunError where the experiment or the data is not what the run began with.
    """
    if run_context.world.any(run_context.world.is_main and (folder / files.MANIFEST).exists()):
        return _finished(folder, run_context)
    environment = environment_for(folder)
    if environment.get("experiment") != run_context.experiment.hash:
        raise RunError(
            f"{folder / files.EXPERIMENT} was changed since the run began: going on would mix two experiments. Undo the"
            f" change, or train the changed one anew: leadline train {folder / files.EXPERIMENT}"
        )
    dataset = _prepared(run_context, parent_run(run_context.experiment, run_context.modules))
    recorded = environment.get("data", {}).get("fingerprint")
    if dataset.fingerprint != recorded or dataset.schema != read_schema(folder):
        raise RunError(
            f"The data at {run_context.experiment.data.source or 'source'} is not what the run {folder} began with. "
            "Put it back, or train anew."
        )
    return _complete(
        folder, run_context, dataset, warm_started_network(run_context.experiment, dataset.schema, run_context.modules)
    )


def _complete(folder: Path, run_context: RunContext, dataset: Dataset, network: nn.Module) -> Run | None:
    family = classical_family(run_context.experiment.network, run_context.modules)
    with disk_full_guard(folder):
        trained = (
            fit_classical_network(folder, run_context, dataset, network, family)
            if family
            else fit_network(folder, run_context, dataset, network)
        )
        alone = train_single_inputs(folder, run_context, dataset)
        shares = train_shares(folder, run_context, dataset)
        judge = reference_classifier(folder, run_context, dataset)
        if run_context.world.is_main:
            finish(folder, run_context, dataset, trained, alone, judge, shares)
    return _finished(folder, run_context)


def _finished(folder: Path, run_context: RunContext) -> Run | None:
    if not run_context.world.is_main:
        return None
    if (
        run_context.experiment.repeats == 1
    ):  # otherwise the report is to be written once more, and may be interrupted in it
        drop_checkpoints(folder)
    return Run(folder, modules=run_context.modules or None)


def drop_checkpoints(folder: Path) -> None:
    """Remove the checkpoints of a finished run, which needs none."""
    shutil.rmtree(folder / files.CHECKPOINTS, ignore_errors=True)


def _prepared(run_context: RunContext, start: ParentRun | None) -> Dataset:
    if not run_context.world.is_main:
        run_context.world.barrier()  # the first process fills the cache; the others then find it filled
    dataset = prepare(
        run_context.experiment.data,
        run_context.memory,
        seed=run_context.experiment.seed,
        target_types=target_types_of(run_context.experiment),
        labels=labels_of(run_context.experiment),
        known=None if start is None else start.run.schema,
        progress=run_context.shown.stage,
    )
    if run_context.world.is_main:
        run_context.world.barrier()
    return dataset


def _create(
    experiment: Experiment,
    dataset: Dataset,
    out: Path | None,
    found: LrRangeTest | None,
    began: Mapping[str, Any] | None,
) -> Path:
    """Make the run folder with everything that decides the run, before the first step."""
    folder = files.create(out, experiment.name or dataset.name)
    try:
        with disk_full_guard(folder):
            files.write(folder / files.SCHEMA, dataset.schema.model_dump_json(indent=1))
            first = {"init": began} if began is not None else {}
            write_environment(folder, {**described(dataset), "experiment": experiment.hash, **first})
            if dataset.invalid_rows.height:
                dataset.invalid_rows.write_parquet(folder / "set_aside.parquet")
            keep(folder, found)
            files.write(folder / files.EXPERIMENT, experiment.to_yaml())  # last: a folder that has it can be resumed
    except DiskFull:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return folder


def _by_input(modules: Mapping[str, nn.Module], schema: Schema) -> Mapping[str, nn.Module]:
    """Return a user's modules by input name, where ``"*"`` stands for the only input."""
    return {schema.inputs[0].name: modules["*"]} if "*" in modules else modules
