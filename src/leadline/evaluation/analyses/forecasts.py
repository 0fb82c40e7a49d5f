"""Some windows of a split with what was forecast and what came: evenly spaced ones, and those that are furthest off.

Shapes: n windows, L past steps, H steps ahead, V variables, Q quantiles.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch

from leadline.core.catalogue import say
from leadline.core.exhibit import ExhibitDraft
from leadline.core.safe_text import apart
from leadline.core.schema import Schema
from leadline.core.wording import Wording
from leadline.data.columns.contract import column_type
from leadline.data.dataset import Dataset
from leadline.data.subset import Subset
from leadline.evaluation.analyses.contract import Analysis, NoOptions, Results, of_targets
from leadline.evaluation.subject import Subject
from leadline.objectives.contract import BoundObjective

PANELS = 6  # of an exhibit: windows times variables
VARIABLES = 3  # of each window, at most
PAST = 2  # times as many past steps as are forecast are shown, at most
LEAST = 24  # past steps that are shown where there are so many


def forecasts(
    dataset: Dataset, objective: BoundObjective, subset: Subset, predictions: Mapping[str, np.ndarray]
) -> Iterator[ExhibitDraft]:
    """Yield windows with their forecasts; nothing where there are none."""
    schema, target_nHV = dataset.schema, subset.target
    if target_nHV is None or len(subset) == 0:
        return
    variables = _some(target_nHV.shape[2], VARIABLES)
    count = max(PANELS // len(variables), 1)
    of = target_nHV.shape[2]
    caption = (
        say("exhibits.some-windows-variables", shown=len(variables), variables=of)
        if of > len(variables)
        else say("exhibits.some-windows")
    )
    yield _draft(
        "forecasts",
        say("exhibits.forecasts"),
        caption,
        schema,
        subset,
        predictions,
        _some(len(subset), count),
        variables,
    )
    by_row = objective.decision.per_example_score(predictions, target_nHV, schema)
    if by_row is not None and np.isfinite(by_row[1]).all():
        worst = np.argsort(-by_row[1], kind="stable")
        apart_enough = _distant(worst, target_nHV.shape[1], count)
        error = Wording(objective.decision.declared_metrics).metric(by_row[0]).title.lower()
        caption = say("exhibits.largest-forecast-errors-about", error=error)
        yield _draft(
            "mistakes",
            say("exhibits.largest-forecast-errors"),
            caption,
            schema,
            subset,
            predictions,
            apart_enough,
            variables,
        )


def _some(count: int, most: int) -> list[int]:
    """Return evenly spaced numbers below `count`, the last of them too."""
    return [int(k) for k in np.unique(np.linspace(0, count - 1, min(count, most)).round())] if count > 1 else [0]


def _distant(order: np.ndarray, least: int, count: int) -> list[int]:
    """Return the first numbers of an order that are at least so far from each other."""
    chosen: list[int] = []
    for k in order.tolist():
        if all(abs(k - other) >= least for other in chosen):
            chosen.append(k)
        if len(chosen) == count:
            break
    return chosen


def _draft(
    name: str,
    title: str,
    caption: str,
    schema: Schema,
    subset: Subset,
    predictions: Mapping[str, np.ndarray],
    at: Sequence[int],
    variables: Sequence[int],
) -> ExhibitDraft:
    assert schema.target is not None
    batch, names = subset.batch(torch.as_tensor(list(at))), schema.target.columns
    panels = []
    for k, window in enumerate(at):
        for v in variables:
            past_L = _past(schema, batch.inputs, k, names[v])
            panels.append(_panel(f"{apart(names[v])}, {subset.place(window)}", subset, predictions, window, v, past_L))
    every = schema.target.state.get("every")
    content = {
        "x": {"label": say("exhibits.steps-of", every=every) if every else say("exhibits.steps")},
        "panels": panels,
    }
    if "quantiles" in predictions:
        caption += say("exhibits.quantile-band")
    return ExhibitDraft(name, "bands", title, content, caption, subset.name)


def _past(schema: Schema, inputs: Mapping[str, torch.Tensor], row: int, name: str) -> list[float | None]:
    """Return the values of a variable in a window's past, None where missing; nothing where it is no input."""
    for one in schema.inputs:
        if one.window is not None:
            past, start = one.window.past, 0
            for field in one.fields:
                kind = column_type(field.kind)
                if field.name == name:
                    return list(kind.decode(inputs[one.name][row, :past, start : start + 1].numpy(), field.state))
                start += kind.width(field.state)
    return []


def _panel(
    label: str,
    subset: Subset,
    predictions: Mapping[str, np.ndarray],
    window: int,
    v: int,
    past_L: Sequence[float | None],
) -> dict[str, Any]:
    assert subset.target is not None
    true_H, forecast_H = subset.target[window, :, v], predictions["prediction"][window, :, v]
    ahead = len(true_H)
    past_L = past_L[-max(PAST * ahead, LEAST) :]
    steps = list(range(1, ahead + 1))
    forecast: dict[str, Any] = {"name": say("exhibits.forecast"), "x": steps, "y": _known(forecast_H)}
    if "quantiles" in predictions:
        band_HQ = predictions["quantiles"][window, :, v]
        forecast |= {"low": _known(band_HQ[:, 0]), "high": _known(band_HQ[:, -1])}
    came = {"name": say("exhibits.actual"), "x": [*range(1 - len(past_L), 1), *steps], "y": [*past_L, *_known(true_H)]}
    return {"label": label, "series": [came, forecast], "mark": {"x": 0.5, "label": say("exhibits.forecast-start")}}


def _known(values: np.ndarray) -> list[float | None]:
    return [float(v) if np.isfinite(v) else None for v in values]


def _run(subject: Subject, options: NoOptions, seed: int) -> Results:
    yield from forecasts(subject.dataset, subject.objective, subject.test_rows, subject.predictions("test"))


ANALYSIS = Analysis(
    name="forecasts",
    question="How do forecasts compare with actual values, and where are the largest errors?",
    section="errors",
    run=_run,
    applies=of_targets("series", otherwise="the objective does no forecasting"),
)
