"""The target's encoded values, and the rows where it is missing or invalid.

Shapes: N rows, W numbers a row: one for a class or a quantity, several for labels, probabilities and several targets.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import polars as pl
import torch
from torch import Tensor

from leadline.core.schema import ColumnSchema, LabelRequirement, Schema
from leadline.data.column_inference import shown
from leadline.data.columns import labels
from leadline.data.columns.contract import ColumnContext, ColumnState, ColumnType, column_type
from leadline.data.columns.number import LARGEST
from leadline.data.columns.scalars.parsing import as_numbers, as_text, clean, is_text
from leadline.data.encoding import PROBLEMS, EncodedColumns, encode
from leadline.data.storage import DenseRows, RowStorage
from leadline.data.table import Progress, Table
from leadline.data.targets import probability_columns, token_targets
from leadline.data.targets.selection import TargetSelection
from leadline.errors import DataError

BLURRED = 0.03  # of the spread of a target may be lost by rounding to float32
QUANTITIES = ("number", "count")
MISSING = "the target is missing"


class Target(NamedTuple):
    """The encoded target: class numbers (N,) int64, values (N,) float32 or (N,W) float32, and the rows that cannot be
    used.

    Of several targets some may be missing in a row: NaN. Where rows differ in length, `values` (S,) are all of them one
    after another, and `ends` (N+1,) where they end."""

    values: Tensor
    problems: pl.DataFrame
    ends: Tensor | None = None

    def needed(self, labels: LabelRequirement, train: Sequence[int] | np.ndarray) -> pl.DataFrame:
        """Return the problems that keep a row from being used: none where no row needs a target; where only `some`
        train rows do, a missing one is no problem of theirs."""
        if labels == "all":
            return self.problems
        unlabelled = (pl.col("reason") == MISSING) & pl.col("row").is_in(list(train))
        return self.problems.filter(~unlabelled if labels == "some" else pl.lit(False))

    def without(self, row_k: np.ndarray) -> Target:
        """Return the target with some rows (k,) as if they had none."""
        values = self.values.clone()
        values[torch.from_numpy(row_k)] = torch.nan if values.is_floating_point() else -1
        return self._replace(values=values, problems=self.problems.filter(~pl.col("row").is_in(row_k.tolist())))

    def rows(self, field: ColumnSchema) -> RowStorage:
        """Return what a batch's targets are gathered from."""
        if self.ends is None:
            return DenseRows(self.values)
        kind = token_targets.Tags if field.kind == "tags" else token_targets.Ended
        return kind(self.values, self.ends, padding=token_targets.NOTHING, longest=field.state["length"])


class _Raw(NamedTuple):
    """Values (N,W), where they are missing (N,), and the rows that hold what cannot be encoded."""

    values: np.ndarray
    missing: np.ndarray
    problems: pl.DataFrame


def present(frame: pl.DataFrame, target: TargetSelection | ColumnSchema) -> np.ndarray:
    """Return where rows have a usable target (N,) bool; of several targets one will do."""
    if target.kind in token_targets.PER_STEP:
        return token_targets.there(frame[target.name], target.kind)
    if target.kind == "several":
        return np.asarray(np.any([present(frame, task) for task in _tasks(target)], axis=0))
    return np.asarray(np.all([_there(frame[name], target.kind) for name in target.columns], axis=0))


def stratified_by(target: TargetSelection | ColumnSchema) -> str | None:
    """Return the column whose classes keep their shares in every split: the target, or the first of several that has
    classes.
    """
    fields = _tasks(target) if target.kind == "several" else (target,)
    return next((field.name for field in fields if field.kind in ("category", "boolean")), None)


def fit(table: Table, choice: TargetSelection, train: np.ndarray) -> ColumnSchema:
    """Return the target's field, fitted on some rows.

    Raises DataError for numbers so close together, for their size, that rounding to float32 would blur them, and for
    probabilities that are none.
    """
    state: dict[str, object]
    if choice.kind == "several":
        tasks = [fit(table, task, train).model_dump(mode="json") for task in choice.tasks]
        state = {"columns": list(choice.columns), "tasks": tasks}
    elif choice.kind == "probabilities":
        mean_K = np.nanmean(probability_columns.encoded(table, choice.columns)[train], axis=0, dtype=np.float64)
        state = {
            "columns": list(choice.columns),
            "labels": list(probability_columns.labels_of(choice.columns)),
            "mean": mean_K.tolist(),
        }
    elif choice.kind in token_targets.PER_STEP:
        state = dict(token_targets.fit_tags(table.frame[choice.name][train], table)) if choice.kind == "tags" else {}
    else:
        state = dict(_field(choice.kind).fit(table.frame[choice.name][train], ColumnContext(table.base)))
        if "offset" in state:
            state["offset"] = 0.0  # a target is in its own unit: objectives and measures read it as it is
            check_not_blurred(table, choice.name, table.frame[choice.name][train], state)
    return ColumnSchema(name=choice.name, kind=choice.kind, state=state)


def encoded(
    table: Table,
    field: ColumnSchema,
    progress: Progress | None = None,
    text: tuple[ColumnSchema, EncodedColumns] | None = None,
) -> Target:
    """Return the target of all rows; the values of rows listed in `problems` are undefined.

    Where it is the `text` that the network reads, that is its field and how it was encoded.
    Raises DataError, with file, row, column and value, for numbers that are no probabilities, or no counts.
    """
    if field.kind in token_targets.PER_STEP:
        return _of_steps(table, field, text, progress)
    if field.kind == "several":
        splits = [_raw(table, ColumnSchema.model_validate(task), progress) for task in field.state["tasks"]]
        for part in splits:
            part.values[part.missing] = np.nan
        values = np.concatenate([part.values for part in splits], axis=1).astype(np.float32)
        missing = np.all([part.missing for part in splits], axis=0)
        problems = pl.concat([part.problems for part in splits]).unique("row", keep="first", maintain_order=True)
        whole = _Raw(values, missing, problems)
    else:
        whole = _raw(table, field, progress)
    told = set(whole.problems["row"].to_list())
    reason = "every target is missing" if field.kind == "several" else MISSING
    rows = [(row, field.name, reason) for row in np.flatnonzero(whole.missing).tolist() if row not in told]
    problems = pl.concat([whole.problems, pl.DataFrame(rows, schema=PROBLEMS, orient="row")])
    if whole.values.shape[1] > 1 or field.kind in ("labels", "several"):
        return Target(torch.from_numpy(whole.values), problems)
    if "classes" in field.state:
        return Target(torch.from_numpy(np.nan_to_num(whole.values[:, 0], nan=-1.0).astype(np.int64)), problems)
    return Target(torch.from_numpy(whole.values[:, 0].copy()), problems)


def _of_steps(
    table: Table, field: ColumnSchema, text: tuple[ColumnSchema, EncodedColumns] | None, progress: Progress | None
) -> Target:
    if field.kind == "text":
        assert text is not None
        read, columns = text
        assert columns.ends is not None
        if (
            np.diff(columns.ends).max(initial=0) >= read.state["length"]
        ):  # texts may have been cut: what comes next in them?
            one_more = read.model_copy(update={"state": {**read.state, "length": read.state["length"] + 1}})
            columns = encode(table, (one_more,), field.name, progress)
            assert columns.ends is not None
        return Target(torch.from_numpy(columns.values), pl.DataFrame(schema=PROBLEMS), torch.from_numpy(columns.ends))
    values, ends, problems = token_targets.tags_of(table, field)
    told = set(problems["row"].to_list())
    missing = np.flatnonzero(~token_targets.there(table.frame[field.name], field.kind)).tolist()
    rows = [(row, field.name, MISSING) for row in missing if row not in told]
    return Target(values, pl.concat([problems, pl.DataFrame(rows, schema=PROBLEMS, orient="row")]), ends)


def unvaried(schema: Schema, values: np.ndarray) -> str | None:
    """Return, in words, the target or the first of several of which all rows have the same: there is nothing to
    learn.
    """
    own = {f"target {task.name!r}": values[:, task.columns] for task in schema.tasks} or {
        "target": values.reshape(len(values), -1)
    }
    for words, values_NW in own.items():
        if not any(len(np.unique(column[~np.isnan(column)])) > 1 for column in values_NW.T):
            return words
    return None


def _raw(table: Table, field: ColumnSchema, progress: Progress | None) -> _Raw:
    if field.kind == "probabilities":
        values = probability_columns.encoded(table, field.columns)
        return _Raw(values, np.isnan(values).any(1), pl.DataFrame(schema=PROBLEMS))
    stored = field.model_copy(update={"kind": "number"}) if field.kind == "count" else field
    columns = encode(table, (stored,), field.name, progress)
    column, values = table.frame[field.name], np.array(columns.values)
    missing = ~_there(column, field.kind)
    if field.kind == "labels":
        first = labels.unknown(column, field.state)
        new = [(row, first[row]) for row in first.is_not_null().arg_true().to_list()]
    else:
        # the codes of a category start at 1: 0 is one that was not there to be fitted
        values = values - 1 if field.kind == "category" else values
        wrong = (values[:, 0] < 0) if "classes" in field.state else ~np.isfinite(values[:, 0])
        told = set(columns.problems["row"].to_list())
        new = [(row, column[row]) for row in np.flatnonzero(wrong & ~missing).tolist() if row not in told]
    more = [(row, field.name, f"{shown(value)} does not occur in the train rows") for row, value in new]
    if field.kind == "count":
        _check_counts(table, field.name, values[:, 0])
    return _Raw(values, missing, pl.concat([columns.problems, pl.DataFrame(more, schema=PROBLEMS, orient="row")]))


def _check_counts(table: Table, name: str, values_N: np.ndarray) -> None:
    with np.errstate(invalid="ignore"):
        wrong = np.flatnonzero(np.isfinite(values_N) & ((values_N < 0) | (values_N != np.rint(values_N))))
    if len(wrong):
        row = int(wrong[0])
        file, number = table.where(row)
        raise DataError(
            f"{file}, row {number}, column {name!r}: {shown(table.frame[name][row])} is no count, which is a whole"
            " number from 0 on. --objective regression predicts any number."
        )


def check_not_blurred(table: Table, name: str, column: pl.Series, state: ColumnState) -> None:
    """Raise DataError where float32 would blur a target's values."""
    values = as_numbers(column)
    values_N = values.filter(values.is_finite()).to_numpy().clip(-LARGEST, LARGEST)
    lost = float(np.sqrt(np.mean((values_N - values_N.astype(np.float32)) ** 2))) if len(values_N) else 0.0
    if 0 < BLURRED * state["std"] < lost:  # a constant is refused elsewhere, in its own words
        raise DataError(
            f"{table.name}: the target {name!r} varies by about {state['std']:.3g} around {state['mean']:.6g}; float32,"
            f" which networks compute with, would round it by {lost:.3g}. Subtract a constant from it, such as"
            f" {state['median']:.6g}."
        )


def _there(column: pl.Series, kind: str) -> np.ndarray:
    if kind == "labels":
        return (clean(column) if is_text(column) else column).is_not_null().to_numpy()
    quantity = kind in QUANTITIES or kind == "probabilities"
    there = as_numbers(column).is_finite().fill_null(False) if quantity else as_text(column).is_not_null()
    return there.to_numpy()


def _field(kind: str) -> ColumnType:
    return column_type("number" if kind == "count" else kind)


def _tasks(target: TargetSelection | ColumnSchema) -> tuple[TargetSelection | ColumnSchema, ...]:
    if isinstance(target, TargetSelection):
        return target.tasks
    return tuple(ColumnSchema.model_validate(task) for task in target.state["tasks"])
