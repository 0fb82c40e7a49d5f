"""CSV too large to be held in memory: read as text piece by piece, and each column made what all of it can be."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from leadline.core.catalogue import say
from leadline.core.schema import WrittenForm
from leadline.data import cache
from leadline.data.sources import encodings, fingerprints, memory_mapped
from leadline.data.sources.delimited import malformed
from leadline.data.sources.delimited.numerals import (
    TEXT,
    Judged,
    Reading,
    Style,
    code_of,
    is_padded,
    judged,
    notes_on_numbers,
    read_as,
    trimmed,
)
from leadline.data.sources.delimited.raw_file import RawFile, as_it_is, heads, look, options, utf_8
from leadline.data.sources.encodings import UTF_8
from leadline.data.sources.written_form import Read, Reader, as_trained, missing_words
from leadline.data.table import UNREADABLE, Progress
from leadline.errors import DataError

_HEAD = 1 << 23  # bytes that column types are guessed by
_NEXT: Mapping[type[pl.DataType], type[pl.DataType]] = {pl.Int64: pl.Float64, pl.Float64: pl.String}


def read(path: Path, how: Reader) -> Read:
    """Return a large delimited file as a memory-mapped frame; as `delimited.read` otherwise."""
    fingerprint = fingerprints.of_file(path, how.progress)
    written = look(path, how.encoding, how.header, _HEAD)
    if written.encoding.codec == UTF_8 and how.encoding is None and not _is_utf_8(path, fingerprint, how.progress):
        written = written._replace(encoding=encodings.of_file(path))  # what lies beyond the head is not UTF-8
    guess = _guess(written, how)
    known = {name: form.model_dump() for name, form in how.forms.items() if name in written.columns}
    what = [
        fingerprint,
        written.encoding.codec,
        list(written.dialect[:2]),
        written.dialect.header,
        [[name, str(one.dtype), one.style, one.words] for name, one in guess.readings.items()],
        list(how.nulls),
        known,
    ]
    frame, facts = memory_mapped.mapped(what, lambda folder: _build(folder, written, guess.readings, how))
    return Read(
        frame,
        (*written.notes, *notes_on_numbers(guess._replace(codes={**guess.codes, **facts["codes"]}))),
        {name: WrittenForm.model_validate(form) for name, form in {**facts["forms"], **known}.items()},
        pl.DataFrame(facts["unreadable"], schema=UNREADABLE, orient="row"),
        facts["words"],
    )


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


def _guess(written: RawFile, how: Reader) -> Judged:
    """Return how columns are read by the first rows; those whose form is known are not among them."""
    columns = [trimmed(column, how.nulls) for column in heads(written) if column.name not in how.forms]
    found = judged((c for c in columns if c.name not in how.verbatim), written.dialect.separator)
    readings = {column.name: found.readings.get(column.name, _other(column, how)) for column in columns}
    return found._replace(readings=readings)


def _other(column: pl.Series, how: Reader) -> Reading:
    if column.null_count() == len(column) and column.name not in how.verbatim:
        return Reading(pl.Int64)  # the narrowest: the first value there is decides
    return TEXT


@dataclass
class _Found:
    """What reading a file piece by piece has told so far; `readings` are put down where a value does not fit."""

    readings: dict[str, Reading]
    rows: int = 0
    unreadable: list[tuple[int, str, str]] = field(default_factory=list)
    words: dict[str, Counter[str]] = field(default_factory=dict)
    codes: dict[str, str] = field(default_factory=dict)

    def facts(self, how: Reader) -> Mapping[str, Any]:
        """Return what is kept beside the frame."""
        forms = {name: one.form for name, one in self.readings.items()} | dict(how.forms)
        words = {name: dict(counts) for name, counts in self.words.items() if forms[name].reads == "text"}
        return {
            "forms": {name: reading.form.model_dump() for name, reading in self.readings.items()},
            "unreadable": self.unreadable,
            "words": words,
            "codes": self.codes,
        }


def _build(folder: Path, written: RawFile, guess: Mapping[str, Reading], how: Reader) -> Mapping[str, Any]:
    with tempfile.TemporaryDirectory(dir=folder) as spare:
        source = _utf_8(written, Path(spare), how.progress)
        readings, codes = dict(guess), dict[str, str]()
        try:
            # some column may turn out to hold something else: by the second time it is known of all
            while not _write(folder / "0.arrow", source, written, found := _Found(readings, codes=codes), how):
                pass
        except pl.exceptions.PolarsError as error:
            raise malformed.why(written.path, written.encoding, written.dialect, error) from None
    return found.facts(how)


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


def _write(file: Path, source: Path, written: RawFile, found: _Found, how: Reader) -> bool:
    """Write the frame, and say whether all columns could be read as told; where not, the readings then say how they
    can.
    """
    fits, short, progress = True, False, how.progress
    total, per_row = (
        source.stat().st_size // 10**6,
        len(written.head.encode()) / 10**6 / max(1, written.head.count("\n")),
    )
    with memory_mapped.Writer(file, memory_mapped.rows_of(len(written.columns))) as writer:
        for piece in _pieces(source, written):
            known = dict(found.readings)
            frame = _typed(piece, found, how, str(written.path))
            fits = fits and known == found.readings
            if fits:
                writer.write(frame)
            short = short or frame[:, -1].null_count() > 0
            found.rows += frame.height
            if progress:
                progress(
                    say("stages.reading", file=written.path.name), min(int(found.rows * per_row), total - 1), total
                )
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


def _typed(piece: pl.DataFrame, found: _Found, how: Reader, where: str) -> pl.DataFrame:
    """Return a piece with every column as it is to be read, which is put down anew where a value cannot be read so."""
    plain = {
        name: one.dtype
        for name, one in found.readings.items()
        if one.style == Style.PLAIN and one.dtype in (pl.Int64, pl.Float64) and name not in how.forms
    }
    fast = piece.select(pl.col(name).cast(dtype, strict=False) for name, dtype in plain.items())  # all at once
    padded = piece.select(is_padded(name).any() for name, dtype in plain.items() if dtype == pl.Int64)
    columns = []
    for column in piece:
        name = column.name
        if name in how.forms:
            typed = as_trained(column, how.forms[name], how.nulls, where, found.rows)
            found.unreadable += [(row + found.rows, name, reason) for row, reason in typed.unreadable.items()]
            columns.append(_alike(typed.values, found))
        elif name in plain and fast[name].null_count() == column.null_count() and not _any(padded, name):
            columns.append(fast[name])
        else:
            columns.append(_fitting(trimmed(column, how.nulls), found))
        if columns[-1].dtype == pl.String:
            found.words.setdefault(name, Counter()).update(missing_words(column, columns[-1]))
    return pl.DataFrame(columns)


def _alike(values: pl.Series, found: _Found) -> pl.Series:
    """Return numbers of the type that all pieces have: fractions as soon as one has some, which is put down."""
    if values.dtype == pl.Float64:
        found.readings[values.name] = Reading(pl.Float64)
    return values.cast(pl.Float64) if found.readings.get(values.name) == Reading(pl.Float64) else values


def _any(flags: pl.DataFrame, name: str) -> bool:
    return name in flags.columns and bool(flags[name][0])


def _fitting(text: pl.Series, found: _Found) -> pl.Series:
    """Return trimmed text as it is to be read, or else as what all of it can be, which is put down."""
    name = text.name
    if found.readings[name].dtype == pl.Int64 and (code := code_of(text)):
        found.codes.setdefault(name, code)
        found.readings[name] = TEXT
    while (values := read_as(text, found.readings[name])) is None:
        one = found.readings[name]
        found.readings[name] = TEXT if one.dtype == pl.String else one._replace(dtype=_NEXT[one.dtype])
    return values
