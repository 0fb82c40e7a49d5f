"""The held-out predictions of a run as a table, whatever is predicted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import polars as pl

from leadline.data.part import Part
from leadline.facts.experiment import Experiment
from leadline.facts.schema import Schema
from leadline.measuring import horizons
from leadline.measuring.decisions import decisions_table, targets_in_words


class HeldOut(NamedTuple):
    """The predictions of a split as a table, and what it leaves out, in words."""

    table: pl.DataFrame
    note: str | None = None


def held_out(schema: Schema, part: Part, decided: Mapping[str, np.ndarray], levels: Sequence[float] = ()) -> HeldOut:
    """Return a line for each row: split, file, row, target, group where rows come in groups, prediction, probabilities.

    Of forecasts there is one for each window, step and variable; `levels` are those of quantiles.
    """
    split = pl.lit(part.name).alias("split")
    if horizons.is_forecast(schema) and "prediction" in decided:
        at = horizons.thinned(part, schema)
        table = horizons.windows_table(schema, part, decided, at, levels)
        note = f"of {len(part):,} {part.name} windows, predictions.parquet holds the {len(at):,} that do not overlap"
        return HeldOut(table.select(split, pl.all()), note if len(at) < len(part) else None)
    assert part.target is not None
    known = [] if horizons.is_forecast(schema) else [s.alias(name) for name, s in targets_in_words(schema, part.target).items()]
    if part.group is not None:
        known.append(pl.Series("group", part.group))
    table = decisions_table(schema, part, decided).drop("row_in_data")
    return HeldOut(table.select(split, "file", "row", *known, pl.exclude("file", "row")))


def levels_of(experiment: Experiment) -> tuple[float, ...]:
    """Return which quantiles an experiment forecasts."""
    return tuple(experiment.objective.options.get("quantiles") or ()) if experiment.objective is not None else ()
