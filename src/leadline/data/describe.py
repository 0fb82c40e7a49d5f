"""What each column of a dataset is and holds, in a line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import polars as pl

from leadline.core.catalogue import say
from leadline.core.schema import ColumnSchema, Schema
from leadline.core.wording import number
from leadline.data.columns.texts import pretokenized
from leadline.data.table import Table
from leadline.data.targets.rows import parts

_CLASSES = 6  # names shown
_NAMED = {"classes": "data.described-classes", "labels": "data.described-labels", "tags": "data.described-tags"}
_WIDTH = 80  # characters
LOOK = 100  # lists among which one is looked for that can be shown


class ColumnDescription(NamedTuple):
    """One column: its kind (empty where it is not used), what it is used as, how many values are missing, and what they
    are.
    """

    name: str
    kind: str
    role: str
    missing: int
    values: str


def describe(table: Table, schema: Schema, left_out: Mapping[str, str]) -> tuple[ColumnDescription, ...]:
    """Return a line for each column of the table; the values are those of the rows that its field was fitted on."""
    fields = {
        field.name: (say("data.role-input", input=one.name), field, one.shape)
        for one in schema.inputs
        for field in one.fields
    }
    for target in () if schema.target is None else parts(schema.target):
        for name in target.columns:
            own = fields.get(name)  # a text may be both
            fields[name] = (
                ("target", target, ()) if own is None else (say("data.role-input-and-target", input=own[0]), *own[1:])
            )
    missing = _missing(table.frame)
    lines, targets = [], () if schema.target is None else schema.target.columns
    for name in table.frame.columns:
        if name in fields:
            role, field, shape = fields[name]
            lines.append(
                ColumnDescription(
                    name, field.kind, role, missing[name], _values(field, shape, table.frame[name], name in targets)
                )
            )
        else:
            role = say("data.role-left-out", reason=left_out.get(name) or say("data.not-an-input"))
            lines.append(ColumnDescription(name, "", role, missing[name], ""))
    return tuple(lines)


def _missing(frame: pl.DataFrame) -> Mapping[str, int]:
    # One column at a time: of a whole frame, polars would make all intermediate columns at once.
    return {
        column.name: column.null_count() + (int(column.is_nan().sum()) if column.dtype.is_float() else 0)
        for column in frame
    }


def _values(field: ColumnSchema, shape: tuple[int, ...], column: pl.Series, is_target: bool) -> str:
    state = field.state
    for key, sentence in _NAMED.items():
        if key in state:
            names = [str(name) for name in state[key]]
            shown = ", ".join(names[:_CLASSES]) + (", …" if len(names) > _CLASSES else "")
            own = "data.described-categories" if key == "classes" and not is_target else sentence
            return _short(say(own, count=len(names), names=shown))
    if {"min", "max", "mean"} <= state.keys():
        low, high, mean = (number(float(state[name])) for name in ("min", "max", "mean"))
        return say("data.described-range", low=low, high=high, mean=mean)
    if len(shape) > 1:
        return " × ".join(map(str, shape))
    plain = pretokenized.are_lists(column) and not column.dtype.inner.is_nested()  # type: ignore[attr-defined]
    present = (pretokenized.as_given(column[:LOOK]) if plain else column).drop_nulls()
    if not len(present):
        return ""
    first = present[0]
    return _short(say("data.described-example", value=first.to_list() if isinstance(first, pl.Series) else first))


def _short(text: str) -> str:
    return text if len(text) <= _WIDTH else text[: _WIDTH - 1] + "…"
