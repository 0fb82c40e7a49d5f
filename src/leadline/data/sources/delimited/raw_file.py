"""A delimited file before its values are read: where it lies, its encoding and dialect, and its first lines."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from leadline.core.catalogue import say
from leadline.core.wording import quoted
from leadline.data.sources import encodings
from leadline.data.sources.delimited import dialect as dialects
from leadline.data.sources.delimited import malformed
from leadline.data.sources.delimited.dialect import BLANKS, Dialect
from leadline.data.sources.encodings import UTF_8, Encoding
from leadline.data.sources.frames import check_width
from leadline.errors import DataError

SAMPLE = 1 << 18  # bytes that separator, encoding and column names are judged by
_LINES = 5  # at least, however long they are
_LONGEST = 1 << 26  # bytes of column names, at most


class RawFile(NamedTuple):
    """A delimited file: `head` is its text up to the end of some line, `whole` says whether that is all of it."""

    path: Path
    encoding: Encoding
    dialect: Dialect
    head: str
    whole: bool

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of all columns; those without one are called by their number."""
        names = self.dialect.names
        free = ((at, (f"column_{at + 1}{'_' * n}" for n in range(len(names) + 1))) for at in range(len(names)))
        return tuple(names[at] or next(name for name in candidates if name not in names) for at, candidates in free)

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user should know about how the file is written."""
        bare = [called for name, called in zip(self.dialect.names, self.columns, strict=True) if not name]
        some = bare if self.dialect.header else []
        numbered = (say("sources.columns-without-name", file=self.path.name, columns=quoted(some)),) if some else ()
        return (*self.encoding.note(self.path), *self.dialect.notes, *numbered)


def look(path: Path, encoding: str | None = None, header: bool | None = None, least: int = SAMPLE) -> RawFile:
    """Return how a file is written, by its first `least` bytes, and `header`, whether its table has column names, where
    the user says so; raises DataError where it holds no table.
    """
    sample, whole = _sample(path, least)
    found = encodings.named(encoding) if encoding else encodings.of_sample(sample, path)
    text = "".join(encodings.decoded(iter([sample]), found, path, final=whole)).removeprefix("\ufeff")
    if not text.strip():
        raise DataError(say("sources.empty-file", path=path))
    if "\r" in text and "\n" not in text:
        raise DataError(say("sources.line-ends-cr", path=path))
    if "\n" not in text and not whole:
        raise DataError(say("sources.first-line-too-long", path=path, megabytes=_LONGEST >> 20))
    text = text if whole else text[: text.rindex("\n") + 1]
    first = text.find("\n")
    check_width(1 + max(text.count(separator, 0, first) for separator in dialects.SEPARATORS), str(path))
    dialect = dialects.of_text(path, text, header)
    check_width(len(dialect.names), str(path))
    return RawFile(path, found, dialect, text, whole)


def options(written: RawFile) -> dict[str, Any]:
    """Return what polars must be told to read the `utf_8` text of a file."""
    blanks = written.dialect.separator == BLANKS
    place = (
        {"separator": "\t"} if blanks else {"separator": written.dialect.separator, "skip_lines": written.dialect.skip}
    )
    return {**place, "glob": False, "has_header": written.dialect.header}


def as_it_is(written: RawFile) -> bool:
    """Say whether polars can read the file itself: UTF-8, not compressed, not separated by runs of blanks."""
    plain = written.encoding.codec == UTF_8 and not encodings.is_compressed(written.path)
    return plain and written.dialect.separator != BLANKS


def utf_8(written: RawFile) -> Iterator[bytes]:
    """Yield a file's text in UTF-8, runs of blanks as tabs."""
    if written.dialect.separator == BLANKS:
        return _tabbed(written)
    if written.encoding.codec == UTF_8:
        return encodings.blocks(written.path)
    return (text.encode() for text in encodings.texts(written.path, written.encoding))


def heads(written: RawFile) -> pl.DataFrame:
    """Return the first rows of a file as text, by the names of `RawFile.columns`."""
    width = len(written.dialect.names)
    lines = (line + "\n" for line in written.head.split("\n"))
    found = [row for _, row in malformed.records(lines, written.dialect) if len(row) == width]
    return pl.DataFrame(found[written.dialect.header :], schema=dict.fromkeys(written.columns, pl.String), orient="row")


def _tabbed(written: RawFile) -> Iterator[bytes]:
    for _, row in malformed.checked(written.path, written.encoding, written.dialect):
        line = io.StringIO()
        csv.writer(line, delimiter="\t", lineterminator="\n").writerow(row)
        yield line.getvalue().encode()


def _sample(path: Path, least: int) -> tuple[bytes, bool]:
    """Return the first bytes of a file, with some lines at least, and whether these are all."""
    sample = bytearray()
    for block in encodings.blocks(path):
        sample += block
        if len(sample) >= least and (sample.count(b"\n") >= _LINES or len(sample) >= _LONGEST):
            return bytes(sample), False
    return bytes(sample), True
