"""Columns of text read as numbers: plain ones, decimal commas, and digits in groups of three.

``1.234,5`` and ``1,234.5`` say themselves how they are meant; ``1,234`` does not, and is read as the other columns of
its file are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple

import polars as pl

from leadline.core.catalogue import say
from leadline.core.wording import quoted

NULLS = ("", "?", "NA", "N/A", "n/a", "nan", "NaN", "null", "NULL")
_LOOK = 200  # values
_SPACES = "\u00a0\u202f "
_COMMA = rf"^[+-]?(\d{{1,3}}([.{_SPACES}]\d{{3}})+|\d+)?(,\d+)?$"
_POINT = r"^[+-]?(\d{1,3}(,\d{3})+|\d+)?(\.\d+)?$"
_GROUPED = r"^[+-]?[1-9]\d{0,2}(\.\d{3})+$"


class Style(StrEnum):
    """How a column's numbers are written: as programs do, with a decimal comma, or with commas between groups of three
    digits.
    """

    PLAIN = "plain"
    COMMA = "comma"
    POINT = "point"


class Reading(NamedTuple):
    """What a column of text is read as: numbers of a type in a style, truth values, or text."""

    dtype: type[pl.DataType] = pl.String
    style: Style = Style.PLAIN


TEXT = Reading()
BOOLEAN = Reading(pl.Boolean)


def trimmed(column: pl.Series) -> pl.Series:
    """Return text without blanks around it, null where it is one of the words for nothing."""
    text = column.str.strip_chars()
    return text.set(text.is_in(NULLS), None)


def read_as(column: pl.Series, reading: Reading) -> pl.Series | None:
    """Return trimmed text as what it is to be read as; None where a value cannot be read so."""
    if reading.dtype == pl.String:
        return column
    if reading.dtype == pl.Boolean:
        low = column.str.to_lowercase()
        return low == "true" if low.is_in(("true", "false")).all() else None
    text = _plain(column, reading.style)
    if text is None:
        return None
    values = text.cast(reading.dtype, strict=False)
    return values if values.null_count() == column.null_count() else None


def judged(columns: Iterable[pl.Series], *, comma: bool) -> tuple[Mapping[str, Reading], tuple[str, ...]]:
    """Return how columns of trimmed text are read, and the names of those whose commas could mean either.

    With `comma`, the file has no other use for commas: they are decimal where nothing says otherwise.
    """
    columns = [column for column in columns if _may_be_numbers(column)]
    readings = {column.name: reading for column in columns if (reading := _number(column, Style.PLAIN))}
    styles = {column.name: _styles(column) for column in columns if column.name not in readings}
    sure = {style for possible in styles.values() if len(possible) == 1 for style in possible}
    usual = (
        Style.COMMA if sure == {Style.COMMA} or (comma and not sure) else Style.POINT if sure == {Style.POINT} else None
    )
    doubtful = []
    for column in columns:
        possible = styles.get(column.name, ())
        style = possible[0] if len(possible) == 1 else usual if possible else None
        if style is not None and (reading := _number(column, style)):
            readings[column.name] = reading
        elif possible:
            doubtful.append(column.name)
    return readings, tuple(doubtful)


def is_grouped(column: pl.Series) -> bool:
    """Say whether all values with a point, of which there are some, have it before each group of three digits:
    ``1.234``.
    """
    pointed = column.filter(column.str.contains(".", literal=True).fill_null(False))
    return len(pointed) > 0 and bool(pointed.str.contains(_GROUPED).all())


def notes_on_numbers(
    readings: Mapping[str, Reading], doubtful: Sequence[str], grouped: Sequence[str]
) -> tuple[str, ...]:
    """Return what the user should know about how numbers were read."""
    said = []
    for style, name in (
        (Style.COMMA, "sources.numbers-with-commas"),
        (Style.POINT, "sources.numbers-grouped-by-commas"),
    ):
        found = [column for column, reading in readings.items() if reading.style == style]
        if found:
            said.append(say(name, columns=quoted(found)))
    if grouped:
        said.append(say("sources.points-group-digits", columns=quoted(grouped)))
    if doubtful:
        said.append(say("sources.commas-unclear", columns=quoted(doubtful)))
    return tuple(said)


def _may_be_numbers(column: pl.Series) -> bool:
    """Say whether a column has values, and the first of them have digits: a look that spares text the attempts
    below.
    """
    first = column.head(_LOOK).drop_nulls()
    if first.is_empty():
        return column.null_count() < len(column)
    return bool(first.str.contains(r"(?i)\d|^[+-]?inf(inity)?$").all())


def _styles(column: pl.Series) -> tuple[Style, ...]:
    """Return the styles that all values of a column are in, of those with commas; none where the column is not of
    numbers.
    """
    if not column.str.contains(r"\d").all():
        return ()
    fits = [style for style, form in ((Style.COMMA, _COMMA), (Style.POINT, _POINT)) if column.str.contains(form).all()]
    return tuple(fits) if fits and column.str.contains(",", literal=True).any() else ()


def _number(column: pl.Series, style: Style) -> Reading | None:
    for dtype in (pl.Int64, pl.Float64):
        if read_as(column, Reading(dtype, style)) is not None:
            return Reading(dtype, style)
    return None


def _plain(column: pl.Series, style: Style) -> pl.Series | None:
    if style == Style.PLAIN:
        return column
    if not column.str.contains(_COMMA if style == Style.COMMA else _POINT).all():
        return None
    if style == Style.POINT:
        return column.str.replace_all(",", "", literal=True)
    return column.str.replace_all(rf"[.{_SPACES}]", "").str.replace(",", ".", literal=True)
