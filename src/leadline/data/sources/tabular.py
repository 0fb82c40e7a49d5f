"""Files that hold one table: CSV and its dialects, JSON, spreadsheets, Parquet, Arrow."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import polars as pl

from leadline.core.catalogue import say
from leadline.data.sources import columnar, encodings, fingerprints, json_rows, sheets
from leadline.data.sources.delimited import reader
from leadline.data.sources.frames import CATEGORY
from leadline.data.sources.modalities import base_of, files_of, path_columns
from leadline.data.sources.split_names import split_column
from leadline.data.sources.written_form import AS_IT_IS, Read, Reader, notes_on_missing
from leadline.data.table import Progress, Table
from leadline.errors import DataError

Notes = tuple[str, ...]
_Reads = Callable[[Path, Reader], Read]


def is_table(path: Path) -> bool:
    """Say whether a file's name ends as those of tables do."""
    return _suffix(path) in _READERS


def read(path: Path, base: Path | None = None, how: Reader = AS_IT_IS) -> Table:
    """Return a file as a table; relative paths in it start at `base`, or else at the file's own folder or one beside
    the file.

    Pictures and audio files that a column names are part of the fingerprint. Large files are read piece by piece.
    Raises DataError naming the file and, where known, the line.
    """
    return _table(path, _READERS[_suffix(path)](path, how), how, base)


def read_sheet(path: Path, sheet: str) -> Table:
    """Return one sheet of a spreadsheet as a table; raises DataError with the nearest names where there is none of that
    name.
    """
    table = _table(path, Read(*sheets.read(path, sheet)))
    return replace(table, fingerprint=fingerprints.combine(table.fingerprint, sheet))


def _table(path: Path, found: Read, how: Reader = AS_IT_IS, base: Path | None = None) -> Table:
    frame = found.frame
    if frame.is_empty():
        raise DataError(say("sources.header-without-rows", path=path))
    base = base or base_of(frame, _beside(path)) or path.parent
    fingerprint = fingerprints.of_file(path, how.progress)
    if how.encoding:  # the same bytes mean something else
        fingerprint = fingerprints.combine(fingerprint, how.encoding)
    media = path_columns(frame, base)
    if media:
        fingerprint = fingerprints.combine(fingerprint, fingerprints.of_files(base, files_of(frame, media)))
    split, split_notes = split_column(frame)
    name = path.name[: -len(_suffix(path))]
    return Table(
        frame,
        name,
        fingerprint,
        origin=str(path),
        base=base,
        split=split,
        kinds=dict.fromkeys((name for name in found.categories if name not in media), CATEGORY),
        notes=(*found.notes, *split_notes, *notes_on_missing(found.words)),
        forms=found.forms,
        unreadable=found.unreadable,
    )


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


def _plain(read: Callable[[Path, str | None, Progress | None], Read | tuple[pl.DataFrame, Notes]]) -> _Reads:
    """Return a reader that says no more than a frame and notes, as one that may say how columns are written."""
    return lambda path, how: Read(*read(path, how.encoding, how.progress))


def _sheet(path: Path, how: Reader) -> Read:
    return Read(*sheets.read(path))


def _also_compressed(*suffixes: str) -> tuple[str, ...]:
    return tuple(suffix + more for suffix in suffixes for more in ("", *encodings.COMPRESSED))


_READERS: Mapping[str, _Reads] = {
    **dict.fromkeys(_also_compressed(".csv", ".tsv", ".tab"), reader.read),
    **dict.fromkeys(_also_compressed(".jsonl", ".ndjson"), _plain(json_rows.read_lines)),
    **dict.fromkeys(_also_compressed(".json"), _plain(json_rows.read_array)),
    **dict.fromkeys(sheets.SUFFIXES, _sheet),
    ".parquet": _plain(columnar.read_parquet),
    **dict.fromkeys((".arrow", ".feather", ".ipc"), _plain(columnar.read_arrow)),
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
