"""A series: scalar columns in time order; a row is a window of them (B,T,F), float32, NaN where missing."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import torch
from torch import Tensor

from leadline.core.catalogue import say
from leadline.core.component import Component
from leadline.core.schema import InputSchema
from leadline.core.wording import listed
from leadline.data.columns.contract import Display, Entries, InputType, RowModel, column_type
from leadline.data.input_types.cell_masking import SPANS, SpanMasking
from leadline.data.input_types.table import (
    COLUMNS,
    cannot_be_told,
    cell_entries,
    cells,
    columns_differ,
    example,
    scalars,
    width,
)
from leadline.data.input_types.tabular_likelihood import SeriesLikelihood, TabularLikelihood
from leadline.data.preprocessors import SeriesPreprocessor
from leadline.data.storage import RowStorage, WindowRows
from leadline.nn.generative.masking import Masking


def _storage(one: InputSchema, values: Tensor, ends: Tensor | None) -> RowStorage:
    assert one.window is not None
    return WindowRows(values, one.window.past, one.window.seen, _known_ahead(one))


def _known_ahead(one: InputSchema) -> Tensor | None:
    """Return which columns of the encoded rows are known ahead: the calendar, and those that the user says so of."""
    assert one.window is not None
    known: list[int] = []
    start = 0
    for field in one.fields:
        end = start + column_type(field.kind).width(field.state)
        if field.name in (one.window.spec.time, *one.window.spec.known_covariates):
            known += range(start, end)
        start = end
    return torch.tensor(known, dtype=torch.int64) if known else None


def _decoded(one: InputSchema, values: np.ndarray) -> dict[str, Any]:
    """Return the last values before what is forecast, by column."""
    assert one.window is not None
    return cells(one.fields, values[:, one.window.past - 1])


def _refitted(one: InputSchema, other: InputSchema) -> InputSchema:
    """Return the input with the other's states; which columns are forecast, and their order, is its own affair."""
    states = {field.name: field.state for field in other.fields}
    return one.model_copy(
        update={"fields": tuple(field.model_copy(update={"state": states[field.name]}) for field in one.fields)}
    )


def _described(one: InputSchema) -> str:
    assert one.window is not None
    spec = one.window.spec
    beside = [f.name for f in one.fields if f.name not in (spec.time, *one.window.aims)]
    known = [*spec.known_covariates, *([say("series.calendar")] if spec.calendar else [])]
    said = say("series.described", steps=one.window.past, frequency=spec.frequency)
    said += say("series.described-with", columns=listed(beside, COLUMNS)) if beside else ""
    return said + (say("series.described-known", columns=listed(known, COLUMNS)) if known else "")


def _frame(one: InputSchema, raw: Tensor) -> dict[str, pl.Series]:
    """Return a line for each step of each window."""
    assert one.window is not None
    count, steps = raw.shape[:2]
    at = np.arange(count * steps)
    where = {"window": pl.Series(1 + at // steps), "step": pl.Series(at % steps - one.window.past)}
    return {**where, **scalars(one.fields, raw.flatten(0, 1).numpy())}


def _entries(one: InputSchema) -> Entries:
    step = cell_entries(one.fields)
    return step._replace(size=step.size * one.shape[0])


def _masking(one: InputSchema, rate: float | None, patch: int | None) -> Masking:
    assert one.window is not None
    return SpanMasking(SPANS if rate is None else rate, one.fields, one.window.past)


def _usual(one: InputSchema, predicts: bool) -> Component:
    """Return the network of a series: one that reads what is known ahead, where something is; where there is no target
    nothing is forecast.
    """
    assert one.window is not None
    return Component(name="tcn" if one.window.seen or not predicts else "nlinear")


INPUT = InputType(
    "window",
    shape=lambda fields: (width(fields),),
    example=example,
    describe=_described,
    storage=_storage,
    decode=_decoded,
    preprocessor=lambda one, plain: SeriesPreprocessor(one),
    columns_differ=columns_differ,
    refitted=_refitted,
    network=_usual,
    strong=(
        Component(name="noise", options={"amount": 0.2}),
        Component(name="scale", options={"amount": 0.3}),
        Component(name="missing_span", options={"amount": 0.3}),
    ),
    entries=_entries,
    row_model=RowModel(
        lambda one, pixels, sigma: SeriesLikelihood(one.fields, one.shape[0], sigma),
        lambda one, pixels: TabularLikelihood.description,
        masking=_masking,
        unsuitable=cannot_be_told,
    ),
    plural="windows of a series",
    frame=_frame,
    display=Display("bands"),
    baselines=("naive", "seasonal-naive", "autoregression"),
)
