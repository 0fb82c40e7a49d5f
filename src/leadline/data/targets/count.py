"""A count a row: a whole number from 0 on.

Shapes: N rows.
"""

from __future__ import annotations

import numpy as np

from leadline.core.catalogue import say
from leadline.core.schema import ColumnSchema
from leadline.data.column_inference import shown
from leadline.data.table import Progress, Table
from leadline.data.targets import quantities, scalar_inference
from leadline.data.targets.candidate import Candidate
from leadline.data.targets.contract import Display, Encoding, Fitting, Recognition, TargetType
from leadline.data.targets.values import Numbers, TargetSelection
from leadline.data.targets.worst import distances
from leadline.errors import DataError


def _select(candidate: Candidate, asked: bool) -> TargetSelection:
    assert len(candidate.values)
    return TargetSelection(candidate.name, "count", None, (candidate.name,))


def _columns(table: Table, field: ColumnSchema, progress: Progress | None) -> Numbers:
    found = quantities.columns(table, field, progress)
    _check(table, field.name, found.values[:, 0])
    return found


def _check(table: Table, name: str, values_N: np.ndarray) -> None:
    with np.errstate(invalid="ignore"):
        wrong = np.flatnonzero(np.isfinite(values_N) & ((values_N < 0) | (values_N != np.rint(values_N))))
    if len(wrong):
        row = int(wrong[0])
        file, number = table.where(row)
        raise DataError(
            say("targets.not-a-count", file=file, row=number, column=name, value=shown(table.frame[name][row]))
        )


TARGET = TargetType(
    kind="count",
    noun="a count",
    objective="poisson",
    recognition=Recognition(
        _select,
        admits=lambda candidate: candidate.numeric,
        fits=scalar_inference.holds_numbers,
    ),
    fitting=Fitting(quantities.fit),
    encoding=Encoding(
        quantities.present,
        columns=_columns,
        shaped=quantities.shaped,
        unlabelled=quantities.unlabelled,
        stratum=quantities.stratum,
        quantity=True,
    ),
    display=Display(describe=lambda schema: "a count", worst=distances),
    comparison=quantities.COMPARISON,
)
