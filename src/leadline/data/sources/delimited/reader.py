"""CSV and its dialects: other separators, other encodings, compressed, decimal commas, lines above the table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl

from leadline.core.catalogue import say
from leadline.data.sources import encodings, memory_mapped
from leadline.data.sources.delimited import malformed, streaming
from leadline.data.sources.delimited.numerals import (
    TEXT,
    Reading,
    is_padded,
    judged,
    may_be_numbers,
    notes_on_numbers,
    read_as,
    trim,
)
from leadline.data.sources.delimited.raw_file import RawFile, as_it_is, look, options, utf_8
from leadline.data.sources.encodings import UTF_8
from leadline.data.sources.written_form import AS_IT_IS, Read, Reader, as_trained, missing_words, unreadable_cells
from leadline.errors import DataError, first_line

_LOOK = 10_000  # rows
_COMPRESSED = 8  # times that a compressed file grows, about


def read(path: Path, how: Reader = AS_IT_IS) -> Read:
    """Return a delimited file as a frame, with notes for the user.

    Values are text; how numbers are written is judged by what columns hold, unless `how` says how they were written in
    training. Blanks around text are trimmed and words for nothing are null. Large files are read piece by piece. Raises
    DataError naming file and line, UsageError for an unknown encoding.
    """
    if memory_mapped.is_large(path, _COMPRESSED if encodings.is_compressed(path) else 1):
        if memory_mapped.can_map():
            return streaming.read(path, how)
        found = _read(look(path, how.encoding, how.header), how)
        return found._replace(notes=(*found.notes, memory_mapped.advice(path)))
    return _read(look(path, how.encoding, how.header), how)


def _read(written: RawFile, how: Reader) -> Read:
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
    found = _typed(frame, written, how)
    return found._replace(notes=(*written.notes, *found.notes))


def _parse(written: RawFile) -> pl.DataFrame:
    source = written.path if as_it_is(written) else b"".join(utf_8(written))
    return pl.read_csv(source, infer_schema=False, **options(written))


def _typed(frame: pl.DataFrame, written: RawFile, how: Reader) -> Read:
    """Return a frame of text with every column as it is to be read."""
    free = [name for name in frame.columns if name not in how.forms and name not in how.verbatim]
    plain = _plain_numbers(frame.select(free))
    text = {column.name: column for column in frame.with_columns(trim(set(frame.columns) - plain.keys(), how.nulls))}
    found = judged(
        (text[name] for name in free),
        separator=written.dialect.separator,
        known={name: Reading(type(column.dtype)) for name, column in plain.items()},
    )
    forms = {name: how.forms.get(name, found.readings.get(name, TEXT).form) for name in frame.columns}
    typed, bad = [], []
    for name, column in text.items():
        if name in how.forms:
            values, cells = as_trained(column, forms[name], how.nulls, str(written.path))
            bad.append((name, cells))
        else:
            reading = found.readings.get(name, TEXT)
            values = plain[name] if name in plain and plain[name].dtype == reading.dtype else _as(column, reading)
        typed.append(values)
    words = {name: missing_words(frame[name], text[name]) for name, form in forms.items() if form.reads == "text"}
    return Read(pl.DataFrame(typed), notes_on_numbers(found), forms, unreadable_cells(bad), words)


def _as(text: pl.Series, reading: Reading) -> pl.Series:
    values = read_as(text, reading)
    assert values is not None, "that is how the column was judged"
    return values


def _plain_numbers(frame: pl.DataFrame) -> Mapping[str, pl.Series]:
    """Return the columns of text that are numbers as programs write them, without codes or a word for missing among
    them.

    They are tried together, which polars does in parallel.
    """
    heads = [column.drop_nulls() for column in frame.head(_LOOK) if may_be_numbers(frame[column.name])]
    whole = [head.name for head in heads if head.cast(pl.Int64, strict=False).null_count() == 0]
    found = _tried(frame, whole, pl.Int64)
    codes = frame.select(is_padded(name).any() for name in found).to_dicts()[0] if found else {}
    fractions = _tried(frame, [head.name for head in heads if head.name not in found], pl.Float64)
    return {name: column for name, column in found.items() if not codes[name]} | fractions


def _tried(frame: pl.DataFrame, names: Sequence[str], dtype: type[pl.DataType]) -> dict[str, pl.Series]:
    tried = frame.select(pl.col(name).cast(dtype, strict=False) for name in names)
    return {c.name: c for c in tried if c.null_count() == frame[c.name].null_count() and not _has_nan(c)}


def _has_nan(column: pl.Series) -> bool:
    return column.dtype == pl.Float64 and bool(column.is_nan().any())
