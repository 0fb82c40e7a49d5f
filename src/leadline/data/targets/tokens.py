"""What targets with an answer for every step of a text have in common: how the text is read beside them.

Shapes: N rows of the dataset.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import polars as pl
import torch

from leadline.core.catalogue import say
from leadline.core.experiment import DataSpec, InputSpec
from leadline.core.schema import Schema
from leadline.data.columns.texts import pretokenized
from leadline.data.columns.texts.tokens import PADDING, tokens_of
from leadline.data.subset import Subset
from leadline.errors import UsageError

NOTHING = -1  # in the place of a tag or token: there is none, or it is not known
LOOK = 2_000  # rows that columns are compared on
BLOCK = 100_000  # rows whose items are held at a time


def with_text(spec: DataSpec, column: str, options: Mapping[str, Any]) -> DataSpec:
    """Return how inputs are to be made where each step of one text has an answer: `column` is read as text, with what
    the user says of it over some `options`.
    """
    entries = dict(spec.inputs or {})
    own = {name: one for name, one in entries.items() if name == column or tuple(one.columns or ()) == (column,)}
    name, entry = next(iter(own.items()), (column.replace(".", "_"), InputSpec()))
    entries[name] = entry.model_copy(
        update={"columns": (column,), "type": "text", "options": {**options, **entry.options}}
    )
    return spec.model_copy(update={"inputs": entries})


def bind(schema: Schema) -> Schema:
    """Return the schema with what the target of steps needs to know of the text: its column, and how long it may be.

    Raises UsageError where there are other inputs beside it.
    """
    goal = schema.target
    assert goal is not None
    if len(schema.inputs) > 1:
        raise UsageError(say("targets.one-text-needed", inputs=len(schema.inputs)))
    field = schema.inputs[0].fields[0]
    state = {**goal.state, "of": field.name, "length": field.state["length"]}
    return schema.model_copy(update={"target": goal.model_copy(update={"state": state})})


def pieces_of(schema: Schema, subset: Subset, row: int) -> list[str]:
    """Return the tokens of the text of a row, by its position in a subset, as people read them."""
    one = schema.inputs[0]
    ids_T = subset.batch(torch.tensor([row])).inputs[one.name][0]
    return tokens_of(one.fields[0].state).pieces(ids_T[ids_T != PADDING].tolist())


def sampled(rows: int) -> np.ndarray:
    """Return the positions of some rows, evenly spread."""
    return np.unique(np.linspace(0, max(rows - 1, 0), min(rows, LOOK)).astype(np.int64))


def blocks(column: pl.Series) -> Iterator[pl.Series]:
    """Yield a column, so many rows at a time that their items may be held."""
    for start in range(0, len(column), BLOCK):
        yield column[start : start + BLOCK]


def lists_present(column: pl.Series) -> np.ndarray:
    """Return where rows have a list of items (N,) bool."""
    return np.concatenate([pretokenized.items(block).is_not_null().to_numpy() for block in blocks(column)])
