"""The rows of one split, read from memory-mapped columns as batches, and shown as people read them.

Shapes in names: N rows of the dataset, M rows of a part, B rows of a batch, C channels, H, W height and width.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import polars as pl
import torch
from torch import Tensor

from leadline.core.catalogue import say
from leadline.core.safe_text import apart
from leadline.core.schema import InputSchema, Schema
from leadline.data import cache
from leadline.data.columns.contract import input_type
from leadline.data.sources import fingerprints
from leadline.data.storage import RowStorage
from leadline.data.table import Table
from leadline.nn.batch import PRESENT, Batch


class RowOrigins:
    """The file and the number there of every row; memory-mapped where rows have files or numbers of their own."""

    def __init__(self, table: Table) -> None:
        self._file = table.origin if isinstance(table.origin, str) else None
        self._files = None if isinstance(table.origin, str) else _mapped(table.origin.cast(pl.String).fill_null(""))
        self._numbers = None if table.numbers is None else _mapped(table.numbers.cast(pl.Int64))

    def where(self, row: int) -> tuple[str, int]:
        """Return the file of a row and its number there, 1-based."""
        file = self._file if self._files is None else self._files[row].decode()
        return str(file), row + 1 if self._numbers is None else int(self._numbers[row])

    def short(self, row: int) -> str:
        """Return where a row is from, in words, without the file where all rows are from one."""
        return self.place(row) if self._files is not None else f"row {self.where(row)[1]}"

    def place(self, row: int) -> str:
        """Return where a row is from, in words; a row that has a file to itself needs no number."""
        file, number = self.where(row)
        return file if self._files is not None and self._numbers is None else f"{file}, row {number}"


def _mapped(column: pl.Series) -> np.ndarray:
    """Return numbers, or text as UTF-8, from a memory-mapped file in the cache."""

    def write(folder: Path) -> None:
        text = column.dtype == pl.String
        np.save(folder / "column.npy", np.array([value.encode() for value in column]) if text else column.to_numpy())

    folder = cache.entry(f"column-{fingerprints.of_frame(column.alias('').to_frame())}", write)
    values: np.ndarray = np.load(folder / "column.npy", mmap_mode="r")
    return values


class Written(Protocol):
    """Texts as the data has them, by row."""

    def __getitem__(self, row: int) -> str: ...


@dataclass(frozen=True)
class Store:
    """What all parts of a dataset share: encoded inputs by name, the target, groups (N,), where rows are from, how much
    each row counts in training (N,), None where all count the same, which inputs each row has (N,K), None where each
    has all, of series a table of the item and time of every row, how rows without a target are told from others, and
    texts as the data has them, by input.
    """

    schema: Schema
    inputs: Mapping[str, RowStorage]
    target: RowStorage | None
    group: np.ndarray | None
    origins: RowOrigins
    weight: Tensor | None = None
    units: str = "groups"  # what groups are called: blocks of time are not the data's own
    present: Tensor | None = None
    index: pl.DataFrame | None = None
    unlabelled: Callable[[np.ndarray], np.ndarray | None] | None = None
    written: Mapping[str, Written] = field(default_factory=dict)


class Subset:
    """The rows of one split: `rows` (M,) int64 are their numbers in the dataset, which `Batch.row_B` holds too.

    `unusable` rows of the split are not among them, although they have a target: they could not be used.
    """

    def __init__(self, name: str, rows: np.ndarray, store: Store, unusable: int = 0) -> None:
        self.name = name
        self.rows = rows
        self.unusable = unusable
        self._store = store
        self._rows_M = torch.from_numpy(rows)

    def __len__(self) -> int:
        return len(self.rows)

    def batch(self, at: Tensor | slice) -> Batch:
        """Return some rows, by their positions in the part (B,) int64: raw encoded inputs on the CPU.

        Every weight is one, but for train rows where the data says how much each counts.
        """
        row_B = self._rows_M[at] if isinstance(at, slice) else self._rows_M.index_select(0, at)
        inputs = {name: rows.gather(row_B) for name, rows in self._store.inputs.items()}
        if self._store.present is not None:
            inputs[PRESENT] = self._store.present.index_select(0, row_B)
        target = self._store.target
        target_B = None if target is None else target.gather(row_B)
        weight = self._store.weight if self.name == "train" else None
        weight_B = torch.ones(len(row_B)) if weight is None else weight.index_select(0, row_B)
        return Batch(inputs, target_B, weight_B, row_B)

    def raw(self, name: str) -> Tensor:
        """Return one input of all rows (M, ...), raw and encoded, on the CPU."""
        return self._store.inputs[name].gather(self._rows_M)

    def batches(self, size: int) -> Iterator[Batch]:
        """Yield all rows in order, `size` at a time."""
        for start in range(0, len(self), size):
            yield self.batch(slice(start, start + size))

    def by_length(self) -> tuple[np.ndarray, Subset]:
        """Return an order of the rows (M,) in which those about as long follow each other, and the rows in it."""
        if self.lengths is None:
            return np.arange(len(self)), self
        order = self.lengths.argsort(stable=True).numpy()
        return order, self.subset(order)

    def subset(self, at: np.ndarray, unusable: int = 0) -> Subset:
        """Return the part with only the rows at some positions; so many others are `unusable`."""
        return Subset(self.name, self.rows[at], self._store, unusable)

    @cached_property
    def target(self) -> np.ndarray | None:
        """Class numbers (M,) int64, values (M,) or (M,K) float32 (NaN where one of several is missing), (M,T,V) where
        variables are forecast, (M,0) of data that has no target; None where rows lack the one that there was in
        training.

        Of rows that are learnt from without one, it is -1 or NaN.
        """
        target = self._store.target
        return None if target is None else target.gather(self._rows_M).numpy()

    @cached_property
    def unlabelled(self) -> np.ndarray | None:
        """Which rows have no target (M,) bool; None where all have one, or none is known."""
        target, lacking = self.target, self._store.unlabelled
        return None if target is None or lacking is None else lacking(target)

    @cached_property
    def labelled(self) -> Subset:
        """The rows that have a target: all of them, unless rows without one are learnt from too."""
        return self if self.unlabelled is None else self.subset(np.flatnonzero(~self.unlabelled))

    @cached_property
    def lengths(self) -> Tensor | None:
        """About how much work each row is (M,) int64: the sum of the lengths of its inputs; None where all rows are as
        long.
        """
        own = [rows.lengths for rows in self._store.inputs.values() if rows.lengths is not None]
        return (
            None
            if not own
            else sum((length.index_select(0, self._rows_M) for length in own), torch.zeros_like(self._rows_M))
        )

    @property
    def weight(self) -> np.ndarray | None:
        """How much each row counts in training (M,) float32; None where all count the same, as outside of the train
        split.
        """
        weight = self._store.weight if self.name == "train" else None
        return None if weight is None else weight.index_select(0, self._rows_M).numpy()

    @property
    def units(self) -> str | None:
        """How many groups there are, in words, ``20 blocks of time``; None where rows are independent."""
        return None if self.group is None else f"{len(np.unique(self.group))} {self._store.units}"

    @property
    def group(self) -> np.ndarray | None:
        """Numbers (M,) that are equal for rows that belong together; None where rows are independent."""
        if self._store.group is None:
            return None
        own = self._store.group[self.rows]
        return None if len(own) and own.max() < 0 else own

    @property
    def present(self) -> np.ndarray | None:
        """Which inputs each row has (M,K) bool, in the order of the schema; None where each has all."""
        return None if self._store.present is None else self._store.present.index_select(0, self._rows_M).numpy()

    @property
    def complete(self) -> Subset:
        """The rows that have every input."""
        present = self.present
        return self if present is None else self.subset(np.flatnonzero(present.all(1)))

    def having(self, name: str) -> np.ndarray:
        """Return the positions of the rows that have an input (K,)."""
        present = self.present
        if present is None:
            return np.arange(len(self))
        return np.flatnonzero(present[:, list(self._store.inputs).index(name)])

    def only(self, name: str) -> Subset:
        """Return the rows that have an input, with that input alone."""
        store, present = self._store, self.present
        schema = store.schema.only(name)
        own = replace(store, schema=schema, inputs={name: store.inputs[name]}, present=None)
        there = slice(None) if present is None else present[:, list(store.inputs).index(name)]
        return Subset(self.name, self.rows[there], own)

    def without(self, name: str) -> Subset:
        """Return all rows as if none had an input."""
        store, rows = self._store, int(self.rows.max(initial=-1)) + 1
        present = (
            torch.ones(rows, len(store.inputs), dtype=torch.bool) if store.present is None else store.present.clone()
        )
        present[:, list(store.inputs).index(name)] = False
        return Subset(self.name, self.rows, replace(store, present=present))

    @property
    def index(self) -> pl.DataFrame | None:
        """The item and time of every row of the dataset, where it is a series."""
        return self._store.index

    def where(self, position: int) -> tuple[str, int]:
        """Return the file that a row is from and its number there, 1-based."""
        return self._store.origins.where(int(self.rows[position]))

    def origin(self, row: int) -> tuple[str, int]:
        """Return the file that a row of the dataset is from and its number there, 1-based."""
        return self._store.origins.where(row)

    def place(self, position: int) -> str:
        """Return where a row is from, in words; of a window, its series and the time of the first step ahead."""
        row, index = int(self.rows[position]), self._store.index
        if index is None or row >= index.height:
            return self._store.origins.place(row)
        *item, time = index.row(row)
        since = say("data.from-time", time=_moment(time, index.columns[-1]))
        return ", ".join([*(apart(str(one)) for one in item if one is not None), since])

    def shown(self, position: int) -> dict[str, Any]:
        """Return what the network is given of a row, as people read it: values by column, PNG bytes of pictures by
        input; nothing where the row lacks the input.
        """
        row = int(self.rows[position])
        shown: dict[str, Any] = {}
        for one in self._store.schema.inputs:
            if self.has(position, one.name):
                shown |= decoded(one, self._store.inputs[one.name].one(row))
        return shown

    def written(self, position: int, name: str) -> str | None:
        """Return the text of a row as the data has it; None for what is no text, or is not kept so."""
        texts = self._store.written.get(name)
        return None if texts is None or not self.has(position, name) else texts[int(self.rows[position])]

    def has(self, position: int, name: str) -> bool:
        """Say whether a row has an input, rather than nothing in its place."""
        present = self._store.present
        return present is None or bool(present[int(self.rows[position]), list(self._store.inputs).index(name)])


def _moment(time: Any, name: str) -> str:
    """Return a time as people write it; a number with what it counts."""
    if isinstance(time, datetime):
        return time.isoformat(sep=" ", timespec="auto" if time.second or time.microsecond else "minutes")
    return str(time) if isinstance(time, date) else f"{apart(name)} {time}"


def decoded(one: InputSchema, values: np.ndarray) -> dict[str, Any]:
    """Return one encoded row (1, ...) of an input as values by column, or by the input's name where it is a medium.

    Of a window these are the last values before what is forecast.
    """
    return input_type(one.kind).decode(one, values)
