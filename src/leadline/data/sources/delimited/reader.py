"""CSV and its dialects: other separators, other encodings, compressed, decimal commas, lines above the table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

from leadline.core.catalogue import say
from leadline.data.sources import encodings, memory_mapped
from leadline.data.sources.delimited import malformed, streaming
from leadline.data.sources.delimited.numerals import (
    NULLS,
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
from leadline.data.sources.frames import WIDE
from leadline.data.table import Progress
from leadline.errors import DataError, first_line

_COMPRESSED = 8  # times that a compressed file grows, about


def read(
    path: Path, encoding: str | None = None, progress: Progress | None = None
) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Return a delimited file as a frame, with notes for the user.

    Blanks around text are trimmed, the usual words for nothing (`NULLS`) are null, and how numbers are written is
    judged by what columns hold. `encoding` is the user's word for one that would be guessed wrong. Large files are read
    piece by piece, which `progress` is told. Raises DataError naming file and line, UsageError for an unknown encoding.
    """
    if memory_mapped.is_large(path, _COMPRESSED if encodings.is_compressed(path) else 1):
        if memory_mapped.can_map():
            return streaming.read(path, encoding, progress)
        frame, notes = _read(look(path, encoding))
        return frame, (*notes, memory_mapped.advice(path))
    return _read(look(path, encoding))


def _read(written: RawFile) -> tuple[pl.DataFrame, tuple[str, ...]]:
    path = written.path
    try:
        frame = _parse(written)
    except pl.exceptions.ComputeError as error:
        if "utf-8" not in str(error) or written.encoding.codec != UTF_8:
            raise malformed.why(path, written.encoding, written.dialect, error) from None
        written = written._replace(encoding=encodings.of_file(path))  # what lies beyond the sample is not UTF-8
        frame = _parse(written)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise DataError(say("sources.unreadable-as-csv", path=path, error=first_line(error))) from None
    if frame.width and frame[:, -1].null_count():  # polars fills rows that are too short with nulls
        malformed.refuse(path, written.encoding, written.dialect)
    frame.columns = list(written.columns)
    frame, said = _typed(frame, written)
    return frame, (*written.notes, *said)


def _parse(written: RawFile, **more: Any) -> pl.DataFrame:
    source = written.path if as_it_is(written) else b"".join(utf_8(written))
    told = {**options(written), **more}
    if "infer_schema" in more:
        return pl.read_csv(source, **told)
    try:
        return pl.read_csv(source, infer_schema_length=10_000, **told)
    except pl.exceptions.ComputeError as error:
        if "could not parse" not in str(error):
            raise
    try:
        return pl.read_csv(source, infer_schema_length=None, **told)  # a later row holds what the first ones do not
    except pl.exceptions.ComputeError as error:
        if "dtype `i128`" not in str(error):
            raise
        # whole numbers of forty digits: read as text, then as floats
        return pl.read_csv(source, infer_schema=False, **told)


def _typed(frame: pl.DataFrame, written: RawFile) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Trim text, then read as numbers the columns that blanks, quotes, commas or points had kept from being numbers."""
    text = pl.col(pl.String).str.strip_chars()
    frame = frame.with_columns(text.replace(dict.fromkeys(NULLS, None)), pl.col(*WIDE).cast(pl.Float64))
    texts = [column for column in frame if column.dtype == pl.String]
    readings, doubtful = judged(texts, comma=written.dialect.separator == ";")
    casts = [
        values
        for column in texts
        if column.name in readings and (values := read_as(column, readings[column.name])) is not None
    ]
    grouped = _grouped(frame, written) if any(reading.style == Style.COMMA for reading in readings.values()) else []
    said = notes_on_numbers(readings, doubtful, [column.name for column in grouped])
    return frame.with_columns(*casts, *grouped), said


def _grouped(frame: pl.DataFrame, written: RawFile) -> list[pl.Series]:
    """Return the columns that polars has taken for fractions and that hold points between groups of three digits, as
    numbers.
    """
    fractions = [name for name, dtype in frame.schema.items() if dtype == pl.Float64]
    at = [
        frame.columns.index(column.name) for column in heads(written).select(fractions) if is_grouped(trimmed(column))
    ]
    if not at:
        return []
    texts = _parse(written, columns=at, infer_schema=False)
    texts.columns = [frame.columns[i] for i in at]
    found = [read_as(trimmed(column), Reading(pl.Int64, Style.COMMA)) for column in texts]
    return [column for column in found if column is not None]
