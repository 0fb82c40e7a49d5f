"""A dataset ready for training: its schema, and its splits as rows of memory-mapped tensors.

Shapes in names: N rows of the dataset.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType
from typing import Any

import numpy as np
import polars as pl
import torch

from leadline.core.catalogue import say
from leadline.core.experiment import DataSpec
from leadline.core.schema import InputSchema, LabelRequirement, Schema
from leadline.data import cache, series, targets
from leadline.data import preparation as planning
from leadline.data.checks import copies, duplicates, missing_inputs, placeholders, unknown_tokens, warnings
from leadline.data.checks.content import column_contents
from leadline.data.checks.duplicates import Duplicates
from leadline.data.checks.invalid_rows import by_reason, check_valid, invalid_notes, invalid_rows, located
from leadline.data.checks.unseen import UnseenValues, unseen_values
from leadline.data.checks.unseen import notes as unseen_notes
from leadline.data.columns.contract import input_type
from leadline.data.describe import ColumnDescription, describe
from leadline.data.encoding import EncodedColumns, encode
from leadline.data.preparation import Preparation
from leadline.data.sources import read
from leadline.data.sources.written_form import Reader
from leadline.data.splits import time_blocks
from leadline.data.storage import DenseRows, RowStorage
from leadline.data.subset import RowOrigins, Store, Subset
from leadline.data.table import Progress, Table
from leadline.data.written import used_columns, verbatim_columns, with_written
from leadline.data.written_texts import written_texts
from leadline.errors import DataError, UsageError


@dataclass(frozen=True)
class Dataset:
    """Encoded rows by split.

    `invalid_rows` lists the rows that could not be used (file, row, column, reason), one line a row; `duplicates`
    counts equal rows across splits, `similar` those that are nearly equal (None where none were compared);
    `split_by` says in words how rows were split; `notes` are for the user, those of reading alone are `read_notes`, and
    `unseen` is what rows hold that the train rows did not, where they were not drawn beside them. `contents()` are
    texts that know the dataset again in any order of its rows (`checks.content`), none where only the fingerprint does.
    """

    schema: Schema
    name: str
    fingerprint: str
    splits: Mapping[str, Subset]
    invalid_rows: pl.DataFrame
    duplicates: Duplicates
    split_by: str
    notes: tuple[str, ...]
    columns: tuple[ColumnDescription, ...]
    similar: Duplicates | None = None
    contents: Callable[[], tuple[str, ...]] = tuple
    unseen: tuple[UnseenValues, ...] = ()
    read_notes: tuple[str, ...] = ()

    def about_rows(self) -> tuple[str, ...]:
        """Return what is to be said of rows that a network is asked about: how they were read, what in them it has not
        seen in training, and which cannot be used.
        """
        return (*self.read_notes, *unseen_notes(self.unseen), *invalid_notes(self.invalid_rows, self.splits))

    def summary(self) -> Mapping[str, Any]:
        """Return the columns as the content of a table exhibit."""
        rows = [list(column) for column in self.columns]
        return {"columns": ["column", "type", say("data.used-as"), "missing", "values"], "rows": rows}

    def only(self, name: str) -> Dataset:
        """Return the rows that have an input, with that input alone."""
        return replace(
            self,
            schema=self.schema.only(name),
            splits={split: subset.only(name) for split, subset in self.splits.items()},
        )


def prepare(
    spec: DataSpec,
    source: object | None = None,
    *,
    seed: int = 0,
    schema: Schema | None = None,
    resplit: bool = False,
    labelled: bool = True,
    covariates: bool = True,
    target_types: targets.TargetTypes | None = None,
    labels: LabelRequirement = "all",
    known: Schema | None = None,
    progress: Progress | None = None,
    names: Mapping[str, str] = MappingProxyType({}),
) -> Dataset:
    """Read a source, split it, fit the fields on the train rows and encode all rows.

    With a `schema` nothing is fitted: rows are encoded as those that it was fitted on. They are then one part, ``all``,
    or the parts that the source itself names; `resplit` splits them as training did. The target may be missing; with
    `labelled` False it is not looked at, and of a series the coming values of `covariates` are asked for.
    `target_types` says which kinds of target the objective takes, `labels` which train rows must have one. What was
    fitted on the inputs of a `known` schema is not fitted anew for those that are the same.
    `progress(stage, done, total)` is told how reading, fitting and encoding go. `names` are what files are called, by
    path, that lie elsewhere than when the network was trained.

    Raises DataError for data that cannot be used (with `spec.strict`: any row that cannot), UsageError for unknown
    names.
    """
    table = _read(spec, source, schema, progress, labelled=labelled).called(names)
    if spec.series is not None:
        found = series.prepare(
            table,
            spec,
            seed=seed,
            schema=schema,
            resplit=resplit,
            labelled=labelled,
            covariates=covariates,
            known=known,
            progress=progress,
        )
        return _of_series(table, found._replace(schema=with_written(found.schema, table, schema)))
    plan = (
        planning.fitted(table, spec, seed, target_types, labels, progress, known)
        if schema is None
        else planning.given(table, spec, seed, schema, progress, resplit=resplit, labelled=labelled, labels=labels)
    )
    plan = plan._replace(schema=with_written(plan.schema, table, schema))
    return _of_table(table, plan, spec, progress, fitted=schema is None, labelled=labelled, labels=labels)


def _of_table(
    table: Table,
    plan: Preparation,
    spec: DataSpec,
    progress: Progress | None,
    *,
    fitted: bool,
    labelled: bool,
    labels: LabelRequirement,
) -> Dataset:
    columns = {one.name: encode(table, one.fields, one.name, progress) for one in plan.schema.inputs}
    goal, good = plan.schema.target, np.ones(table.frame.height, dtype=bool)
    target = _target(table, plan.schema, columns, progress, labelled=labelled)
    if target and plan.hidden is not None and len(plan.hidden):
        target = target.without(plan.hidden)
    needed = [target.needed(labels, plan.splits.get("train", ()))] if target else []
    bad, present = invalid_rows(plan.schema, columns, spec, [_unreadable(table, plan.schema), *needed])
    good[bad["row"].to_numpy()] = False
    usable = {name: rows[good[rows]] for name, rows in plan.splits.items()}
    dependent = _dependent(table, plan, columns, usable, spec, counted=labelled and labels != "none")
    origins = RowOrigins(table)
    listed = located(bad, origins)
    check_valid(table, listed, strict=spec.strict)
    store = Store(
        schema=plan.schema,
        inputs={one.name: _rows(one, columns[one.name]) for one in plan.schema.inputs},
        target=targets.storage(target, goal)
        if target and goal
        else DenseRows(torch.zeros(len(good), 0))
        if goal is None
        else None,
        group=dependent.group,
        origins=origins,
        weight=None if plan.weight is None else torch.from_numpy(plan.weight),
        units=_units(spec, plan),
        present=None if present is None else torch.from_numpy(present),
        unlabelled=None if goal is None else targets.target_type(goal.kind).encoding.unlabelled,
        written=written_texts(table, plan.schema.inputs) if labelled else {},
    )
    there = np.ones(len(good), dtype=bool) if target is None or goal is None else targets.present(table.frame, goal)
    unusable = {name: int((there[rows] & ~good[rows]).sum()) for name, rows in plan.splits.items()}
    splits = {name: Subset(name, rows, store, unusable[name]) for name, rows in usable.items()}
    if fitted and labels != "none":
        _check_trainable(table, plan.schema, splits, listed)
    near = _similar(plan.family, splits)
    # of rows that cannot be used it is said why; a cell that could not be read is no gap
    asked = {name: rows for name, rows in usable.items() if name not in {"train", *plan.drawn}}
    unseen = unseen_values(plan.schema, columns, table.frame, asked, origins)
    return Dataset(
        schema=plan.schema,
        name=table.name,
        fingerprint=table.fingerprint,
        splits=splits,
        invalid_rows=listed,
        duplicates=_duplicates(columns, splits),
        split_by=plan.by,
        notes=(
            *table.notes,
            *plan.notes,
            *unseen_notes(unseen),
            *_noted(table, plan, splits, near),
            *warnings.on_copies(dependent.copies),
            *warnings.on_few(splits),
            *cache.notes(),
        ),
        columns=describe(table, plan.schema, plan.left_out),
        similar=near,
        contents=partial(column_contents, plan.schema.inputs, columns),
        unseen=unseen,
        read_notes=table.notes,
    )


def _dependent(
    table: Table,
    plan: Preparation,
    columns: Mapping[str, EncodedColumns],
    splits: Mapping[str, np.ndarray],
    spec: DataSpec,
    *,
    counted: bool,
) -> copies.Dependence:
    """Return which rows are one observation: those of a group or a block of time, and copies where they are
    counted as right or wrong.
    """
    if spec.split.by == "time" or not counted:
        return copies.Dependence(plan.group, {})
    return copies.within_splits(plan.schema, columns, table.frame, splits, plan.group)


def _units(spec: DataSpec, plan: Preparation) -> str:
    if spec.split.by == "time":
        return say(time_blocks.NAME)
    return say("splits.distinct-rows") if plan.group is None else "groups"


def _of_series(table: Table, found: series.Prepared) -> Dataset:
    return Dataset(
        schema=found.schema,
        name=table.name,
        fingerprint=table.fingerprint,
        splits=found.splits,
        invalid_rows=found.invalid_rows,
        duplicates=Duplicates({}, ()),  # windows overlap
        split_by=found.split_by,
        notes=(*table.notes, *found.notes, *warnings.on_few(found.splits), *cache.notes()),
        columns=found.columns,
        read_notes=(*table.notes, *found.notes),
    )


def _read(
    spec: DataSpec, source: object | None, schema: Schema | None, progress: Progress | None, *, labelled: bool
) -> Table:
    """Return the source as a table, its columns read as in training where a schema says how."""
    if source is None and not spec.source:
        raise UsageError(say("data.no-source"))
    source = spec.source if source is None else source
    forms = dict((schema and schema.written) or {})
    if schema is not None and schema.target is not None and not labelled:
        read_too = {field.name for one in schema.inputs for field in one.fields}
        forms = {name: form for name, form in forms.items() if name in read_too or name not in schema.target.columns}
    how = Reader(spec.encoding, progress, spec.nulls, verbatim_columns(spec), forms, spec.header)
    table = read(source, validation=spec.validation, test=spec.test, how=how)
    table = placeholders.as_missing(table, spec.missing_values)
    return replace(table, split=None) if table.split in spec.ignore else table


def _unreadable(table: Table, schema: Schema) -> pl.DataFrame:
    """Return the cells of columns that are used which could not be read as in training."""
    return table.unreadable.filter(pl.col("column").is_in(list(used_columns(schema))))


def _rows(one: InputSchema, columns: EncodedColumns) -> RowStorage:
    ends = None if columns.ends is None else torch.from_numpy(columns.ends)
    return input_type(one.kind).storage(one, torch.from_numpy(columns.values), ends)


def _target(
    table: Table, schema: Schema, columns: Mapping[str, EncodedColumns], progress: Progress | None, *, labelled: bool
) -> targets.EncodedTarget | None:
    goal, one = schema.target, schema.inputs[0]
    if goal is None or not set(goal.columns) <= set(table.frame.columns):
        return None
    read = {field.name for one in schema.inputs for field in one.fields}
    if not labelled and not set(goal.columns) <= read:  # what the network reads is there whether it is asked for or not
        return None
    return targets.encoded(table, goal, progress, (one.fields[0], columns[one.name]))


def _check_trainable(table: Table, schema: Schema, splits: Mapping[str, Subset], invalid_rows: pl.DataFrame) -> None:
    if targets.is_ragged(schema.target) and len(splits["train"]):
        return  # there is more than one tag, and of a text always something to learn
    values = splits["train"].labelled.target
    same = targets.unvaried(schema, values) if values is not None else "target"
    if same:
        rows = invalid_rows.height
        unusable = f" {say('data.rows-unusable', rows=rows, first=by_reason(invalid_rows))}" if rows else ""
        raise DataError(say("data.constant", table=table.name, what=same, unusable=unusable))


def _usable(splits: Mapping[str, Subset]) -> Mapping[str, np.ndarray]:
    """Return the targets of the rows of each split that have one."""
    found = {name: subset.labelled.target for name, subset in splits.items()}
    return {name: target for name, target in found.items() if target is not None}


def _duplicates(columns: Mapping[str, EncodedColumns], splits: Mapping[str, Subset]) -> Duplicates:
    if len(splits) < 2:
        return Duplicates({}, ())
    hashes = duplicates.combine([one.hashes for one in columns.values()])
    return duplicates.find(hashes, {name: subset.rows for name, subset in splits.items()})


def _similar(family: np.ndarray | None, splits: Mapping[str, Subset]) -> Duplicates | None:
    return (
        None
        if family is None
        else duplicates.find_numbered(family, {name: subset.rows for name, subset in splits.items()})
    )


def _noted(table: Table, plan: Preparation, splits: Mapping[str, Subset], near: Duplicates | None) -> tuple[str, ...]:
    """Say what only the rows that can be used tell: how even the classes are, and how pictures were read."""
    goal = plan.schema.target
    single = plan.hidden is not None  # the split tells of single rows, but not of those that are left a label
    classes: tuple[str, ...] = ()
    if goal is not None and goal.name in table.frame.columns:  # several targets have no column of that name
        warn = targets.target_type(goal.kind).display.warnings
        classes = warn(plan.schema, table, plan.splits, partial(_usable, splits), single)
    return (
        *classes,
        *missing_inputs.notes(plan.schema, splits),
        *unknown_tokens.notes(plan.schema, {name: splits[name] for name in splits if name in {"train", *plan.drawn}}),
        *warnings.on_reading(plan.schema),
        *warnings.on_near_duplicates(splits, near),
    )
