"""What objectives that predict a quantity have in common: its unit, its spread, how far predictions are off."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from leadline.core.catalogue import say
from leadline.core.exhibit import ExhibitDraft
from leadline.core.finding import Finding, Reproduction
from leadline.core.schema import Schema
from leadline.metrics.regression import regressor as metrics
from leadline.metrics.statistics.findings import finding
from leadline.objectives.contract import EvaluationContext

SHOWN = 2000  # points in the scatter of predicted against true


def unit_of(schema: Schema) -> str:
    """Return the target's unit, for which its name stands."""
    assert schema.target is not None
    return schema.target.name


def spread(schema: Schema) -> float:
    """Return the standard deviation of the target's train rows; 1 where they are all the same."""
    assert schema.target is not None
    return float(schema.target.state["std"]) or 1.0


def errors_of(
    predicted_n: np.ndarray, context: EvaluationContext, again: Reproduction, names: tuple[str, ...] = metrics.NAMES
) -> Iterator[Finding]:
    """Yield how far predictions are off, as findings of those names."""
    results = metrics.measure_all(context.target, predicted_n, levels=context.levels, group=context.group)
    unit = unit_of(context.schema)
    for name in names:
        of: Any = {"r2": "1", "mse": f"{unit}²"}.get(name, unit)
        better: Any = "higher" if name == "r2" else "lower"
        yield finding(
            name, results[name], split=context.split, levels=context.levels, again=again, unit=of, better=better
        )


def predicted_against_true(predicted_n: np.ndarray, context: EvaluationContext) -> ExhibitDraft:
    """Return the scatter of predicted against true values."""
    some = np.linspace(0, len(predicted_n) - 1, min(SHOWN, len(predicted_n))).astype(int)
    unit = unit_of(context.schema)
    content = {
        "x": {"label": say("exhibits.actual-axis", unit=unit), "values": context.target[some].tolist()},
        "y": {"label": say("exhibits.predicted-axis", unit=unit), "values": predicted_n[some].tolist()},
        "diagonal": True,
    }
    return ExhibitDraft("predicted", "scatter", say("exhibits.predicted-actual"), content, split=context.split)
