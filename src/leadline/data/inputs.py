"""Which columns make up which input of the network."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np

from leadline.core.catalogue import say
from leadline.core.component import Component
from leadline.core.experiment import DataSpec, InputSpec
from leadline.core.schema import ColumnSchema, InputSchema, Schema
from leadline.core.wording import quoted
from leadline.data.column_inference import ROW_NUMBERS, check_columns, check_kinds, kinds
from leadline.data.columns.contract import ColumnContext, column_type, input_type
from leadline.data.table import Progress, Table
from leadline.errors import DataError, UsageError

SHOWN = 8  # columns that a note names
FITTED = 1 << 27  # values of all columns that are fitted at the same time
TABLE = "table"  # the kind of an input of scalar columns, and its name unless the user gives another


class Group(NamedTuple):
    """One input before it is fitted: ``table`` or a media kind, the kinds of its columns, and what the user asked
    for.
    """

    name: str
    kind: str
    columns: Mapping[str, str]
    augment: tuple[Component, ...] = ()
    options: Mapping[str, Any] = {}
    strong: tuple[Component, ...] | None = None


class InputLayout(NamedTuple):
    """All inputs, and why each column that is in none was left out; `judged` are those left out for what they hold,
    `doubts` what the user should know of how columns were taken.
    """

    groups: tuple[Group, ...]
    left_out: Mapping[str, str]
    judged: Mapping[str, str]
    doubts: tuple[str, ...] = ()


def input_layout(
    table: Table, spec: DataSpec, taken: Mapping[str, str], progress: Progress | None = None
) -> InputLayout:
    """Share the columns of a table among inputs.

    Each media column is an input of its own, all scalar columns together are ``table``. Where an entry of `spec.inputs`
    names its columns, the inputs are those of `spec.inputs` and no others; otherwise its entries only say how inputs
    are prepared. Columns that are `taken`, for the reasons given (one is the target, say), those that the split comes
    from and ignored ones are left out. Raises UsageError for unknown columns and kinds, and for entries that fit no
    column; DataError where nothing is left.
    """
    entries = {name: _with_columns(name, one, table) for name, one in (spec.inputs or {}).items()}
    named = [column for one in entries.values() for column in one.columns or ()]
    wanted = {*named, *(spec.columns or ())}
    _check(table, spec, taken, wanted, entries)
    closed = any(one.columns for one in (spec.inputs or {}).values())
    rest = any(one.columns is None for one in entries.values())
    left_out = _not_inputs(table, spec, taken, wanted)
    candidates = named if closed and not rest else [c for c in table.frame.columns if c not in left_out]
    own = {column: kind for column, kind in spec.types.items() if column not in taken}
    spec = spec.model_copy(update={"types": {**own, **_entry_kinds(entries)}})
    inferred = kinds(table, spec, candidates, asked=wanted, progress=progress)
    alone = {column for column, why in inferred.left_out.items() if why == say(ROW_NUMBERS)}
    if alone and not inferred.kinds:  # what merely counts may mean something, where there is nothing else
        inferred = kinds(table, spec, candidates, asked=wanted | alone, progress=progress)
    left_out |= inferred.left_out
    groups = tuple(_groups(entries, inferred.kinds, closed=closed))
    used = {column for group in groups for column in group.columns}
    left_out |= {c: say("data.reason-in-no-input") for c in table.frame.columns if c not in used and c not in left_out}
    names = [group.name for group in groups]
    for name in names:
        if names.count(name) > 1:
            raise UsageError(say("data.input-name-twice", name=name))
    if not groups:
        reasons = "; ".join(f"{column!r}: {why}" for column, why in left_out.items())
        of = ", ".join(map(repr, taken))
        raise DataError(say("data.no-input-column", table=table.name, targets=of, reasons=reasons))
    return InputLayout(groups, left_out, inferred.left_out, inferred.doubts)


def groups_of(schema: Schema, spec: DataSpec) -> tuple[Group, ...]:
    """Return the inputs of a schema as they were before they were fitted."""
    asked = spec.inputs or {}
    return tuple(
        Group(
            one.name,
            one.kind,
            {f.name: f.kind for f in one.fields},
            one.augment,
            asked.get(one.name, InputSpec()).options,
            one.strong,
        )
        for one in schema.inputs
    )


def notes(plan: InputLayout) -> tuple[str, ...]:
    """Return, in words, which columns were left out for what they hold, and how to take them in all the same."""
    by_reason: dict[str, list[str]] = {}
    for column, why in plan.judged.items():
        by_reason.setdefault(why, []).append(column)
    left_out = (
        say("data.left-out", columns=quoted(columns, SHOWN), reason=why, column=columns[0])
        for why, columns in by_reason.items()
    )
    return (*plan.doubts, *left_out)


def fit(group: Group, table: Table, train: np.ndarray, progress: Progress | None = None) -> InputSchema:
    """Return an input with its fields fitted on the train rows."""
    context = ColumnContext(table.base, group.options)

    def one(column: tuple[str, str]) -> ColumnSchema:
        name, kind = column
        return ColumnSchema(name=name, kind=kind, state=column_type(kind).fit(table.frame[name][train], context))

    # Each column that is being fitted is held in memory.
    threads = min(os.cpu_count() or 1, max(1, FITTED // max(len(train), 1)))
    fields = []
    pool = ThreadPoolExecutor(threads)
    try:
        for field in pool.map(one, group.columns.items()):
            fields.append(field)
            if progress:
                progress(say("stages.fitting", input=group.name), len(fields), len(group.columns))
    finally:
        pool.shutdown(cancel_futures=True)
    shape = tuple(input_type(group.kind).shape(fields))
    return InputSchema(
        name=group.name, kind=group.kind, fields=tuple(fields), shape=shape, augment=group.augment, strong=group.strong
    )


def _with_columns(name: str, entry: InputSpec, table: Table) -> InputSpec:
    """Return an entry with its columns: an entry without any is about the column of its own name, or is the rest of the
    table.
    """
    if entry.columns or (name not in table.frame.columns and TABLE in (name, entry.type)):
        return entry
    column = next((c for c in table.frame.columns if _input_name(c) == name), name)
    check_columns((column,), table, f"data.inputs.{name}")
    return entry.model_copy(update={"columns": (column,)})


def _check(
    table: Table,
    spec: DataSpec,
    taken: Mapping[str, str],
    asked: Iterable[str],
    entries: Mapping[str, InputSpec],
) -> None:
    check_columns(spec.ignore, table, "⟦data.ignore⟧")
    check_columns(spec.columns or (), table, "⟦data.columns⟧")
    check_columns([spec.split.column] if spec.split.column else [], table, "⟦data.split⟧")
    for name, entry in entries.items():
        check_columns(entry.columns or (), table, f"data.inputs.{name}.columns")
        if entry.type not in (None, TABLE):
            check_kinds({name: str(entry.type)}, "data.inputs")
    named = [column for entry in entries.values() for column in entry.columns or ()]
    twice = [column for column in named if named.count(column) > 1]
    if twice:
        raise UsageError(say("data.column-in-two-inputs", column=twice[0]))
    for column in asked:
        if column in taken:
            raise UsageError(say("data.column-taken", column=column, reason=taken[column]))
    both = [column for column in asked if column in spec.ignore]
    if both:
        raise UsageError(say("data.input-ignored", column=both[0]))


def _not_inputs(table: Table, spec: DataSpec, taken: Mapping[str, str], asked: Iterable[str]) -> dict[str, str]:
    """Return the columns that no input may have unless the user names them, each with the reason."""
    reasons = dict.fromkeys(spec.ignore, say("data.reason-ignored"))
    if spec.columns is not None:
        reasons |= {c: say("data.reason-not-selected") for c in table.frame.columns if c not in asked}
    if spec.split.column and spec.split.column not in asked:
        reasons[spec.split.column] = say("data.reason-split")
    if table.split:
        reasons[table.split] = say("data.reason-split")
    return reasons | dict(taken)


def _entry_kinds(entries: Mapping[str, InputSpec]) -> dict[str, str]:
    found = {}
    for name, entry in entries.items():
        if entry.type in (None, TABLE):
            continue
        if not entry.columns or (len(entry.columns) > 1 and not column_type(str(entry.type)).scalar):
            raise UsageError(
                say("data.input-of-one-column", name=name, type=entry.type, columns=len(entry.columns or ()))
            )
        found.update(dict.fromkeys(entry.columns, str(entry.type)))
    return found


def _groups(entries: Mapping[str, InputSpec], found: Mapping[str, str], *, closed: bool) -> Iterator[Group]:
    named = {column for entry in entries.values() for column in entry.columns or ()}
    free = {column: kind for column, kind in found.items() if column not in named}
    media = {column: kind for column, kind in free.items() if not column_type(kind).scalar}
    scalars = {column: kind for column, kind in free.items() if column not in media}
    for name, entry in entries.items():
        columns = {c: found[c] for c in entry.columns} if entry.columns else scalars
        own = [kind for kind in columns.values() if not column_type(kind).scalar]
        if own and len(columns) > 1:
            raise UsageError(say("data.entry-type-of-own-input", name=name, type=own[0]))
        if columns:
            yield Group(name, own[0] if own else TABLE, columns, entry.augment, entry.options, entry.strong)
        if not entry.columns:
            scalars = {}
    if not closed:
        for column, kind in media.items():
            yield Group(_input_name(column), kind, {column: kind})
        if scalars:
            yield Group(TABLE, TABLE, scalars)


def _input_name(column: str) -> str:
    return column.replace(".", "_")  # torch's names of modules have no dots
