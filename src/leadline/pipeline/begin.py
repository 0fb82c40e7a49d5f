"""Step 3 of a run, begin: make the run folder with everything that decides the run, before its first step.

A process killed from here on can be resumed: `reopen` finds the run as it stood.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import NamedTuple

from torch import nn

from leadline.core import yaml_io
from leadline.core.catalogue import say
from leadline.core.entries import renamed
from leadline.data.dataset import Dataset
from leadline.errors import DiskFull, RunError
from leadline.pipeline.context import RunContext
from leadline.pipeline.disk_guard import disk_full_guard
from leadline.pipeline.lr_range_test import keep
from leadline.pipeline.prepare import prepare_data
from leadline.pipeline.resolve import Resolved
from leadline.run import folder as files
from leadline.run.declared import declare
from leadline.run.environment import described, environment_for, write_environment
from leadline.run.moved import RECORD, from_run_folder
from leadline.run.own_code_trust import OWN_CODE, own_code_of
from leadline.run.run import read_schema
from leadline.run.warm_start import ParentRun, parent_run, warm_started_network


class Begun(NamedTuple):
    """A run that has a folder: with the resolved experiment, the data, and the network with its first weights."""

    folder: Path
    run_context: RunContext
    dataset: Dataset
    network: nn.Module


def begin_run(resolved: Resolved, parent: ParentRun | None, out: Path | None) -> Begun:
    """Make the folder of a resolved run, in the first process; `out` None takes the next free name under ``runs/``."""
    run_context = resolved.run_context
    made = str(_create(resolved, parent, out)) if run_context.world.is_main else None
    return Begun(Path(run_context.world.share(made)), run_context, resolved.dataset, resolved.network)


def reopen(run_context: RunContext, folder: Path) -> Begun:
    """Return an interrupted run as it began; `run_context` has the experiment that the folder holds.

    Raises RunError where the experiment or the data is not what the run began with.
    """
    environment = environment_for(folder)
    if environment.get("experiment") != run_context.experiment.hash:
        file = folder / files.EXPERIMENT
        if renamed.is_old(yaml_io.load_mapping(file)):
            raise RunError(say("pipeline.begun-by-older-version", file=file))
        raise RunError(say("pipeline.experiment-changed", file=folder / files.EXPERIMENT))
    dataset = prepare_data(run_context, parent_run(run_context.experiment, run_context.modules))
    recorded = environment.get("data", {}).get("fingerprint")
    if dataset.fingerprint != recorded or dataset.schema != read_schema(folder):
        raise RunError(
            say("pipeline.data-changed", source=run_context.experiment.data.source or "source", folder=folder)
        )
    network = warm_started_network(run_context.experiment, dataset.schema, run_context.modules)
    return Begun(folder, run_context, dataset, network)


def _create(resolved: Resolved, parent: ParentRun | None, out: Path | None) -> Path:
    experiment, dataset, carried = resolved.run_context.experiment, resolved.dataset, resolved.carried
    first = {"init": parent.identity(carried)} if parent is not None and carried is not None else {}
    folder = files.create(out, experiment.name or dataset.name)
    try:
        with disk_full_guard(folder):
            files.write(folder / files.SCHEMA, dataset.schema.model_dump_json(indent=1))
            named = {OWN_CODE: own_code_of(experiment), RECORD: from_run_folder(folder, experiment.data)}
            own = {entry: found for entry, found in named.items() if found}
            write_environment(folder, {**described(dataset), "experiment": experiment.hash, **own, **first})
            if dataset.invalid_rows.height:
                dataset.invalid_rows.write_parquet(folder / "invalid_rows.parquet")
            keep(folder, resolved.rate_test)
            declare(folder, experiment.require)
            files.write_experiment(folder, experiment.to_yaml())  # last: a folder that has it can be resumed
    except DiskFull:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return folder
