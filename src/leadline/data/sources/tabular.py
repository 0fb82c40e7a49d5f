"""Files that hold one table: CSV and its dialects, JSON, spreadsheets, Parquet, Arrow."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import polars as pl

from leadline.core.catalogue import say
from leadline.data.sources import columnar, encodings, fingerprints, json_rows, sheets
from leadline.data.sources.delimited import reader
from leadline.data.sources.modalities import base_of, files_of, path_columns
from leadline.data.sources.split_names import split_column
from leadline.data.table import Progress, Table
from leadline.errors import DataError

Notes = tuple[str, ...]


def is_table(path: Path) -> bool:
    """Say whether a file's name ends as those of tables do."""
    return _suffix(path) in _READERS


def read(path: Path, base: Path | None = None, encoding: str | None = None, progress: Progress | None = None) -> Table:
    """Return a file as a table; relative paths in it start at `base`, or else at the file's own folder or one beside
    the file.

    Pictures and audio files that a column names are part of the fingerprint. `encoding` is that of text where it would
    be guessed wrong; large files are read piece by piece, which `progress` is told. Raises DataError naming the file
    and, where known, the line.
    """
    frame, notes = _READERS[_suffix(path)](path, encoding, progress)
    return _table(path, frame, notes, base, encoding, progress)


def read_sheet(path: Path, sheet: str) -> Table:
    """Return one sheet of a spreadsheet as a table; raises DataError with the nearest names where there is none of that
    name.
    """
    frame, notes = sheets.read(path, sheet)
    table = _table(path, frame, notes)
    return replace(table, fingerprint=fingerprints.combine(table.fingerprint, sheet))


def _table(
    path: Path,
    frame: pl.DataFrame,
    notes: Notes,
    base: Path | None = None,
    encoding: str | None = None,
    progress: Progress | None = None,
) -> Table:
    if frame.is_empty():
        raise DataError(say("sources.header-without-rows", path=path))
    base = base or base_of(frame, _beside(path)) or path.parent
    fingerprint = fingerprints.of_file(path, progress)
    if encoding:  # the same bytes mean something else
        fingerprint = fingerprints.combine(fingerprint, encoding)
    media = path_columns(frame, base)
    if media:
        fingerprint = fingerprints.combine(fingerprint, fingerprints.of_files(base, files_of(frame, media)))
    split, split_notes = split_column(frame)
    name = path.name[: -len(_suffix(path))]
    return Table(frame, name, fingerprint, origin=str(path), base=base, split=split, notes=(*notes, *split_notes))


def _beside(path: Path) -> Iterator[Path]:
    """Yield the folders at which paths in a file may start: its own, then those that lie in it."""
    yield path.parent
    try:
        yield from sorted(one for one in path.parent.iterdir() if one.is_dir() and not one.name.startswith("."))
    except OSError:  # a folder that may be entered, not listed
        return


def _suffix(path: Path) -> str:
    last = path.suffix.lower()
    return (Path(path.stem).suffix.lower() + last) if last in encodings.COMPRESSED else last


def _sheet(path: Path, encoding: str | None, progress: Progress | None) -> tuple[pl.DataFrame, Notes]:
    return sheets.read(path)


def _also_compressed(*suffixes: str) -> tuple[str, ...]:
    return tuple(suffix + more for suffix in suffixes for more in ("", *encodings.COMPRESSED))


_READERS: Mapping[str, Callable[[Path, str | None, Progress | None], tuple[pl.DataFrame, Notes]]] = {
    **dict.fromkeys(_also_compressed(".csv", ".tsv", ".tab"), reader.read),
    **dict.fromkeys(_also_compressed(".jsonl", ".ndjson"), json_rows.read_lines),
    **dict.fromkeys(_also_compressed(".json"), json_rows.read_array),
    **dict.fromkeys(sheets.SUFFIXES, _sheet),
    ".parquet": columnar.read_parquet,
    **dict.fromkeys((".arrow", ".feather", ".ipc"), columnar.read_arrow),
}
FORMATS = (
    ".csv",
    ".tsv",
    ".tab",
    ".jsonl",
    ".ndjson",
    ".json",
    *sheets.SUFFIXES,
    ".parquet",
    ".arrow",
    ".feather",
    ".ipc",
)
