"""The held-out predictions of a run as a table, whatever is predicted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import polars as pl

from leadline.core.experiment import Experiment
from leadline.core.schema import Schema
from leadline.data.subset import Subset
from leadline.data.targets.words import targets_in_words
from leadline.evaluation import forecast_tables
from leadline.evaluation.predictions import predictions_table


class HeldOut(NamedTuple):
    """The predictions of a split as a table, and what it leaves out, in words."""

    table: pl.DataFrame
    note: str | None = None


def held_out(
    schema: Schema, subset: Subset, decided: Mapping[str, np.ndarray], levels: Sequence[float] = ()
) -> HeldOut:
    """Return a line for each row: split, file, row, target, group where rows come in groups, prediction, probabilities.

    Of forecasts there is one for each window, step and variable; `levels` are those of quantiles.
    """
    split = pl.lit(subset.name).alias("split")
    if forecast_tables.is_forecast(schema) and "prediction" in decided:
        at = forecast_tables.thinned(subset, schema)
        table = forecast_tables.windows_table(schema, subset, decided, at, levels)
        note = (
            f"of {len(subset):,} {subset.name} windows, predictions.parquet holds the {len(at):,} that do not overlap"
        )
        return HeldOut(table.select(split, pl.all()), note if len(at) < len(subset) else None)
    assert subset.target is not None
    known = (
        []
        if forecast_tables.is_forecast(schema)
        else [s.alias(name) for name, s in targets_in_words(schema, subset.target).items()]
    )
    if subset.group is not None:
        known.append(pl.Series("group", subset.group))
    table = predictions_table(schema, subset, decided).drop("row_in_data")
    return HeldOut(table.select(split, "file", "row", *known, pl.exclude("file", "row")))


def levels_of(experiment: Experiment) -> tuple[float, ...]:
    """Return which quantiles an experiment forecasts."""
    return tuple(experiment.objective.options.get("quantiles") or ()) if experiment.objective is not None else ()
