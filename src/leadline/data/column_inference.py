"""What kind each column of a dataset is, and which columns cannot help a prediction."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl

from leadline.core import registry
from leadline.core.catalogue import say
from leadline.core.experiment import DataSpec
from leadline.data.columns.contract import ColumnContext, column_type
from leadline.data.columns.scalars.parsing import is_text
from leadline.data.sources.modalities import is_dead
from leadline.data.table import Progress, Table
from leadline.errors import DataError, UsageError, did_you_mean

SAMPLE = 2_000  # values that a kind is inferred from
_IDENTIFIER = re.compile(r"(^|[_\s.-])(id|ids|uuid|guid|index|idx|key|row|nr|no)$|^unnamed", re.IGNORECASE)
IDENTIFIER = "data.looks-like-identifier"  # the name of the sentence that says so
_COUNTER_ROWS = 20  # below, that whole numbers are all different says little


class Inferred(NamedTuple):
    """The kind of each column that can be used, and why each of the others is left out."""

    kinds: Mapping[str, str]
    left_out: Mapping[str, str]


def check_columns(named: Iterable[str], table: Table, where: str) -> None:
    """Raise UsageError, with the nearest names, where `named` has a column that the table lacks."""
    for name in named:
        if name not in table.frame.columns:
            raise UsageError(
                say(
                    "data.no-column",
                    where=where,
                    column=name,
                    table=table.name,
                    suggestion=did_you_mean(name, table.frame.columns),
                )
            )


def check_kinds(kinds: Mapping[str, str], where: str) -> None:
    """Raise UsageError, with the nearest names, where a kind is unknown."""
    known = registry.registered("columns")
    for column, kind in kinds.items():
        if kind not in known:
            raise UsageError(
                say("data.no-column-type", where=where, column=column, type=kind, suggestion=did_you_mean(kind, known))
            )


def kinds(
    table: Table,
    spec: DataSpec,
    columns: Iterable[str],
    *,
    asked: Iterable[str] = (),
    progress: Progress | None = None,
) -> Inferred:
    """Return the kinds of some columns: the user's, else the source's, else the one that is surest of a sample.

    Constant columns, identifiers and columns that no kind fits are left out, except for those that the user has named
    (`asked`). Raises UsageError for unknown columns or kinds in `spec.types`, DataError where a named column
    fits no kind.
    """
    check_columns(spec.types, table, "data.types")
    check_kinds(spec.types, "data.types")
    fixed = {**table.kinds, **spec.types}
    columns, asked = list(columns), set(asked)
    rows = np.linspace(0, table.frame.height - 1, min(table.frame.height, 2 * SAMPLE)).astype(np.int64)
    sample = table.frame.select(pl.col(name).gather(rows) for name in columns if name not in fixed)
    found, left_out = {}, {}
    for done, name in enumerate(columns, start=1):
        if progress:
            progress(say("stages.inferring-types"), done, len(columns))
        kind, why = (fixed[name], None) if name in fixed else _infer(table, name, sample[name], name in asked)
        if why is None:
            found[name] = kind
        elif name in asked:
            raise DataError(say("data.column-unusable", table=table.name, column=name, reason=why))
        else:
            left_out[name] = why
    return Inferred(found, left_out)


def _infer(table: Table, name: str, sample: pl.Series, asked: bool) -> tuple[str, str | None]:
    """Return the kind of a column and None, or why it has none."""
    column = table.frame[name]
    values = sample.drop_nulls()
    if len(values) < min(50, len(sample)):
        values = column.drop_nulls()
    if values.is_empty():
        return "", say("data.all-missing")
    values = values.head(SAMPLE)
    if not asked and (why := _says_nothing(column, values)):
        return "", why
    if 2 * values.n_unique() > len(values) and is_dead(values, table.base):
        return "", say("data.files-missing", example=shown(values[0]), folder=table.base or Path())
    context = ColumnContext(table.base)
    sure = {kind: column_type(kind).infer(values, context) for kind in registry.registered("columns")}
    best = max(sure, key=lambda kind: sure[kind])
    if sure[best] > 0:
        return best, None
    if is_text(column):
        return "", say("data.values-hardly-repeat")
    return "", say("data.no-type-fits", dtype=column.dtype)


def _says_nothing(column: pl.Series, values: pl.Series) -> str | None:
    """Return why a column cannot help a prediction, or None: a constant, or an identifier in whole numbers."""
    if column.dtype.is_nested() or column.dtype in (pl.Binary, pl.Object):
        return None
    if values.n_unique() == 1 and column.null_count() == 0 and column.n_unique() == 1:
        return say("data.only-value", value=shown(values[0]))
    if column.dtype.is_numeric() and _looks_like_identifier(column, values):
        return say(IDENTIFIER)
    return None


def _looks_like_identifier(column: pl.Series, values: pl.Series) -> bool:
    """Say whether whole numbers, stored as such or not, name the rows: all differ, and they count or are called so.

    A tenth may be missing, but then they must be called so, or count the rows.
    """
    if values.n_unique() < len(values) or column.null_count() > len(column) / 10:
        return False
    if column.dtype.is_float() and not bool((values == values.round()).all()):
        return False
    present = column.drop_nulls()
    if len(present) <= 2 or present.n_unique() < len(present):
        return False
    low, high = present.min(), present.max()
    assert isinstance(low, int | float)
    assert isinstance(high, int | float)
    if called_identifier(column.name) and (column.dtype.is_integer() or bool((present == present.round()).all())):
        return True
    ordered = column.dtype.is_integer() and len(present) == len(column) and column.is_sorted()
    return len(present) >= _COUNTER_ROWS and (high - low + 1 == len(column) or ordered)


def called_identifier(name: str) -> bool:
    """Say whether a column's name is that of an identifier."""
    return bool(_IDENTIFIER.search(name))


def shown(value: object) -> str:
    """Return a value as messages quote it, cut where it is long."""
    text = repr(value)
    return text if len(text) <= 60 else text[:59] + "…"
