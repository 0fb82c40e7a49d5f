"""The next steps of the variables of a series; which ones, and their scale, `data/series/columns.py` decides.

Tables of them have a line for each window, step and variable, or, beyond the last row, for each step.

Shapes: n windows, H steps ahead, V variables, Q quantiles.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from leadline.core.catalogue import say
from leadline.core.schema import Schema
from leadline.data.subset import Subset
from leadline.data.targets import quantities
from leadline.data.targets.contract import Comparison, Display, Encoding, TargetType
from leadline.data.targets.values import HeldOut
from leadline.metrics.statistics import paired
from leadline.metrics.statistics.measurement import Measurement

CELLS = 500_000  # forecasts of a split beyond which only windows that do not overlap are written


def _describe(schema: Schema) -> str:
    assert schema.target is not None
    state = schema.target.state
    return say("targets.described-series", horizon=state["horizon"], variables=len(state["columns"]))


def _held_out(
    schema: Schema, subset: Subset, columns: Mapping[str, np.ndarray], levels: Sequence[float]
) -> HeldOut | None:
    """Return a line for each window, step and variable; None where nothing is forecast."""
    if "prediction" not in columns:
        return None
    at = thinned(subset, schema)
    note = say("targets.windows-kept", windows=len(subset), subset=subset.name, kept=len(at))
    table = windows_table(schema, subset, columns, at, levels)
    return HeldOut(table, note if len(at) < len(subset) else None)


def thinned(subset: Subset, schema: Schema) -> np.ndarray:
    """Return which windows of a part are written (n',): all, or where that is a great many one for each horizon of
    steps.
    """
    assert schema.target is not None
    horizon, variables = int(schema.target.state["horizon"]), len(schema.target.columns)
    if len(subset) * horizon * variables <= CELLS:
        return np.arange(len(subset))
    place_n = np.arange(len(subset))
    begins_n = np.append(True, np.diff(subset.rows) != 1)
    since_n = place_n - np.maximum.accumulate(np.where(begins_n, place_n, 0))
    return np.flatnonzero(since_n % horizon == 0)


def windows_table(
    schema: Schema, subset: Subset, columns: Mapping[str, np.ndarray], at: np.ndarray, levels: Sequence[float] = ()
) -> pl.DataFrame:
    """Return a line for each of the windows at some positions, step and variable: file, row, item and time of what is
    forecast, how many steps ahead that was, what came, what was forecast, quantiles of it, and the block of time of the
    window.
    """
    assert schema.target is not None and subset.target is not None
    names, horizon = schema.target.columns, int(schema.target.state["horizon"])
    rows_nH = subset.rows[at][:, None] + np.arange(horizon)
    cells = len(names)
    found: dict[str, pl.Series] = {}
    rows, which = np.unique(rows_nH, return_inverse=True)
    where = [subset.origin(int(row)) for row in rows]
    index = pl.Series(np.repeat(which.reshape(-1), cells))
    found["file"] = pl.Series([file for file, _ in where], dtype=pl.String).gather(index)
    found["row"] = pl.Series([number for _, number in where], dtype=pl.Int64).gather(index)
    if subset.index is not None:
        own = zip(("item", "time")[-subset.index.width :], subset.index.columns, strict=True)
        found |= {name: subset.index[column].gather(pl.Series(rows)).gather(index) for name, column in own}
    found["step"] = pl.Series(np.tile(np.repeat(np.arange(1, horizon + 1), cells), len(at)))
    found["variable"] = pl.Series(list(names), dtype=pl.String).gather(np.tile(np.arange(cells), len(at) * horizon))
    found["target"] = pl.Series(subset.target[at].reshape(-1)).fill_nan(None)
    found["predicted"] = pl.Series(columns["prediction"][at].reshape(-1))
    for q, level in enumerate(levels if "quantiles" in columns else ()):
        found[f"quantile {level:g}"] = pl.Series(columns["quantiles"][at][..., q].reshape(-1))
    if subset.group is not None:
        found["group"] = pl.Series(np.repeat(subset.group[at], horizon * cells))
    return pl.DataFrame(found)


def continued(
    schema: Schema, subset: Subset, columns: Mapping[str, np.ndarray], levels: Sequence[float] = ()
) -> pl.DataFrame:
    """Return a line for each window and step: its item and time, the forecast of each variable, and quantiles of it."""
    assert schema.target is not None and subset.index is not None
    horizon = int(schema.target.state["horizon"])
    rows = (subset.rows[:, None] + np.arange(horizon)).reshape(-1)
    found = {name: subset.index[name].gather(pl.Series(rows)) for name in subset.index.columns}
    for v, name in enumerate(schema.target.columns):
        found[name] = pl.Series(columns["prediction"][:, :, v].reshape(-1))
        for q, level in enumerate(levels if "quantiles" in columns else ()):
            found[f"{name} (quantile {level:g})"] = pl.Series(columns["quantiles"][:, :, v, q].reshape(-1))
    return pl.DataFrame(found)


def _difference(both: pl.DataFrame, schema: Schema, group_n: np.ndarray | None) -> Measurement:
    """Return by how many standard deviations of the train rows forecasts are nearer."""
    assert schema.target is not None
    state = schema.target.state
    scale = dict(zip(state["columns"], state["std"], strict=True))
    std_n = np.maximum(both["variable"].replace_strict(scale, return_dtype=pl.Float64).to_numpy(), 1e-12)
    target, mine, theirs = (both[name].to_numpy() for name in ("target", "predicted", "predicted_other"))
    error_n, other_n = (np.abs(predicted - target) / std_n for predicted in (mine, theirs))
    return paired.mean_difference(error_n, other_n, group_n=group_n)


TARGET = TargetType(
    kind="series",
    noun="variables over time",
    objective="forecasting",
    encoding=Encoding(quantities.present),
    display=Display(describe=_describe, actual=lambda schema, target: {}, held_out=_held_out, beyond=continued),
    comparison=Comparison("mae_scaled", _difference, on=("file", "row", "step", "variable", "target")),
)
