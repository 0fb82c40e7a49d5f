"""What targets of one class a row have in common, however their columns write it.

Shapes: N rows of the dataset, B rows of a batch, n rows of a split.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import polars as pl
import torch
from torch import Tensor

from leadline.core.catalogue import say
from leadline.core.schema import ColumnSchema, Schema
from leadline.core.wording import listed
from leadline.data.checks.class_balance import on_balance
from leadline.data.column_inference import shown
from leadline.data.columns.contract import ColumnContext, ColumnState, column_type
from leadline.data.columns.scalars.parsing import as_text
from leadline.data.encoding import PROBLEMS, encode
from leadline.data.table import Progress, Table
from leadline.data.targets.class_counts import counted
from leadline.data.targets.contract import Comparison, Display, Encoding, Fitting, Target, Usable
from leadline.data.targets.values import Numbers, Stratum, TargetSelection
from leadline.data.targets.words import named_classes
from leadline.data.targets.worst import confusions
from leadline.metrics.statistics import paired
from leadline.metrics.statistics.measurement import Measurement

SHOWN = 12  # classes that are named; the report has them all


def fitting(first: int) -> Fitting:
    """Return what is fitted of a column whose codes of classes begin with `first`."""
    return Fitting(fit=_fit, counts=_counts(first), known=lambda state: sum(state["counts"]))


def encoding(first: int) -> Encoding:
    """Return how rows of a column whose codes of classes begin with `first` are encoded."""
    return Encoding(
        present=_present,
        columns=_columns(first),
        shaped=_shaped,
        unlabelled=_unlabelled,
        stratum=lambda target: Stratum(target.name, classes=True),
    )


def display(
    warnings: Callable[[Schema, Table, Mapping[str, np.ndarray], Usable, bool], tuple[str, ...]],
) -> Display:
    """Return how classes are shown."""
    return Display(
        describe=lambda schema: say(
            "targets.described-classes", count=len(schema.classes), names=listed(schema.classes, SHOWN)
        ),
        decode=lambda values, schema: named_classes(values, schema.classes),
        labels=lambda state: state["classes"],
        warnings=warnings,
        worst=confusions,
    )


def warnings(
    schema: Schema, table: Table, drawn: Mapping[str, np.ndarray], usable: Usable, single: bool
) -> tuple[str, ...]:
    """Return what is uneven about the classes of the rows that can be used."""
    found = usable()
    return on_balance(schema.classes, found, single=single) if "train" in found else ()


def _difference(both: pl.DataFrame, schema: Schema, group_n: np.ndarray | None) -> Measurement:
    target, mine, theirs = (both[name].to_numpy() for name in ("target", "predicted", "predicted_other"))
    return paired.accuracy_difference(theirs == target, mine == target, group_n=group_n)


def correctness(measure: str) -> Comparison:
    """Return how runs are compared whose predictions are right or wrong."""
    return Comparison(measure, _difference)


def _fit(table: Table, selection: TargetSelection, train: np.ndarray) -> ColumnState:
    return dict(column_type(selection.kind).fit(table.frame[selection.name][train], ColumnContext(table.base)))


def _counts(first: int) -> Callable[[Table, ColumnSchema, np.ndarray, str | None], ColumnState]:
    def counts(table: Table, field: ColumnSchema, train: np.ndarray, positive: str | None) -> ColumnState:
        own = column_type(field.kind)
        code_N = own.encode(table.frame[field.name][train], field.state, ColumnContext(table.base)).values[:, 0]
        return counted(code_N[np.isfinite(code_N)].astype(np.int64) - first, field.state, positive)

    return counts


def _columns(first: int) -> Callable[[Table, ColumnSchema, Progress | None], Numbers]:
    def columns(table: Table, field: ColumnSchema, progress: Progress | None) -> Numbers:
        found, column = encode(table, (field,), field.name, progress), table.frame[field.name]
        values = np.array(found.values)
        values = values - first if first else values
        missing = ~_present(table.frame, field)
        return Numbers(values, missing, with_unknown(found.problems, column, values[:, 0] < 0, missing))

    return columns


def with_unknown(problems: pl.DataFrame, column: pl.Series, wrong_N: np.ndarray, missing_N: np.ndarray) -> pl.DataFrame:
    """Return the problems of rows with those whose value was not there to be fitted."""
    told = set(problems["row"].to_list())
    rows = [row for row in np.flatnonzero(wrong_N & ~missing_N).tolist() if row not in told]
    more = [(row, column.name, say("targets.value-unseen", value=shown(column[row]))) for row in rows]
    return pl.concat([problems, pl.DataFrame(more, schema=PROBLEMS, orient="row")])


def _present(frame: pl.DataFrame, target: Target) -> np.ndarray:
    return as_text(frame[target.name]).is_not_null().to_numpy()


def _shaped(x_B1: Tensor) -> Tensor:
    return torch.nan_to_num(x_B1[:, 0], nan=-1.0).to(torch.int64)


def _unlabelled(class_n: np.ndarray) -> np.ndarray | None:
    lacking_n: np.ndarray = class_n < 0
    return lacking_n if lacking_n.any() else None
