"""Tables too large to be held in memory: read once, piece by piece, into files of the cache that are then mapped into
memory.

The frame is as any other; its memory is the files', which the system may take back at any time. pyarrow writes and maps
them; without it a table is read at once.
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

import polars as pl

from leadline.core.base import digest
from leadline.core.catalogue import say
from leadline.data import cache

LARGE = 256 << 20  # bytes of a file from which on it is read piece by piece
PIECE = 64 << 20  # bytes of a piece, about
VERSION = 3  # of what the cache holds
_FACTS = "facts.json"


def is_large(path: Path, grows: int = 1) -> bool:
    """Say whether a file, which grows so many times as it is read, is to be read piece by piece."""
    return path.stat().st_size * grows >= LARGE


def can_map() -> bool:
    """Say whether what mapping a table into memory needs is installed."""
    return importlib.util.find_spec("pyarrow") is not None


def advice(path: Path) -> str:
    """Return the note about a large file that had to be read at once."""
    return say("sources.read-into-memory", file=path.name)


def rows_of(columns: int, row_bytes: int = 0) -> int:
    """Return how many rows of so many columns make up a piece; rows may take more bytes than those of numbers."""
    return max(1, PIECE // max(8 * columns, row_bytes, 1))


class Writer:
    """Writes frames of the same columns, one below the other, to a file that `mapped` reads.

    The file is cut every so many `rows`, which must be the same for files side by side: polars copies a frame whose
    columns are cut in different places.
    """

    def __init__(self, path: Path, rows: int) -> None:
        self._path, self._rows = path, rows
        self._file: Any = None
        self._waiting: pl.DataFrame | None = None

    def write(self, frame: pl.DataFrame) -> None:
        """Append the rows of a frame."""
        frame = frame if self._waiting is None else pl.concat([self._waiting, frame])
        whole = frame.height - frame.height % self._rows
        for start in range(0, whole, self._rows):
            self._put(frame[start : start + self._rows])
        self._waiting = frame[whole:]

    def _put(self, frame: pl.DataFrame) -> None:
        import pyarrow

        # By way of the old layout: the new one would carry along, and write, all text that this one is a slice of.
        compact = pl.from_arrow(frame.rechunk().to_arrow(compat_level=pl.CompatLevel.oldest()))
        assert isinstance(compact, pl.DataFrame)
        table = compact.to_arrow(compat_level=pl.CompatLevel.newest())
        if self._file is None:
            self._file = pyarrow.ipc.new_file(str(self._path), table.schema)
        self._file.write_table(table)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None and self._waiting is not None and (self._waiting.height or self._file is None):
            self._put(self._waiting)
        if self._file is not None:
            self._file.close()


class Mapped(NamedTuple):
    """A memory-mapped frame, and the small facts (plain JSON) that were found as it was written."""

    frame: pl.DataFrame
    facts: Mapping[str, Any]


def mapped(what: object, build: Callable[[Path], Mapping[str, Any] | None]) -> Mapped:
    """Return the frame in a folder of the cache, memory-mapped; `build(folder)` writes it where there is none for
    `what` yet.

    `build` writes files ``*.arrow`` with a `Writer`; those of several files, in the order of their names, stand side by
    side. What it returns is kept with them. Raises DiskFull where the disk is full.
    """
    key = digest({"version": VERSION, "polars": pl.__version__, "what": what})

    def fill(folder: Path) -> None:
        (folder / _FACTS).write_text(json.dumps(build(folder) or {}), encoding="utf-8")

    folder = cache.entry(key, fill)
    try:
        return _opened(folder)
    except (OSError, ValueError, pl.exceptions.PolarsError):  # someone has cut into the cache
        cache.forget(folder)
        return _opened(cache.entry(key, fill))


def _opened(folder: Path) -> Mapped:
    import pyarrow

    files = sorted(folder.glob("*.arrow"))
    tables = [pyarrow.ipc.open_file(pyarrow.memory_map(str(file))).read_all() for file in files]
    frames = [frame for table in tables if isinstance(frame := pl.from_arrow(table, rechunk=False), pl.DataFrame)]
    if not frames:
        raise ValueError(say("sources.cache-without-table", folder=folder))
    facts = json.loads((folder / _FACTS).read_text(encoding="utf-8"))
    return Mapped(frames[0] if len(frames) == 1 else pl.concat(frames, how="horizontal"), facts)
