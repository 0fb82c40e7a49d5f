import re
from pathlib import Path

import pytest

from leadline.data.sources import read
from leadline.data.sources.delimited.reader import read as read_csv
from leadline.data.sources.written_form import Reader
from leadline.errors import DataError
from sentences import says


def written(folder: Path, text: str, name: str = "t.csv") -> Path:
    path = folder / name
    path.write_bytes(text.encode())
    return path


ROWS = [("a", 1, 2.5), ("b", 3, 4.5), ("c", 5, 6.5)]
TABLE = "name,n,x\na,1,2.5\nb,3,4.5\nc,5,6.5\n"


@pytest.mark.parametrize(
    ("above", "passed"),
    [
        ("# made on Monday\n", 1),
        ("# made, on, Monday\n#\n# by someone\n", 3),
        ("Report of 2024\n\n", 1),
        ("Report,,\n,,\n", 1),
        ('"Report, with a comma"\nand more\n', 2),
    ],
)
def test_lines_above_the_table_are_passed_over_with_a_note(tmp_path: Path, above: str, passed: int) -> None:
    frame, notes, *_ = read_csv(written(tmp_path, above + TABLE))
    assert (frame.columns, frame.rows()) == (["name", "n", "x"], ROWS)
    assert re.fullmatch(says("sources.lines-above-header", file="t.csv"), notes[0])


def test_blank_lines_above_the_table_need_no_note(tmp_path: Path) -> None:
    frame, notes, *_ = read_csv(written(tmp_path, "\n \n" + TABLE))
    assert (frame.rows(), notes) == (ROWS, ())


def test_a_separator_that_the_file_states(tmp_path: Path) -> None:
    frame, notes, *_ = read_csv(written(tmp_path, "sep=;\na;b\n1;2\n"))
    assert (frame.columns, frame.rows(), notes) == (["a", "b"], [(1, 2)], ())


def test_a_header_may_begin_like_a_comment(tmp_path: Path) -> None:
    frame, notes, *_ = read_csv(written(tmp_path, "#id,x\n1,2.5\n2,3.5\n"))
    assert (frame.columns, notes) == (["#id", "x"], ())


@pytest.mark.parametrize("text", ["text\nHello, world\nGood, bye\n", "a\nb,1\nc,2\n1,2,3\n"])
def test_what_is_plainly_no_title_is_not_passed_over(tmp_path: Path, text: str) -> None:
    with pytest.raises(DataError, match=says("sources.row-length-differs", header=1, columns=1)):
        read_csv(written(tmp_path, text))


def test_runs_of_blanks_separate(tmp_path: Path) -> None:
    frame, *_ = read_csv(written(tmp_path, 'name   n    x\na      1  2.5\n"b c"  3   4.5\n  d    5   6.5 \n', "t.tab"))
    assert frame.columns == ["name", "n", "x"]
    assert frame.rows() == [("a", 1, 2.5), ("b c", 3, 4.5), ("d", 5, 6.5)]


def test_a_row_too_short_is_named_where_blanks_separate(tmp_path: Path) -> None:
    lines = ["a b c", *["1 2 3"] * 300, "1 2"]
    with pytest.raises(DataError, match=says("sources.row-length-differs", line=302, fields=2, header=1, columns=3)):
        read_csv(written(tmp_path, "\n".join(lines) + "\n"))


def test_sentences_in_one_column_are_not_split_at_blanks(tmp_path: Path) -> None:
    frame, *_ = read_csv(written(tmp_path, "some text\nhello world\ngood bye\n"))
    assert frame.to_dict(as_series=False) == {"some text": ["hello world", "good bye"]}


def test_separators_within_quotes_do_not_separate(tmp_path: Path) -> None:
    frame, *_ = read_csv(written(tmp_path, 'a;b\n"x;1,2,3";"say ""yes"""\n"two\nlines";z\n'))
    assert frame.rows() == [("x;1,2,3", 'say "yes"'), ("two\nlines", "z")]


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_line_ends(tmp_path: Path, ends: str) -> None:
    frame, *_ = read_csv(written(tmp_path, TABLE.replace("\n", ends)))
    assert frame.rows() == ROWS


def test_columns_of_the_same_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=says("sources.columns-of-one-name", columns="'a', 'b'")):
        read_csv(written(tmp_path, "a,b,a,b\n1,2,3,4\n"))


def test_columns_without_names_keep_clear_of_those_with(tmp_path: Path) -> None:
    frame, notes, *_ = read_csv(written(tmp_path, "column_2,,\n1,2,3\n"))
    assert frame.columns == ["column_2", "column_2_", "column_3"]
    assert "'column_2_', 'column_3'" in notes[0]


@pytest.mark.parametrize("tail", ['3,"x\n4,y\n', 'v,"x\n4,y', '"3,x\n4,y\n', '3,"x\n4,y\n' + "5,z\n" * 50_000])
def test_a_quote_never_closed_is_named(tmp_path: Path, tail: str) -> None:
    with pytest.raises(DataError, match=says("sources.quote-not-closed", line=2)):
        read_csv(written(tmp_path, "a,b\n1,w\n" + tail))


def test_ragged_rows_below_other_lines_are_counted_from_the_top(tmp_path: Path) -> None:
    rows = "".join(f"r{i},{i},{i}.5\n" for i in range(300))
    with pytest.raises(DataError, match=says("sources.row-length-differs", line=303, fields=4, header=2, columns=3)):
        read_csv(written(tmp_path, f"# comment\nname,n,x\n{rows}z,1,2,3\n"))


def test_only_a_header_has_no_rows(tmp_path: Path) -> None:
    for text in ("a,b\n", "a,b", "a\n"):
        with pytest.raises(DataError, match=says("sources.header-without-rows")):
            read(written(tmp_path, text))


def test_a_million_columns_are_refused_at_once(tmp_path: Path) -> None:
    names = ",".join(f"c{i}" for i in range(1_000_000))
    path = written(tmp_path, f"{names}\n" + "1," * 999_999 + "1\n")
    with pytest.raises(DataError, match=says("sources.too-many-columns")):
        read(path)


IRIS = "5.1,3.5,Iris-setosa\n4.9,3.0,Iris-setosa\n7.0,3.2,Iris-versicolor\n6.4,3.2,Iris-versicolor\n"


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("5.1,3.5\n4.9,3.0\n4.7,3.2\n", 3),
        ("7,0,0,5\n2,0,0,9\n", 2),  # values that are equal are no names
        ("6,148,72\n", 1),
        (IRIS, 4),
        ("39, State-gov, <=50K\n50, Private, <=50K\n38, State-gov, >50K\n", 3),
        ("6;148;72\n1;85;66\n", 2),
        ("5.1 3.5 0\n4.9  3.0 1\n4.7 3.2 0\n", 3),
        ("3.5\n4.5\n5.5\n", 3),
        ("# made on Monday\n5.1,3.5\n4.9,3.0\n", 2),
    ],
    ids=["numbers", "equal ones", "a lone row", "iris", "adult", "semicolons", "blanks", "one column", "a comment"],
)
def test_a_first_line_of_values_is_data(tmp_path: Path, text: str, rows: int) -> None:
    frame, notes, *_ = read_csv(written(tmp_path, text))
    assert frame.height == rows and frame.columns == [f"column_{at + 1}" for at in range(frame.width)]
    assert sum(bool(re.fullmatch(says("sources.first-line-is-data", file="t.csv"), note)) for note in notes) == 1
    assert not any(re.fullmatch(says("sources.columns-without-name"), note) for note in notes)


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("0,1,2\n5.1,3.5,0\n4.9,3.0,1\n", ["0", "1", "2"]),
        (",0,1\n0,5.1,3.5\n1,4.9,3.0\n", ["column_1", "0", "1"]),
        ("land,2001,2002\nFrance,1.5,2.5\nSpain,3.5,4.5\n", ["land", "2001", "2002"]),
        ("1990,1995,2000\n1.5,2.5,3.5\n", ["1990", "1995", "2000"]),
        ("x,5\na,b\nx,c\n", ["x", "5"]),
        ("name,size\nname,5\nb,6\n", ["name", "size"]),
    ],
    ids=["counts", "an index", "years", "years alone", "a number above words", "words"],
)
def test_a_first_line_of_names_is_the_header_though_they_are_numbers(
    tmp_path: Path, text: str, columns: list[str]
) -> None:
    assert read_csv(written(tmp_path, text)).frame.columns == columns


def test_the_user_says_whether_there_is_a_header(tmp_path: Path) -> None:
    path = written(tmp_path, IRIS)
    forced = read_csv(path, Reader(header=True))
    assert forced.frame.columns == ["5.1", "3.5", "Iris-setosa"] and forced.frame.height == 3
    bare = read_csv(written(tmp_path, TABLE), Reader(header=False))
    assert bare.frame.columns == ["column_1", "column_2", "column_3"] and bare.frame.height == 4
    assert forced.notes == () == bare.notes
