"""The source ``-`` is what comes in on standard input, in the format that its first bytes show."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from leadline.data.sources import read, standard_input
from leadline.data.sources.standard_input import StandardInput, standing_for
from leadline.errors import DataError
from sentences import says

FRAME = pl.DataFrame({"a": [1.5, 2.5, 3.5], "word": ["x", "Łódź", "z"]})
Give = Callable[[bytes], None]


@pytest.fixture
def give(monkeypatch: pytest.MonkeyPatch) -> Iterator[Give]:
    """Return a function that puts bytes on standard input."""
    standard_input._received.cache_clear()
    yield lambda content: monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))
    standard_input._received.cache_clear()


def _written(how: Callable[[io.BytesIO], object]) -> bytes:
    file = io.BytesIO()
    how(file)
    return file.getvalue()


FORMATS = {
    "csv": FRAME.write_csv().encode(),
    "csv-mark": b"\xef\xbb\xbf" + FRAME.write_csv().encode(),
    "jsonl": FRAME.write_ndjson().encode(),
    "json": FRAME.write_json().encode(),
    "parquet": _written(FRAME.write_parquet),
    "arrow": _written(FRAME.write_ipc),
}


@pytest.mark.parametrize("form", FORMATS)
def test_a_table_is_read_in_its_format(give: Give, form: str) -> None:
    give(FORMATS[form])
    source = standing_for("-")
    for _ in range(2):  # a second reading finds what came in
        table = read(source)
        assert table.name == "stdin"
        assert table.frame["a"].cast(pl.Float64).to_list() == FRAME["a"].to_list()
        assert table.frame["word"].cast(pl.String).to_list() == FRAME["word"].to_list()


def test_arrays_and_sheets_are_told_apart(give: Give, tmp_path: Path) -> None:
    give(_written(lambda file: np.savez(file, x=np.arange(12.0).reshape(6, 2), y=np.arange(6) % 2)))
    assert read(StandardInput()).frame.height == 6
    standard_input._received.cache_clear()
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for row in (["a", "b"], [1, 2], [3, 4]):
        book.active.append(row)
    give(_written(book.save))
    assert read(StandardInput()).frame.columns == ["a", "b"]


def test_nothing_and_a_terminal_are_refused_in_words(give: Give, monkeypatch: pytest.MonkeyPatch) -> None:
    give(b"")
    with pytest.raises(DataError, match=says("files.standard-input-empty")):
        read(StandardInput())
    monkeypatch.setattr("sys.stdin", None)
    with pytest.raises(DataError, match=says("files.standard-input-is-terminal")):
        read(StandardInput())


def test_only_a_dash_stands_for_it(tmp_path: Path) -> None:
    assert isinstance(standing_for("-"), StandardInput) and isinstance(standing_for(Path("-")), StandardInput)
    assert standing_for("rows.csv") == "rows.csv" and standing_for(FRAME) is FRAME
