"""The column that is predicted: which one it is, what kind it is of, and its encoded values."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import polars as pl
import torch
from torch import Tensor

from leadline.data.encode import PROBLEMS, Progress, encode
from leadline.data.fields.contract import Context, State, field_of
from leadline.data.fields.number import LARGEST
from leadline.data.fields.text import as_numbers, as_text, clean
from leadline.data.infer import check_columns, check_kinds, shown
from leadline.data.table import Table
from leadline.errors import DataError, UsageError
from leadline.facts.experiment import DataSpec
from leadline.facts.schema import FieldSchema

FEW = 20  # different whole numbers that are taken for classes
MANY = 1_000  # classes, where they are numbered without a gap and about equally frequent
DOUBTFUL = 1_000  # different whole numbers up to which the user is told what they are taken for
BLURRED = 0.03  # of the spread of a target may be lost by rounding to float32
MOSTLY = 0.9  # of a text column's values are numbers: then the others are mistakes
_NAMES = ("label", "target", "class", "y")
_ELSE = "--target names another column."


class Choice(NamedTuple):
    """The target's column and kind (``category``, ``boolean`` or ``number``), and what the user should know about the choice."""

    name: str
    kind: str
    note: str | None = None


class Target(NamedTuple):
    """The encoded target: class numbers (N,) int64 or values (N,) float32, and the rows where it is missing or invalid."""

    values: Tensor
    problems: pl.DataFrame


def find(table: Table, spec: DataSpec) -> str | None:
    """Return the target's column: the user's, the source's, or the only one named label, target, class or y; None without one.

    Raises UsageError where the column that the user named is not there.
    """
    if isinstance(spec.target, str):
        check_columns((spec.target,), table, "--target")
        return spec.target
    if table.target is not None:
        return table.target
    named = [name for name in table.frame.columns if name.strip().lower() in _NAMES]
    return named[0] if len(named) == 1 else None


def choose(table: Table, spec: DataSpec) -> Choice:
    """Return the target and its kind: the user's, the source's, or classes for text and few whole numbers, else a quantity.

    Whole numbers are classes where there are at most `FEW` different ones, each three times on average, or where they count
    from 0 or 1 without a gap and are about equally frequent, as numbered classes are and counts of things are not. Raises
    DataError where there is no target or the column cannot be one, UsageError for an unknown column or kind.
    """
    name = find(table, spec)
    if name is None:
        columns = ", ".join(table.frame.columns)
        raise DataError(f"{table.name}: which column is to be predicted? --target names it. Columns: {columns}.")
    check_kinds(spec.kinds, "data.kinds")
    values = _values(table, name)
    fixed = {**table.kinds, **spec.kinds}.get(name)
    if fixed is not None:
        if not field_of(fixed).scalar or fixed == "date":
            raise UsageError(f"data.kinds.{name}: a target is a number, a category or a boolean, not {fixed!r}.")
        return Choice(name, fixed)
    if values.dtype == pl.Boolean:
        return Choice(name, "category")
    numbers = _numbers(values)
    if values.dtype.is_numeric() and numbers.is_empty():
        raise DataError(f"{table.name}: no value of the target {name!r} is a finite number. {_ELSE}")
    if len(numbers) < len(values) and not values.dtype.is_numeric():
        wrong_here_and_there = len(numbers) >= MOSTLY * len(values) and numbers.n_unique() > FEW
        return Choice(name, "number") if wrong_here_and_there else _classes(table, name, values)
    if not _whole(numbers):
        return Choice(name, "number")
    return _whole_numbers(name, numbers)


def present(column: pl.Series, kind: str) -> np.ndarray:
    """Return where a column has a usable target (N,): bool."""
    there = as_numbers(column).is_finite().fill_null(False) if kind == "number" else as_text(column).is_not_null()
    return there.to_numpy()


def fit(table: Table, choice: Choice, train: np.ndarray) -> FieldSchema:
    """Return the target's field, fitted on some rows.

    Raises DataError for numbers so close together, for their size, that rounding to float32 would blur them.
    """
    state = dict(field_of(choice.kind).fit(table.frame[choice.name][train], Context(table.base)))
    if "offset" in state:
        state["offset"] = 0.0  # a target is in its own unit: objectives and measures read it as it is
        _check_not_blurred(table, choice.name, table.frame[choice.name][train], state)
    return FieldSchema(name=choice.name, kind=choice.kind, state=state)


def _check_not_blurred(table: Table, name: str, column: pl.Series, state: State) -> None:
    values = as_numbers(column)
    values_N = values.filter(values.is_finite()).to_numpy().clip(-LARGEST, LARGEST)
    lost = float(np.sqrt(np.mean((values_N - values_N.astype(np.float32)) ** 2))) if len(values_N) else 0.0
    if 0 < BLURRED * state["std"] < lost:  # a constant is refused elsewhere, in its own words
        raise DataError(
            f"{table.name}: the target {name!r} varies by about {state['std']:.3g} around {state['mean']:.6g}; float32, which "
            f"networks compute with, would round it by {lost:.3g}. Subtract a constant from it, such as {state['median']:.6g}."
        )


def encoded(table: Table, field: FieldSchema, progress: Progress | None = None) -> Target:
    """Return the target of all rows; the values of rows listed in `problems` are undefined."""
    columns = encode(table, (field,), field.name, progress)
    raw = np.asarray(columns.values[:, 0])
    column = table.frame[field.name]
    there = present(column, field.kind)
    if "classes" in field.state:
        # the codes of a category start at 1: 0 is one that was not there to be fitted
        number = np.nan_to_num(raw, nan=-1.0).astype(np.int64) - (field.kind == "category")
        values = torch.from_numpy(number)
        wrong = number < 0
    else:
        values = torch.from_numpy(raw.copy())
        wrong = ~np.isfinite(raw)
    told = set(columns.problems["row"].to_list())
    problems = [
        (row, field.name, f"{shown(column[row])} does not occur in the train rows" if there[row] else "the target is missing")
        for row in np.flatnonzero(wrong).tolist()
        if row not in told
    ]
    more = pl.DataFrame(problems, schema=PROBLEMS, orient="row")
    return Target(values, pl.concat([columns.problems, more]))


def _values(table: Table, name: str) -> pl.Series:
    """Return the values that are there; raises DataError where they cannot be a target."""
    column = table.frame[name]
    if column.dtype.is_nested() or column.dtype in (pl.Binary, pl.Object) or column.dtype.is_temporal():
        raise DataError(f"{table.name}: the target {name!r} holds neither classes nor numbers but {column.dtype}. {_ELSE}")
    values = column.drop_nans().drop_nulls() if column.dtype.is_float() else clean(column).drop_nulls()
    if values.is_empty():
        raise DataError(f"{table.name}: every value of the target {name!r} is missing. {_ELSE}")
    if values.n_unique() == 1:
        only = shown(values[0])
        raise DataError(f"{table.name}: the target {name!r} has only one value, {only}: there is nothing to learn. {_ELSE}")
    return values


def _classes(table: Table, name: str, values: pl.Series) -> Choice:
    different = values.n_unique()
    if different > max(FEW, len(values) // 2):
        raise DataError(
            f"{table.name}: the target {name!r} has {different:,} different texts in {len(values):,} rows, too many for classes. "
            f"{_ELSE} --set data.kinds.{name}=category takes them for classes all the same."
        )
    return Choice(name, "category")


def _whole_numbers(name: str, numbers: pl.Series) -> Choice:
    whole = numbers.cast(pl.Int64).to_numpy()
    different, counts = np.unique(whole, return_counts=True)
    few = len(different) <= max(2, min(FEW, len(whole) // 3))
    numbered = different[0] in (0, 1) and different[-1] - different[0] + 1 == len(different)
    even = counts.min() >= 0.1 * counts.mean()
    if few or (numbered and even and len(different) <= min(MANY, len(whole) // FEW)):
        kind, so = "category", f"classes; --set data.kinds.{name}=number predicts a quantity"
    else:
        kind, so = "number", f"a quantity; --set data.kinds.{name}=category makes them classes"
    note = f"The {len(different)} different whole numbers of {name!r} are taken for {so}."
    return Choice(name, kind, note if len(different) <= DOUBTFUL else None)


def _numbers(values: pl.Series) -> pl.Series:
    """Return those values that are finite numbers, written as text or not, as float64."""
    numbers = as_numbers(values).drop_nulls()
    return numbers.filter(numbers.is_finite())


def _whole(numbers: pl.Series) -> bool:
    values = numbers.to_numpy()
    return bool(np.all(values == np.rint(values)) and np.abs(values).max() < 2**53)
