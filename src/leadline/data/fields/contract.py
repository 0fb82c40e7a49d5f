"""What a kind of column must be able to do. Each ``data/fields/<kind>.py`` declares one ``FIELD``."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl
import torch
from torch import Tensor, nn

from leadline.data.fields.augmentation import Augmentation
from leadline.data.rows import Dense, Rows
from leadline.facts.registry import lookup

State = Mapping[str, Any]


class Encoded(NamedTuple):
    """Encoded rows (N, *shape) and, by position, the reason why a row could not be encoded (its values are then undefined).

    Of a ragged kind `values` (S,) are all rows one after another, of `lengths` (N,) int64 each. `missing` are the positions where
    there is nothing at all, of a kind with an input of its own: their values stand for nothing, and are none where rows are ragged.
    """

    values: np.ndarray
    problems: Mapping[int, str]
    lengths: np.ndarray | None = None
    missing: Collection[int] = ()


class Context(NamedTuple):
    """What fitting and encoding may need beside the values: where relative paths start, and the user's options for the input."""

    base: Path | None = None
    options: Mapping[str, Any] = {}


@dataclass(frozen=True)
class Field:
    """A kind of column.

    - `scalar`: True when the column is part of the ``table`` input, False when it is an input of its own.
    - `infer(column, context)`: how surely a column is of this kind, 0 to 1 (the surest kind wins).
    - `fit(column, context)`: the state, plain JSON, from the train rows only.
    - `encode(column, state, context)`: raw values. Scalar kinds give float32 (N, width(state)) with NaN where missing.
    - `decode(values, state)`: stored values of some rows (of a ragged kind: of one, (1,L)) as what people read: text and numbers,
      PNG bytes for pictures, WAV bytes for sound.
    - `front(states)`: the module that turns the raw columns of all fields of this kind, side by side as float32 (B, sum of
      widths), into features (B, F) — or, for a kind with an input of its own, raw values into a `Signal`. It is part of the
      shipped network: standardising, embedding, mean images live there.
    - `plain(states)`: that module for models that are fitted, not stepped: without learned weights and with NaN where something is
      missing. None where raw columns serve as they are; `codes(state)` then says how many classes they code, 0 for a quantity.
    - `width(state)`: how many table columns a scalar field takes.
    - `noun`: what one value of a kind with an input of its own is called.
    - `told(state)`: in words, what the network is given of it, ``28×28×1 image``; of a kind with an input of its own.
    - `shape(state)`: the shape of one encoded row of a kind with an input of its own, of the longest one where rows are `ragged`.
    - `rows(values, ends, state)`: how what is stored becomes the raw tensors of a batch; `ends` are those of ragged rows.
    - `example(state)`: two raw rows that a front can be tried on.
    - `stored(raw, state)`: one raw row (1, ...), augmented perhaps, as rows are stored, which `decode` takes.
    - `recipe(state)`: the part of the state that encoded values depend on: fits that agree in it share what is cached.
    - `outline(column, context)`: that part as it can be told of all rows, before they are split, of a kind whose near-identical
      rows are looked for; None for the other kinds.
    - `remarks(state)`: what the user should know of how the column's values were read.
    - `spread(state)`: the standard deviation of a scalar kind whose one encoded column is a quantity, to which noise can be added
      and which can be mixed with another's; None for the other kinds.
    - `augmentations`: by name, of a kind with an input of its own; those of tables are in `fields/table_augmentation.py`.
    """

    kind: str
    scalar: bool
    infer: Callable[[pl.Series, Context], float]
    fit: Callable[[pl.Series, Context], State]
    encode: Callable[[pl.Series, State, Context], Encoded]
    decode: Callable[[np.ndarray, State], Sequence[Any]]
    front: Callable[[Sequence[State]], nn.Module]
    plain: Callable[[Sequence[State]], nn.Module] | None = None
    codes: Callable[[State], int] = lambda state: 0
    width: Callable[[State], int] = lambda state: 1
    noun: str = "value"
    told: Callable[[State], str] = lambda state: ""
    ragged: bool = False
    shape: Callable[[State], tuple[int, ...]] = lambda state: ()
    rows: Callable[[Tensor, Tensor | None, State], Rows] = lambda values, ends, state: Dense(values)
    example: Callable[[State], Tensor] = lambda state: torch.zeros(2, 1)
    stored: Callable[[Tensor, State], np.ndarray] = lambda x, state: x.numpy()
    recipe: Callable[[State], State] = lambda state: state
    outline: Callable[[pl.Series, Context], State] | None = None
    remarks: Callable[[State], Sequence[str]] = lambda state: ()
    spread: Callable[[State], float | None] = lambda state: None
    augmentations: Mapping[str, Augmentation] = field(default_factory=dict)


def field_of(kind: str) -> Field:
    """Return the field of a kind; raises UsageError with the nearest names where there is none."""
    found: Field = lookup("fields", kind)
    return found
