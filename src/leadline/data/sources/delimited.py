"""CSV and its dialects: other separators, other encodings, gzip, decimal commas."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, cast

import polars as pl

from leadline.data.sources.frames import WIDE
from leadline.errors import DataError

NULLS = ("", "?", "NA", "N/A", "n/a", "nan", "NaN", "null", "NULL")
_SEPARATORS = (",", ";", "\t", "|")
_SAMPLE = 1 << 18  # bytes that separator, encoding and column names are judged by
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
csv.field_size_limit(max(_SAMPLE, csv.field_size_limit()))  # or a long text in the sample could not be passed over


def read(path: Path) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Return a delimited file as a frame, with notes for the user.

    Blanks around text are trimmed, the usual words for nothing (`NULLS`) are null. Raises DataError naming file and line.
    """
    sample = _sample(path)
    if b"\0" in sample and not sample.startswith(_UTF_16):
        raise DataError(f"{path} is not text: it has zero bytes. Leadline reads CSV with commas, semicolons, tabs or bars.")
    encoding = _encoding(sample)
    text = codecs.getincrementaldecoder(encoding)("replace").decode(sample)
    if not text.strip():
        raise DataError(f"{path} is empty.")
    if "\r" in text and "\n" not in text:
        raise DataError(f"{path}: its lines end as those of very old Macintoshes do, with CR alone. Save it with LF or CRLF.")
    separator = _separator(text, whole=len(sample) < _SAMPLE)
    names = _names(path, text, separator)
    try:
        frame = _parse(path if encoding == "utf-8-sig" else _recoded(path, encoding), separator)
    except pl.exceptions.ComputeError as error:
        if "utf-8" not in str(error):
            raise _unreadable(path, encoding, separator, names, error) from None
        encoding = "cp1252"  # what lies beyond the sample is not UTF-8
        frame = _parse(_recoded(path, encoding), separator)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise DataError(f"{path} cannot be read as CSV: {first_line(error)}.") from None
    if frame.width and frame[:, -1].null_count():  # polars fills rows that are too short with nulls
        _refuse_ragged(path, encoding, separator, names)
    notes = () if encoding == "utf-8-sig" else (f"{path.name} is not UTF-8; it was read as {encoding}.",)
    frame, named = _with_names(frame, names)
    return _typed(frame, separator), (*notes, *named, *_doubtful_header(path, names))


def first_line(error: Exception) -> str:
    """Return the first line of an error's words, without its full stop."""
    return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")


def _open(path: Path) -> IO[bytes]:
    return cast(IO[bytes], gzip.open(path)) if path.suffix.lower() == ".gz" else path.open("rb")


def _sample(path: Path) -> bytes:
    try:
        with _open(path) as file:
            return file.read(_SAMPLE)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path} cannot be read: {first_line(error)}.") from None


def _encoding(sample: bytes) -> str:
    if sample.startswith(_UTF_16):
        return "utf-16"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8-sig"


def _recoded(path: Path, encoding: str) -> bytes:
    with _open(path) as file:
        data = file.read()
    try:
        return data.decode(encoding).encode()
    except UnicodeDecodeError:
        return data.decode("latin-1").encode()  # the few bytes that cp1252 leaves undefined


def _separator(text: str, *, whole: bool) -> str:
    lines = text.splitlines(keepends=True)[:100]
    lines = lines if whole or len(lines) == 1 else lines[:-1]

    def consistency(separator: str) -> tuple[float, int]:
        widths = Counter(len(row) for row in csv.reader(lines, delimiter=separator) if row)
        (width, rows), *_ = widths.most_common(1) or [(0, 0)]
        return (rows / widths.total(), width) if width > 1 else (0.0, width)

    return max(_SEPARATORS, key=consistency)


def _names(path: Path, text: str, separator: str) -> list[str]:
    names = [name.strip() for name in next(row for row in csv.reader(io.StringIO(text), delimiter=separator) if row)]
    repeated = [name for name, count in Counter(names).items() if count > 1 and name]
    if repeated:
        raise DataError(f"{path} has several columns named {', '.join(map(repr, repeated))}; give each a name of its own.")
    return names


def _parse(source: Path | bytes, separator: str) -> pl.DataFrame:
    options: dict[str, Any] = {"separator": separator, "null_values": list(NULLS), "glob": False}
    try:
        return pl.read_csv(source, infer_schema_length=10_000, **options)
    except pl.exceptions.ComputeError as error:
        if "could not parse" not in str(error):
            raise
    try:
        return pl.read_csv(source, infer_schema_length=None, **options)  # a later row holds what the first ones do not
    except pl.exceptions.ComputeError as error:
        if "dtype `i128`" not in str(error):
            raise
        return pl.read_csv(source, infer_schema=False, **options)  # whole numbers of forty digits: read as text, then as floats


def _unreadable(path: Path, encoding: str, separator: str, names: list[str], error: Exception) -> DataError:
    try:
        _refuse_ragged(path, encoding, separator, names)
    except DataError as ragged:
        return ragged
    return DataError(f"{path} cannot be read as CSV: {first_line(error)}.")


def _refuse_ragged(path: Path, encoding: str, separator: str, names: list[str]) -> None:
    with _open(path) as file, io.TextIOWrapper(file, encoding, "replace", newline="") as text:
        for line, count in _lengths(text, separator):
            if count != len(names):
                raise DataError(
                    f"{path}, line {line}: {count} fields where the first line names {len(names)} columns. "
                    f"Complete the row, or put quotes around fields that hold {separator!r}."
                )


def _lengths(text: Iterator[str], separator: str) -> Iterator[tuple[int, int]]:
    reader = csv.reader(text, delimiter=separator)
    line = 1
    try:
        for row in reader:
            if row:
                yield line, len(row)
            line = reader.line_num + 1
    except csv.Error:  # a field beyond the csv module's limit: polars has read it, so the rows hold together
        return


def _with_names(frame: pl.DataFrame, names: list[str]) -> tuple[pl.DataFrame, tuple[str, ...]]:
    notes = []
    for at, name in enumerate(names):
        if not name:
            names[at] = f"column_{at + 1}"
            notes.append(f"Column {at + 1} has no name; it is called {names[at]!r}.")
    frame.columns = names
    return frame, tuple(notes)


def _typed(frame: pl.DataFrame, separator: str) -> pl.DataFrame:
    """Trim text, then read as numbers the columns that only blanks, quotes or decimal commas had kept from being numbers."""
    text = pl.col(pl.String).str.strip_chars()
    frame = frame.with_columns(text.replace(dict.fromkeys(NULLS, None)), pl.col(*WIDE).cast(pl.Float64))
    number = pl.col(pl.String)
    if separator == ";":  # where fields are split by semicolons, the comma is free to be the decimal sign
        number = pl.when(number.str.contains(r"^[+-]?\d+,\d+$")).then(number.str.replace(",", ".", literal=True)).otherwise(number)
    numbers = frame.select(number.name.keep())
    casts = []
    for column in numbers:
        for dtype in (pl.Int64, pl.Float64):
            values = column.cast(dtype, strict=False)
            if values.null_count() == column.null_count() < len(column):
                casts.append(values)
                break
    return frame.with_columns(casts)


def _doubtful_header(path: Path, names: list[str]) -> tuple[str, ...]:
    numbers = sum(name.replace(".", "", 1).lstrip("+-").isdigit() for name in names)
    if 2 * numbers <= len(names):
        return ()
    return (f"The first line of {path.name} was taken for column names, though it is mostly numbers.",)
