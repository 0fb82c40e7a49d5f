"""Files that hold one table: CSV and its dialects, Parquet, Arrow."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import polars as pl

from leadline.data.sources import delimited, identity
from leadline.data.sources.frames import tidy
from leadline.data.sources.media import path_columns, pictures_of
from leadline.data.sources.parts import split_column
from leadline.data.table import Table
from leadline.errors import DataError

Notes = tuple[str, ...]


def is_table(path: Path) -> bool:
    """Say whether a file's name ends as those of tables do."""
    return _suffix(path) in _READERS


def read(path: Path, base: Path | None = None) -> Table:
    """Return a file as a table; relative paths in it start at `base`, or else at the file's own folder.

    Pictures that a column names are part of the fingerprint. Raises DataError naming the file and, where known, the line.
    """
    frame, notes = _READERS[_suffix(path)](path)
    if frame.is_empty():
        raise DataError(f"{path} has column names and no rows.")
    base = base or path.parent
    fingerprint = identity.of_file(path)
    media = path_columns(frame, base)
    if media:
        fingerprint = identity.combine(fingerprint, identity.of_files(base, pictures_of(frame, media)))
    split, split_notes = split_column(frame)
    name = path.name[: -len(_suffix(path))]
    return Table(frame, name, fingerprint, origin=str(path), base=base, split=split, notes=(*notes, *split_notes))


def _suffix(path: Path) -> str:
    last = path.suffix.lower()
    return (Path(path.stem).suffix.lower() + last) if last == ".gz" else last


def _parquet(path: Path) -> tuple[pl.DataFrame, Notes]:
    try:
        return tidy(pl.read_parquet(path, glob=False), str(path)), ()
    except (pl.exceptions.PolarsError, OSError) as error:
        raise DataError(f"{path} cannot be read as Parquet: {delimited.first_line(error)}.") from None


def _arrow(path: Path) -> tuple[pl.DataFrame, Notes]:
    read_one = pl.read_ipc_stream if _starts_with(path, b"\xff\xff\xff\xff") else pl.read_ipc
    try:
        with path.open("rb") as file:  # given a path, polars would take brackets in it for a pattern
            return tidy(read_one(file), str(path)), ()
    except (pl.exceptions.PolarsError, OSError) as error:
        raise DataError(f"{path} cannot be read as Arrow: {delimited.first_line(error)}.") from None


def _starts_with(path: Path, magic: bytes) -> bool:
    with path.open("rb") as file:
        return file.read(len(magic)) == magic


_READERS: Mapping[str, Callable[[Path], tuple[pl.DataFrame, Notes]]] = {
    **dict.fromkeys((".csv", ".tsv", ".tab", ".csv.gz", ".tsv.gz"), delimited.read),
    ".parquet": _parquet,
    **dict.fromkeys((".arrow", ".feather", ".ipc"), _arrow),
}
FORMATS = tuple(_READERS)
