"""A dataset ready for training: its schema, and its splits as rows of memory-mapped tensors.

Shapes in names: N rows of the dataset.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl
import torch

from leadline.data import absent, blocks, cache, duplicates, notes, series, targets, unknown
from leadline.data import plan as planning
from leadline.data.duplicates import Duplicates
from leadline.data.encode import Columns, encode
from leadline.data.fields.contract import field_of
from leadline.data.part import Origins, Part, Store
from leadline.data.plan import Plan
from leadline.data.rows import Dense, Rows
from leadline.data.sources import read
from leadline.data.summary import Column, summarise
from leadline.data.table import Progress, Table
from leadline.data.usable import check_usable, first, located, unusable
from leadline.errors import DataError, UsageError
from leadline.facts.experiment import DataSpec
from leadline.facts.schema import InputSchema, Labels, Schema


@dataclass(frozen=True)
class Dataset:
    """Encoded rows by split.

    `set_aside` lists the rows that could not be used (file, row, column, reason), one line a row; `duplicates` counts equal rows
    across splits, `similar` those with near-identical pictures (None where none were compared); `split_by` says in words how rows
    were split; `notes` are for the user.
    """

    schema: Schema
    name: str
    fingerprint: str
    parts: Mapping[str, Part]
    set_aside: pl.DataFrame
    duplicates: Duplicates
    split_by: str
    notes: tuple[str, ...]
    columns: tuple[Column, ...]
    similar: Duplicates | None = None

    def summary(self) -> Mapping[str, Any]:
        """Return the columns as the content of a table exhibit."""
        rows = [list(column) for column in self.columns]
        return {"columns": ["column", "kind", "used as", "missing", "values"], "rows": rows}

    def only(self, name: str) -> Dataset:
        """Return the rows that have an input, with that input alone."""
        return replace(self, schema=self.schema.only(name), parts={split: part.only(name) for split, part in self.parts.items()})


def prepare(
    spec: DataSpec,
    source: object | None = None,
    *,
    seed: int = 0,
    schema: Schema | None = None,
    resplit: bool = False,
    labelled: bool = True,
    wanted: targets.Wanted | None = None,
    labels: Labels = "all",
    known: Schema | None = None,
    progress: Progress | None = None,
) -> Dataset:
    """Read a source, split it, fit the fields on the train rows and encode all rows.

    With a `schema` nothing is fitted: rows are encoded as those that it was fitted on. They are then one part, ``all``, or the
    parts that the source itself names; `resplit` splits them as training did. The target may be missing; with `labelled` False it
    is not looked at. `wanted` says which kinds of target the objective takes, `labels` which train rows must have one.
    What was fitted on the inputs of a `known` schema is not fitted anew for those that are the same.
    `progress(stage, done, total)` is told how reading, fitting and encoding go.

    Raises DataError for data that cannot be used (with `spec.strict`: any row that cannot), UsageError for unknown names.
    """
    table = _read(spec, source, progress)
    if spec.series is not None:
        found = series.prepare(
            table, spec, seed=seed, schema=schema, resplit=resplit, labelled=labelled, known=known, progress=progress
        )
        return _of_series(table, found)
    plan = (
        planning.fitted(table, spec, seed, wanted, labels, progress, known)
        if schema is None
        else planning.given(table, spec, seed, schema, progress, resplit=resplit, labelled=labelled, labels=labels)
    )
    return _of_table(table, plan, spec, progress, fitted=schema is None, labelled=labelled, labels=labels)


def _of_table(
    table: Table, plan: Plan, spec: DataSpec, progress: Progress | None, *, fitted: bool, labelled: bool, labels: Labels
) -> Dataset:
    columns = {one.name: encode(table, one.fields, one.name, progress) for one in plan.schema.inputs}
    goal, good = plan.schema.target, np.ones(table.frame.height, dtype=bool)
    target = _target(table, plan.schema, columns, progress, labelled=labelled)
    if target and plan.hidden is not None and len(plan.hidden):
        target = target.without(plan.hidden)
    needed = [target.needed(labels, plan.parts.get("train", ()))] if target else []
    bad, present = unusable(plan.schema, columns, spec, needed)
    origins = Origins(table)
    set_aside = located(bad, origins)
    check_usable(table, set_aside, strict=spec.strict)
    store = Store(
        schema=plan.schema,
        inputs={one.name: _rows(one, columns[one.name]) for one in plan.schema.inputs},
        target=target.rows(goal) if target and goal else Dense(torch.zeros(len(good), 0)) if goal is None else None,
        group=plan.group,
        origins=origins,
        weight=None if plan.weight is None else torch.from_numpy(plan.weight),
        units=blocks.NAME if spec.split.by == "time" else "groups",
        present=None if present is None else torch.from_numpy(present),
    )
    good[bad["row"].to_numpy()] = False
    parts = {name: Part(name, rows[good[rows]], store) for name, rows in plan.parts.items()}
    if fitted and labels != "none":
        _check_trainable(table, plan.schema, parts, set_aside)
    near = _similar(plan.family, parts)
    return Dataset(
        schema=plan.schema,
        name=table.name,
        fingerprint=table.fingerprint,
        parts=parts,
        set_aside=set_aside,
        duplicates=_duplicates(columns, parts),
        split_by=plan.by,
        notes=(*table.notes, *plan.notes, *_noted(table, plan, parts, near), *notes.on_few(parts), *filter(None, [cache.note()])),
        columns=summarise(table, plan.schema, plan.left_out),
        similar=near,
    )


def _of_series(table: Table, found: series.Prepared) -> Dataset:
    return Dataset(
        schema=found.schema,
        name=table.name,
        fingerprint=table.fingerprint,
        parts=found.parts,
        set_aside=found.set_aside,
        duplicates=Duplicates({}, ()),  # windows overlap
        split_by=found.split_by,
        notes=(*table.notes, *found.notes, *notes.on_few(found.parts), *filter(None, [cache.note()])),
        columns=found.columns,
    )


def _read(spec: DataSpec, source: object | None, progress: Progress | None) -> Table:
    if source is None and not spec.source:
        raise UsageError("There is no source: give a path, the name of a bundled dataset, or data in memory.")
    source = spec.source if source is None else source
    table = read(source, test=spec.test, encoding=spec.encoding, progress=progress)
    return replace(table, split=None) if table.split in spec.ignore else table


def _rows(one: InputSchema, columns: Columns) -> Rows:
    values = torch.from_numpy(columns.values)
    if one.kind == "table":
        return Dense(values)
    return field_of(one.kind).rows(values, None if columns.ends is None else torch.from_numpy(columns.ends), one.fields[0].state)


def _target(
    table: Table, schema: Schema, columns: Mapping[str, Columns], progress: Progress | None, *, labelled: bool
) -> targets.Target | None:
    goal, one = schema.target, schema.inputs[0]
    if goal is None or not set(goal.columns) <= set(table.frame.columns) or not (labelled or goal.kind == "text"):
        return None
    return targets.encoded(table, goal, progress, (one.fields[0], columns[one.name]))


def _check_trainable(table: Table, schema: Schema, parts: Mapping[str, Part], set_aside: pl.DataFrame) -> None:
    if schema.target is not None and schema.target.kind in targets.PER_STEP and len(parts["train"]):
        return  # there is more than one tag, and of a text always something to learn
    values = parts["train"].labelled.target
    same = targets.unvaried(schema, values) if values is not None else "target"
    if same:
        unusable = f" {set_aside.height:,} rows cannot be used: {first(set_aside)}." if set_aside.height else ""
        raise DataError(
            f"{table.name}: among the rows that can be used for training the {same} has only one value: there is nothing to learn."
            f"{unusable}"
        )


def _duplicates(columns: Mapping[str, Columns], parts: Mapping[str, Part]) -> Duplicates:
    if len(parts) < 2:
        return Duplicates({}, ())
    hashes = duplicates.combine([one.hashes for one in columns.values()])
    return duplicates.find(hashes, {name: part.rows for name, part in parts.items()})


def _similar(family: np.ndarray | None, parts: Mapping[str, Part]) -> Duplicates | None:
    return None if family is None else duplicates.find_numbered(family, {name: part.rows for name, part in parts.items()})


def _noted(table: Table, plan: Plan, parts: Mapping[str, Part], near: Duplicates | None) -> tuple[str, ...]:
    """Say what only the rows that can be used tell: how even the classes are, and how pictures were read."""
    goal = plan.schema.target
    classed = goal is not None and goal.kind in ("category", "boolean")
    usable = {name: part.labelled.target for name, part in parts.items() if classed and part.labelled.target is not None}
    one = goal is not None and goal.name in table.frame.columns and "train" in usable  # several targets have no column of that name
    single = plan.hidden is not None  # the split tells of single rows, but not of those that are left a label
    classes = notes.on_classes(plan.schema, table.frame[goal.name], plan.parts, usable, single=single) if goal and one else ()
    return (*classes, *absent.notes(plan.schema, parts), *unknown.notes(plan.schema, parts), *notes.on_pictures(plan.schema, near))
