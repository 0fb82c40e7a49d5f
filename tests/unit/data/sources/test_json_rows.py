import gzip
import re
from pathlib import Path

import polars as pl
import pytest

from leadline.data.sources import read
from leadline.errors import DataError
from sentences import says


def written(folder: Path, text: str | bytes, name: str = "t.jsonl") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def differ(number: int, column: str, found: str, first: int, expected: str) -> str:
    return says("sources.json-types-differ", number=number, column=column, found=found, first=first, expected=expected)


LINES = '{"a": 1, "b": "x"}\n{"b": "y", "c": 2.5}\n\n{"a": null, "b": null}\n'


@pytest.mark.parametrize("name", ["t.jsonl", "t.ndjson", "t.json"])
def test_an_object_a_line(tmp_path: Path, name: str) -> None:
    table = read(written(tmp_path, LINES, name))
    assert table.name == "t"
    assert table.frame.to_dict(as_series=False) == {"a": [1, None, None], "b": ["x", "y", None], "c": [None, 2.5, None]}


def test_compressed_lines(tmp_path: Path) -> None:
    table = read(written(tmp_path, gzip.compress(LINES.encode()), "t.jsonl.gz"))
    assert (table.name, table.frame.shape) == ("t", (3, 3))


def test_an_array_of_objects(tmp_path: Path) -> None:
    table = read(written(tmp_path, '\n[{"a": 1},\n {"a": 2.5, "b": "ü"}]', "t.json"))
    assert table.frame.rows() == [(1.0, None), (2.5, "ü")]


def test_objects_within_objects_become_columns(tmp_path: Path) -> None:
    frame = read(written(tmp_path, '{"a": {"b": {"c": 1}, "d": "x"}, "e": {}}\n{"a": null, "e": {}}\n')).frame
    assert frame.to_dict(as_series=False) == {"a.b.c": [1, None], "a.d": ["x", None]}


def test_a_column_named_like_a_part_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=says("sources.json-column-twice", column="a.b")):
        read(written(tmp_path, '{"a": {"b": 1}, "a.b": 2}\n'))


def test_lists_stay_lists(tmp_path: Path) -> None:
    frame = read(written(tmp_path, '{"tags": ["a", "b"]}\n{"tags": []}\n{}\n')).frame
    assert frame.schema == {"tags": pl.List(pl.String)}
    assert frame["tags"].to_list() == [["a", "b"], [], None]


def test_encodings(tmp_path: Path) -> None:
    table = read(written(tmp_path, '{"姓名": "张伟"}\n{"姓名": "王芳李娜"}\n'.encode("gb18030")))
    assert table.frame.rows() == [("张伟",), ("王芳李娜",)]
    assert "GB18030" in table.notes[0]
    assert read(written(tmp_path, '{"a": "é"}\n'.encode("utf-8-sig"))).frame.rows() == [("é",)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"a": 1}\nrubbish\n{"a": 2}\n', [says("sources.not-json", line=2, character=1)]),
        ('{"a": 1}\n{"a": NaN}\n', [says("sources.not-json", line=2), "NaN"]),
        ('{"a": 1,\n"b": 2}\n', [says("sources.not-json", line=1)]),
        ('{"a": 1}\n[1, 2]\n', [says("sources.json-line-not-object", line=2, found="a list")]),
        ('{"a": 1}\n5\n', [says("sources.json-line-not-object", line=2, found="a number")]),
        ('{"a": 1}\n\n{"a": [1]}\n', [differ(3, "a", "a list", 1, "a number")]),
        ('{"a": {"b": 1}}\n{"a": {"b": {"c": 1}}}\n', [differ(2, "a.b", "an object", 1, "a number")]),
        ('{"a": true}\n{"a": 1}\n', [differ(2, "a", "a number", 1, "true or false")]),
        ("", [says("sources.empty-file")]),
        ("\n\n", [says("sources.empty-file")]),
    ],
)
def test_lines_that_make_no_table_are_named(tmp_path: Path, text: str, words: list[str]) -> None:
    path = written(tmp_path, text)
    with pytest.raises(DataError) as caught:
        read(path)
    for word in (re.escape(str(path)), *words):
        assert re.search(word, str(caught.value))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[{"a": 1},\n {"a" 2}]', [says("sources.not-json", line=2)]),
        ('{"data": [{"a": 1}]}', [says("sources.json-not-rows"), "an object with the keys 'data'"]),
        ("3", [says("sources.json-not-rows", found="a number")]),
        ("[]", [says("sources.no-rows")]),
        ('[{"a": 1}, 5]', [says("sources.json-item-not-object", number=2, found="a number")]),
        (
            '[{"a": 1}, {"a": [1]}]',
            [
                says(
                    "sources.json-item-types-differ", number=2, column="a", found="a list", first=1, expected="a number"
                )
            ],
        ),
        ("", [says("sources.not-json", line=1)]),
    ],
)
def test_arrays_that_make_no_table_say_why(tmp_path: Path, text: str, words: list[str]) -> None:
    path = written(tmp_path, text, "t.json")
    with pytest.raises(DataError) as caught:
        read(path)
    for word in (re.escape(str(path)), *words):
        assert re.search(word, str(caught.value))
