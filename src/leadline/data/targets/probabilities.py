"""Probabilities as a target: one column for each class, or a single one for an event.

Shapes: N rows of the dataset, n rows of a split, C columns, K classes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from leadline.core.catalogue import say
from leadline.core.safe_text import apart
from leadline.core.schema import ColumnSchema, Schema
from leadline.core.wording import listed
from leadline.data.columns.contract import ColumnState
from leadline.data.columns.scalars.parsing import as_numbers
from leadline.data.encoding import PROBLEMS
from leadline.data.table import Progress, Table
from leadline.data.targets import quantities
from leadline.data.targets.candidate import Candidate
from leadline.data.targets.class_numbers import SHOWN, correctness
from leadline.data.targets.contract import Display, Encoding, Fitting, Recognition, TargetType
from leadline.data.targets.values import Numbers, TargetSelection, WorstErrors
from leadline.data.targets.words import named_classes
from leadline.data.targets.worst import largest
from leadline.errors import DataError

ROUNDED = 0.005  # how far a probability written with two decimals is off at most
NEGLIGIBLE = 1e-6  # beyond 0 or 1, or in a sum: what float32 does to a number
MOSTLY = 0.9  # of the rows add up to 1: then the others are mistakes


def _infer(candidate: Candidate) -> float:
    several = len(candidate.columns) > 1 and not candidate.wanted
    return 0.9 if several and look_so(candidate.table, candidate.columns) else 0.0


def _select(candidate: Candidate, asked: bool) -> TargetSelection:
    names = candidate.columns
    if len(names) == 1:
        assert len(candidate.values)
    note = say("targets.probabilities-found", columns=candidate.name, classes=len(names))
    return TargetSelection(candidate.name, "probabilities", None if asked else note, names)


def look_so(table: Table, columns: Sequence[str]) -> bool:
    """Say whether columns are the probabilities of classes: numbers from 0 to 1 that add up to 1 in nearly every
    row.
    """
    if not all(table.frame[name].dtype.is_numeric() for name in columns):
        return False
    values_NC = _numbers(table, columns)
    values_NC = values_NC[np.isfinite(values_NC).all(1)]
    sound_N = ~_outside(values_NC).any(1) & ~_amiss(values_NC)
    return bool(len(values_NC) and sound_N.mean() >= MOSTLY)


def _fit(table: Table, selection: TargetSelection, train: np.ndarray) -> ColumnState:
    mean_K = np.nanmean(encoded(table, selection.columns)[train], axis=0, dtype=np.float64)
    return {
        "columns": list(selection.columns),
        "labels": list(_labels_of(selection.columns)),
        "mean": mean_K.tolist(),
    }


def _columns(table: Table, field: ColumnSchema, progress: Progress | None) -> Numbers:
    values = encoded(table, field.columns)
    return Numbers(values, np.isnan(values).any(1), pl.DataFrame(schema=PROBLEMS))


def _labels_of(columns: Sequence[str]) -> tuple[str, ...]:
    """Return the names of the classes: the columns', or an event and its contrary for a single column."""
    return tuple(columns) if len(columns) > 1 else (f"not {columns[0]}", columns[0])


def encoded(table: Table, columns: Sequence[str]) -> np.ndarray:
    """Return the probabilities of all rows (N,K) float32, each row divided by its sum; NaN where one is missing.

    Raises DataError, with file, row, column and value, for one that is no number from 0 to 1 and for rows that do not
    add up to 1.
    """
    values_NC = _numbers(table, columns)
    wrong = np.argwhere(_outside(values_NC))
    if len(wrong):
        row, at = wrong[0]
        value = table.frame[columns[at]][int(row)]
        raise DataError(say("targets.not-a-probability", place=_place(table, row), column=columns[at], value=value))
    if len(columns) == 1:
        return np.concatenate([1 - values_NC, values_NC], axis=1).astype(np.float32)
    amiss = np.flatnonzero(_amiss(values_NC))
    if len(amiss):
        total = values_NC[amiss[0]].sum()
        each = ", ".join(map(repr, columns))
        raise DataError(say("targets.probabilities-sum", place=_place(table, amiss[0]), columns=each, total=total))
    probability_NK: np.ndarray = (values_NC / values_NC.sum(1, keepdims=True)).astype(np.float32)
    return probability_NK


def _numbers(table: Table, columns: Sequence[str]) -> np.ndarray:
    values = []
    for name in columns:
        column = table.frame[name]
        numbers = as_numbers(column)
        if numbers.null_count():
            row = int(numbers.is_null().arg_max() or 0)
            raise DataError(say("targets.not-a-probability", place=_place(table, row), column=name, value=column[row]))
        values.append(numbers.to_numpy())
    return np.stack(values, axis=1)


def _outside(values_NC: np.ndarray) -> np.ndarray:
    return (values_NC < -NEGLIGIBLE) | (values_NC > 1 + NEGLIGIBLE)


def _amiss(values_NC: np.ndarray) -> np.ndarray:
    """Return which rows do not add up to 1 (N,), rounding allowed for."""
    amiss_N: np.ndarray = np.abs(values_NC.sum(1) - 1) > ROUNDED * values_NC.shape[1] + NEGLIGIBLE
    return amiss_N


def _place(table: Table, row: int) -> str:
    file, number = table.where(int(row))
    return f"{file}, row {number}"


def _describe(schema: Schema) -> str:
    return say("targets.described-probabilities", count=len(schema.labels), names=listed(schema.labels, SHOWN))


def _actual(schema: Schema, target_nK: np.ndarray) -> dict[str, pl.Series]:
    shares = {f"target p({label})": pl.Series(target_nK[:, at]) for at, label in enumerate(schema.labels)}
    return {"target": named_classes(target_nK.argmax(1), schema.labels), **shares}


def _worst(
    schema: Schema, target: np.ndarray, predictions: Mapping[str, np.ndarray], most: int
) -> tuple[WorstErrors, ...]:
    off = np.abs(predictions["probability"] - target)
    at = largest(off.sum(1), most)
    words = []
    for i in at:
        label = int(off[i].argmax())
        shares = {"true": target[i, label], "predicted": predictions["probability"][i, label]}
        words.append(say("targets.error-of-probability", label=apart(schema.labels[label]), **shares))
    return (WorstErrors(say("targets.largest-errors"), at, words),)


TARGET = TargetType(
    kind="probabilities",
    noun="probabilities",
    objective="probabilities",
    recognition=Recognition(
        _select, infer=_infer, admits=lambda candidate: len(candidate.columns) > 1 or candidate.numeric
    ),
    fitting=Fitting(_fit),
    encoding=Encoding(quantities.present, columns=_columns, width=lambda state: len(state["labels"])),
    display=Display(
        describe=_describe,
        decode=lambda class_n, schema: named_classes(class_n, schema.labels),
        labels=lambda state: state["labels"],
        actual=_actual,
        worst=_worst,
    ),
    comparison=correctness("agreement"),
)
