"""Spreadsheets: XLSX and its kin, OpenDocument; one sheet of a file is the table."""

from __future__ import annotations

import re
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import polars as pl

from leadline.core.catalogue import say
from leadline.core.wording import quoted
from leadline.data.sources.boundary import check_zip
from leadline.data.sources.frames import check_width, tidy
from leadline.errors import DataError, MissingExtra, did_you_mean, first_line

SUFFIXES = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")
COLUMNS, ROWS = 16_384, 1_048_576  # of the format
DENSE = 20_000_000  # cells of a table that may be empty
SPARSEST = 50  # cells of a larger table for each that is filled
_CELL = re.compile(rb'<c\b[^>]*?\br="([A-Za-z]+)([0-9]+)"')
_SHOWN = 5  # names of sheets in a message
_PREAMBLE = 50  # rows at most that may stand above the column names


def read(path: Path, sheet: str | None = None) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Return a sheet of a file as a frame, the first one unless told, with notes for the user.

    Rows above the column names, of one cell at most, are passed over; so are blank rows. Raises DataError for a damaged
    file, an empty sheet or one that is not there, MissingExtra without the package that reads spreadsheets.
    """
    try:
        import fastexcel
    except ImportError:
        raise MissingExtra(say("sources.spreadsheets-need-fastexcel", path=path)) from None
    if zipfile.is_zipfile(path):
        check_zip(path)
        _check_extent(path)
    try:
        book = fastexcel.read_excel(path)
        sheets = book.sheet_names
        name = _chosen(path, sheets, sheet)
        cells = book.load_sheet(name, header_row=None, skip_rows=0, n_rows=_PREAMBLE, dtypes="string").to_polars()
        above = _above(cells)
        if above is None:
            raise DataError(_without_rows(path, sheets, name))
        names = _names(cells.row(above), f"{path}, sheet {name!r}")
        frame = book.load_sheet(name, header_row=None, skip_rows=above + 1, schema_sample_rows=None).to_polars()
    except (fastexcel.FastExcelError, pl.exceptions.PolarsError, OSError) as error:
        raise DataError(say("sources.unreadable-as-spreadsheet", path=path, error=first_line(error))) from None
    notes = []
    if len(sheets) > 1 and not sheet:
        notes.append(
            say("sources.sheet-read", file=path.name, sheet=name, sheets=len(sheets), others=_others(sheets, name))
        )
    if above:
        notes.append(say("sources.rows-above-header", file=path.name, rows=above))
    return _frame(frame, names, str(path)), tuple(notes)


def _check_extent(path: Path) -> None:
    """Raise DataError where the cells of an XLSX sheet lie so far apart that the table from the first to the last would
    be almost empty and huge: readers ask the system for all of it, which may end the process.
    """
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if not name.startswith("xl/worksheets/") or not name.endswith(".xml"):
                continue
            cells = archive.read(name)
            if not _too_far(*_bounds(cells)):
                continue
            places = _CELL.findall(cells)
            last_row = max((int(number) for _, number in places), default=0)
            last_column = max((len(letters), letters.upper()) for letters, _ in places)[1] if places else b""
            width = sum((letter - 64) * 26**i for i, letter in enumerate(reversed(last_column)))
            if _too_far(width, last_row, len(places)):
                at = f"{last_column.decode()}{last_row}"
                raise DataError(say("sources.cells-far-apart", path=path, at=at, cells=len(places)))


def _too_far(width: int, height: int, cells: int) -> bool:
    return width > COLUMNS or height > ROWS or width * height > max(DENSE, SPARSEST * cells)


def _bounds(cells: bytes) -> tuple[int, int, int]:
    """Return how wide and high the table of a sheet is at most, by the lengths of its cells' names, and how many cells
    there are at least: to look for one name is many times faster than to list all.
    """
    letters, digits = _longest(cells, rb'r="[A-Za-z]{%d}', 1), _longest(cells, rb'r="[A-Za-z]+[0-9]{%d}', 5)
    return sum(26**i for i in range(1, letters + 1)), 10**digits - 1, cells.count(b'<c r="')


def _longest(cells: bytes, pattern: bytes, least: int) -> int:
    """Return how long a part of a cell's name is at most, from `least` to what the format cannot hold."""
    return next(length for length in range(least, 10) if length == 9 or not re.search(pattern % (length + 1), cells))


def _chosen(path: Path, sheets: list[str], asked: str | None) -> str:
    if not sheets:
        raise DataError(say("sources.no-sheets", path=path))
    if asked is None:
        return sheets[0]
    if asked not in sheets:
        raise DataError(say("sources.no-sheet", path=path, sheet=asked, suggestion=did_you_mean(asked, sheets)))
    return asked


def _others(sheets: list[str], name: str) -> str:
    return quoted([other for other in sheets if other != name], _SHOWN)


def _without_rows(path: Path, sheets: list[str], name: str) -> str:
    others = _others(sheets, name)
    if not others:
        return say("sources.sheet-without-rows", path=path, sheet=name)
    return say("sources.sheet-without-rows-others", path=path, sheet=name, others=others)


def _above(cells: pl.DataFrame) -> int | None:
    """Return how many rows stand above the column names: those with one cell at most, where the table has more."""
    filled = [sum(bool(cell and cell.strip()) for cell in row) for row in cells.iter_rows()]
    least = min(2, max(filled, default=0))
    return next((at for at, count in enumerate(filled) if count >= least), None) if least else None


def _names(row: tuple[Any, ...], where: str) -> list[str]:
    names = [(cell or "").strip() for cell in row]
    repeated = [name for name, count in Counter(names).items() if count > 1 and name]
    if repeated:
        raise DataError(say("sources.columns-of-one-name", where=where, columns=quoted(repeated)))
    return names


def _frame(frame: pl.DataFrame, names: list[str], where: str) -> pl.DataFrame:
    check_width(len(names), where)
    frame = frame.select(frame.columns[: len(names)])
    frame.columns = [name or f"column_{at + 1}" for at, name in enumerate(names)][: frame.width]
    bare = [called for name, called in zip(names, frame.columns, strict=False) if not name]
    # a cell that was formatted, no more
    frame = frame.drop(name for name in bare if frame[name].null_count() == frame.height)
    # a sheet's numbers are all fractions
    frame = frame.with_columns(_whole(column) for column in frame if column.dtype.is_float())
    texts = pl.col(pl.String).str.strip_chars()
    frame = frame.with_columns(texts.replace("", None))
    return tidy(frame.filter(~pl.all_horizontal(pl.all().is_null())), where)


def _whole(column: pl.Series) -> pl.Series:
    values = column.drop_nulls()
    return (
        column.cast(pl.Int64) if len(values) and ((values == values.round()) & (values.abs() < 2**53)).all() else column
    )
