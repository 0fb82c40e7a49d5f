"""What a type of target must be able to do. Each ``data/targets/<kind>.py`` declares one ``TARGET``.

A run asks it in this order: are columns such a target (`Recognition`), what is fitted on the train rows (`Fitting`),
how are rows encoded (`Encoding`), and, once a network predicts, how are values, errors and differences shown
(`Display`, `Comparison`). Most of it has a default; None stands for one that `rows.py` and `words.py` have.

Shapes: N rows of the dataset, B rows of a batch, n rows of a split, W numbers a row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import polars as pl
from torch import Tensor

from leadline.core.experiment import DataSpec
from leadline.core.registry import lookup
from leadline.core.schema import ColumnSchema, Schema
from leadline.data.augmentations.motion import Motion
from leadline.data.columns.contract import ColumnState
from leadline.data.encoding import EncodedColumns
from leadline.data.storage import DenseRows, RowStorage
from leadline.data.subset import Subset
from leadline.data.table import Progress, Table
from leadline.data.targets.candidate import Candidate
from leadline.data.targets.values import EncodedTarget, HeldOut, Numbers, Stratum, TargetSelection, WorstErrors
from leadline.metrics.statistics.measurement import Measurement

Target = TargetSelection | ColumnSchema  # before and after it is fitted
Read = tuple[ColumnSchema, EncodedColumns]  # the first column that the network reads, and how it was encoded

Usable = Callable[[], Mapping[str, np.ndarray]]


class Fit(Protocol):
    """Returns the state of a target, plain JSON, from the train rows only."""

    def __call__(self, table: Table, selection: TargetSelection, train: np.ndarray) -> ColumnState: ...


@dataclass(frozen=True)
class Recognition:
    """How columns are found to be a target of a type.

    - `infer(candidate)`: how surely columns are one, 0 to 1, going by their values; the surest type wins, of equally
      sure ones the first that is registered.
    - `admits(candidate)`: whether the values can be one where an objective takes this type.
    - `select(candidate, asked)`: the selection, with what the user should know of it where nobody `asked` for the type;
      raises DataError where the columns cannot be one.
    - `fits(candidate)`: whether any value can be one where the user says that the column is of this type.
    - `single`: whether one column can be one, so that ``data.types`` may say it of a column.
    - `locate(table, spec)`: the columns where an objective asks for this type and the user may name none; None for
      types whose columns the user names.
    - `suggestion(table)`: what could be done with a table of which no column is named, a sentence; empty for nothing.
    """

    select: Callable[[Candidate, bool], TargetSelection]
    infer: Callable[[Candidate], float] = lambda candidate: 0.0
    admits: Callable[[Candidate], bool] = lambda candidate: False
    fits: Callable[[Candidate], bool] = lambda candidate: True
    single: bool = True
    locate: Callable[[Table, DataSpec], tuple[str, ...]] | None = None
    suggestion: Callable[[Table], str] = lambda table: ""


def _same_inputs(table: Table, spec: DataSpec, selection: TargetSelection) -> tuple[DataSpec, tuple[str, ...]]:
    return spec, ()


@dataclass(frozen=True)
class Fitting:
    """What is decided and fitted on the train rows.

    - `fit(table, selection, train)`: the state, plain JSON, from the train rows only; None where what reads the source
      fits it.
    - `taken(selection)`: the columns that no input may have.
    - `with_inputs(table, spec, selection)`: how inputs are to be made for such a target, and notes.
    - `bind(schema)`: the schema with what the target needs to know of its inputs; raises UsageError where they do not
      go with it.
    - `counts(table, field, train, positive)`: the state with how many of some rows have each class, of classes.
    - `known(state)`: how many train rows were seen to have a target; None where that is not counted.
    - `parts(target)`: the targets that it consists of; `with_parts(field, parts)` is the target with other ones.
    """

    fit: Fit | None = None
    taken: Callable[[TargetSelection], tuple[str, ...]] = lambda selection: selection.columns
    with_inputs: Callable[[Table, DataSpec, TargetSelection], tuple[DataSpec, tuple[str, ...]]] = _same_inputs
    bind: Callable[[Schema], Schema] = lambda schema: schema
    counts: Callable[[Table, ColumnSchema, np.ndarray, str | None], ColumnState] = (
        lambda table, field, train, positive: field.state
    )
    known: Callable[[ColumnState], int | None] = lambda state: None
    parts: Callable[[Target], tuple[Target, ...]] = lambda target: (target,)
    with_parts: Callable[[ColumnSchema, Sequence[ColumnSchema]], ColumnSchema] = lambda field, parts: parts[0]


@dataclass(frozen=True)
class Encoding:
    """How rows are encoded and come in batches. A type gives `columns` or `encode`.

    - `present(frame, target)`: where rows have a usable target (N,) bool.
    - `columns(table, field, progress)`: values (N,W), where they are missing, and the rows that hold what cannot be
      encoded, of a type with as many numbers in every row. It can then be one of several targets.
    - `width(state)`: W.
    - `shaped(x_BW)`: such values as a batch has them: class numbers (B,), quantities (B,), or as they are; NaN, where
      there is none, included.
    - `encode(table, field, progress, read)`: the encoded rows, of a type of another form.
    - `rows(target, state)`: what the targets of a batch are gathered from.
    - `ragged`: rows have many values, and not all as many; such a target is the only one.
    - `unlabelled(target_n)`: which rows (n,) have none, of what a batch has; None where that cannot be told.
    - `unvaried(schema, values)`: what of the target is the same in all rows, in words; None where all of it varies.
    - `stratum(target)`: the column whose values are to be in every split; None where there is none.
    - `quantity`: rows are numbers in an order, of which another number may be a function.
    """

    present: Callable[[pl.DataFrame, Target], np.ndarray]
    columns: Callable[[Table, ColumnSchema, Progress | None], Numbers] | None = None
    width: Callable[[ColumnState], int] = lambda state: 1
    shaped: Callable[[Tensor], Tensor] = lambda x_BW: x_BW
    encode: Callable[[Table, ColumnSchema, Progress | None, Read | None], EncodedTarget] | None = None
    rows: Callable[[EncodedTarget, ColumnState], RowStorage] = lambda target, state: DenseRows(target.values)
    ragged: bool = False
    unlabelled: Callable[[np.ndarray], np.ndarray | None] = lambda target_n: None
    unvaried: Callable[[Schema, np.ndarray], str | None] | None = None
    stratum: Callable[[Target], Stratum | None] = lambda target: None
    quantity: bool = False


@dataclass(frozen=True)
class Display:
    """How targets, predictions and errors are shown.

    - `describe(schema)`: what is predicted, a phrase.
    - `decode(values, schema)`: targets or decisions (n, ...) as people read them, a value a row.
    - `labels(state)`: what the columns of probabilities stand for.
    - `predicted(schema, columns)`: the columns of a table of predictions, from an objective's decisions.
    - `actual(schema, target)`: the columns with the truth beside them.
    - `held_out(schema, subset, columns, levels)`: the table of a split's predictions where rows have more than a line;
      `levels` are those of quantiles.
    - `beyond(schema, subset, columns, levels)`: the table of what is predicted of new rows where that is no line a row.
    - `warnings(schema, table, drawn, usable, single)`: what the user should know of the rows that each split has drawn;
      `usable()` gives the targets of those of them that can be used, and `single` says that the split said nothing of
      classes with a single row.
    - `worst(schema, target, predictions, most)`: the rows that are furthest off, for the page.
    """

    describe: Callable[[Schema], str]
    decode: Callable[[np.ndarray, Schema], pl.Series] = lambda values, schema: pl.Series(values)
    labels: Callable[[ColumnState], Sequence[str]] = lambda state: ()
    predicted: Callable[[Schema, Mapping[str, np.ndarray]], dict[str, pl.Series]] | None = None
    actual: Callable[[Schema, np.ndarray], dict[str, pl.Series]] | None = None
    held_out: Callable[[Schema, Subset, Mapping[str, np.ndarray], Sequence[float]], HeldOut | None] | None = None
    beyond: Callable[[Schema, Subset, Mapping[str, np.ndarray], Sequence[float]], pl.DataFrame] | None = None
    warnings: Callable[[Schema, Table, Mapping[str, np.ndarray], Usable, bool], tuple[str, ...]] = (
        lambda schema, table, drawn, usable, single: ()
    )
    worst: Callable[[Schema, np.ndarray, Mapping[str, np.ndarray], int], Sequence[WorstErrors]] = (
        lambda schema, target, predictions, most: ()
    )


@dataclass(frozen=True)
class Comparison:
    """How two runs are compared on the same rows of their tables of predictions.

    - `measure`: what is compared; runs whose targets are compared by other measures have no difference.
    - `on`: the columns by which rows are the same in both, of those that a table has.
    - `needs`: the columns that both tables must have.
    - `difference(both, schema, group_n)`: how much better the second one is, of joined rows in which its columns end in
      ``_other``.
    - `comparable(first, second)`: whether the targets of two schemas are the same thing.
    """

    measure: str
    difference: Callable[[pl.DataFrame, Schema, np.ndarray | None], Measurement]
    on: tuple[str, ...] = ("file", "row", "target")
    needs: tuple[str, ...] = ("target", "predicted")
    comparable: Callable[[Schema, Schema], bool] = lambda first, second: True


@dataclass(frozen=True)
class TargetType:
    """A type of target: its `kind`, what a target of it is in words, the objective that usually predicts it, and its
    parts.

    `recognition` is None where no column of a table is one, `comparison` where runs are not compared row by row.
    `moved(target, target_B, motion)` gives encoded targets moved as the picture is whose places they speak of (boxes,
    masks); None for what stays the same however pictures are moved.
    """

    kind: str
    noun: str
    objective: str
    encoding: Encoding
    display: Display
    fitting: Fitting = Fitting()
    recognition: Recognition | None = None
    comparison: Comparison | None = None
    moved: Callable[[ColumnSchema, Tensor, Motion], Tensor] | None = None


def target_type(kind: str) -> TargetType:
    """Return the type of a kind; raises UsageError with the nearest names where there is none."""
    found: TargetType = lookup("targets", kind)
    return found
