"""Which columns are predicted, and what they are taken for: classes, a quantity, labels, probabilities, or several
targets.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import polars as pl

from leadline.core.experiment import DataSpec
from leadline.data.column_inference import check_columns, check_kinds, shown
from leadline.data.columns import labels
from leadline.data.columns.contract import ColumnContext
from leadline.data.columns.scalars.parsing import as_numbers, clean, is_text
from leadline.data.table import Table
from leadline.data.targets import probability_columns, token_targets
from leadline.errors import DataError, UsageError

FEW = 20  # different whole numbers that are taken for classes
MANY = 1_000  # classes, where they are numbered without a gap and about equally frequent
DOUBTFUL = 1_000  # different whole numbers up to which the user is told what they are taken for
MOSTLY = 0.9  # of a text column's values are numbers: then the others are mistakes
KINDS = ("number", "category", "boolean", "labels", "count", "probabilities", "tags", "text")
ONLY_TARGETS = ("count", "probabilities", "tags")
NONE = "none"  # in the place of a target's name, where there is to be none, unless a column is called so
ANY = "*"  # stands for every column that `target_types` does not name
_NAMES = ("label", "target", "class", "y")
_ELSE = "--target names another column."

TargetTypes = Mapping[str, Sequence[str]]


class TargetSelection(NamedTuple):
    """The target: its name, its kind, what the user should know about the choice, its columns, and the targets it
    consists of.

    The kinds are ``category``, ``boolean``, ``number``, ``count`` (whole numbers from 0 on), ``labels``,
    ``probabilities``, ``tags`` (one for each token of a text), ``text`` (that which is the input too), and ``several``
    where each column is a target for itself, one of `tasks`."""

    name: str
    kind: str
    note: str | None = None
    columns: tuple[str, ...] = ()
    tasks: tuple[TargetSelection, ...] = ()

    @property
    def taken(self) -> tuple[str, ...]:
        """The columns that no input may have: that of a text that is to be foreseen from its own beginning is not among
        them.
        """
        return () if self.kind == "text" else self.columns

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user should know about this and the targets it consists of."""
        return tuple(filter(None, [self.note, *(task.note for task in self.tasks)]))


def check_target_types(table: Table, spec: DataSpec) -> bool:
    """Say whether the user wants no target: names it `NONE`, and no column is called so."""
    return spec.target == NONE and NONE not in table.frame.columns


def find(table: Table, spec: DataSpec) -> tuple[str, ...]:
    """Return the target's columns: the user's, the source's, or the only one named label, target, class or y; none
    without one.

    One text may name several columns, with commas between them, where no column is called so. Raises UsageError where a
    column that the user named is not there or is named twice."""
    if spec.target is None:
        if table.target is not None:
            return (table.target,)
        named = [name for name in table.frame.columns if name.strip().lower() in _NAMES]
        return (named[0],) if len(named) == 1 else ()
    if check_target_types(table, spec):
        raise UsageError(
            "--target none is for objectives that learn from rows alone (autoencoder, vae, gan, masked, contrastive,"
            " clustering); this one needs a target."
        )
    names: Sequence[str] = (spec.target,) if isinstance(spec.target, str) else spec.target
    if isinstance(spec.target, str) and "," in spec.target and spec.target not in table.frame.columns:
        names = [name.strip() for name in spec.target.split(",") if name.strip()]
    check_columns(names, table, "--target")
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise UsageError(f"--target names column {twice[0]!r} twice; name each column once.")
    return tuple(names)


def none_taken(table: Table, spec: DataSpec) -> Mapping[str, str]:
    """Return the column that the source says is the target, where there is to be none, and why no input has it."""
    if not check_target_types(table, spec) or not table.target:
        return {}
    return {table.target: "the data says that it is a target, and --target is none"}


def none_notes(table: Table, spec: DataSpec) -> tuple[str, ...]:
    """Return which inputs may be targets by their names, where there is to be none."""
    if table.target or not check_target_types(table, spec):
        return ()
    named = [name for name in table.frame.columns if name.strip().lower() in _NAMES and name not in spec.ignore]
    return tuple(f"{name!r} is an input, as --target is none; --ignore {name!r} leaves it out." for name in named)


def choose(table: Table, spec: DataSpec, target_types: TargetTypes | None = None) -> TargetSelection:
    """Return the target and its kind: the user's, the source's, the one `target_types` by the objective where the
    values allow it, or classes for text and few whole numbers, else a quantity.

    `target_types` gives kinds by column, the best first; ``"*"`` stands for all columns not named. Whole numbers are
    classes where there are at most `FEW` different ones, each three times on average, or where they count from 0 or 1
    without a gap and are about equally frequent, as numbered classes are and counts of things are not. Several columns
    are the probabilities of classes where each row of them adds up to 1, else each is a target for itself. Raises
    DataError where there is no target or a column cannot be one, UsageError for an unknown column or kind."""
    target_types = target_types or {}
    if "text" in target_types.get(ANY, ()) or (isinstance(spec.target, str) and spec.kinds.get(spec.target) == "text"):
        name = token_targets.own_text(table, spec)
        check_columns((name,), table, "--target")
        return TargetSelection(name, "text", None, (name,))
    names = find(table, spec)
    if not names:
        columns = ", ".join(table.frame.columns)
        corpus = " --objective language learns to foresee the text itself." if "text" in table.kinds.values() else ""
        rows = " --objective autoencoder, vae, gan, masked and contrastive learn from rows alone."
        raise DataError(
            f"{table.name}: which column is to be predicted? --target names it. Columns: {columns}.{corpus}{rows}"
        )
    check_kinds({c: k for c, k in spec.kinds.items() if not (c in names and k in ONLY_TARGETS)}, "data.kinds")
    if len(names) == 1:
        asked = target_types.get(names[0]) or target_types.get(ANY, ())
        fixed = {**table.kinds, **spec.kinds}.get(names[0])
        if "tags" in (fixed, *(asked if fixed is None else ())):
            return _tags(table, names[0], asked=True)
        if fixed is None and not asked and token_targets.are_tags(table, names[0]):
            return _tags(table, names[0], asked=False)
        return _one(table, spec, names[0], asked)
    together, asked = ", ".join(names), tuple(target_types.get(ANY, ()))
    if "probabilities" in asked or (not asked and probability_columns.look_so(table, names)):
        note = f"The columns {together} are taken for the probabilities of {len(names)} classes."
        return TargetSelection(together, "probabilities", None if asked else note, names)
    return TargetSelection(
        together, "several", None, names, tuple(_one(table, spec, name, target_types.get(name, ())) for name in names)
    )


def choose_any(table: Table, spec: DataSpec, target_types: TargetTypes | None = None) -> TargetSelection | None:
    """Return the target of rows that need none: the one that is named, else one that the data itself has; None where it
    is `NONE`.

    Raises as `choose` does for a column that the user names.
    """
    target_types = target_types or {}
    asked = spec.target is not None
    if check_target_types(table, spec) or not (asked or find(table, spec)):
        return None
    try:
        found = choose(table, spec, target_types)
    except DataError:
        if asked:
            raise
        return None
    return found


def _one(table: Table, spec: DataSpec, name: str, target_types: Sequence[str]) -> TargetSelection:
    fixed = {**table.kinds, **spec.kinds}.get(name)
    if fixed is not None and fixed not in KINDS:
        raise UsageError(f"data.kinds.{name}: a target is one of {', '.join(KINDS)}, not {fixed!r}.")
    if fixed in token_targets.PER_STEP:
        raise UsageError(f"data.kinds.{name}: {fixed} can be the only target, not one of several.")
    if fixed == "labels" or (fixed is None and _sets(table.frame[name], target_types)):
        return _labels(table, name, fixed is not None or "labels" in target_types)
    values = _values(table, name)
    if fixed is not None:
        return TargetSelection(name, fixed, None, (name,))
    if values.dtype == pl.Boolean:
        return TargetSelection(name, "category", None, (name,))
    numbers = _numbers(values)
    if values.dtype.is_numeric() and numbers.is_empty():
        raise DataError(f"{table.name}: no value of the target {name!r} is a finite number. {_ELSE}")
    numeric = len(numbers) >= MOSTLY * len(values)
    asked = next((kind for kind in target_types if kind in ("number", *ONLY_TARGETS)), None)
    if asked and numeric:
        return TargetSelection(name, asked, None, (name,))
    if len(numbers) < len(values) and not values.dtype.is_numeric():
        kind = "number" if numeric and numbers.n_unique() > FEW else _classes(table, name, values)
        return TargetSelection(name, kind, None, (name,))
    if not _whole(numbers):
        return TargetSelection(name, "number", None, (name,))
    return _whole_numbers(name, numbers)


def _sets(column: pl.Series, target_types: Sequence[str]) -> bool:
    """Say whether a column holds sets of labels, going by its values; where sets are wanted, lists and texts will
    do.
    """
    if "labels" in target_types and (isinstance(column.dtype, pl.List) or is_text(column)):
        return True
    return labels.COLUMN.infer(column.drop_nulls(), ColumnContext()) > 0


def _labels(table: Table, name: str, asked: bool) -> TargetSelection:
    column = table.frame[name]
    sets = labels.as_sets(column, labels.separator_of(column) or labels.separator_of(column, (",",))).drop_nulls()
    if sets.is_empty():
        raise DataError(f"{table.name}: every value of the target {name!r} is missing. {_ELSE}")
    if not sets.list.len().sum():
        raise DataError(f"{table.name}: no row of the target {name!r} has a label. {_ELSE}")
    different = sets.explode(empty_as_null=False).n_unique()
    whole = (
        "" if isinstance(column.dtype, pl.List) else f"; --set data.kinds.{name}=category takes each text for a class"
    )
    note = f"The values of {name!r} are taken for sets of {different:,} labels{whole}."
    return TargetSelection(name, "labels", None if asked else note, (name,))


def _tags(table: Table, name: str, *, asked: bool) -> TargetSelection:
    if not token_targets.there(table.frame[name], "tags").any():
        raise DataError(f"{table.name}: every value of the target {name!r} is missing. {_ELSE}")
    note = (
        f"The lists of {name!r} are taken for the tags of tokens, as another column has as many items in each row; "
        f"--set data.kinds.{name}=labels takes them for sets of labels."
    )
    return TargetSelection(name, "tags", None if asked else note, (name,))


def _values(table: Table, name: str) -> pl.Series:
    """Return the values that are there; raises DataError where they cannot be a target."""
    column = table.frame[name]
    if column.dtype.is_nested() or column.dtype in (pl.Binary, pl.Object) or column.dtype.is_temporal():
        sets = isinstance(column.dtype, pl.List)
        hint = f" --set data.kinds.{name}=labels takes its lists for sets of labels." if sets else ""
        raise DataError(
            f"{table.name}: the target {name!r} holds neither classes nor numbers but {column.dtype}. {_ELSE}{hint}"
        )
    values = column.drop_nans().drop_nulls() if column.dtype.is_float() else clean(column).drop_nulls()
    if values.is_empty():
        raise DataError(f"{table.name}: every value of the target {name!r} is missing. {_ELSE}")
    if values.n_unique() == 1:
        only = shown(values[0])
        raise DataError(
            f"{table.name}: the target {name!r} has only one value, {only}: there is nothing to learn. {_ELSE}"
        )
    return values


def _classes(table: Table, name: str, values: pl.Series) -> str:
    different = values.n_unique()
    if different > max(FEW, len(values) // 2):
        raise DataError(
            f"{table.name}: the target {name!r} has {different:,} different texts in {len(values):,} rows, too many for"
            f" classes. {_ELSE} --set data.kinds.{name}=category takes them for classes all the same."
        )
    return "category"


def _whole_numbers(name: str, numbers: pl.Series) -> TargetSelection:
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
    return TargetSelection(name, kind, note if len(different) <= DOUBTFUL else None, (name,))


def _numbers(values: pl.Series) -> pl.Series:
    """Return those values that are finite numbers, written as text or not, as float64."""
    numbers = as_numbers(values).drop_nulls()
    return numbers.filter(numbers.is_finite())


def _whole(numbers: pl.Series) -> bool:
    values = numbers.to_numpy()
    return bool(np.all(values == np.rint(values)) and np.abs(values).max() < 2**53)
