import datetime as dt
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from leadline.core.catalogue import say
from leadline.data.sources import read
from leadline.errors import DataError, MissingExtra
from sentences import says

openpyxl = pytest.importorskip("openpyxl")
pytest.importorskip("fastexcel")

Rows = Sequence[Sequence[Any]]
ROWS: Rows = (
    ("name", "n", "when", "x"),
    ("a", 1, dt.datetime(2024, 1, 2), 0.5),
    (" NA", 2, dt.datetime(2024, 3, 4), None),
)


def book(path: Path, **sheets: Rows) -> Path:
    made = openpyxl.Workbook()
    made.remove(made.active)
    for name, rows in sheets.items():
        sheet = made.create_sheet(name)
        for row in rows:
            sheet.append(row)
    made.save(path)
    return path


def test_a_sheet_is_a_table(tmp_path: Path) -> None:
    table = read(book(tmp_path / "t.xlsx", One=ROWS))
    assert table.name == "t"
    assert table.notes == (say("sources.words-read-as-missing", column="name", words="'NA'", cells=1),)
    assert table.frame.rows() == [("a", 1, dt.datetime(2024, 1, 2), 0.5), (None, 2, dt.datetime(2024, 3, 4), None)]


def test_of_several_sheets_the_first_is_read_with_a_note(tmp_path: Path) -> None:
    path = book(tmp_path / "t.xlsx", One=ROWS, Two=(("q",), (1,), (2,)))
    table = read(path)
    assert table.frame.height == 2
    assert table.notes[0] == say("sources.sheet-read", file="t.xlsx", sheet="One", sheets=2, others="'Two'")
    other = read(f"{path}#Two")
    assert (other.frame.rows(), other.notes) == ([(1,), (2,)], ())
    assert other.fingerprint != table.fingerprint


def test_rows_above_blank_rows_and_columns_without_a_name(tmp_path: Path) -> None:
    rows: Rows = ((), ("Report",), (), ("a", None, "b", None), (1, 5, "x", None), (), (2.5, 6, "y", None))
    table = read(book(tmp_path / "t.xlsx", One=rows))
    assert table.frame.to_dict(as_series=False) == {"a": [1.0, 2.5], "column_2": [5, 6], "b": ["x", "y"]}
    assert table.notes[0] == say("sources.rows-above-header", file="t.xlsx", rows=3)


def test_one_column_needs_no_second(tmp_path: Path) -> None:
    assert read(book(tmp_path / "t.xlsx", One=(("q",), (1,), (2,)))).frame.to_dict(as_series=False) == {"q": [1, 2]}


@pytest.mark.parametrize(
    ("sheets", "sheet", "words"),
    [
        ({"One": ()}, "", says("sources.sheet-without-rows", sheet="One")),
        ({"One": (("a", "b"),)}, "", "no rows"),
        ({"One": (("a", "b", "a"), (1, 2, 3))}, "", says("sources.columns-of-one-name", columns="'a'")),
        ({"One": ROWS, "Two": ROWS}, "#Tow", says("sources.no-sheet", sheet="Tow", suggestion="Did you mean 'Two'?")),
    ],
)
def test_sheets_that_cannot_be_read_say_why(tmp_path: Path, sheets: dict[str, Rows], sheet: str, words: str) -> None:
    path = book(tmp_path / "t.xlsx", **sheets)
    with pytest.raises(DataError, match=words):
        read(f"{path}{sheet}")


@pytest.mark.parametrize("suffix", [".xlsx", ".xlsb", ".ods", ".xls"])
def test_damaged_files(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"t{suffix}"
    path.write_bytes(b"PK\x03\x04 rubbish")
    with pytest.raises(DataError, match=says("sources.unreadable-as-spreadsheet")):
        read(path)


def test_a_sheet_of_what_has_none(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,b\n1,2\n")
    with pytest.raises(DataError, match=says("sources.not-a-spreadsheet")):
        read(f"{tmp_path / 't.csv'}#One")


def test_the_missing_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fastexcel", None)
    with pytest.raises(MissingExtra, match=says("sources.spreadsheets-need-fastexcel")):
        read(book(tmp_path / "t.xlsx", One=ROWS))
