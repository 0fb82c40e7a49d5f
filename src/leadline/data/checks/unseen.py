"""What rows hold that the train rows did not: categories, words, numbers far outside their range, gaps.

Asked of rows that were not drawn at random beside the train rows: new ones, and those of a test file. The network
decides on such rows without having learnt from any like them.

Shapes in names: N rows of the dataset, R rows that are looked at, S tokens of all texts one after another.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import polars as pl

from leadline.core.catalogue import say
from leadline.core.schema import InputSchema, Schema
from leadline.data.column_inference import shown
from leadline.data.columns.contract import Unseen, column_type, input_type
from leadline.data.encoding import EncodedColumns
from leadline.data.subset import RowOrigins

MOST = 10  # columns that are told of, those with the most rows
MOSTLY = 0.5  # of a text's tokens are unknown where it consists mostly of such
NOTED = 0.1  # of all tokens may be unknown without a word about it


class UnseenValues(NamedTuple):
    """What some of the rows hold in one column that no train row does, and the sentence about it."""

    column: str
    rows: int
    key: str
    values: Mapping[str, object]

    def said(self, column: str | None = None) -> str:
        """Return it in words; the column may be called otherwise than in the table."""
        return say(self.key, **self.values, count=self.rows, column=column or self.column)


def unseen_values(
    schema: Schema,
    columns: Mapping[str, EncodedColumns],
    frame: pl.DataFrame,
    splits: Mapping[str, np.ndarray],
    origins: RowOrigins,
) -> tuple[UnseenValues, ...]:
    """Return what was not seen in training, for each split and column, in the order of the schema.

    `columns` are encoded by input, `splits` the positions of the rows by split; ``all`` are rows of no split.
    """
    found: list[UnseenValues] = []
    for name, rows_R in splits.items():
        if not len(rows_R):
            continue
        of = say("checks.rows-of", rows=len(rows_R), subset="" if name == "all" else f"{name} ")
        for one in schema.inputs:
            own = _of_text if input_type(one.kind).tokens is not None else _of_columns
            for column, unseen in own(one, columns[one.name], frame, rows_R):
                row = int(rows_R[unseen.at[0]])
                value = unseen.value if unseen.value is not None else _cell(frame[column][row])
                values = {**unseen.values, "of": of, "value": value, "place": origins.short(row)}
                found.append(UnseenValues(column, len(unseen.at), unseen.key, values))
    kept = sorted(found, key=lambda one: -one.rows)[:MOST]
    return tuple(one for one in found if any(one is other for other in kept))


def notes(found: Sequence[UnseenValues]) -> tuple[str, ...]:
    """Return what was not seen, a sentence a column."""
    return tuple(one.said() for one in found)


def _cell(value: object) -> str:
    return shown(value) if isinstance(value, str) else str(value)


def _of_columns(
    one: InputSchema, columns: EncodedColumns, frame: pl.DataFrame, rows_R: np.ndarray
) -> Iterator[tuple[str, Unseen]]:
    start = 0
    whole = len(rows_R) == len(columns.values)
    for field in one.fields:
        kind = column_type(field.kind)
        if not kind.scalar:
            return
        end = start + kind.width(field.state)
        values_RW = columns.values[:, start:end] if whole else columns.values[rows_R, start:end]
        start = end
        raw = frame[field.name] if whole else frame[field.name].gather(rows_R)
        yield from ((field.name, unseen) for unseen in kind.unseen(raw, values_RW, field.state))


def _of_text(
    one: InputSchema, columns: EncodedColumns, frame: pl.DataFrame, rows_R: np.ndarray
) -> Iterator[tuple[str, Unseen]]:
    """Yield how many texts consist mostly of unknown tokens, or, where many tokens are unknown, hold any."""
    codes = input_type(one.kind).tokens
    assert codes is not None
    if columns.ends is None:
        return
    unknown_S1 = np.concatenate([[0], np.cumsum(columns.values == codes.unknown)])
    unknown_R = unknown_S1[columns.ends[rows_R + 1]] - unknown_S1[columns.ends[rows_R]]
    tokens_R = columns.ends[rows_R + 1] - columns.ends[rows_R]
    share = float(unknown_R.sum() / max(int(tokens_R.sum()), 1))
    mostly = np.flatnonzero(unknown_R > MOSTLY * tokens_R)
    at = mostly if len(mostly) else np.flatnonzero(unknown_R) if share > NOTED else mostly
    if not len(at):
        return
    name = one.fields[0].name
    row = int(rows_R[at[0]])
    ((text,),) = codes.texts(one, frame[name][row : row + 1])
    begin, end = next(((begin, end) for begin, end, unknown in codes.spans(one, text) if unknown), (0, len(text)))
    key = "checks.unseen-tokens-mostly" if len(mostly) else "checks.unseen-tokens"
    yield name, Unseen(at, key, {"share": share}, shown(text[begin:end]))
