"""From a table to windows of it: put in order, split, fitted on the train rows and encoded, as parts of a dataset.

Shapes: N rows, V variables.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import polars as pl
import torch
from torch import Tensor

from leadline.core.catalogue import say
from leadline.core.experiment import DataSpec
from leadline.core.schema import InputSchema, Schema
from leadline.core.series_spec import Window
from leadline.data.checks import placeholders
from leadline.data.checks.invalid_rows import by_reason, located
from leadline.data.checks.unseen import notes as unseen_notes
from leadline.data.checks.unseen import unseen_values
from leadline.data.column_inference import check_trained_columns
from leadline.data.columns.contract import column_type, input_type
from leadline.data.describe import ColumnDescription, describe
from leadline.data.encoding import EncodedColumns, encode
from leadline.data.input_matching import as_fitted_before
from leadline.data.series import columns, future_window, windows
from leadline.data.series.order import ordered
from leadline.data.series.ordered_table import Ordered
from leadline.data.series.splits import WindowSplits, context_length_for, split_windows
from leadline.data.series.steps import DAY
from leadline.data.storage import WindowRows
from leadline.data.subset import RowOrigins, Store, Subset
from leadline.data.table import Progress, Table
from leadline.errors import DataError


class Prepared(NamedTuple):
    """What a dataset is made of, where it is a series."""

    schema: Schema
    splits: Mapping[str, Subset]
    invalid_rows: pl.DataFrame
    split_by: str
    notes: tuple[str, ...]
    columns: tuple[ColumnDescription, ...]


def prepare(
    table: Table,
    spec: DataSpec,
    *,
    seed: int,
    schema: Schema | None,
    resplit: bool,
    labelled: bool,
    covariates: bool,
    progress: Progress | None,
    known: Schema | None = None,
) -> Prepared:
    """Return the windows of a table by split; see `data.dataset.prepare` for what the arguments mean.

    Without labels there is one window for each item: the one that goes beyond its last row. Raises DataError where no
    window fits into a split, and what `ordered`, `columns.choose` and `split_windows` raise.
    """
    assert spec.series is not None
    fitted = schema is None
    if schema is None:
        schema, found, shared, notes, left_out = _fitted(table, spec, seed, progress, known)
    else:
        one = schema.inputs[0]
        assert one.window is not None
        _check_columns(table, one)
        found = ordered(table, one.window.spec, (), one.window.form, infer=False)
        notes, left_out = (), {}
        if not labelled:
            found, shared = future_window.future_windows(found, one.window, covariates=covariates)
        else:
            shared = split_windows(found, spec, one.window, seed, split=resplit)
    one = schema.inputs[0]
    assert one.window is not None
    encoded = encode(found.table, one.fields, one.name, progress)
    cells = table.unreadable.filter(pl.col("column").is_in([field.name for field in one.fields]))
    unread = pl.concat([located(encoded.problems, RowOrigins(found.table)), located(cells, RowOrigins(table))])
    invalid_rows = pl.concat([located(found.aside, RowOrigins(table)), shared.aside])
    if spec.strict and (invalid_rows.height or unread.height):
        raise DataError(say("series.strict", table=table.name, first=by_reason(pl.concat([invalid_rows, unread]))))
    whole = {} if fitted or resplit else {"all": np.arange(found.table.frame.height)}  # new rows, of no split
    unseen = unseen_values(schema, {one.name: encoded}, found.table.frame, whole, RowOrigins(found.table))
    store = _store(schema, one.window, found, encoded, shared)
    cut: Mapping[str, Subset] = {name: Subset(name, rows, store) for name, rows in shared.rows.items()}
    splits, empty = _with_values(cut, encoded, one.window) if shared.labelled else (cut, ())
    told = (*found.notes, *notes, *shared.notes, *_unread(unread), *empty, *unseen_notes(unseen))
    return Prepared(schema, splits, invalid_rows, shared.by, told, _columns(table, schema, found, left_out))


def _fitted(
    table: Table, spec: DataSpec, seed: int, progress: Progress | None, known: Schema | None
) -> tuple[Schema, Ordered, WindowSplits, tuple[str, ...], Mapping[str, str]]:
    """Decide everything from the data; returns the schema, rows in order, splits, notes and why columns were left
    out.
    """
    assert spec.series is not None
    asked = spec.series
    if asked.time is None and spec.split.by == "time":
        asked = asked.model_copy(update={"time": spec.split.column})
    named = (spec.target,) if isinstance(spec.target, str) else spec.target or ()
    other = [name for name in (spec.split.column, table.split) if name and name != asked.time]
    found = ordered(table, asked, (*spec.ignore, *named, *other))
    chosen = columns.choose(found.table, spec, found, progress)
    time = found.name if found.name in table.frame.columns else None
    series = asked.model_copy(
        update={"context_length": context_length_for(spec, found), "time": time, "frequency": str(found.step)}
    )
    shared = split_windows(found, spec, Window(spec=series, aims=chosen.aims), seed, split=True)
    one = columns.fit(found, chosen, series, shared.train, progress)
    one = as_fitted_before(Schema(inputs=(one,)), known).inputs[0]
    goal = columns.goal(found, one, shared.train)
    if not any(goal.state["std"]):
        raise DataError(say("series.no-variable-varies", table=table.name, target=goal.name))
    doubts = placeholders.notes(placeholders.find(found.table.frame, chosen.kinds, shared.train), len(shared.train))
    return Schema(inputs=(one,), target=goal), found, shared, (*chosen.notes, *doubts), chosen.left_out


def _check_columns(table: Table, one: InputSchema) -> None:
    assert one.window is not None
    spec = one.window.spec
    named = [name for name in (spec.time, spec.series_id) if name] + [f.name for f in one.fields if f.name != spec.time]
    check_trained_columns(dict.fromkeys(named), table)


def _store(schema: Schema, window: Window, found: Ordered, encoded: EncodedColumns, shared: WindowSplits) -> Store:
    one = schema.inputs[0]
    _forget_unread(one, encoded)
    target = _in_own_units(torch.from_numpy(encoded.values), one) if shared.labelled else None
    values = torch.from_numpy(_carried(encoded.values, one, found.segment_N))
    index = found.table.frame.select(*([found.item] if found.item else []), found.name)
    if found.dates and not (found.time_N % DAY).any():
        index = index.with_columns(pl.col(found.name).cast(pl.Date))
    return Store(
        schema=schema,
        inputs={one.name: input_type(one.kind).storage(one, values, None)},
        target=None if target is None else WindowRows(target, 0, window.spec.horizon),
        group=shared.group,
        origins=RowOrigins(found.table),
        units=shared.units,
        index=index,
    )


def _forget_unread(one: InputSchema, encoded: EncodedColumns) -> None:
    """Take what could not be read for missing; the values are private pages of a map of the cache."""
    start = 0
    for field in one.fields:
        width = column_type(field.kind).width(field.state)
        rows = encoded.problems.filter(pl.col("column") == field.name)["row"].to_numpy()
        encoded.values[rows, start : start + width] = np.nan
        start += width


def _carried(values: np.ndarray, one: InputSchema, segment_N: np.ndarray) -> np.ndarray:
    """Return the encoded rows with the last known value where a number is missing that was never so in train.

    The network has no feature that says that such a number is missing; where it has, its front does the same.
    """
    rows = np.arange(len(values))
    start_N = np.searchsorted(segment_N, segment_N)
    gaps = [
        at
        for at, f in enumerate(one.fields)
        if f.kind == one.fields[0].kind and not f.state.get("missing") and np.isnan(values[:, at]).any()
    ]
    values = values.copy() if gaps else values  # what is forecast keeps what is missing
    for at in gaps:
        last_N = np.maximum.accumulate(np.where(np.isnan(values[:, at]), -1, rows))
        values[:, at] = np.where(last_N >= start_N, values[last_N, at], np.nan)
    return values


def _in_own_units(values: Tensor, one: InputSchema) -> Tensor:
    """Return what is forecast (N,V): the first columns, with what was taken off before they were rounded to float32."""
    assert one.window is not None
    aims = one.fields[: len(one.window.aims)]
    own_NV = values[:, : len(aims)]
    offsets = [field.state["offset"] for field in aims]
    return (own_NV.double() + torch.tensor(offsets, dtype=torch.float64)).float() if any(offsets) else own_NV


def _with_values(
    splits: Mapping[str, Subset], encoded: EncodedColumns, window: Window
) -> tuple[Mapping[str, Subset], tuple[str, ...]]:
    """Return parts without the windows in which there is nothing to go by, or nothing to compare with, and how many
    those were.
    """
    known_N = ~np.isnan(encoded.values[:, : len(window.aims)]).all(1)
    kept, gone = {}, 0
    for name, subset in splits.items():
        there = windows.known(known_N, subset.rows, window.past, window.spec.horizon)
        kept[name], gone = subset if there.all() else subset.subset(there), gone + int((~there).sum())
    left = {name: subset for name, subset in kept.items() if len(subset)}
    if "train" in splits and "train" not in left:
        raise DataError(say("series.no-usable-window"))
    return left, ((say("series.windows-without-values", windows=gone),) if gone else ())


def _unread(unread: pl.DataFrame) -> tuple[str, ...]:
    rows = unread.height
    return (say("series.values-unreadable", values=rows, first=by_reason(unread)),) if rows else ()


def _columns(
    table: Table, schema: Schema, found: Ordered, left_out: Mapping[str, str]
) -> tuple[ColumnDescription, ...]:
    """Return a line for each column; what is forecast is an input too."""
    assert schema.inputs[0].window is not None
    roles = dict.fromkeys(schema.inputs[0].window.aims, say("data.role-series")) | {found.name: "time"}
    roles |= {found.item: "item"} if found.item else {}
    kinds = {found.name: "date" if found.dates else "number"} | ({found.item: "category"} if found.item else {})
    lines = describe(table, schema.model_copy(update={"target": None}), left_out)
    return tuple(
        line._replace(role=roles.get(line.name, line.role), kind=line.kind or kinds.get(line.name, ""))
        for line in lines
    )
