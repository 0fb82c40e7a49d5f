"""What is measured of forecasts: findings over all variables and of each, the error by step ahead, how quantiles hold.

Shapes: n windows, H steps ahead, V variables, Q quantiles.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from leadline.core.catalogue import say
from leadline.core.exhibit import ExhibitDraft
from leadline.core.finding import VARIOUS, Finding, Reproduction
from leadline.core.schema import Schema
from leadline.metrics.regression import forecast as metrics
from leadline.metrics.statistics.findings import finding
from leadline.objectives.contract import EvaluationContext

EACH = 24  # variables, at most, that have findings of their own; of more there is a table
STEPS = 96  # ahead, at most, whose error is shown
DEVIATIONS = "standard deviations"


def variables(schema: Schema) -> tuple[str, ...]:
    """Return the names of the variables that are forecast."""
    assert schema.target is not None
    return tuple(schema.target.state["columns"])


def spread(schema: Schema) -> metrics.Spread:
    """Return what errors of each variable are divided by; a variable that does not vary in train is not scaled."""
    assert schema.target is not None
    state = schema.target.state
    std_V = np.array([float(std) or 1.0 for std in state["std"]])
    steps, horizon = state.get("naive_steps", state.get("season")), state.get("horizon")
    naive = say("metrics.mase-compares", steps=steps, horizon=horizon) if steps and horizon else ""
    return metrics.Spread(std_V, np.array(state["naive_mae"], dtype=np.float64), naive)


def metric_names(schema: Schema, shares: Sequence[float]) -> tuple[str, ...]:
    """Return the names of all findings."""
    banded = ("pinball_scaled", "coverage", "interval_width_scaled") if shares else ()
    inner = [f"coverage({_claimed(shares, pair)})" for pair in metrics.central(shares)[1:]]
    own = (*metrics.NAMES, *banded[:2])
    named = variables(schema) if 1 < len(variables(schema)) <= EACH else ()
    return (*metrics.NAMES, *banded, *inner, *(f"{name}({variable})" for variable in named for name in own))


def measure(
    predictions: Mapping[str, np.ndarray], context: EvaluationContext, shares: Sequence[float]
) -> Iterator[Finding | ExhibitDraft]:
    """Yield all findings and exhibits; those about quantiles where the predictions have some."""
    scales, named = spread(context.schema), variables(context.schema)
    found = metrics.errors(context.target, predictions["prediction"], scales.std_V)
    banded = None
    if shares and "quantiles" in predictions:
        banded = metrics.bands(context.target, predictions["quantiles"], shares, scales.std_V)
    unit = named[0] if len(named) == 1 else None
    yield from _errors(metrics.measure_all(found, scales, context.levels, context.group), context, unit)
    if banded is not None:
        yield from _bands(banded, context, shares)
    own = {}
    for v, name in enumerate(named if len(named) > 1 else ()):
        measured = metrics.measure_all(found, scales, context.levels, context.group, v)
        own[name] = measured
        if len(named) <= EACH:
            yield from _errors(measured, context, name, f"variable={name}")
            if banded is not None:
                yield from _bands(banded, context, shares, v, f"variable={name}")
    if len(found.known_nV) == 0:
        return
    yield _by_step(found, context)
    if len(named) > EACH:
        rows = [[name, *(measured[measure].value for measure in metrics.NAMES)] for name, measured in own.items()]
        content: dict[str, Any] = {"columns": ["variable", *metrics.NAMES], "rows": rows}
        yield ExhibitDraft("by_variable", "table", say("exhibits.error-by-variable"), content, split=context.split)
    if banded is not None:
        caption = say("exhibits.quantile-calibration-about")
        bins = metrics.calibration(banded, shares, context.group)
        content = {"bins": bins, "claimed": say("exhibits.nominal-level"), "seen": say("exhibits.observed-share")}
        yield ExhibitDraft(
            "calibration", "reliability", say("exhibits.quantile-calibration"), content, caption, context.split
        )


def _errors(
    measured: Mapping[str, Any], context: EvaluationContext, unit: str | None, group: str | None = None
) -> Iterator[Finding]:
    """Yield errors as findings; those of several variables at once are means over various units, but for the
    normalised ones.
    """
    units = {"mse": f"{unit}²", "mae": unit} if unit else {"mse": VARIOUS, "mae": VARIOUS}
    for name in metrics.NAMES:
        yield finding(name, measured[name], unit=units.get(name, "1"), better="lower", **_common(context, group))


def _bands(
    found: metrics.Bands,
    context: EvaluationContext,
    shares: Sequence[float],
    variable: int | None = None,
    group: str | None = None,
) -> Iterator[Finding]:
    """Yield how quantiles hold, over all variables or of one."""
    at = slice(None) if variable is None else slice(variable, variable + 1)
    known_nV, levels = found.known_nV[:, at], context.levels
    pinball = metrics.over(found.pinball_nV[:, at], known_nV, levels, context.group)
    yield finding("pinball_scaled", pinball, unit=DEVIATIONS, better="lower", **_common(context, group))
    for p, pair in enumerate(metrics.central(shares)[: None if variable is None else 1]):
        claimed = _claimed(shares, pair)
        note = f"; nominal coverage {claimed}"
        held = metrics.share(found.inside_nVP[:, at, p].sum(1), known_nV.sum(1), levels, context.group, note)
        yield finding("coverage", held, **_common(context, group if p == 0 else f"band={claimed}"))
    if variable is None:
        width = metrics.over(found.width_nV, known_nV, levels, context.group)
        note = f"; of the {_claimed(shares, (0, len(shares) - 1))} band"
        width = width._replace(method=width.method + note) if width.method else width
        yield finding("interval_width_scaled", width, unit=DEVIATIONS, better="lower", **_common(context, group))


def _common(context: EvaluationContext, group: str | None) -> dict[str, Any]:
    again = Reproduction(producer="objective", seed=context.seed, repeat="exact", tolerance=1e-5)
    return {"split": context.split, "levels": context.levels, "group": group, "again": again}


def _claimed(shares: Sequence[float], pair: tuple[int, int]) -> str:
    low, high = (shares[k] for k in pair)
    return f"{100 * (high - low):.4g} %"


def _by_step(found: metrics.Errors, context: EvaluationContext) -> ExhibitDraft:
    """Return the squared error of each step ahead, over all variables, with its interval."""
    steps = found.known_nH.shape[1]
    at = np.unique(np.linspace(0, steps - 1, min(steps, STEPS)).round().astype(int))
    measured = [
        (int(h) + 1, one)
        for h, one in zip(at, metrics.by_step(found, (0.95,), context.group, at.tolist()), strict=True)
    ]
    known = [(h, one) for h, one in measured if one.value is not None and np.isfinite(one.value)]
    ends = [one.intervals[0] if one.intervals else (one.value, one.value) for _, one in known]
    series = {
        "name": "mse_scaled",
        "x": [h for h, _ in known],
        "y": [one.value for _, one in known],
        "low": [low for low, _ in ends],
        "high": [high for _, high in ends],
    }
    content = {
        "x": {"label": say("exhibits.steps-ahead")},
        "panels": [{"label": say("exhibits.mse-normalised"), "series": [series]}],
    }
    caption = say("exhibits.error-by-step-about")
    return ExhibitDraft("by_step", "bands", say("exhibits.error-by-step"), content, caption, context.split)
