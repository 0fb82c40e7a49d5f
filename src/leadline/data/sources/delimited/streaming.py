"""CSV too large to be held in memory: read as text piece by piece, and each column made what all of it can be."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import polars as pl

from leadline.core.catalogue import say
from leadline.data import cache
from leadline.data.sources import encodings, fingerprints, memory_mapped
from leadline.data.sources.delimited import malformed
from leadline.data.sources.delimited.numerals import (
    BOOLEAN,
    TEXT,
    Reading,
    Style,
    is_grouped,
    judged,
    notes_on_numbers,
    read_as,
    trimmed,
)
from leadline.data.sources.delimited.raw_file import RawFile, as_it_is, heads, look, options, utf_8
from leadline.data.sources.encodings import UTF_8
from leadline.data.table import Progress
from leadline.errors import DataError

_HEAD = 1 << 23  # bytes that column types are guessed by
_NEXT = {pl.Int64: pl.Float64, pl.Float64: pl.String, pl.Boolean: pl.String}


class _Guess(NamedTuple):
    """How each column is read at first, and what the user should know about it."""

    readings: Mapping[str, Reading]
    notes: tuple[str, ...]


def read(path: Path, encoding: str | None, progress: Progress | None) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Return a large delimited file as a memory-mapped frame; as `delimited.read` otherwise."""
    fingerprint = fingerprints.of_file(path, progress)
    written = look(path, encoding, _HEAD)
    if written.encoding.codec == UTF_8 and encoding is None and not _is_utf_8(path, fingerprint, progress):
        written = written._replace(encoding=encodings.of_file(path))  # what lies beyond the head is not UTF-8
    guess = _guess(written)
    what = [
        fingerprint,
        written.encoding.codec,
        list(written.dialect[:2]),
        [(str(r.dtype), r.style) for r in guess.readings.values()],
    ]
    frame = memory_mapped.mapped(what, lambda folder: _build(folder, written, guess.readings, progress))
    return frame, (*written.notes, *guess.notes)


def _is_utf_8(path: Path, fingerprint: str, progress: Progress | None) -> bool:
    def look_through() -> str:
        done, size = 0, path.stat().st_size
        try:
            for text in encodings.decoded(encodings.blocks(path), encodings.Encoding(UTF_8), path):
                done += len(text)
                if progress:
                    progress(say("stages.finding-encoding", file=path.name), min(done, size) // 10**6, size // 10**6)
        except DataError:
            return "no"
        return "yes"

    return cache.remember(f"utf-8 {fingerprint}", look_through) == "yes"


def _guess(written: RawFile) -> _Guess:
    columns = [trimmed(column) for column in heads(written)]
    numbers, doubtful = judged(columns, comma=written.dialect.separator == ";")
    readings = {column.name: numbers.get(column.name, _other(column)) for column in columns}
    grouped = []
    if any(reading.style == Style.COMMA for reading in readings.values()):
        grouped = [
            column.name for column in columns if readings[column.name].dtype == pl.Float64 and is_grouped(column)
        ]
        readings |= dict.fromkeys(grouped, Reading(pl.Int64, Style.COMMA))
    return _Guess(readings, notes_on_numbers(numbers, doubtful, grouped))


def _other(column: pl.Series) -> Reading:
    if column.null_count() == len(column):
        return Reading(pl.Int64)  # the narrowest: the first value there is decides
    return BOOLEAN if read_as(column, BOOLEAN) is not None else TEXT


def _build(folder: Path, written: RawFile, guess: Mapping[str, Reading], progress: Progress | None) -> None:
    with tempfile.TemporaryDirectory(dir=folder) as spare:
        source = _utf_8(written, Path(spare), progress)
        readings = dict(guess)
        try:
            while not _write(folder / "0.arrow", source, written, readings, progress):
                pass  # some column turned out to hold something else: by now it is known of all
        except pl.exceptions.PolarsError as error:
            raise malformed.why(written.path, written.encoding, written.dialect, error) from None


def _utf_8(written: RawFile, folder: Path, progress: Progress | None) -> Path:
    """Return a file that polars can read."""
    if as_it_is(written):
        return written.path
    source, done = folder / "text.csv", 0
    with source.open("wb") as file:
        for piece in utf_8(written):
            done += file.write(piece)
            if progress:
                progress(
                    say("stages.unpacking", file=written.path.name),
                    done // 10**6,
                    max(done, written.path.stat().st_size) // 10**6 + 1,
                )
    return source


def _write(file: Path, source: Path, written: RawFile, readings: dict[str, Reading], progress: Progress | None) -> bool:
    """Write the frame, and say whether all columns could be read as told; where not, `readings` then says how they
    can.
    """
    fits, short, rows = True, False, 0
    total, per_row = (
        source.stat().st_size // 10**6,
        len(written.head.encode()) / 10**6 / max(1, written.head.count("\n")),
    )
    with memory_mapped.Writer(file, memory_mapped.rows_of(len(readings))) as writer:
        for piece in _pieces(source, written):
            known = dict(readings)
            frame = _typed(piece, readings)
            fits = fits and known == readings
            if fits:
                writer.write(frame)
            short = short or frame[:, -1].null_count() > 0
            rows += frame.height
            if progress:
                progress(say("stages.reading", file=written.path.name), min(int(rows * per_row), total - 1), total)
    if short:  # polars fills rows that are too short with nulls
        malformed.refuse(written.path, written.encoding, written.dialect, _telling(written, total, progress))
    return fits


def _telling(written: RawFile, total: int, progress: Progress | None) -> malformed.Tell | None:
    name = say("stages.finding-short-rows", file=written.path.name)
    return None if progress is None else lambda done: progress(name, min(done // 10**6, total), total)


def _pieces(source: Path, written: RawFile) -> Iterator[pl.DataFrame]:
    names = list(written.columns)
    lazy = pl.scan_csv(source, infer_schema=False, **options(written))
    for frame in lazy.collect_batches(chunk_size=memory_mapped.rows_of(len(names)), maintain_order=True):
        frame.columns = names
        yield frame


def _typed(piece: pl.DataFrame, readings: dict[str, Reading]) -> pl.DataFrame:
    """Return a piece with every column as it is to be read, which is put down anew where a value cannot be read so."""
    plain = {
        name: one.dtype
        for name, one in readings.items()
        if one.style == Style.PLAIN and one.dtype in (pl.Int64, pl.Float64)
    }
    fast = piece.select(pl.col(name).cast(dtype, strict=False) for name, dtype in plain.items())  # all at once
    columns = []
    for column in piece:
        name = column.name
        values: pl.Series | None = fast[name] if name in plain else None
        if values is None or values.null_count() > column.null_count():
            text = trimmed(column)
            while (values := read_as(text, readings[name])) is None:
                readings[name] = readings[name]._replace(dtype=_NEXT[readings[name].dtype])
        columns.append(values)
    return pl.DataFrame(columns)
