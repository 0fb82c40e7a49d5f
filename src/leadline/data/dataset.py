"""A dataset ready for training: its schema, and its splits as rows of memory-mapped tensors.

Shapes in names: N rows of the dataset.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import polars as pl
import torch

from leadline.data import absent, blocks, cache, duplicates, inputs, notes, series, similar, targets, unknown, weights
from leadline.data.duplicates import Duplicates
from leadline.data.encode import Columns, encode
from leadline.data.fields.contract import field_of
from leadline.data.infer import check_columns
from leadline.data.part import Origins, Part, Store
from leadline.data.positive import marked
from leadline.data.rows import Dense, Rows
from leadline.data.sources import read
from leadline.data.sources.parts import to_parts
from leadline.data.splits import Split, dependence, split
from leadline.data.summary import Column, summarise
from leadline.data.table import Progress, Table
from leadline.data.usable import check_usable, first, located, unusable
from leadline.errors import DataError, UsageError
from leadline.facts.experiment import DataSpec
from leadline.facts.schema import FieldSchema, InputSchema, Schema


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


class _Plan(NamedTuple):
    """What is decided before anything is encoded."""

    schema: Schema
    parts: Mapping[str, np.ndarray]
    by: str
    group: np.ndarray | None
    notes: tuple[str, ...]
    left_out: Mapping[str, str]
    weight: np.ndarray | None = None
    family: np.ndarray | None = None


def prepare(
    spec: DataSpec,
    source: object | None = None,
    *,
    seed: int = 0,
    schema: Schema | None = None,
    resplit: bool = False,
    labelled: bool = True,
    wanted: targets.Wanted | None = None,
    progress: Progress | None = None,
) -> Dataset:
    """Read a source, split it, fit the fields on the train rows and encode all rows.

    With a `schema` nothing is fitted: rows are encoded as those that it was fitted on. They are then one part, ``all``, or the
    parts that the source itself names; `resplit` splits them as training did. The target may be missing; with `labelled` False it
    is not looked at. `wanted` says which kinds of target the objective takes. `progress(stage, done, total)` is told how
    reading, fitting and encoding go.

    Raises DataError for data that cannot be used (with `spec.strict`: any row that cannot), UsageError for unknown names.
    """
    table = _read(spec, source, progress)
    if spec.series is not None:
        found = series.prepare(table, spec, seed=seed, schema=schema, resplit=resplit, labelled=labelled, progress=progress)
        return _of_series(table, found)
    plan = (
        _fitted(table, spec, seed, wanted, progress)
        if schema is None
        else _given(table, spec, seed, schema, progress, resplit=resplit, labelled=labelled)
    )
    return _of_table(table, plan, spec, progress, fitted=schema is None, labelled=labelled)


def _of_table(table: Table, plan: _Plan, spec: DataSpec, progress: Progress | None, *, fitted: bool, labelled: bool) -> Dataset:
    columns = {one.name: encode(table, one.fields, one.name, progress) for one in plan.schema.inputs}
    goal = plan.schema.target
    labels = _labels(table, plan.schema, columns, progress, labelled=labelled)
    bad, present = unusable(plan.schema, columns, spec, [labels.problems] if labels else [])
    origins = Origins(table)
    set_aside = located(bad, origins)
    check_usable(table, set_aside, strict=spec.strict)
    store = Store(
        schema=plan.schema,
        inputs={one.name: _rows(one, columns[one.name]) for one in plan.schema.inputs},
        target=labels.rows(goal) if labels and goal else None,
        group=plan.group,
        origins=origins,
        weight=None if plan.weight is None else torch.from_numpy(plan.weight),
        units=blocks.NAME if spec.split.by == "time" else "groups",
        present=None if present is None else torch.from_numpy(present),
    )
    good = np.ones(table.frame.height, dtype=bool)
    good[bad["row"].to_numpy()] = False
    parts = {name: Part(name, rows[good[rows]], store) for name, rows in plan.parts.items()}
    if fitted:
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


def _fitted(table: Table, spec: DataSpec, seed: int, wanted: targets.Wanted | None, progress: Progress | None) -> _Plan:
    """Decide everything from the data: target, split, inputs; fit the fields on the train rows."""
    choice = targets.choose(table, spec, wanted)
    weight = weights.column_of(table, spec)
    if weight in choice.columns:
        raise UsageError(f"Column {weight!r} is the target: it cannot weigh the rows too.")
    spec, told_of_steps = targets.with_steps(table, spec, choice.kind, choice.name)
    taken = dict.fromkeys(choice.taken, "it is the target") | ({weight: "it says how much rows count"} if weight else {})
    plan = inputs.plan(table, spec, taken, progress)
    family = _families(table, spec, plan.groups, progress)
    shared = _split(table, spec, choice, seed, family)
    train = shared.rows["train"]
    goal, positive = marked(table, targets.fit(table, choice, train), train, spec.positive)
    schema = targets.bound(Schema(inputs=tuple(inputs.fit(group, table, train, progress) for group in plan.groups), target=goal))
    weighed = (f"Rows count by {weight!r} in training; what is measured counts every row the same.",) if weight else ()
    doubts = notes.before_training(table, spec, choice, plan, train)
    told = (*choice.notes, *told_of_steps, *positive, *weighed, *shared.notes, *inputs.notes(plan), *doubts)
    weight_N = weights.read(table, weight, train) if weight else None
    return _Plan(schema, dict(shared.rows), shared.by, shared.group, told, plan.left_out, weight_N, family)


def _given(
    table: Table, spec: DataSpec, seed: int, schema: Schema, progress: Progress | None, *, resplit: bool, labelled: bool
) -> _Plan:
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
        check_columns(field.columns, table, "data.target")
        family = _families(table, spec, inputs.groups_of(schema, spec), progress)
        shared = _split(table, spec, field, seed, family)
        return _Plan(schema, dict(shared.rows), shared.by, shared.group, shared.notes, {}, family=family)
    everything = np.arange(table.frame.height)
    column = spec.split.column if spec.split.by == "column" and spec.split.column in table.frame.columns else table.split
    if column is None or not labelled:
        group = dependence(table, spec.split, [everything]) if labelled else None
        return _Plan(schema, {"all": everything}, "not split", group, (), {})
    names = to_parts(table.frame[column])
    if names.null_count():
        value = table.frame[column].filter(names.is_null())[0]
        raise DataError(
            f"{table.name}: column {column!r} says which part a row is in, but {value!r} is neither train, validation nor test."
        )
    parts = {name: everything[(names == name).fill_null(False).to_numpy()] for name in ("train", "validation", "test")}
    parts = {name: rows for name, rows in parts.items() if len(rows)}
    return _Plan(schema, parts, f"column {column}", dependence(table, spec.split, parts.values()), (), {})


def _rows(one: InputSchema, columns: Columns) -> Rows:
    values = torch.from_numpy(columns.values)
    if one.kind == "table":
        return Dense(values)
    return field_of(one.kind).rows(values, None if columns.ends is None else torch.from_numpy(columns.ends), one.fields[0].state)


def _labels(
    table: Table, schema: Schema, columns: Mapping[str, Columns], progress: Progress | None, *, labelled: bool
) -> targets.Target | None:
    goal, one = schema.target, schema.inputs[0]
    if goal is None or not set(goal.columns) <= set(table.frame.columns) or not (labelled or goal.kind == "text"):
        return None
    return targets.encoded(table, goal, progress, (one.fields[0], columns[one.name]))


def _families(table: Table, spec: DataSpec, groups: Sequence[inputs.Group], progress: Progress | None) -> np.ndarray | None:
    return similar.families(table, groups, progress) if spec.split.similar == "together" else None


def _split(table: Table, spec: DataSpec, target: targets.Choice | FieldSchema, seed: int, family: np.ndarray | None) -> Split:
    """Split the rows that have a target; row numbers and groups are those of the whole table."""
    there = targets.present(table.frame, target)
    rows = np.flatnonzero(there)
    if not len(rows):
        raise DataError(f"{table.name}: no row has a usable value of the target {target.name!r}.")
    classes = targets.stratified_by(target)
    name = classes or (target.name if target.kind in targets.QUANTITIES else None)
    needed = {name, target.columns[0], table.split, spec.split.column} - {None}
    numbers = pl.Series(rows + 1) if table.numbers is None else table.numbers[rows]
    origin = table.origin if isinstance(table.origin, str) else table.origin[rows]
    frame = table.frame.select(column for column in table.frame.columns if column in needed)[rows]
    usable = replace(table, frame=frame, numbers=numbers, origin=origin)
    shared = split(usable, spec.split, name, classes is not None, seed, None if family is None else family[rows])
    group = None
    if shared.group is not None:
        group = np.full(len(there), -1, dtype=np.int64)
        group[rows] = shared.group
    return replace(shared, rows={part: rows[at] for part, at in shared.rows.items()}, group=group)


def _check_trainable(table: Table, schema: Schema, parts: Mapping[str, Part], set_aside: pl.DataFrame) -> None:
    if schema.target is not None and schema.target.kind in targets.PER_STEP and len(parts["train"]):
        return  # there is more than one tag, and of a text always something to learn
    values = parts["train"].target
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


def _noted(table: Table, plan: _Plan, parts: Mapping[str, Part], near: Duplicates | None) -> tuple[str, ...]:
    """Say what only the rows that can be used tell: how even the classes are, and how pictures were read."""
    goal = plan.schema.target
    classed = goal is not None and goal.kind in ("category", "boolean")
    usable = {name: part.target for name, part in parts.items() if classed and part.target is not None}
    one = goal is not None and goal.name in table.frame.columns and "train" in usable  # several targets have no column of that name
    classes = notes.on_classes(plan.schema, table.frame[goal.name], plan.parts, usable) if goal and one else ()
    return (*classes, *absent.notes(plan.schema, parts), *unknown.notes(plan.schema, parts), *notes.on_pictures(plan.schema, near))
