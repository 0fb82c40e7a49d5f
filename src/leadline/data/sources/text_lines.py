"""Plain text, one text a line: a corpus without a target."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import polars as pl

from leadline.core.catalogue import say
from leadline.data.sources import encodings, fingerprints, memory_mapped
from leadline.data.sources.encodings import Encoding
from leadline.data.table import Progress, Table
from leadline.errors import DataError

SUFFIXES = tuple(f".txt{more}" for more in ("", *encodings.COMPRESSED))
COLUMN = "text"
_GROWS = 8  # times that a compressed file grows, about
_SAMPLE = 1 << 18  # bytes that the encoding is judged by
_PIECE = 100_000  # lines that are held at a time where the file is large


def is_lines(path: Path) -> bool:
    """Say whether a file's name ends as those of plain text do."""
    return path.name.lower().endswith(SUFFIXES)


def read(path: Path, encoding: str | None = None, progress: Progress | None = None) -> Table:
    """Return a file as a table of one column, ``text``, a row for each line; empty lines are missing.

    `encoding` is the user's word for one that would be guessed wrong. Large files are read piece by piece, which
    `progress` is told. Raises DataError where the file is empty, damaged or no text.
    """
    fingerprint = fingerprints.of_file(path, progress)
    found, is_large = (
        _encoding(path, encoding),
        memory_mapped.is_large(path, _GROWS if encodings.is_compressed(path) else 1),
    )
    if is_large and memory_mapped.can_map():
        what = [fingerprint, "lines", found.codec]
        frame = memory_mapped.mapped(what, lambda folder: _build(folder, path, found, progress)).frame
    else:
        frame = _frame(list(_lines(path, found)))
    if not frame[COLUMN].is_not_null().any():
        raise DataError(say("sources.empty-file", path=path))
    notes = (*found.note(path), *((memory_mapped.advice(path),) if is_large and not memory_mapped.can_map() else ()))
    name = path.name[: path.name.lower().rindex(".txt")]
    fingerprint = fingerprints.combine(fingerprint, encoding) if encoding else fingerprint
    return Table(frame, name, fingerprint, origin=str(path), base=path.parent, kinds={COLUMN: "text"}, notes=notes)


def _encoding(path: Path, named: str | None) -> Encoding:
    if named:
        return encodings.named(named)
    found = encodings.of_sample(next(encodings.blocks(path), b"")[:_SAMPLE], path)
    if found.codec != encodings.UTF_8:
        return found
    try:
        for _ in encodings.texts(path, found):
            pass
    except DataError:  # what lies beyond the sample is not UTF-8
        return encodings.of_file(path)
    return found


def _lines(path: Path, encoding: Encoding) -> Iterator[str]:
    """Yield the lines, ended by LF or CRLF; what other signs of Unicode end a line is part of it."""
    rest = ""
    for text in encodings.texts(path, encoding):
        *lines, rest = (rest + text).split("\n")
        for line in lines:
            yield line.removesuffix("\r")
    if rest:
        yield rest


def _frame(lines: list[str]) -> pl.DataFrame:
    column = pl.Series(COLUMN, lines, dtype=pl.String).str.strip_chars()
    return column.set(column == "", None).to_frame()


def _build(folder: Path, path: Path, encoding: Encoding, progress: Progress | None) -> None:
    total, done = path.stat().st_size // 10**6, 0.0
    lines = _lines(path, encoding)
    with memory_mapped.Writer(folder / "0.arrow", _PIECE) as writer:
        while piece := list(islice(lines, _PIECE)):
            frame = _frame(piece)
            writer.write(frame)
            done += frame.estimated_size() / 10**6
            if progress:
                progress(say("stages.reading", file=path.name), min(int(done), total - 1), total)
