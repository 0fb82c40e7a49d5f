"""A dataset ready for training: its schema, and its splits as rows of memory-mapped tensors.

Shapes in names: N rows of the dataset.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import polars as pl
import torch

from leadline.data import cache, duplicates, inputs, target
from leadline.data.encode import PROBLEMS, Columns, Progress, encode
from leadline.data.infer import check_columns
from leadline.data.part import Origins, Part, Store
from leadline.data.sources import read
from leadline.data.sources.parts import to_parts
from leadline.data.splits import Split, split
from leadline.data.summary import Column, summarise
from leadline.data.table import Table
from leadline.errors import DataError, UsageError
from leadline.facts.experiment import DataSpec
from leadline.facts.schema import Schema

SHOWN = 3  # unusable rows that an error names


@dataclass(frozen=True)
class Dataset:
    """Encoded rows by split.

    `set_aside` lists the rows that could not be used (file, row, column, reason), one line a row; `duplicates` counts equal rows
    across splits; `split_by` says in words how rows were split; `notes` are for the user.
    """

    schema: Schema
    name: str
    fingerprint: str
    parts: Mapping[str, Part]
    set_aside: pl.DataFrame
    duplicates: duplicates.Duplicates
    split_by: str
    notes: tuple[str, ...]
    columns: tuple[Column, ...]

    def summary(self) -> Mapping[str, Any]:
        """Return the columns as the content of a table exhibit."""
        rows = [list(column) for column in self.columns]
        return {"columns": ["column", "kind", "used as", "missing", "values"], "rows": rows}


class _Plan(NamedTuple):
    """What is decided before anything is encoded."""

    schema: Schema
    parts: Mapping[str, np.ndarray]
    by: str
    group: np.ndarray | None
    notes: tuple[str, ...]
    left_out: Mapping[str, str]


def prepare(
    spec: DataSpec,
    source: object | None = None,
    *,
    seed: int = 0,
    schema: Schema | None = None,
    resplit: bool = False,
    labelled: bool = True,
    progress: Progress | None = None,
) -> Dataset:
    """Read a source, split it, fit the fields on the train rows and encode all rows.

    With a `schema` nothing is fitted: rows are encoded as those that it was fitted on. They are then one part, ``all``, or the
    parts that the source itself names; `resplit` splits them as training did. The target may be missing; with `labelled` False it
    is not looked at. `progress(stage, done, total)` is told how encoding goes.

    Raises DataError for data that cannot be used (with `spec.strict`: any row that cannot), UsageError for unknown names.
    """
    table = _read(spec, source)
    plan = _fitted(table, spec, seed) if schema is None else _given(table, spec, seed, schema, resplit=resplit, labelled=labelled)
    columns = {one.name: encode(table, one.fields, one.name, progress) for one in plan.schema.inputs}
    labels = None
    if labelled and plan.schema.target and plan.schema.target.name in table.frame.columns:
        labels = target.encoded(table, plan.schema.target, progress)
    problems = [one.problems for one in columns.values()] + ([labels.problems] if labels else [])
    bad = pl.concat([*problems, pl.DataFrame(schema=PROBLEMS)]).unique("row", keep="first", maintain_order=True).sort("row")
    origins = Origins(table)
    set_aside = _located(bad, origins)
    _check_usable(table, set_aside, strict=spec.strict)
    store = Store(
        schema=plan.schema,
        inputs={name: torch.from_numpy(one.values) for name, one in columns.items()},
        target=labels.values if labels else None,
        group=plan.group,
        origins=origins,
    )
    good = np.ones(table.frame.height, dtype=bool)
    good[bad["row"].to_numpy()] = False
    parts = {name: Part(name, rows[good[rows]], store) for name, rows in plan.parts.items()}
    if schema is None:
        _check_trainable(table, parts, set_aside)
    return Dataset(
        schema=plan.schema,
        name=table.name,
        fingerprint=table.fingerprint,
        parts=parts,
        set_aside=set_aside,
        duplicates=_duplicates(columns, parts),
        split_by=plan.by,
        notes=(*table.notes, *plan.notes, *filter(None, [cache.note()])),
        columns=summarise(table, plan.schema, plan.left_out),
    )


def _read(spec: DataSpec, source: object | None) -> Table:
    if source is None and not spec.source:
        raise UsageError("There is no source: give a path, the name of a bundled dataset, or data in memory.")
    table = read(spec.source if source is None else source, test=spec.test)
    return replace(table, split=None) if table.split in spec.ignore else table


def _fitted(table: Table, spec: DataSpec, seed: int) -> _Plan:
    """Decide everything from the data: target, split, inputs; fit the fields on the train rows."""
    choice = target.choose(table, spec)
    plan = inputs.plan(table, spec, choice.name)
    there = target.present(table.frame[choice.name], choice.kind)
    shared = _split(table, spec, choice.name, stratify=choice.kind != "number", there=there, seed=seed)
    train = shared.rows["train"]
    schema = Schema(
        inputs=tuple(inputs.fit(group, table, train) for group in plan.groups),
        target=target.fit(table, choice, train),
    )
    notes = (*filter(None, [choice.note]), *shared.notes, *inputs.notes(plan))
    return _Plan(schema, dict(shared.rows), shared.by, shared.group, notes, plan.left_out)


def _given(table: Table, spec: DataSpec, seed: int, schema: Schema, *, resplit: bool, labelled: bool) -> _Plan:
    """Take everything from a schema; only the rows' parts come from the data."""
    named = [field.name for one in schema.inputs for field in one.fields]
    missing = [name for name in named if name not in table.frame.columns]
    if missing:
        raise DataError(
            f"{table.name} lacks {'a column' if len(missing) == 1 else 'columns'} that the network was trained on: "
            f"{', '.join(map(repr, missing))}. It has: {', '.join(table.frame.columns)}."
        )
    field = schema.target
    if resplit and field:
        check_columns([field.name], table, "data.target")
        there = target.present(table.frame[field.name], field.kind)
        shared = _split(table, spec, field.name, stratify=bool(schema.classes), there=there, seed=seed)
        return _Plan(schema, dict(shared.rows), shared.by, shared.group, shared.notes, {})
    group = None
    if labelled and spec.split.by == "group" and spec.split.column in table.frame.columns:
        group = table.frame[spec.split.column].rank("dense").fill_null(0).cast(pl.Int64).to_numpy()
    everything = np.arange(table.frame.height)
    column = spec.split.column if spec.split.by == "column" and spec.split.column in table.frame.columns else table.split
    if column is None or not labelled:
        return _Plan(schema, {"all": everything}, "not split", group, (), {})
    names = to_parts(table.frame[column])
    if names.null_count():
        value = table.frame[column].filter(names.is_null())[0]
        raise DataError(
            f"{table.name}: column {column!r} says which part a row is in, but {value!r} is neither train, validation nor test."
        )
    parts = {name: everything[(names == name).fill_null(False).to_numpy()] for name in ("train", "validation", "test")}
    return _Plan(schema, {name: rows for name, rows in parts.items() if len(rows)}, f"column {column}", group, (), {})


def _split(table: Table, spec: DataSpec, name: str, *, stratify: bool, there: np.ndarray, seed: int) -> Split:
    """Split the rows that have a target; row numbers and groups are those of the whole table."""
    rows = np.flatnonzero(there)
    if not len(rows):
        raise DataError(f"{table.name}: no row has a usable value of the target {name!r}.")
    needed = {name, table.split, spec.split.column} - {None}
    numbers = pl.Series(rows + 1) if table.numbers is None else table.numbers[rows]
    origin = table.origin if isinstance(table.origin, str) else table.origin[rows]
    frame = table.frame.select(column for column in table.frame.columns if column in needed)[rows]
    shared = split(replace(table, frame=frame, numbers=numbers, origin=origin), spec.split, name, stratify, seed)
    group = None
    if shared.group is not None:
        group = np.full(len(there), -1, dtype=np.int64)
        group[rows] = shared.group
    return replace(shared, rows={part: rows[at] for part, at in shared.rows.items()}, group=group)


def _located(problems: pl.DataFrame, origins: Origins) -> pl.DataFrame:
    where = [origins.where(row) for row in problems["row"]]
    files = pl.Series("file", [file for file, _ in where], dtype=pl.String)
    numbers = pl.Series("row", [number for _, number in where], dtype=pl.Int64)
    return pl.DataFrame([files, numbers, problems["column"], problems["reason"]])


def _check_usable(table: Table, set_aside: pl.DataFrame, *, strict: bool) -> None:
    bad, rows = set_aside.height, table.frame.height
    if not bad or (bad < rows and not strict):
        return
    if bad == rows:
        raise DataError(f"{table.name}: none of the {rows:,} rows can be used: {_first(set_aside)}.")
    raise DataError(f"{table.name}: {bad:,} of {rows:,} rows cannot be used, and --strict sets none aside: {_first(set_aside)}.")


def _first(set_aside: pl.DataFrame) -> str:
    first = "; ".join(f"{file}, row {row}, {column}: {reason}" for file, row, column, reason in set_aside.head(SHOWN).iter_rows())
    return first + (f"; and {set_aside.height - SHOWN:,} more" if set_aside.height > SHOWN else "")


def _check_trainable(table: Table, parts: Mapping[str, Part], set_aside: pl.DataFrame) -> None:
    values = parts["train"].target
    if values is None or len(np.unique(values)) < 2:
        unusable = f" {set_aside.height:,} rows cannot be used: {_first(set_aside)}." if set_aside.height else ""
        raise DataError(
            f"{table.name}: among the rows that can be used for training the target has only one value: there is nothing to learn."
            f"{unusable}"
        )


def _duplicates(columns: Mapping[str, Columns], parts: Mapping[str, Part]) -> duplicates.Duplicates:
    if len(parts) < 2:
        return duplicates.Duplicates({}, ())
    hashes = duplicates.combine([one.hashes for one in columns.values()])
    return duplicates.find(hashes, {name: part.rows for name, part in parts.items()})
