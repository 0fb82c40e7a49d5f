"""One of several classes a row: text, or few whole numbers."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from leadline.core.schema import Schema
from leadline.data.checks.class_balance import on_unknown
from leadline.data.columns.scalars.parsing import as_text
from leadline.data.table import Table
from leadline.data.targets import class_numbers, scalar_inference
from leadline.data.targets.candidate import Candidate
from leadline.data.targets.contract import Recognition, TargetType, Usable
from leadline.data.targets.values import TargetSelection

FIRST = 1  # code of a class: 0 is one that was not there to be fitted


def _select(candidate: Candidate, asked: bool) -> TargetSelection:
    name, note = candidate.name, None
    assert len(candidate.values)
    if not asked:
        scalar_inference.check_repeats(candidate)
        note = scalar_inference.note_on_whole_numbers(candidate, "targets.whole-numbers-as-classes")
    return TargetSelection(name, "category", note, (name,))


def _warnings(
    schema: Schema, table: Table, drawn: Mapping[str, np.ndarray], usable: Usable, single: bool
) -> tuple[str, ...]:
    assert schema.target is not None
    if "train" not in usable():
        return ()
    column = table.frame[schema.target.name]
    unknown = on_unknown(schema.classes, {name: as_text(column[rows]) for name, rows in drawn.items()})
    return (*unknown, *class_numbers.warnings(schema, table, drawn, usable, single))


TARGET = TargetType(
    kind="category",
    noun="one of several classes",
    objective="classification",
    recognition=Recognition(_select, infer=scalar_inference.classes),
    fitting=class_numbers.fitting(FIRST),
    encoding=class_numbers.encoding(FIRST),
    display=class_numbers.display(_warnings),
    comparison=class_numbers.correctness("accuracy"),
)
