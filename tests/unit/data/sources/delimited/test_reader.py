import csv
import gzip
import io
import re
import tempfile
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadline.core.catalogue import say
from leadline.core.experiment import MISSING_WORDS
from leadline.data.sources import read
from leadline.data.sources.delimited.reader import read as read_csv
from leadline.errors import DataError
from sentences import says


def written(folder: Path, text: str | bytes, name: str = "t.csv") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_separators_are_found(tmp_path: Path, separator: str) -> None:
    rows = [["name", "size", "note"], ["a", "1", '"x, y; z"'], ["b", "2", '"p|q"']]
    frame, notes, *_ = read_csv(written(tmp_path, "\n".join(separator.join(row) for row in rows) + "\n"))
    assert frame.to_dict(as_series=False) == {"name": ["a", "b"], "size": [1, 2], "note": ["x, y; z", "p|q"]}
    assert notes == ()


def test_a_single_column_needs_no_separator(tmp_path: Path) -> None:
    frame, *_ = read_csv(written(tmp_path, "n\n1\n2\n"))
    assert frame.to_dict(as_series=False) == {"n": [1, 2]}


@pytest.mark.parametrize("word", ["", "?", " ?", "NA", "N/A", "nan", "null", "  "])
def test_words_for_nothing_are_null_and_leave_numbers_numbers(tmp_path: Path, word: str) -> None:
    frame, *_ = read_csv(written(tmp_path, f"a, b,c\n 1,{word},x \n2, 3.5,{word}\n"))
    assert frame.columns == ["a", "b", "c"]
    assert frame.dtypes == [pl.Int64, pl.Float64, pl.String]
    assert frame.rows() == [(1, None, "x"), (2, 3.5, None)]


def test_decimal_commas_are_read_beside_semicolons_only(tmp_path: Path) -> None:
    semicolons, *_ = read_csv(written(tmp_path, "a;b\n1,5;2\n-3,25;4\n", "s.csv"))
    assert semicolons.rows() == [(1.5, 2), (-3.25, 4)]
    tabs, *_ = read_csv(written(tmp_path, "a\tb\n1,234\t2\n3,250\t4\n", "t.tsv"))
    assert tabs["a"].to_list() == ["1,234", "3,250"]


def test_a_value_late_in_the_file_changes_the_type(tmp_path: Path) -> None:
    frame, *_ = read_csv(written(tmp_path, "a,b\n" + "1,2\n" * 12_000 + "x,2.5\n"))
    assert frame.dtypes == [pl.String, pl.Float64]
    assert frame.row(-1) == ("x", 2.5)


@pytest.mark.parametrize(
    ("encoding", "noted"),
    [("utf-8", False), ("utf-8-sig", False), ("cp1252", True), ("latin-1", True), ("utf-16", True)],
)
def test_encodings(tmp_path: Path, encoding: str, noted: bool) -> None:
    frame, notes, *_ = read_csv(written(tmp_path, "name,n\nZürich,1\nGenève,2\n".encode(encoding)))
    assert frame.rows() == [("Zürich", 1), ("Genève", 2)]
    assert bool(notes) == noted


def test_an_encoding_that_shows_late(tmp_path: Path) -> None:
    frame, notes, *_ = read_csv(written(tmp_path, b"name,n\n" + b"abc,1\n" * 60_000 + "Zürich,2\n".encode("cp1252")))
    assert frame.row(-1) == ("Zürich", 2)
    assert "cp1252" in notes[0]


def test_gzip(tmp_path: Path) -> None:
    table = read(written(tmp_path, gzip.compress(b"a,b\n1,x\n2,y\n"), "t.csv.gz"))
    assert table.name == "t"
    assert table.frame.rows() == [(1, "x"), (2, "y")]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ["is empty"]),
        ("\n \n", ["is empty"]),
        ("a,b\n", ["no rows"]),
        ("a,b\n1,2\n1,2,3\n", ["line 3", "3 fields", "2 columns"]),
        ("a,b,c\n1,2,3\n1,2\n4,5,6\n", ["line 3", "2 fields", "3 columns"]),
        ('a,b\n"x\ny",2\n3\n', ["line 4", "1 field"]),
        ("a,b,a\n1,2,3\n", ["several columns named 'a'"]),
        (b"PK\x03\x04\x00\x00rubbish", ["not text"]),
    ],
)
def test_files_that_cannot_be_read_say_why_and_where(tmp_path: Path, text: str | bytes, words: list[str]) -> None:
    path = written(tmp_path, text)
    with pytest.raises(DataError) as caught:
        read(path)
    assert str(path) in str(caught.value)
    for word in words:
        assert word in str(caught.value)


def test_a_cut_gzip_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=says("sources.unreadable")):
        read(written(tmp_path, gzip.compress(b"a,b\n1,2\n")[:-9], "t.csv.gz"))


def test_missing_last_values_are_no_ragged_rows(tmp_path: Path) -> None:
    frame, *_ = read_csv(written(tmp_path, "a,b\n1,\n2,3\n"))
    assert frame.rows() == [(1, None), (2, 3)]


def test_columns_without_a_name_get_one(tmp_path: Path) -> None:
    frame, notes, *_ = read_csv(written(tmp_path, ",a\n0,5\n1,6\n"))
    assert frame.columns == ["column_1", "a"]
    assert re.fullmatch(says("sources.columns-without-name", file="t.csv"), notes[0])


def test_a_header_that_is_mostly_numbers_is_noted(tmp_path: Path) -> None:
    frame, notes, *_ = read_csv(written(tmp_path, "5.1,3.5,1.4,kind\n4.9,3.0,1.3,setosa\n"))
    assert frame.height == 1 and notes == (say("sources.header-mostly-numbers", file="t.csv"),)


def test_old_macintosh_lines_are_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=says("sources.line-ends-cr")):
        read_csv(written(tmp_path, "a,b\r1,2\r3,4\r"))


@pytest.mark.parametrize("digits", [21, 45])
def test_whole_numbers_beyond_64_bits_become_floats(tmp_path: Path, digits: int) -> None:
    frame, *_ = read_csv(written(tmp_path, f"a,b\n1{'0' * (digits - 1)},x\n2{'0' * (digits - 1)},y\n"))
    assert frame.dtypes == [pl.Float64, pl.String]
    assert frame["a"].to_list() == [10.0 ** (digits - 1), 2 * 10.0 ** (digits - 1)]


def test_a_field_beyond_the_limit_of_the_csv_module_is_read(tmp_path: Path) -> None:
    frame, *_ = read_csv(written(tmp_path, f"a,b\n1,{'z' * 200_000}\n2,y\n"))
    assert frame["a"].to_list() == [1, 2]
    assert len(frame["b"][0]) == 200_000


TEXTS = st.text(st.sampled_from(list("abcXYZ ,;|\t\"'\néß北\\#")), max_size=8)
ROWS = st.tuples(TEXTS, st.integers(-(10**6), 10**6), st.floats(-1e6, 1e6).map(lambda x: round(x, 4)), TEXTS)


@settings(max_examples=100, deadline=None)
@given(
    rows=st.lists(ROWS, min_size=2, max_size=8),
    separator=st.sampled_from(",;\t|"),
    ends=st.sampled_from(["\n", "\r\n"]),
    quoting=st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
)
def test_what_python_writes_is_read_back(
    rows: list[tuple[str, int, float, str]], separator: str, ends: str, quoting: int
) -> None:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=separator, lineterminator=ends, quoting=quoting)  # type: ignore[arg-type]
    writer.writerows([("name", "n", "x", "last"), *rows])
    with tempfile.TemporaryDirectory() as folder:
        frame, *_ = read_csv(written(Path(folder), text.getvalue()))

    def clean(value: str) -> str | None:
        return None if value.strip() in ("", *MISSING_WORDS) else value.strip()

    assert frame.columns == ["name", "n", "x", "last"]
    found = [(first, int(n), float(x), last) for first, n, x, last in frame.rows()]
    assert found == [(clean(first), n, x, clean(last)) for first, n, x, last in rows]
