"""Train the network of a run folder where it is a classical model: what of an experiment that leaves open, and doing
it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
from torch import nn

from leadline.core.component import Component
from leadline.core.experiment import Experiment
from leadline.core.schema import Schema
from leadline.core.training_spec import TrainingSpec
from leadline.data.dataset import Dataset
from leadline.errors import UsageError
from leadline.machine.energy import Meter
from leadline.models.contract import Family
from leadline.objectives.contract import BoundObjective
from leadline.objectives.lookup import objective_for
from leadline.pipeline.calibrate import calibrate
from leadline.pipeline.context import RunContext
from leadline.run import folder as files
from leadline.run.environment import environment_for
from leadline.run.run import save_weights
from leadline.run.trained import FIRST, Trained
from leadline.training.classical import AHEAD, LEARNT, fit_classical
from leadline.training.signals import interrupting

KEPT = ("deterministic", "checkpoint_seconds")  # entries of training that need no step
PROMISED = ("max_time", "max_energy")


def fit_classical_network(
    folder: Path, run_context: RunContext, dataset: Dataset, network: nn.Module, family: Family
) -> Trained:
    """Fit a network's head in the first process and write the weights that ship, with the losses after each iteration.

    There is nothing to go on from: fitting begins anew. Raises Interrupted after a signal.
    """
    started = datetime.fromisoformat(environment_for(folder)["started"])
    if not run_context.world.is_main:
        return Trained(started, 0.0, pl.DataFrame(), None, {})
    validation = dataset.splits.get("validation")
    stopped_early = run_context.experiment.training.early_stopping is not None
    meter, began = Meter(gpus=False), time.perf_counter()
    with interrupting(f"Stopped while {family.name} was fitted. 'leadline resume {folder}' fits it again."):
        run_context.shown.note(f"fitting {family.name} to {len(dataset.splits['train'].labelled):,} rows …")
        fitted = fit_classical(
            network,
            family,
            run_context.objective,
            dataset.splits["train"],
            validation if stopped_early else None,
            seed=run_context.experiment.seed,
            progress=lambda done, total: run_context.shown.stage("reading features", done, total),
        )
    seconds = time.perf_counter() - began
    for note in fitted.notes:
        run_context.shown.note(note)
    settled = calibrate(network, run_context.objective, dataset.schema, validation, run_context.shown)
    save_weights(network, folder / files.WEIGHTS)
    history = _history(fitted.losses)
    history.write_parquet(folder / files.HISTORY)
    return Trained(started, seconds, history, fitted.shipped if len(history) else None, meter.read(), settled)


def _history(losses: Any) -> pl.DataFrame:
    """Return the losses after each iteration, in a network's columns; none where there are no iterations."""
    rows = len(next(iter(losses.values()), ()))
    numbers = pl.Series(range(rows), dtype=pl.Int64)
    frame = pl.DataFrame(
        {"step": numbers, "epoch": numbers.cast(pl.Float64), "epoch_end": pl.repeat(True, rows, eager=True)}
    )
    frame = frame.with_columns(pl.Series(name, values) for name, values in losses.items())
    return frame if rows else frame.with_columns(pl.Series("loss", [], dtype=pl.Float64)).select(FIRST)


def classical_entries(
    training: TrainingSpec, component: Component, family: Family, objective: BoundObjective, schema: Schema
) -> dict[str, Any]:
    """Return what entries of an experiment become of which some only mean stepping; those are back at their defaults.

    Raises UsageError for promises that fitting cannot keep, and for objectives that it cannot learn.
    """
    name = family.name
    for entry in PROMISED:
        if getattr(training, entry) is not None:
            raise UsageError(
                f"training.{entry}: {name} is fitted in one go and cannot be stopped by a budget; "
                "--set network.iterations=N or fewer rows make it quicker."
            )
    if objective.supervision.classical_target not in (AHEAD if family.forecasts else LEARNT):
        raise UsageError(
            f"The network {name!r} is fitted by a loss of its own, to classes or to a number; the objective"
            f" {objective.name!r} wants another. Choose the objective"
            f" {'classification' if schema.classes else 'regression'!r}, or another network."
        )
    kept = {entry: getattr(training, entry) for entry in KEPT}
    stopping = TrainingSpec.model_fields["early_stopping"].default if training.early_stopping else None
    options = {key: value for key, value in component.options.items() if key not in objective.supervision.loss_options}
    plain = objective_for(Component(name=component.name, options=options)).options.model_dump(mode="json")
    return {
        "training": TrainingSpec(**kept, early_stopping=stopping),
        "objective": Component(name=component.name, options=plain),
    }


def unused_entries(before: Experiment, after: Experiment, schema: Schema) -> Iterator[str]:
    """Yield the entries that a user wrote and that mean nothing to a model that is fitted."""
    for name, field in TrainingSpec.model_fields.items():
        given = getattr(before.training, name)
        if name not in (*KEPT, "early_stopping") and given != field.default and given != getattr(after.training, name):
            yield f"training.{name}"
    if before.objective is not None and after.objective is not None:
        yield from (
            f"objective.{k}" for k, v in before.objective.options.items() if after.objective.options.get(k) != v
        )
    yield from (f"data.inputs.{one.name}.augment" for one in schema.inputs if one.augment)
