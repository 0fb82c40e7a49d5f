"""What kind each column of a dataset is, and which columns cannot help a prediction."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
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
_SORTED = 100_000  # rows up to which these are the same whatever the order of the rows
_IDENTIFIER = re.compile(r"(^|[_\s.-])(id|ids|uuid|guid|index|idx|key|row|nr|no)$|^unnamed", re.IGNORECASE)
IDENTIFIER = "data.looks-like-identifier"  # the names of the sentences that say so
ROW_NUMBERS = "data.numbers-rows"
_COUNTER_ROWS = 20  # below, that whole numbers are all different says little


class Inferred(NamedTuple):
    """The kind of each column that can be used, why each of the others is left out, and what the user should know of
    columns that are not what most of their values look like.
    """

    kinds: Mapping[str, str]
    left_out: Mapping[str, str]
    doubts: tuple[str, ...] = ()


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


def check_trained_columns(named: Iterable[str], table: Table) -> None:
    """Raise DataError where new rows lack columns that the network was trained on."""
    missing = [name for name in named if name not in table.frame.columns]
    if missing:
        raise DataError(
            say(
                "data.lacks-columns",
                table=table.name,
                count=len(missing),
                columns=", ".join(map(repr, missing)),
                available=", ".join(table.frame.columns),
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
    series: bool = False,
    progress: Progress | None = None,
) -> Inferred:
    """Return the kinds of some columns: the user's, else the source's, else the one that is surest of a sample.

    Constant columns, identifiers and columns that no kind fits are left out, except for those that the user has named
    (`asked`). Of a `series` whole numbers that all differ are variables: counts that add up are forecast. What is found
    does not depend on the order of rows, in tables of up to 100,000.

    Raises UsageError for unknown columns or kinds in `spec.types`, DataError where a named column fits no kind.
    """
    check_columns(spec.types, table, "data.types")
    check_kinds(spec.types, "data.types")
    fixed = {**table.kinds, **spec.types}
    columns, asked = list(columns), set(asked)
    sampled = _sample(table.frame, [name for name in columns if name not in fixed])
    found, left_out, doubts = {}, {}, list[str]()
    for done, name in enumerate(columns, start=1):
        if progress:
            progress(say("stages.inferring-types"), done, len(columns))
        if name in fixed:
            kind = fixed[name]
            kept = name in spec.types or name in asked or not column_type(kind).scalar
            why = None if kept else _without_values(table.frame[name])
        else:
            kind, why = _infer(table, name, sampled(name), asked=name in asked, series=series)
            doubts += missed(sampled(name), kind)
        if why is None:
            found[name] = kind
        elif name in asked:
            raise DataError(say("data.column-unusable", table=table.name, column=name, reason=why))
        else:
            left_out[name] = why
    return Inferred(found, left_out, tuple(doubts))


def missed(values: pl.Series, kind: str) -> Iterator[str]:
    """Yield what other kinds say of values that look like theirs."""
    for other in registry.registered("columns"):
        if other != kind and (said := column_type(other).missed(values)):
            yield said


def _sample(frame: pl.DataFrame, columns: Sequence[str]) -> Callable[[str], pl.Series]:
    """Return what gives some present values of a column: the same ones whatever the order of rows, where these are not
    too many to be sorted; else those of rows that are evenly spaced.
    """
    if frame.height <= _SORTED:
        return lambda name: _shuffled(frame[name].drop_nulls())
    rows = np.linspace(0, frame.height - 1, 2 * SAMPLE).astype(np.int64)
    spaced = frame.select(pl.col(columns).gather(rows))

    def values(name: str) -> pl.Series:
        present = spaced[name].drop_nulls()
        present = frame[name].drop_nulls() if len(present) < min(50, len(spaced)) else present
        return present[np.linspace(0, len(present) - 1, SAMPLE).astype(np.int64)] if len(present) > SAMPLE else present

    return values


def _shuffled(present: pl.Series) -> pl.Series:
    """Return as many values as are looked at, drawn from the sorted ones; of values without an order, evenly spaced
    ones.
    """
    if len(present) <= SAMPLE:
        return present
    if present.dtype.is_nested() or present.dtype in (pl.Binary, pl.Object):
        return present[np.linspace(0, len(present) - 1, SAMPLE).astype(np.int64)]
    rows = np.random.default_rng(0).choice(len(present), SAMPLE, replace=False, shuffle=False)
    return present.sort()[np.sort(rows)]


def _infer(table: Table, name: str, values: pl.Series, *, asked: bool, series: bool) -> tuple[str, str | None]:
    """Return the kind of a column, by some of its `values`, and None, or why it has none."""
    column = table.frame[name]
    if values.is_empty():
        return "", say("data.all-missing")
    if not asked and (why := _says_nothing(column, values, series)):
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


def _without_values(column: pl.Series) -> str | None:
    """Return why a scalar column whose kind the source says cannot help a prediction, or None."""
    if column.null_count() == len(column):
        return say("data.all-missing")
    different = column.n_unique()
    if different == 1:
        return say("data.only-value", value=shown(column[0]))
    return say("data.values-hardly-repeat") if len(column) >= _COUNTER_ROWS and different > 0.9 * len(column) else None


def _says_nothing(column: pl.Series, values: pl.Series, series: bool) -> str | None:
    """Return why a column cannot help a prediction, or None: a constant, or whole numbers that name or count the
    rows.
    """
    if column.dtype.is_nested() or column.dtype in (pl.Binary, pl.Object):
        return None
    if values.n_unique() == 1 and column.null_count() == 0 and column.n_unique() == 1:
        return say("data.only-value", value=shown(values[0]))
    if not column.dtype.is_numeric() or not _all_differ(column, values):
        return None
    named, numbers = called_identifier(column.name), _numbers_rows(column)
    if (named and numbers) if series else named:
        return say(IDENTIFIER)
    return say(ROW_NUMBERS) if numbers and not series else None


def _all_differ(column: pl.Series, values: pl.Series) -> bool:
    """Say whether a column holds whole numbers, stored as such or not, no two of which are equal; a tenth may be
    missing.
    """
    if values.n_unique() < len(values) or column.null_count() > len(column) / 10:
        return False
    if column.dtype.is_float() and not bool((values == values.round()).all()):
        return False
    present = column.drop_nulls()
    if len(present) <= 2 or present.n_unique() < len(present):
        return False
    return column.dtype.is_integer() or bool((present == present.round()).all())


def _numbers_rows(column: pl.Series) -> bool:
    """Say whether numbers that all differ are those of the rows, from 0 or from 1, in whatever order."""
    low, high = column.min(), column.max()
    assert isinstance(low, int | float)
    assert isinstance(high, int | float)
    return len(column) >= _COUNTER_ROWS and low in (0, 1) and high - low + 1 == len(column)


def called_identifier(name: str) -> bool:
    """Say whether a column's name is that of an identifier."""
    return bool(_IDENTIFIER.search(name))


def shown(value: object) -> str:
    """Return a value as messages quote it, cut where it is long."""
    text = repr(value)
    return text if len(text) <= 60 else text[:59] + "…"
