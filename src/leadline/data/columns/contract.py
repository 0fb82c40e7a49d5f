"""What a kind of column must be able to do. Each ``data/columns/<kind>.py`` declares one ``COLUMN``."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl
import torch
from torch import Tensor, nn

from leadline.core.registry import lookup
from leadline.data.augmentations.contract import Augmentation
from leadline.data.storage import DenseRows, RowStorage

ColumnState = Mapping[str, Any]


class Encoded(NamedTuple):
    """Encoded rows (N, *shape) and, by position, the reason why a row could not be encoded (its values are then
    undefined).

    Of a ragged kind `values` (S,) are all rows one after another, of `lengths` (N,) int64 each. `missing` are the
    positions where there is nothing at all, of a kind with an input of its own: their values stand for nothing, and are
    none where rows are ragged."""

    values: np.ndarray
    problems: Mapping[int, str]
    lengths: np.ndarray | None = None
    missing: Collection[int] = ()


class ColumnContext(NamedTuple):
    """What fitting and encoding may need beside the values: where relative paths start, and the user's options for the
    input.
    """

    base: Path | None = None
    options: Mapping[str, Any] = {}


@dataclass(frozen=True)
class ColumnType:
    """A kind of column.

    - `scalar`: True when the column is part of the ``table`` input, False when it is an input of its own.
    - `infer(column, context)`: how surely a column is of this kind, 0 to 1 (the surest kind wins).
    - `fit(column, context)`: the state, plain JSON, from the train rows only.
    - `encode(column, state, context)`: raw values. Scalar kinds give float32 (N, width(state)) with NaN where missing.
    - `decode(values, state)`: stored values of some rows (of a ragged kind: of one, (1,L)) as what people read: text
      and numbers, PNG bytes for pictures, WAV bytes for sound.
    - `preprocessor(states)`: the module that turns the raw columns of all fields of this kind, side by side as float32
      (B, sum of widths), into features (B, F) — or, for a kind with an input of its own, raw values into a `Signal`. It
      is part of the shipped network: standardising, embedding, mean images live there.
    - `plain(states)`: that module for models that are fitted, not stepped: without learned weights and with NaN where
      something is missing. None where raw columns serve as they are; `codes(state)` then says how many classes they
      code, 0 for a quantity.
    - `width(state)`: how many table columns a scalar field takes.
    - `noun`: what one value of a kind with an input of its own is called.
    - `description(state)`: in words, what the network is given of it, ``28×28×1 image``; of a kind with an input of its
      own.
    - `shape(state)`: the shape of one encoded row of a kind with an input of its own, of the longest one where rows are
      `ragged`.
    - `rows(values, ends, state)`: how what is stored becomes the raw tensors of a batch; `ends` are those of ragged
      rows.
    - `example(state)`: two raw rows that a front can be tried on.
    - `stored(raw, state)`: one raw row (1, ...), augmented perhaps, as rows are stored, which `decode` takes.
    - `recipe(state)`: the part of the state that encoded values depend on: fits that agree in it share what is cached.
    - `outline(column, context)`: that part as it can be told of all rows, before they are split, of a kind whose
      near-identical rows are looked for; None for the other kinds.
    - `warnings(state)`: what the user should know of how the column's values were read.
    - `spread(state)`: the standard deviation of a scalar kind whose one encoded column is a quantity, to which noise
      can be added and which can be mixed with another's; None for the other kinds.
    - `augmentations`: by name, of a kind with an input of its own; those of tables are in `augmentations/table.py`.
    """

    kind: str
    scalar: bool
    infer: Callable[[pl.Series, ColumnContext], float]
    fit: Callable[[pl.Series, ColumnContext], ColumnState]
    encode: Callable[[pl.Series, ColumnState, ColumnContext], Encoded]
    decode: Callable[[np.ndarray, ColumnState], Sequence[Any]]
    preprocessor: Callable[[Sequence[ColumnState]], nn.Module]
    plain: Callable[[Sequence[ColumnState]], nn.Module] | None = None
    codes: Callable[[ColumnState], int] = lambda state: 0
    width: Callable[[ColumnState], int] = lambda state: 1
    noun: str = "value"
    description: Callable[[ColumnState], str] = lambda state: ""
    ragged: bool = False
    shape: Callable[[ColumnState], tuple[int, ...]] = lambda state: ()
    rows: Callable[[Tensor, Tensor | None, ColumnState], RowStorage] = lambda values, ends, state: DenseRows(values)
    example: Callable[[ColumnState], Tensor] = lambda state: torch.zeros(2, 1)
    stored: Callable[[Tensor, ColumnState], np.ndarray] = lambda x, state: x.numpy()
    recipe: Callable[[ColumnState], ColumnState] = lambda state: state
    outline: Callable[[pl.Series, ColumnContext], ColumnState] | None = None
    warnings: Callable[[ColumnState], Sequence[str]] = lambda state: ()
    spread: Callable[[ColumnState], float | None] = lambda state: None
    augmentations: Mapping[str, Augmentation] = field(default_factory=dict)


def column_type(kind: str) -> ColumnType:
    """Return the field of a kind; raises UsageError with the nearest names where there is none."""
    found: ColumnType = lookup("columns", kind)
    return found
