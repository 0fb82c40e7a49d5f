"""The next steps of the variables of a series; which ones, and their scale, `data/series/columns.py` decides.

Shapes: n windows, H steps ahead, V variables.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from leadline.core.schema import Schema
from leadline.core.wording import count
from leadline.data.targets import quantities
from leadline.data.targets.contract import Comparison, Display, Encoding, TargetType
from leadline.metrics.statistics import paired
from leadline.metrics.statistics.measurement import Measurement


def _describe(schema: Schema) -> str:
    assert schema.target is not None
    state = schema.target.state
    return f"the next {count(state['horizon'], 'step')} of {count(len(state['columns']), 'variable')}"


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
    display=Display(describe=_describe),
    comparison=Comparison("mae_scaled", _difference, on=("file", "row", "step", "variable", "target")),
)
