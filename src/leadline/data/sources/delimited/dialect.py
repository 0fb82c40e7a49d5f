"""How a delimited file is written: what separates its fields, where its table begins, what its columns are called."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from itertools import dropwhile, pairwise
from pathlib import Path
from typing import NamedTuple

from leadline.core.catalogue import say
from leadline.core.wording import quoted
from leadline.errors import DataError

SEPARATORS = (",", ";", "\t", "|")
BLANKS = " "  # one or more of them
_LINES = 200  # that are looked at
_YEARS = 3  # columns from which numbers that rise evenly are names
_SHOWN = 4  # values of a first line that a note names
_PREAMBLE = 50  # lines at most that may stand before a table
_NUMBER = re.compile(r"[+-]?(\d[\d.,'\u00a0\u202f]*|[.,]\d+)([eE][+-]?\d+)?%?")
csv.field_size_limit(max(1 << 27, csv.field_size_limit()))  # or a long text could not be passed over


class Dialect(NamedTuple):
    """The separator of fields (`BLANKS`: runs of blanks), how many lines stand before the table, and the names of its
    columns, which are empty where its first line is no `header` but data.
    """

    separator: str
    skip: int
    names: Sequence[str]
    notes: tuple[str, ...] = ()
    header: bool = True


def of_text(path: Path, text: str, header: bool | None = None) -> Dialect:
    """Return the dialect of a file from its first lines; `header` says whether the table has column names, where that
    is not left to be judged. Raises DataError where columns have equal names.
    """
    lines = re.findall(r"[^\n]*\n|[^\n]+", text)[:_LINES]
    stated = re.fullmatch(r'"?sep=(.)"?', lines[0].strip(), re.IGNORECASE)  # a line that Excel writes and reads
    below = list(dropwhile(_is_aside, lines))
    separator = stated[1] if stated else _separator(below or lines)
    skip = 1 if stated else _preamble(lines, separator)
    while skip < len(lines) and not lines[skip].strip():
        skip += 1
    names = [name.strip() for name in fields("".join(lines[skip:]), separator)]
    if header is False or (header is None and _is_data(rows("".join(lines[skip:]), separator))):
        told = () if header is False else (say("sources.first-line-is-data", file=path.name, first=_first(names)),)
        return Dialect(separator, skip, [""] * len(names), told, header=False)
    repeated = [name for name, count in Counter(names).items() if count > 1 and name]
    if repeated:
        raise DataError(say("sources.columns-of-one-name", where=path, columns=quoted(repeated)))
    passed = 0 if stated else sum(bool(line.strip()) for line in lines[:skip])
    said = (say("sources.lines-above-header", file=path.name, lines=passed),) if passed else ()
    return Dialect(separator, skip, names, (*said, *(_doubts(path, names) if header is None else ())))


def fields(text: str, separator: str) -> list[str]:
    """Return the fields of the first record in some text."""
    return next((row for row in rows(text, separator) if row), [])


def rows(text: str, separator: str) -> list[list[str]]:
    """Return the records in some text; runs of blanks count as one where blanks separate."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=separator == BLANKS)
    found = [row for row in reader if row]
    return [[field for field in row if field] for row in found] if separator == BLANKS else found


def is_number(text: str) -> bool:
    """Say whether a field looks like a number, however its digits are grouped."""
    return bool(_NUMBER.fullmatch(text.strip()))


def _separator(lines: Sequence[str]) -> str:
    def consistency(separator: str) -> tuple[float, int]:
        widths = Counter(len(row) for row in csv.reader(lines, delimiter=separator) if row)
        (width, count), *_ = widths.most_common(1) or [(0, 0)]
        return (count / widths.total(), width) if width > 1 else (0.0, width)

    best = max(SEPARATORS, key=consistency)
    return BLANKS if consistency(best)[0] < 1 and _are_blanks(lines) else best


def _are_blanks(lines: Sequence[str]) -> bool:
    """Say whether blanks separate: in each line as many fields, two at least, and numbers below a name in some
    column.
    """
    records = rows("".join(lines), BLANKS)
    return (
        len(records) > 2
        and len({len(row) for row in records}) == 1
        and len(records[0]) > 1
        and (_has_header(records) or all(map(is_number, records[0])))
    )


def _has_header(records: Sequence[Sequence[str]]) -> bool:
    """Say whether some column holds numbers below a name that is none."""
    names, *below = records
    columns = ([row[at] for row in below if row[at].strip()] for at, name in enumerate(names) if not is_number(name))
    return any(column and all(map(is_number, column)) for column in columns)


def _is_data(records: Sequence[Sequence[str]]) -> bool:
    """Say whether a table begins with a row of values: numbers that do not count, beside words that come again below.

    Columns may well be called 0, 1, 2 … or by years.
    """
    first, *below = records or [[]]
    values = [(at, field.strip()) for at, field in enumerate(first)]
    numbers = [(at, field) for at, field in values if is_number(field)]
    if not numbers or any(not field for _, field in values) or _counts([field for _, field in numbers]):
        return False
    below = [row for row in below if len(row) == len(first)]
    fit = all(is_number(row[at]) for at, _ in numbers for row in below if row[at].strip())
    return fit and all(any(row[at].strip() == field for row in below) for at, field in values if not is_number(field))


def _counts(numbers: Sequence[str]) -> bool:
    """Say whether whole numbers count from 0 or 1, or rise by the same step from column to column, as years do."""
    if not all(number.isdecimal() for number in numbers):
        return False
    values = [int(number) for number in numbers]
    steps = {after - before for before, after in pairwise(values)}
    return steps <= {1} and values[0] in (0, 1) if len(values) < _YEARS else len(steps) == 1 and min(steps) > 0


def _first(names: Sequence[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (", …" if len(names) > _SHOWN else "")


def _preamble(lines: Sequence[str], separator: str) -> int:
    """Return how many lines stand before the table: blank ones, comments, and titles above a table that is plainly one.

    A title has one field where the table has several. It is passed over only where all that follows is of one width and
    has, below names, a column of numbers: what is left might otherwise be a ragged table, about which the user must
    hear.
    """
    start = 0
    while start < min(len(lines), _PREAMBLE) and _is_aside(lines[start]):
        start += 1
    if start and lines[start - 1].lstrip().startswith("#") and _is_header(lines, start - 1, separator):
        return start - 1
    skip = start
    while (
        skip < min(len(lines), start + _PREAMBLE) and sum(map(bool, map(str.strip, fields(lines[skip], separator)))) < 2
    ):
        skip += 1
    records = rows("".join(lines[skip:]), separator)
    regular = len(records) > 1 and len({len(row) for row in records}) == 1 and all(map(str.strip, records[0]))
    return skip if regular and _has_header(records) else start


def _is_aside(line: str) -> bool:
    return not line.strip() or line.lstrip().startswith("#")


def _is_header(lines: Sequence[str], at: int, separator: str) -> bool:
    """Say whether a line that looks like a comment holds the column names: as many as the table has, which has no
    others.
    """
    names, below = fields(lines[at], separator), rows("".join(lines[at + 1 :]), separator)
    return bool(below) and {len(row) for row in below} == {len(names)} and any(map(is_number, below[0]))


def _doubts(path: Path, names: Sequence[str]) -> tuple[str, ...]:
    if 2 * sum(map(is_number, names)) <= len(names):
        return ()
    return (say("sources.header-mostly-numbers", file=path.name),)
