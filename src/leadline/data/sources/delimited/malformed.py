"""Where a delimited file breaks: the first line with too few or too many fields, the quote that is never closed."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

from leadline.core.catalogue import say
from leadline.data.sources.delimited.dialect import BLANKS, Dialect
from leadline.data.sources.encodings import Encoding, texts
from leadline.errors import DataError, first_line

Tell = Callable[[int], None]


def refuse(path: Path, encoding: Encoding, dialect: Dialect, tell: Tell | None = None) -> None:
    """Raise DataError with the first line that has not as many fields as there are columns; does nothing where all
    have.

    `tell` is told, now and then, how many letters have been looked at.
    """
    for _ in checked(path, encoding, dialect, tell):
        pass


def checked(
    path: Path, encoding: Encoding, dialect: Dialect, tell: Tell | None = None
) -> Iterator[tuple[int, list[str]]]:
    """Yield the records of a file as `records` does; raises DataError for the first one of another width than the
    names'.
    """
    for line, row in records(lines(path, encoding, tell), dialect):
        if len(row) != len(dialect.names):
            called = "blanks" if dialect.separator == BLANKS else repr(dialect.separator)
            raise DataError(
                say(
                    "sources.row-length-differs",
                    path=path,
                    line=line,
                    fields=len(row),
                    header=dialect.skip + 1,
                    columns=len(dialect.names),
                    separator=called,
                )
            )
        yield line, row


def why(path: Path, encoding: Encoding, dialect: Dialect, error: Exception) -> DataError:
    """Return the error for a file that could not be parsed: the line that breaks it, where one can be found."""
    after = dialect.skip + 1
    try:
        for line, _ in records(lines(path, encoding), dialect, strict=True):
            after = line
    except csv.Error as broken:
        if "end of data" in str(broken):
            return DataError(say("sources.quote-not-closed", path=path, line=after))
    try:
        refuse(path, encoding, dialect)
    except DataError as ragged:
        return ragged
    return DataError(say("sources.unreadable-as-csv", path=path, error=first_line(error)))


def lines(path: Path, encoding: Encoding, tell: Tell | None = None) -> Iterator[str]:
    """Yield the lines of a file with their ends, as the csv module wants them."""
    rest, done = "", 0
    for text in texts(path, encoding):
        *whole, rest = (rest + text).split("\n")
        for line in whole:
            yield f"{line}\n"
        done += len(text)
        if tell:
            tell(done)
    if rest:
        yield rest


def records(source: Iterator[str], dialect: Dialect, *, strict: bool = False) -> Iterator[tuple[int, list[str]]]:
    """Yield the records of a file from its column names on, each with the line (1-based) that it begins in.

    Blank lines are none. Raises csv.Error, with `strict`, where quotes are misused.
    """
    blanks = dialect.separator == BLANKS
    below = islice(source, dialect.skip, None)
    reader = csv.reader(below, delimiter=dialect.separator, skipinitialspace=blanks, strict=strict)
    line = dialect.skip + 1
    for row in reader:
        if row:
            yield line, [field for field in row if field] if blanks else row
        line = dialect.skip + reader.line_num + 1
