"""Step 4 of a run, fit, of a classical model: in one go, without steps."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any

import polars as pl
from torch import nn

from leadline.core.catalogue import say
from leadline.machine.energy import Meter
from leadline.models.contract import Family
from leadline.pipeline.begin import Begun
from leadline.run import folder as files
from leadline.run.environment import environment_for
from leadline.run.trained import FIRST, Trained
from leadline.training.classical import fit_classical
from leadline.training.signals import interrupting


def fit_classical_network(begun: Begun, family: Family) -> tuple[nn.Module | None, Trained]:
    """Fit a network's head in the first process, and write the losses after each iteration.

    There is nothing to go on from: fitting begins anew. Raises Interrupted after a signal.
    """
    folder, run_context, dataset, network = begun
    started = datetime.fromisoformat(environment_for(folder)["started"])
    if not run_context.world.is_main:
        return None, Trained(started, 0.0, pl.DataFrame(), None, {})
    validation = dataset.splits.get("validation")
    stopped_early = run_context.experiment.training.early_stopping is not None
    meter, began = Meter(gpus=False), time.perf_counter()
    rows = len(dataset.splits["train"].labelled)
    with interrupting(say("pipeline.stopped-while-fitting", family=family.name, folder=folder)):
        run_context.shown.note(say("pipeline.fitting-classical", family=family.name, rows=rows))
        fitted = fit_classical(
            network,
            family,
            run_context.objective,
            dataset.splits["train"],
            validation if stopped_early else None,
            seed=run_context.experiment.seed,
            progress=lambda done, total: run_context.shown.stage(say("pipeline.stage-features"), done, total),
        )
    seconds = time.perf_counter() - began
    for note in fitted.notes:
        run_context.shown.note(note)
    history = _history(fitted.losses)
    history.write_parquet(folder / files.HISTORY)
    shipped = fitted.shipped if len(history) else None
    return network, Trained(started, seconds, history, shipped, meter.read())


def _history(losses: Any) -> pl.DataFrame:
    """Return the losses after each iteration, in a network's columns; none where there are no iterations."""
    rows = len(next(iter(losses.values()), ()))
    numbers = pl.Series(range(rows), dtype=pl.Int64)
    frame = pl.DataFrame(
        {"step": numbers, "epoch": numbers.cast(pl.Float64), "epoch_end": pl.repeat(True, rows, eager=True)}
    )
    frame = frame.with_columns(pl.Series(name, values) for name, values in losses.items())
    return frame if rows else frame.with_columns(pl.Series("loss", [], dtype=pl.Float64)).select(FIRST)
