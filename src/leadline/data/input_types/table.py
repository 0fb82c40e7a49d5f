"""The input that all scalar columns make up together: one float32 matrix (B,F), NaN where missing.

What windows of a series (`series.py`) have in common with it, their rows being such tables over time, is here too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
import torch
from torch import Tensor

from leadline.core.catalogue import say
from leadline.core.component import Component
from leadline.core.schema import ColumnSchema, InputSchema
from leadline.core.wording import counted, listed
from leadline.data.columns.contract import Entries, InputType, RowModel, column_type
from leadline.data.input_types.cell_masking import CELLS, CellMasking
from leadline.data.input_types.table_generator import TableRowGenerator, cannot_generate
from leadline.data.input_types.tabular_likelihood import TabularLikelihood, lacking_cell
from leadline.data.preprocessors import TablePreprocessor

COLUMNS = 40  # of one kind that are named


def cells(fields: Sequence[ColumnSchema], values: np.ndarray) -> dict[str, Any]:
    """Return the encoded values (1,F) of a row as people read them, by column."""
    shown: dict[str, Any] = {}
    start = 0
    for field in fields:
        kind = column_type(field.kind)
        width = kind.width(field.state)
        shown[field.name] = kind.decode(values[:, start : start + width], field.state)[0]
        start += width
    return shown


def scalars(fields: Sequence[ColumnSchema], values: np.ndarray) -> dict[str, pl.Series]:
    """Return the encoded values (N,F) of rows as people read them, a series for each column."""
    found: dict[str, pl.Series] = {}
    start = 0
    for field in fields:
        kind = column_type(field.kind)
        end = start + kind.width(field.state)
        found[field.name] = pl.Series(list(kind.decode(values[:, start:end], field.state)), strict=False)
        start = end
    return found


def width(fields: Sequence[ColumnSchema]) -> int:
    """Return how many encoded columns some columns take."""
    return sum(column_type(field.kind).width(field.state) for field in fields)


def example(one: InputSchema) -> Tensor:
    """Return two rows of zeros."""
    return torch.zeros(2, *one.shape)


def columns_differ(one: InputSchema, other: InputSchema) -> str | None:
    """Say how the columns of two inputs differ, or None."""
    own, known = ({f.name: f.kind for f in side.fields} for side in (one, other))
    new = [name for name in own if name not in known]
    gone = [name for name in known if name not in own]
    changed = [name for name in own if name in known and own[name] != known[name]]
    said = [
        say(sentence, columns=", ".join(map(repr, names)), count=len(names))
        for names, sentence in (
            (new, "columns.differ-new"),
            (gone, "columns.differ-missing"),
            (changed, "columns.differ-in-type"),
        )
        if names
    ]
    return "; ".join(said) or None


def _refitted(one: InputSchema, other: InputSchema) -> InputSchema:
    return one.model_copy(update={"fields": other.fields, "shape": other.shape})


def cell_entries(fields: Sequence[ColumnSchema]) -> Entries:
    """Return what a row of some columns is made of."""
    kinds = [(column_type(field.kind).cell, field.state) for field in fields]
    forms = {cell(state).form for cell, state in kinds if cell is not None}
    return Entries(len(fields), bool(forms & {"quantity", "moment"}), bool(forms & {"class", "yes"}))


def cannot_be_told(one: InputSchema) -> str | None:
    """Say why no decoder makes rows of such columns, or None."""
    other = lacking_cell(one.fields)
    if other is not None:
        return say("columns.not-generated", column=other.name, type=other.kind)
    if not TabularLikelihood(one.fields, 1.0).spec.shape[0]:
        return say("columns.nothing-to-generate", input=one.name)
    return None


def _described(one: InputSchema) -> str:
    kinds: dict[str, list[str]] = {}
    for field in one.fields:
        kinds.setdefault(field.kind, []).append(field.name)
    return "; ".join(f"{counted(len(names), kind)} ({listed(names, COLUMNS)})" for kind, names in kinds.items())


INPUT = InputType(
    "row",
    shape=lambda fields: (width(fields),),
    example=example,
    describe=_described,
    short=lambda one: ", ".join(field.name for field in one.fields),
    medium=False,
    decode=lambda one, values: cells(one.fields, values),
    preprocessor=lambda one, plain: TablePreprocessor(one.fields, plain=plain),
    columns_differ=columns_differ,
    refitted=_refitted,
    network=lambda one, predicts: Component(name="wide-deep" if predicts else "mlp"),
    strong=(Component(name="noise", options={"amount": 0.2}), Component(name="missing", options={"amount": 0.3})),
    entries=lambda one: cell_entries(one.fields),
    row_model=RowModel(
        lambda one, pixels, sigma: TabularLikelihood(one.fields, sigma),
        lambda one, pixels: TabularLikelihood.description,
        masking=lambda one, rate, patch: CellMasking(CELLS if rate is None else rate, one.fields),
        unsuitable=cannot_be_told,
    ),
    generator=lambda one, spec, latent, classes, width, growing: TableRowGenerator(one, latent, classes, width),
    cannot_generate=cannot_generate,
    columns=lambda one: one.fields,
    frame=lambda one, raw: scalars(one.fields, raw.numpy()),
    baselines=("linear", "svm", "gradient-boosting", "tfidf"),
)
