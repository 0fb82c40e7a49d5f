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

from leadline.data import blocks, cache, duplicates, inputs, notes, similar, targets, weights
from leadline.data.duplicates import Duplicates
from leadline.data.encode import PROBLEMS, Columns, encode
from leadline.data.infer import check_columns
from leadline.data.part import Origins, Part, Store
from leadline.data.positive import marked
from leadline.data.sources import read
from leadline.data.sources.parts import to_parts
from leadline.data.splits import Split, dependence, split
from leadline.data.summary import Column, summarise
from leadline.data.table import Progress, Table
from leadline.errors import DataError, UsageError
from leadline.facts.experiment import DataSpec
from leadline.facts.schema import FieldSchema, Schema

SHOWN = 3  # unusable rows that an error names


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
    plan = (
        _fitted(table, spec, seed, wanted, progress)
        if schema is None
        else _given(table, spec, seed, schema, progress, resplit=resplit, labelled=labelled)
    )
    columns = {one.name: encode(table, one.fields, one.name, progress) for one in plan.schema.inputs}
    labels = _labels(table, plan.schema.target, progress) if labelled else None
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
        weight=None if plan.weight is None else torch.from_numpy(plan.weight),
        units=blocks.NAME if spec.split.by == "time" else "groups",
    )
    good = np.ones(table.frame.height, dtype=bool)
    good[bad["row"].to_numpy()] = False
    parts = {name: Part(name, rows[good[rows]], store) for name, rows in plan.parts.items()}
    if schema is None:
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
        notes=(*table.notes, *plan.notes, *_noted(table, plan, parts, near), *_few(parts), *filter(None, [cache.note()])),
        columns=summarise(table, plan.schema, plan.left_out),
        similar=near,
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
    taken = dict.fromkeys(choice.columns, "it is the target") | ({weight: "it says how much rows count"} if weight else {})
    plan = inputs.plan(table, spec, taken, progress)
    family = _families(table, spec, plan.groups, progress)
    shared = _split(table, spec, choice, seed, family)
    train = shared.rows["train"]
    goal, positive = marked(table, targets.fit(table, choice, train), train, spec.positive)
    schema = Schema(inputs=tuple(inputs.fit(group, table, train, progress) for group in plan.groups), target=goal)
    weighed = (f"Rows count by {weight!r} in training; what is measured counts every row the same.",) if weight else ()
    doubts = notes.before_training(table, spec, choice, plan, train)
    told = (*choice.notes, *positive, *weighed, *shared.notes, *inputs.notes(plan), *doubts)
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


def _labels(table: Table, goal: FieldSchema | None, progress: Progress | None) -> targets.Target | None:
    there = goal is not None and set(goal.columns) <= set(table.frame.columns)
    return targets.encoded(table, goal, progress) if goal and there else None


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


def _check_trainable(table: Table, schema: Schema, parts: Mapping[str, Part], set_aside: pl.DataFrame) -> None:
    values = parts["train"].target
    same = targets.unvaried(schema, values) if values is not None else "target"
    if same:
        unusable = f" {set_aside.height:,} rows cannot be used: {_first(set_aside)}." if set_aside.height else ""
        raise DataError(
            f"{table.name}: among the rows that can be used for training the {same} has only one value: there is nothing to learn."
            f"{unusable}"
        )


def _few(parts: Mapping[str, Part]) -> tuple[str, ...]:
    """Say where what is measured rests on so few groups that its uncertainty is itself uncertain."""
    test = parts.get("test", parts.get("all"))
    group = test.group if test is not None else None
    if test is None or group is None or len(np.unique(group)) >= blocks.FEWEST:
        return ()
    return (f"The {len(test):,} test rows come from {test.units}: intervals rest on few, and are wide and rough for it.",)


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
    usable = {name: part.target for name, part in parts.items() if part.target is not None}
    one = goal is not None and goal.name in table.frame.columns and "train" in usable  # several targets have no column of that name
    classes = notes.on_classes(plan.schema, table.frame[goal.name], plan.parts, usable) if goal and one else ()
    return (*classes, *notes.on_pictures(plan.schema, near))
