"""What is decided before anything is encoded: target, split, inputs, and the fields fitted on the train rows.

Shapes in names: N rows of the dataset.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import polars as pl

from leadline.data import few, inputs, notes, similar, targets, weights
from leadline.data.counterparts import as_known
from leadline.data.infer import check_columns
from leadline.data.positive import marked
from leadline.data.sources.parts import to_parts
from leadline.data.splits import Split, dependence, split
from leadline.data.table import Progress, Table
from leadline.errors import DataError, UsageError
from leadline.facts.experiment import DataSpec
from leadline.facts.schema import FieldSchema, Labels, Schema


class Plan(NamedTuple):
    """What is decided before anything is encoded."""

    schema: Schema
    parts: Mapping[str, np.ndarray]
    by: str
    group: np.ndarray | None
    notes: tuple[str, ...]
    left_out: Mapping[str, str]
    weight: np.ndarray | None = None
    family: np.ndarray | None = None
    hidden: np.ndarray | None = None  # train rows whose label nobody is to see


def fitted(
    table: Table,
    spec: DataSpec,
    seed: int,
    wanted: targets.Wanted | None,
    labels: Labels,
    progress: Progress | None,
    known: Schema | None = None,
) -> Plan:
    """Decide everything from the data: target, split, inputs; fit the fields on the train rows.

    Inputs that a `known` schema has are not fitted anew.
    """
    choice = targets.choose_any(table, spec, wanted) if labels == "none" else targets.choose(table, spec, wanted)
    weight = weights.column_of(table, spec)
    if choice is not None and weight in choice.columns:
        raise UsageError(f"Column {weight!r} is the target: it cannot weigh the rows too.")
    told: list[str] = [*choice.notes] if choice is not None else []
    if choice is not None:
        spec, told_of_steps = targets.with_steps(table, spec, choice.kind, choice.name)
        told += told_of_steps
    taken = dict.fromkeys(choice.taken if choice else (), "it is the target")
    taken |= targets.none_taken(table, spec)
    told += targets.none_notes(table, spec)
    taken |= {weight: "it says how much rows count"} if weight else {}
    plan = inputs.plan(table, spec, taken, progress)
    family = _families(table, spec, plan.groups, progress)
    own = few.few(table, spec, choice, _split(table, spec, choice, seed, family, labels), seed, labels)
    shared, train = own.split, own.split.rows["train"]
    goal, positive = None, tuple[str, ...]()
    if choice is not None:
        goal, positive = marked(table, targets.fit(table, choice, own.known), own.known, spec.positive)
        if labels == "some":
            goal, more = _some_labelled(goal, len(train))
            positive += more
    schema = Schema(inputs=tuple(inputs.fit(group, table, train, progress) for group in plan.groups), target=goal)
    schema = targets.bound(as_known(schema, known, [group.name for group in plan.groups if group.options]))
    weighed = (f"Rows count by {weight!r} in training; what is measured counts every row the same.",) if weight else ()
    doubts = notes.before_training(table, spec, choice, plan, own.known) if choice is not None and labels != "none" else ()
    weight_N = weights.read(table, weight, train) if weight else None
    said = (*told, *positive, *weighed, *shared.notes, *own.notes, *inputs.notes(plan), *doubts)
    return Plan(schema, dict(shared.rows), shared.by, shared.group, said, plan.left_out, weight_N, family, own.hidden)


def given(
    table: Table,
    spec: DataSpec,
    seed: int,
    schema: Schema,
    progress: Progress | None,
    *,
    resplit: bool,
    labelled: bool,
    labels: Labels,
) -> Plan:
    """Take everything from a schema; only the rows' parts come from the data."""
    named = [field.name for one in schema.inputs for field in one.fields]
    missing = [name for name in named if name not in table.frame.columns]
    if missing:
        raise DataError(
            f"{table.name} lacks {'a column' if len(missing) == 1 else 'columns'} that the network was trained on: "
            f"{', '.join(map(repr, missing))}. It has: {', '.join(table.frame.columns)}."
        )
    field = schema.target
    if resplit and (field or labels == "none"):
        check_columns(field.columns if field else (), table, "data.target")
        family = _families(table, spec, inputs.groups_of(schema, spec), progress)
        shared, hidden, said = few.few(table, spec, field, _split(table, spec, field, seed, family, labels), seed, labels)
        return Plan(schema, dict(shared.rows), shared.by, shared.group, (*shared.notes, *said), {}, family=family, hidden=hidden)
    everything = np.arange(table.frame.height)
    column = spec.split.column if spec.split.by == "column" and spec.split.column in table.frame.columns else table.split
    if column is None or not labelled:
        group = dependence(table, spec.split, [everything]) if labelled else None
        return Plan(schema, {"all": everything}, "not split", group, (), {})
    names = to_parts(table.frame[column])
    if names.null_count():
        value = table.frame[column].filter(names.is_null())[0]
        raise DataError(
            f"{table.name}: column {column!r} says which part a row is in, but {value!r} is neither train, validation nor test."
        )
    parts = {name: everything[(names == name).fill_null(False).to_numpy()] for name in ("train", "validation", "test")}
    parts = {name: rows for name, rows in parts.items() if len(rows)}
    return Plan(schema, parts, f"column {column}", dependence(table, spec.split, parts.values()), (), {})


def _some_labelled(goal: FieldSchema, rows: int) -> tuple[FieldSchema, tuple[str, ...]]:
    """Return a target of classes with how many of so many train rows are `unlabelled`, and a note where none are."""
    if "counts" not in goal.state:
        return goal, ()
    free = rows - sum(goal.state["counts"])
    said = f"All train rows have a {goal.name!r}: there are none to be learnt from without."
    return goal.model_copy(update={"state": {**goal.state, "unlabelled": free}}), (said,) * (free == 0)


def _families(table: Table, spec: DataSpec, groups: Sequence[inputs.Group], progress: Progress | None) -> np.ndarray | None:
    return similar.families(table, groups, progress) if spec.split.similar == "together" else None


def _split(
    table: Table, spec: DataSpec, target: targets.Choice | FieldSchema | None, seed: int, family: np.ndarray | None, labels: Labels
) -> Split:
    """Split the rows that have a target; row numbers and groups are those of the whole table.

    Where rows without one are learnt from too, they train, unless the source says that they do not; where no row needs one, all
    rows are split.
    """
    there = np.ones(table.frame.height, dtype=bool) if target is None else targets.present(table.frame, target)
    if target is None or (labels == "none" and not there.all()):
        return _shared(table, spec, np.arange(len(there)), None, None, seed, family)
    rows = np.flatnonzero(there)
    if not len(rows):
        raise DataError(f"{table.name}: no row has a usable value of the target {target.name!r}.")
    shared = _shared(table, spec, rows, target, targets.stratified_by(target), seed, family)
    if labels != "some" or there.all():
        return shared
    free = np.flatnonzero(~there)
    column = spec.split.column if spec.split.by == "column" else table.split
    if column is not None:
        free = free[(to_parts(table.frame[column][free]) == "train").fill_null(False).to_numpy()]
    train = np.sort(np.concatenate([shared.rows["train"], free]))
    note = f"{len(free):,} of the {len(train):,} train rows have no {target.name!r}, and are learnt from without."
    if column is None:
        note += (
            " Validation and test rows are all of those that have one: where the others are of another kind, what is measured says "
            "nothing of them; --test names rows of theirs that have one."
        )
    return replace(shared, rows={**shared.rows, "train": train}, notes=(*shared.notes, note))


def _shared(
    table: Table,
    spec: DataSpec,
    rows: np.ndarray,
    target: targets.Choice | FieldSchema | None,
    classes: str | None,
    seed: int,
    family: np.ndarray | None,
) -> Split:
    """Split some rows, by their positions in the table; each of `classes`, a column, keeps its share."""
    quantity = target is not None and target.kind in targets.QUANTITIES
    name = classes or (target.name if target is not None and quantity else None)
    needed = {name, target.columns[0] if target else table.frame.columns[0], table.split, spec.split.column} - {None}
    numbers = pl.Series(rows + 1) if table.numbers is None else table.numbers[rows]
    origin = table.origin if isinstance(table.origin, str) else table.origin[rows]
    frame = table.frame.select(column for column in table.frame.columns if column in needed)[rows]
    usable = replace(table, frame=frame, numbers=numbers, origin=origin)
    shared = split(usable, spec.split, name, classes is not None, seed, None if family is None else family[rows])
    group = None
    if shared.group is not None:
        group = np.full(table.frame.height, -1, dtype=np.int64)
        group[rows] = shared.group
    return replace(shared, rows={part: rows[at] for part, at in shared.rows.items()}, group=group)
