"""How text becomes values: words for missing, numbers and truth values, each read as the train rows were.

How a column is written is judged once, on the train rows, and recorded in the schema. Whatever is read later, from a
file of any format or from memory, is read by that record (`as_trained`), never by what its own rows look like.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import polars as pl

from leadline.core.catalogue import say
from leadline.core.experiment import MISSING_WORDS
from leadline.core.schema import WrittenForm
from leadline.core.wording import enumerated
from leadline.data.columns.scalars.parsing import as_text
from leadline.data.sources.delimited import numerals
from leadline.data.sources.delimited.numerals import Style, trimmed
from leadline.data.table import UNREADABLE, Progress, Table
from leadline.errors import DataError

TEXT = WrittenForm(reads="text")
NUMBER = WrittenForm(reads="number")
_EXAMPLE = {Style.PLAIN: "1234.5", Style.COMMA: "1.234,5", Style.POINT: "1,234.5"}


class Reader(NamedTuple):
    """How a source is read.

    `encoding` is that of text where it would be guessed wrong, `progress` is told how reading goes, `nulls` are the
    words for a missing value, `verbatim` the columns whose text is kept as it is written, and `forms` say how columns
    were written where the network was trained; `header` says whether delimited files begin with column names, where
    that is not left to be judged.
    """

    encoding: str | None = None
    progress: Progress | None = None
    nulls: tuple[str, ...] = MISSING_WORDS
    verbatim: Collection[str] = ()
    forms: Mapping[str, WrittenForm] = {}
    header: bool | None = None


AS_IT_IS = Reader()


class Read(NamedTuple):
    """What a reader of files makes of one: a frame, notes for the user and, where it knows, how columns are written,
    which cells could not be read, how often words for missing stood in columns of text, and which columns the file
    declares categories.
    """

    frame: pl.DataFrame
    notes: tuple[str, ...] = ()
    forms: Mapping[str, WrittenForm] = {}
    unreadable: pl.DataFrame = pl.DataFrame(schema=UNREADABLE)
    words: Mapping[str, Mapping[str, int]] = {}
    categories: Collection[str] = ()


class Typed(NamedTuple):
    """A column as it was read, and the cells that could not be: their positions, each with the reason."""

    values: pl.Series
    unreadable: Mapping[int, str] = {}


def as_trained(column: pl.Series, form: WrittenForm, nulls: Collection[str], where: str, above: int = 0) -> Typed:
    """Return a column, of text or of any other type, as one of the form it had where the network was trained.

    `above` is how many rows of its file stand above it. Cells that cannot be read so are null. Raises DataError where
    they can be read another way: then the whole column is written otherwise than in training, and the cells that seem
    to fit would mean something else.
    """
    if column.dtype in (pl.Categorical, pl.Enum):
        column = column.cast(pl.String)
    if column.dtype == pl.String:
        text = trimmed(column, nulls)
        if form.reads == "number":
            return _numbers(text, Style(form.style), where, above)
        return Typed(text if form.words is None else numerals.in_words(text, form.words))
    if not (column.dtype.is_numeric() or column.dtype in (pl.Boolean, pl.Null)):
        return Typed(column)
    if form.reads == "number":
        return Typed(column if column.dtype.is_numeric() else column.cast(pl.Int64))
    return Typed(as_text(column) if form.words is None else numerals.in_words(as_text(column), form.words))


def _numbers(text: pl.Series, style: Style, where: str, above: int) -> Typed:
    values = numerals.numbers(text, style)
    bad = (values.is_null() & text.is_not_null()).arg_true()
    if not len(bad):
        return Typed(values)
    other = next((other for other in Style if other != style and numerals.are_numbers(text, other)), None)
    if other is not None:
        row = int(bad[0])
        raise DataError(
            say(
                "sources.numbers-written-otherwise",
                where=where,
                row=above + row + 1,
                column=text.name,
                value=text[row],
                expected=_EXAMPLE[style],
            )
        )
    return Typed(values, {int(row): _no_number(text[int(row)], style) for row in bad})


def _no_number(value: str, style: Style) -> str:
    return say("sources.not-a-number", value=value, expected=_EXAMPLE[style])


def unreadable_cells(found: Iterable[tuple[str, Mapping[int, str]]]) -> pl.DataFrame:
    """Return cells that could not be read, of several columns, as `Table.unreadable` lists them."""
    rows = [(row, column, reason) for column, reasons in found for row, reason in reasons.items()]
    return pl.DataFrame(rows, schema=UNREADABLE, orient="row")


def read_as_trained(table: Table, how: Reader) -> Table:
    """Return a table whose columns are read as in training where that is known; where not, as they are.

    Columns whose form the table has told are read already; a table of which all are is returned as it is. Of those
    whose type the source declares, nothing is read as missing.
    """
    columns = [column for column in table.frame if column.name not in table.forms]
    where = table.origin if isinstance(table.origin, str) else table.name
    known = {c.name: as_trained(c, how.forms[c.name], how.nulls, where) for c in columns if c.name in how.forms}
    free = [column for column in columns if column.name not in known]
    texts = [column for column in free if column.dtype == pl.String and column.name not in table.kinds]
    found, read, words = _judged(texts, how)
    forms = {c.name: form for c in free if (form := _form_of(c.dtype))} | dict(found.forms) | dict(table.forms)
    forms |= {name: how.forms[name] for name in known}
    if forms == table.forms and table.nulls == how.nulls:
        return table  # it has been read before
    cells = unreadable_cells((name, typed.unreadable) for name, typed in known.items())
    return replace(
        table,
        frame=table.frame.with_columns(*(typed.values for typed in known.values()), *read),
        forms=forms,
        nulls=how.nulls,
        unreadable=pl.concat([table.unreadable, cells]),
        notes=(*table.notes, *numerals.notes_on_numbers(found), *notes_on_missing(words)),
    )


def _form_of(dtype: pl.DataType) -> WrittenForm | None:
    """Return how a column of a type would be written; None for those that no text stands for."""
    if dtype == pl.Boolean:
        return WrittenForm(reads="boolean", words=("false", "true"))
    return NUMBER if dtype.is_numeric() else TEXT if dtype == pl.String else None


def _judged(
    texts: Sequence[pl.Series], how: Reader
) -> tuple[numerals.Judged, list[pl.Series], Mapping[str, Mapping[str, int]]]:
    """Return what columns that a source itself says are text hold, those that change as they are read, and words for
    missing in them.

    They stay text, so that codes keep their form, unless they hold numbers as programs do not write them.
    """
    trim = {column.name: trimmed(column, how.nulls) for column in texts}
    found = numerals.judged(text for name, text in trim.items() if name not in how.verbatim)
    read, words = list[pl.Series](), dict[str, Mapping[str, int]]()
    for column in texts:
        text, reading = trim[column.name], found.readings.get(column.name, numerals.TEXT)
        counts = missing_words(column, text)
        values = numerals.read_as(text, reading) if column.name in found.punctuated else None
        if values is not None or counts:
            read.append(text if values is None else values)
        if reading == numerals.TEXT:  # of numbers it is plain that such words are none
            words[column.name] = counts
    readings = {name: found.readings[name] for name in found.punctuated}
    return found._replace(readings=readings, codes={}), read, words


def missing_words(column: pl.Series, text: pl.Series) -> Mapping[str, int]:
    """Return how often a column of text, and that `text` trimmed, holds each of the words for a missing value; an empty
    cell is none.
    """
    found = column.filter(text.is_null() & column.is_not_null()).str.strip_chars()
    return dict(Counter(word for word in found.to_list() if word))


def notes_on_missing(found: Mapping[str, Mapping[str, int]]) -> tuple[str, ...]:
    """Return in a line what was read as missing in columns of text; nothing where nothing was. `found` has the counts
    by column and word.
    """
    cells = {column: sum(counts.values()) for column, counts in found.items() if counts}
    if not cells:
        return ()
    words = enumerated(repr(word) for word in dict.fromkeys(word for counts in found.values() for word in counts))
    if len(cells) == 1:
        ((column, count),) = cells.items()
        return (say("sources.words-read-as-missing", column=column, cells=count, words=words),)
    named = enumerated(f"{column!r} {count:,}" for column, count in cells.items())
    return (
        say(
            "sources.words-read-as-missing-in-columns",
            cells=sum(cells.values()),
            columns=len(cells),
            words=words,
            named=named,
        ),
    )
