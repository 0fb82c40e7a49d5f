"""The held-out predictions of a run as a table, whatever is predicted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from leadline.core.experiment import Experiment
from leadline.core.schema import Schema
from leadline.data.subset import Subset
from leadline.data.targets import target_type
from leadline.data.targets.values import HeldOut
from leadline.data.targets.words import targets_in_words
from leadline.evaluation.predictions import predictions_table


def held_out(
    schema: Schema, subset: Subset, decided: Mapping[str, np.ndarray], levels: Sequence[float] = ()
) -> HeldOut:
    """Return a line for each row: split, file, row, target, group where rows come in groups, prediction, probabilities.

    Of forecasts there is one for each window, step and variable; `levels` are those of quantiles.
    """
    split = pl.lit(subset.name).alias("split")
    own = None if schema.target is None else target_type(schema.target.kind).display.held_out
    found = None if own is None else own(schema, subset, decided, levels)
    if found is not None:
        return found._replace(table=found.table.select(split, pl.all()))
    assert subset.target is not None
    known = [values.alias(name) for name, values in targets_in_words(schema, subset.target).items()]
    if subset.group is not None:
        known.append(pl.Series("group", subset.group))
    table = predictions_table(schema, subset, decided).drop("row_in_data")
    return HeldOut(table.select(split, "file", "row", *known, pl.exclude("file", "row")))


def levels_of(experiment: Experiment) -> tuple[float, ...]:
    """Return which quantiles an experiment forecasts."""
    return tuple(experiment.objective.options.get("quantiles") or ()) if experiment.objective is not None else ()
