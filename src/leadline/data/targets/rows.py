"""The rows of a target of any type: fitted, encoded, checked; each type says how (`contract.Fitting`, `Encoding`).

Shapes: N rows, W numbers a row.
"""

from __future__ import annotations

import numpy as np
import polars as pl
import torch

from leadline.core.schema import ColumnSchema, Schema
from leadline.data.encoding import PROBLEMS
from leadline.data.storage import RowStorage
from leadline.data.table import Progress, Table
from leadline.data.targets.contract import Read, Target, target_type
from leadline.data.targets.values import MISSING, EncodedTarget, Numbers, Stratum, TargetSelection


def fit(table: Table, selection: TargetSelection, train: np.ndarray) -> ColumnSchema:
    """Return the target's field, fitted on some rows; raises DataError for values that cannot be learnt."""
    own = target_type(selection.kind).fitting.fit
    assert own is not None, f"{selection.kind} is no target of a table"
    return ColumnSchema(name=selection.name, kind=selection.kind, state=own(table, selection, train))


def default_objective(schema: Schema) -> str:
    """Return the objective that the target of a schema is usually predicted by; classification where it has none."""
    return target_type(schema.target.kind).objective if schema.target else "classification"


def bind(schema: Schema) -> Schema:
    """Return the schema with what its target needs to know of its inputs; raises UsageError where they do not go with
    it.
    """
    return schema if schema.target is None else target_type(schema.target.kind).fitting.bind(schema)


def present(frame: pl.DataFrame, target: Target) -> np.ndarray:
    """Return where rows have a usable target (N,) bool; of several targets one will do."""
    return target_type(target.kind).encoding.present(frame, target)


def stratum(target: Target) -> Stratum | None:
    """Return the column whose values are to be in every split."""
    return target_type(target.kind).encoding.stratum(target)


def parts(field: ColumnSchema) -> tuple[ColumnSchema, ...]:
    """Return the targets that a target consists of: itself, or each of several."""
    found = target_type(field.kind).fitting.parts(field)
    return tuple(one for one in found if isinstance(one, ColumnSchema))


def is_ragged(target: Target | None) -> bool:
    """Say whether rows have many values of the target, and not all as many."""
    return target is not None and target_type(target.kind).encoding.ragged


def encoded(
    table: Table, field: ColumnSchema, progress: Progress | None = None, read: Read | None = None
) -> EncodedTarget:
    """Return the target of all rows; the values of rows listed in `problems` are undefined.

    `read` is the first column that the network reads, and how it was encoded.
    Raises DataError, with file, row, column and value, for what cannot be a target at all.
    """
    encoding = target_type(field.kind).encoding
    if encoding.encode is not None:
        return encoding.encode(table, field, progress, read)
    assert encoding.columns is not None
    found = encoding.columns(table, field, progress)
    return EncodedTarget(encoding.shaped(torch.from_numpy(found.values)), with_missing(found, field.name))


def with_missing(found: Numbers, name: str, reason: str = MISSING) -> pl.DataFrame:
    """Return the problems of rows, those without a target among them."""
    told = set(found.problems["row"].to_list())
    rows = [(row, name, reason) for row in np.flatnonzero(found.missing).tolist() if row not in told]
    return pl.concat([found.problems, pl.DataFrame(rows, schema=PROBLEMS, orient="row")])


def storage(target: EncodedTarget, field: ColumnSchema) -> RowStorage:
    """Return what the targets of a batch are gathered from."""
    return target_type(field.kind).encoding.rows(target, field.state)


def unvaried(schema: Schema, values: np.ndarray) -> str | None:
    """Return, in words, what of the target is the same in all rows: there is nothing to learn."""
    own = target_type(schema.target.kind).encoding.unvaried if schema.target is not None else None
    if own is not None:
        return own(schema, values)
    return None if varies(values.reshape(len(values), -1)) else "target"


def varies(values_NW: np.ndarray) -> bool:
    """Say whether any column has more than one value."""
    return any(len(np.unique(column[~np.isnan(column)])) > 1 for column in values_NW.T)
