"""What every source becomes: one polars frame, with what is known of where its rows come from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import polars as pl

from leadline.core.schema import WrittenForm

Progress = Callable[[str, int, int], None]  # told of a stage by its name, how much of it is done, and how much there is

UNREADABLE = pl.Schema({"row": pl.Int64, "column": pl.String, "reason": pl.String})


@dataclass(frozen=True)
class Table:
    """A dataset before it is encoded.

    `frame` has only columns that a user may use; media columns hold paths (text), bytes (Binary) or pixels (pl.Array of
    UInt8). `origin` names the file of each row, or of all rows, for messages; `numbers` is each row's number there
    (1-based, as a person counts them; None: its position). `base` is where relative media paths start. `split` and
    `target` name columns where the source itself says so; `kinds` are the kinds it knows. `fingerprint` is a sha256 of
    the content. `notes` are for the user. `forms` says how the text of each column is read, `nulls` which words stand
    for a missing value, and `unreadable` lists cells that could not be read so, which are null in `frame`: ``row``
    (position), ``column``, ``reason``.
    """

    frame: pl.DataFrame
    name: str
    fingerprint: str
    origin: str | pl.Series = "memory"
    numbers: pl.Series | None = None
    base: Path | None = None
    split: str | None = None
    target: str | None = None
    kinds: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    forms: Mapping[str, WrittenForm] = field(default_factory=dict)
    nulls: tuple[str, ...] = ()
    unreadable: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=UNREADABLE))

    def called(self, names: Mapping[str, str]) -> Table:
        """Return the table with other names for the files that its rows are from, by their paths."""
        if not names:
            return self
        if isinstance(self.origin, str):
            return replace(self, origin=names.get(self.origin, self.origin))
        return replace(self, origin=self.origin.replace(dict(names)))

    def where(self, row: int) -> tuple[str, int]:
        """Return the file of a row and its number there, 1-based."""
        file = self.origin if isinstance(self.origin, str) else str(self.origin[row])
        return file, row + 1 if self.numbers is None else int(self.numbers[row])
