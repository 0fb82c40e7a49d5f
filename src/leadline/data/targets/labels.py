"""A set of labels a row: 0 and 1 for each label.

Shapes: N rows of the dataset, n rows of a split, L labels.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from leadline.core.catalogue import say
from leadline.core.safe_text import apart
from leadline.core.schema import ColumnSchema, Schema
from leadline.core.wording import listed
from leadline.data.column_inference import shown
from leadline.data.columns import labels as sets
from leadline.data.columns.contract import ColumnContext, ColumnState
from leadline.data.columns.scalars.parsing import clean, is_text
from leadline.data.encoding import PROBLEMS, encode
from leadline.data.table import Progress, Table
from leadline.data.targets.candidate import Candidate
from leadline.data.targets.class_numbers import SHOWN, correctness
from leadline.data.targets.contract import Display, Encoding, Fitting, Recognition, Target, TargetType
from leadline.data.targets.values import Numbers, TargetSelection, WorstErrors
from leadline.data.targets.words import in_words
from leadline.data.targets.worst import largest
from leadline.errors import DataError


def _infer(candidate: Candidate) -> float:
    return 0.0 if candidate.column is None else sets.COLUMN.infer(candidate.column.drop_nulls(), ColumnContext())


def _admits(candidate: Candidate) -> bool:
    column = candidate.column
    return column is not None and (isinstance(column.dtype, pl.List) or is_text(column))


def _select(candidate: Candidate, asked: bool) -> TargetSelection:
    table, name, column = candidate.table, candidate.name, candidate.column
    assert column is not None
    found = sets.as_sets(column, sets.separator_of(column) or sets.separator_of(column, (",",))).drop_nulls()
    if found.is_empty():
        raise DataError(say("targets.no-values", table=table.name, column=name))
    if not found.list.len().sum():
        raise DataError(say("targets.no-labels", table=table.name, column=name))
    different = found.explode(empty_as_null=False).n_unique()
    sentence = "targets.labels-found" if isinstance(column.dtype, pl.List) else "targets.labels-found-or-classes"
    note = say(sentence, column=name, labels=different)
    return TargetSelection(name, "labels", None if asked else note, (name,))


def _fit(table: Table, selection: TargetSelection, train: np.ndarray) -> ColumnState:
    return dict(sets.COLUMN.fit(table.frame[selection.name][train], ColumnContext(table.base)))


def _columns(table: Table, field: ColumnSchema, progress: Progress | None) -> Numbers:
    found = encode(table, (field,), field.name, progress)
    first = sets.unknown(table.frame[field.name], field.state)
    new = first.is_not_null().arg_true().to_list()
    more = [(row, field.name, say("targets.value-unseen", value=shown(first[row]))) for row in new]
    problems = pl.concat([found.problems, pl.DataFrame(more, schema=PROBLEMS, orient="row")])
    return Numbers(np.array(found.values), ~_present(table.frame, field), problems)


def _present(frame: pl.DataFrame, target: Target) -> np.ndarray:
    column = frame[target.name]
    return (clean(column) if is_text(column) else column).is_not_null().to_numpy()


def _decode(values_nL: np.ndarray, schema: Schema) -> pl.Series:
    assert schema.target is not None
    words = sets.in_words(values_nL, schema.labels, schema.target.state.get("separator"))
    return pl.Series(words, dtype=pl.String)


def _worst(
    schema: Schema, target: np.ndarray, predictions: Mapping[str, np.ndarray], most: int
) -> tuple[WorstErrors, ...]:
    said, probability = predictions["prediction"] > 0, predictions["probability"]
    sure = np.where(said, probability, 1 - probability) * (said != (target > 0))
    at = [i for i in largest(sure.max(1), most) if sure[i].any()]
    true, given = in_words(schema, target[at]), in_words(schema, said[at].astype(np.float32))
    words = []
    for place, i in enumerate(at):
        label = int(sure[i].argmax())
        none = say("targets.no-label")
        both = say("targets.error-of-labels", true=true[place] or none, predicted=given[place] or none)
        sentence = "targets.label-added" if said[i, label] else "targets.label-missed"
        words.append(say(sentence, labels=both, label=apart(schema.labels[label]), probability=sure[i, label]))
    return (WorstErrors(say("targets.most-confident-errors"), at, words),)


TARGET = TargetType(
    kind="labels",
    noun="a set of labels",
    objective="multilabel",
    recognition=Recognition(_select, infer=_infer, admits=_admits),
    fitting=Fitting(_fit),
    encoding=Encoding(_present, columns=_columns, width=lambda state: len(state["labels"])),
    display=Display(
        describe=lambda schema: say(
            "targets.described-labels", count=len(schema.labels), names=listed(schema.labels, SHOWN)
        ),
        decode=_decode,
        labels=lambda state: state["labels"],
        worst=_worst,
    ),
    comparison=correctness("subset_accuracy"),
)
