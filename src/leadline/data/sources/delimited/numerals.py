"""Columns of text read as numbers: plain ones, decimal commas, and digits in groups of three.

``1.234,5``, ``1,234.5`` and ``1.234.567`` say themselves how they are meant; ``1,234`` does not, and is read as the
other columns of its file are. ``950`` beside ``1.050`` says that points group digits: a fraction would not be written
with the zero at its end. ``0123`` is a code: a column that holds such values stays text.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple

import polars as pl

from leadline.core.catalogue import say
from leadline.core.experiment import MISSING_WORDS
from leadline.core.schema import WrittenForm
from leadline.core.wording import quoted

_LOOK = 200  # values
_SPACES = "\u00a0\u202f "
_COMMA = rf"^[+-]?(\d{{1,3}}([.{_SPACES}]\d{{3}})+|\d+)?(,\d+)?$"
_POINT = r"^[+-]?(\d{1,3}(,\d{3})+|\d+)?(\.\d+)?$"
_GROUPED = r"^[+-]?[1-9]\d{0,2}(\.\d{3})+$"
_PUNCTUATED = rf"[.,{_SPACES}]"
_SHORT = r"^[+-]?\d{1,3}$"  # needs no separator between groups of three digits
_SIGNED_DIGITS = r"^[+-]?\d+$"
_DIGITS = r"^\d+$"
_CODE = r"^0\d+$"  # of digits, with a zero in front that a number would not have
_FRACTION_LIKE = r"^[+-]?0,"  # no group of digits begins with a zero
_TRUTH = ("false", "true")


class Style(StrEnum):
    """How a column's numbers are written: as programs do, with a decimal comma, or with commas between groups of three
    digits.
    """

    PLAIN = "plain"
    COMMA = "comma"
    POINT = "point"


_USUAL = {";": Style.COMMA, ",": Style.POINT}  # where nothing in a file says what its commas mean


class Reading(NamedTuple):
    """What a column of text is read as: numbers of a type in a style, truth values in two words, or text."""

    dtype: type[pl.DataType] = pl.String
    style: Style = Style.PLAIN
    words: tuple[str, str] | None = None

    @property
    def form(self) -> WrittenForm:
        """How the column is written, as the schema records it."""
        if self.dtype != pl.String:
            return WrittenForm(reads="number", style=self.style.value)
        return WrittenForm(reads="boolean", words=self.words) if self.words else WrittenForm(reads="text")


TEXT = Reading()
_WHOLE, _FRACTION = Reading(pl.Int64), Reading(pl.Float64)


class Judged(NamedTuple):
    """How columns are read, the names of those that hold commas in numbers, or points that only group digits, of those
    whose commas could mean either, and of those whose points group digits as other columns are written; then a value
    of each column whose own points only group digits, and a code of each that holds codes.
    """

    readings: Mapping[str, Reading]
    punctuated: tuple[str, ...] = ()
    doubtful: tuple[str, ...] = ()
    grouped: tuple[str, ...] = ()
    codes: Mapping[str, str] = {}
    pointed: Mapping[str, str] = {}

    @property
    def forms(self) -> Mapping[str, WrittenForm]:
        """How the columns are written, as the schema records it."""
        return {name: reading.form for name, reading in self.readings.items()}


def trim(columns: Collection[str], nulls: Collection[str] = MISSING_WORDS) -> Iterator[pl.Expr]:
    """Yield columns of text without blanks around it, null where it is empty or one of the words for nothing."""
    words = pl.Series(["", *nulls])
    for name in columns:
        text = pl.col(name).str.strip_chars()
        yield pl.when(~text.is_in(words.implode())).then(text).alias(name)


def is_padded(name: str) -> pl.Expr:
    """Return where text, of whole numbers, begins with a zero that a number does not need."""
    return pl.col(name).str.starts_with("0") & (pl.col(name).str.len_bytes() > 1)


def trimmed(column: pl.Series, nulls: Collection[str] = MISSING_WORDS) -> pl.Series:
    """Return text without blanks around it, null where it is empty or one of the words for nothing."""
    return column.to_frame().select(trim([column.name], nulls)).to_series()


def in_words(text: pl.Series, words: tuple[str, str]) -> pl.Series:
    """Return text in which true, false and the two words, whatever their case, are written as these words; 0 and 1
    too.
    """
    known = dict(zip([*_TRUTH, "0", "1", *(word.lower() for word in words)], words * 3, strict=True))
    low = text.str.to_lowercase()
    return low.replace_strict(known, default=text, return_dtype=pl.String).alias(text.name)


def numbers(text: pl.Series, style: Style) -> pl.Series:
    """Return trimmed text as whole numbers where all are, else as fractions; null where a value is no number."""
    plain = _plain(text, style)
    whole = plain.cast(pl.Int64, strict=False)
    return whole if whole.null_count() == text.null_count() else plain.cast(pl.Float64, strict=False)


def are_numbers(text: pl.Series, style: Style) -> bool:
    """Say whether all of a column of trimmed text, in which something is there, are numbers of a style."""
    return text.null_count() < len(text) and numbers(text, style).null_count() == text.null_count()


def read_as(column: pl.Series, reading: Reading) -> pl.Series | None:
    """Return trimmed text as what it is to be read as; None where a value cannot be read so."""
    if reading.dtype == pl.String and reading.words is None:
        return column
    if reading.words is not None:
        return in_words(column, reading.words) if column.str.to_lowercase().is_in(_TRUTH).all() else None
    values = _plain(column, reading.style).cast(reading.dtype, strict=False)
    return values if values.null_count() == column.null_count() else None


def judged(columns: Iterable[pl.Series], separator: str | None = None, known: Mapping[str, Reading] = {}) -> Judged:
    """Return how columns of trimmed text are read; those that are `known` to be plain numbers, and no codes, are not
    tried again.

    Commas that could mean either are decimal in a file whose `separator` is a semicolon, as it has no other use for
    them, and group digits in one whose separator is a comma, where all values could be so grouped. Where one style is
    that of the file, whole numbers are of it too, so that later ones in groups are read as they are meant.
    """
    columns = list(columns)
    readings = dict(known)
    readings |= {c.name: reading for c in columns if c.name not in known and (reading := _truth(c))}
    columns = [c for c in columns if c.name in known or (c.name not in readings and may_be_numbers(c))]
    codes = {c.name: code for c in columns if c.name not in known and (code := code_of(c))}
    columns = [c for c in columns if c.name not in codes]
    readings |= {c.name: one for c in columns if c.name not in known and (one := _number(c, Style.PLAIN))}
    styles = {c.name: _styles(c) for c in columns if c.name not in readings}
    pointed = _pointed(columns, readings, styles)
    styles |= dict.fromkeys(pointed, (Style.COMMA,))
    readings = {name: reading for name, reading in readings.items() if name not in pointed}
    sure = {style for possible in styles.values() if len(possible) == 1 for style in possible}
    usual = next(iter(sure)) if len(sure) == 1 else _USUAL.get(separator or "") if not sure else None
    doubtful, punctuated = [], []
    for column in columns:
        possible = styles.get(column.name, ())
        style = possible[0] if len(possible) == 1 else usual if possible else None
        if style == Style.POINT and not sure and column.str.contains(_FRACTION_LIKE).any():
            style = None
        if style is not None and (reading := _number(column, style)):
            readings[column.name] = reading
            punctuated.append(column.name)
        elif possible:
            doubtful.append(column.name)
    told = {readings[name].style for name in punctuated}
    points = [c for c in columns if readings.get(c.name) == _FRACTION] if Style.COMMA in told else []
    grouped = [c.name for c in points if is_grouped(c)]
    readings |= dict.fromkeys(grouped, Reading(pl.Int64, Style.COMMA))
    if len(told) == 1:
        whole = [name for name, reading in readings.items() if reading == _WHOLE]
        readings |= dict.fromkeys(whole, Reading(pl.Int64, told.pop()))
    return Judged(readings, tuple(punctuated), tuple(doubtful), tuple(grouped), codes, pointed)


def _pointed(
    columns: Sequence[pl.Series], readings: Mapping[str, Reading], styles: Mapping[str, tuple[Style, ...]]
) -> dict[str, str]:
    """Return the columns whose own points can only group digits, each with a value that shows it.

    Two points in a number show it wherever it stands; whole numbers beside it only where no other column of the file
    has a decimal point.
    """
    fractions = [c for c in columns if readings.get(c.name) == _FRACTION]
    by_others = (Style.POINT,) not in styles.values() and all(map(is_grouped, fractions))
    text = [c for c in columns if c.name not in readings and not styles[c.name]]
    found = [(c.name, _grouping_value(c)) for c in (*text, *(fractions if by_others else []))]
    return {name: value for name, value in found if value is not None}


def _grouping_value(column: pl.Series) -> str | None:
    """Return a value that shows that the points of a column can only group digits, or None.

    That is one with two points, where values are of different lengths, as codes are not, and do not all have three
    points, as addresses of the internet do; or one that ends with a zero beside whole numbers of at most three digits:
    who writes 3 without a point does not write 1.500 for one and a half.
    """
    if not is_grouped(column):
        return None
    values = column.drop_nulls()
    points = values.str.count_matches(".", literal=True)
    pointed, others = values.filter(points > 0), values.filter(points == 0)
    several = values.filter(points > 1)
    if len(several):
        numbers = values.str.len_chars().n_unique() > 1 and bool((points != 3).any())
        return str(several[0]) if numbers and others.str.contains(_SIGNED_DIGITS).all() else None
    padded = pointed.filter(pointed.str.ends_with("0"))
    return str(padded[0]) if len(padded) and len(others) and others.str.contains(_SHORT).all() else None


def is_grouped(column: pl.Series) -> bool:
    """Say whether all values with a point, of which there are some, have it before each group of three digits:
    ``1.234``.
    """
    pointed = column.filter(column.str.contains(".", literal=True).fill_null(False))
    return len(pointed) > 0 and bool(pointed.str.contains(_GROUPED).all())


def notes_on_numbers(found: Judged) -> tuple[str, ...]:
    """Return what the user should know about how numbers were read."""
    said = []
    for style, name in (
        (Style.COMMA, "sources.numbers-with-commas"),
        (Style.POINT, "sources.numbers-grouped-by-commas"),
    ):
        named = [c for c in found.punctuated if found.readings[c].style == style and c not in found.pointed]
        if named:
            said.append(say(name, columns=quoted(named)))
    for several, name in ((True, "sources.points-only-group-digits"), (False, "sources.points-above-a-thousand")):
        shown = {column: value for column, value in found.pointed.items() if (value.count(".") > 1) == several}
        if shown:
            said.append(say(name, columns=quoted(shown), value=next(iter(shown.values()))))
    if found.grouped:
        said.append(say("sources.points-group-digits", columns=quoted(found.grouped)))
    if found.doubtful:
        said.append(say("sources.commas-unclear", columns=quoted(found.doubtful)))
    if found.codes:
        first, code = next(iter(found.codes.items()))
        said.append(say("sources.codes-kept", columns=quoted(found.codes), first=first, code=code))
    return tuple(said)


def may_be_numbers(column: pl.Series) -> bool:
    """Say whether a column has values, and the first of them have digits: a look that spares text the attempts
    below.
    """
    first = column.head(_LOOK).drop_nulls()
    if first.is_empty():
        return column.null_count() < len(column)
    return bool(first.str.contains(r"(?i)\d|^[+-]?inf(inity)?$").all())


def _truth(column: pl.Series) -> Reading | None:
    """Return the reading of a column of true and false, in the words that it writes most often."""
    first = column.head(_LOOK).drop_nulls()
    if not first.str.to_lowercase().is_in(_TRUTH).all():
        return None
    counts = column.drop_nulls().value_counts(sort=True, name="count")
    words = counts[column.name].to_list()
    if not words or any(word.lower() not in _TRUTH for word in words):
        return None
    like = next((form for form in (str.lower, str.title, str.upper) if form(words[0]) == words[0]), str.lower)
    no, yes = (next((word for word in words if word.lower() == truth), like(truth)) for truth in _TRUTH)
    return Reading(words=(no, yes))


def code_of(column: pl.Series) -> str | None:
    """Return the first value of a column of whole numbers that begins with a zero it would not need."""
    codes = column.filter(column.str.contains(_CODE).fill_null(False))
    return codes[0] if len(codes) and column.str.contains(_DIGITS).all() else None


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


def _plain(column: pl.Series, style: Style) -> pl.Series:
    """Return text as programs write numbers; null where it is not of the style."""
    if style == Style.PLAIN or not column.str.contains(_PUNCTUATED).any():
        return column
    text = column.set(~column.str.contains(_COMMA if style == Style.COMMA else _POINT), None)
    if style == Style.POINT:
        return text.str.replace_all(",", "", literal=True)
    return text.str.replace_all(rf"[.{_SPACES}]", "").str.replace(",", ".", literal=True)
