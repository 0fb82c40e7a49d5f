"""What is decided before anything is encoded: target, split, inputs, and the fields fitted on the train rows.

Shapes in names: N rows of the dataset.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import polars as pl

from leadline.core.catalogue import say
from leadline.core.experiment import DataSpec
from leadline.core.schema import ColumnSchema, LabelRequirement, Schema
from leadline.data import inputs, sample_weights, targets
from leadline.data.checks import duplicate_groups, file_sources, warnings
from leadline.data.column_inference import check_columns, check_trained_columns
from leadline.data.input_matching import as_fitted_before
from leadline.data.sources.split_names import to_split_names
from leadline.data.splits import label_subset
from leadline.data.splits.assign import Split, dependence, split
from leadline.data.splits.together import Together
from leadline.data.table import Progress, Table
from leadline.data.targets.class_counts import with_class_counts
from leadline.data.targets.contract import target_type
from leadline.errors import DataError, UsageError


class Preparation(NamedTuple):
    """What is decided before anything is encoded."""

    schema: Schema
    splits: Mapping[str, np.ndarray]
    by: str
    group: np.ndarray | None
    notes: tuple[str, ...]
    left_out: Mapping[str, str]
    weight: np.ndarray | None = None
    family: np.ndarray | None = None
    hidden: np.ndarray | None = None  # train rows whose label nobody is to see
    drawn: frozenset[str] = frozenset()  # parts whose rows were drawn at random beside the train rows


def fitted(
    table: Table,
    spec: DataSpec,
    seed: int,
    target_types: targets.TargetTypes | None,
    labels: LabelRequirement,
    progress: Progress | None,
    known: Schema | None = None,
) -> Preparation:
    """Decide everything from the data: target, split, inputs; fit the fields on the train rows.

    Inputs that a `known` schema has are not fitted anew.
    """
    choice = (
        targets.choose_any(table, spec, target_types) if labels == "none" else targets.choose(table, spec, target_types)
    )
    weight = sample_weights.column_of(table, spec)
    if choice is not None and weight in choice.columns:
        raise UsageError(say("data.weight-is-target", column=weight))
    told: list[str] = [*choice.notes] if choice is not None else []
    if choice is not None:
        spec, told_of_inputs = target_type(choice.kind).fitting.with_inputs(table, spec, choice)
        told += told_of_inputs
    taken = dict.fromkeys(target_type(choice.kind).fitting.taken(choice) if choice else (), say("data.reason-target"))
    taken |= targets.none_taken(table, spec)
    told += targets.none_notes(table, spec)
    taken |= {weight: say("data.reason-weight")} if weight else {}
    plan = inputs.input_layout(table, spec, taken, progress)
    together = _together(table, spec, plan.groups, choice, progress)
    own = label_subset.label_subset(
        table, spec, choice, _split(table, spec, choice, seed, together, labels), seed, labels
    )
    shared, train = own.split, own.split.rows["train"]
    goal, positive = None, tuple[str, ...]()
    if choice is not None:
        goal, positive = with_class_counts(table, targets.fit(table, choice, own.known), own.known, spec.positive)
        if labels == "some":
            goal, more = _some_labelled(goal, len(train))
            positive += more
    schema = Schema(inputs=tuple(inputs.fit(group, table, train, progress) for group in plan.groups), target=goal)
    schema = targets.bind(as_fitted_before(schema, known, [group.name for group in plan.groups if group.options]))
    weighed = (say("data.weighted", column=weight),) if weight else ()
    doubts = (
        warnings.before_training(table, spec, choice, plan, own.known, together.near)
        if choice is not None and labels != "none"
        else ()
    )
    weight_N = sample_weights.read(table, weight, train) if weight else None
    said = (*told, *positive, *weighed, *shared.notes, *own.notes, *inputs.notes(plan), *doubts)
    return Preparation(
        schema,
        dict(shared.rows),
        shared.by,
        shared.group,
        said,
        plan.left_out,
        weight_N,
        together.near,
        own.hidden,
        shared.drawn,
    )


def given(
    table: Table,
    spec: DataSpec,
    seed: int,
    schema: Schema,
    progress: Progress | None,
    *,
    resplit: bool,
    labelled: bool,
    labels: LabelRequirement,
) -> Preparation:
    """Take everything from a schema; only the rows' parts come from the data."""
    check_trained_columns((field.name for one in schema.inputs for field in one.fields), table)
    field = schema.target
    if resplit and (field or labels == "none"):
        check_columns(field.columns if field else (), table, "data.target")
        together = _together(table, spec, inputs.groups_of(schema, spec), field, progress)
        shared, hidden, said = label_subset.label_subset(
            table, spec, field, _split(table, spec, field, seed, together, labels), seed, labels
        )
        return Preparation(
            schema,
            dict(shared.rows),
            shared.by,
            shared.group,
            (*shared.notes, *said),
            {},
            family=together.near,
            hidden=hidden,
            drawn=shared.drawn,
        )
    everything = np.arange(table.frame.height)
    column = (
        spec.split.column if spec.split.by == "column" and spec.split.column in table.frame.columns else table.split
    )
    if column is None or not labelled:
        group = _dependence(table, spec, schema, [everything]) if labelled else None
        return Preparation(schema, {"all": everything}, say("splits.none"), group, (), {})
    names = to_split_names(table.frame[column])
    if names.null_count():
        value = table.frame[column].filter(names.is_null())[0]
        raise DataError(say("data.unknown-subset", table=table.name, column=column, value=value))
    splits = {name: everything[(names == name).fill_null(False).to_numpy()] for name in ("train", "validation", "test")}
    splits = {name: rows for name, rows in splits.items() if len(rows)}
    group = _dependence(table, spec, schema, list(splits.values()))
    return Preparation(schema, splits, say("splits.by-column", column=column), group, (), {})


def _dependence(table: Table, spec: DataSpec, schema: Schema, splits: Sequence[np.ndarray]) -> np.ndarray | None:
    """Return numbers (N,) that are equal for rows of one group, block of time or source of files; None where there are
    none.
    """
    group = dependence(table, spec.split, splits)
    if group is not None or spec.split.file_groups != "together":
        return group
    files = _file_groups(table, inputs.groups_of(schema, spec), schema.target)
    return None if files is None else files.number_N


def _some_labelled(goal: ColumnSchema, rows: int) -> tuple[ColumnSchema, tuple[str, ...]]:
    """Return a target with how many of so many train rows are `unlabelled`, where that is known, and a note where none
    are.
    """
    known = target_type(goal.kind).fitting.known(goal.state)
    if known is None:
        return goal, ()
    free = rows - known
    said = say("data.all-labelled", target=goal.name)
    return goal.model_copy(update={"state": {**goal.state, "unlabelled": free}}), (said,) * (free == 0)


def _together(
    table: Table,
    spec: DataSpec,
    groups: Sequence[inputs.Group],
    target: targets.TargetSelection | ColumnSchema | None,
    progress: Progress | None,
) -> Together:
    """Return which rows a split that is drawn keeps together."""
    columns = () if target is None else target.columns
    near = None
    if spec.split.near_duplicates == "together":
        near = duplicate_groups.duplicate_groups(table, groups, columns, progress)
    drawn = spec.split.by not in ("group", "time") and spec.split.file_groups == "together"
    return Together(near, _file_groups(table, groups, target) if drawn else None)


def _file_groups(
    table: Table, groups: Sequence[inputs.Group], target: targets.TargetSelection | ColumnSchema | None
) -> file_sources.FileGroups | None:
    """Return which rows are of one speaker, patient or clip, by the names of their files."""
    quantity = target is not None and target_type(target.kind).encoding.quantity
    columns = () if target is None else target.columns
    return file_sources.find(table.frame, [group.columns for group in groups], columns, quantity=quantity)


def _split(
    table: Table,
    spec: DataSpec,
    target: targets.TargetSelection | ColumnSchema | None,
    seed: int,
    together: Together,
    labels: LabelRequirement,
) -> Split:
    """Split the rows that have a target; row numbers and groups are those of the whole table.

    Where rows without one are learnt from too, they train, unless the source says that they do not; where no row needs
    one, all rows are split.
    """
    there = np.ones(table.frame.height, dtype=bool) if target is None else targets.present(table.frame, target)
    if target is None or (labels == "none" and not there.all()):
        return _shared(table, spec, np.arange(len(there)), None, seed, together)
    rows = np.flatnonzero(there)
    if not len(rows):
        raise DataError(say("data.no-target-values", table=table.name, target=target.name))
    shared = _shared(table, spec, rows, target, seed, together)
    if labels != "some" or there.all():
        return shared
    free = np.flatnonzero(~there)
    column = spec.split.column if spec.split.by == "column" else table.split
    if column is not None:
        free = free[(to_split_names(table.frame[column][free]) == "train").fill_null(False).to_numpy()]
    train = np.sort(np.concatenate([shared.rows["train"], free]))
    note = say(
        "data.learned-unlabelled-split" if column is None else "data.learned-unlabelled",
        unlabelled=len(free),
        rows=len(train),
        target=target.name,
    )
    return replace(shared, rows={**shared.rows, "train": train}, notes=(*shared.notes, note))


def _shared(
    table: Table,
    spec: DataSpec,
    rows: np.ndarray,
    target: targets.TargetSelection | ColumnSchema | None,
    seed: int,
    together: Together,
) -> Split:
    """Split some rows, by their positions in the table; where the target is classes, each keeps its share."""
    stratum = None if target is None else targets.stratum(target)
    name = None if stratum is None else stratum.column
    needed = {name, target.columns[0] if target else table.frame.columns[0], table.split, spec.split.column} - {None}
    numbers = pl.Series(rows + 1) if table.numbers is None else table.numbers[rows]
    origin = table.origin if isinstance(table.origin, str) else table.origin[rows]
    frame = table.frame.select(column for column in table.frame.columns if column in needed)[rows]
    usable = replace(table, frame=frame, numbers=numbers, origin=origin)
    shared = split(
        usable,
        spec.split,
        name,
        stratum is not None and stratum.classes,
        seed,
        together.of(rows),
    )
    group = None
    if shared.group is not None:
        group = np.full(table.frame.height, -1, dtype=np.int64)
        group[rows] = shared.group
    return replace(shared, rows={part: rows[at] for part, at in shared.rows.items()}, group=group)
