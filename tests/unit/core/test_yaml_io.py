from pathlib import Path

import pytest
import yaml

from leadline.core import yaml_io
from leadline.core.catalogue import say
from leadline.errors import UsageError
from sentences import says


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: 1\nb: 2\na: 3\n", "f.yaml, line 3: 'a' appears twice, first in line 1"),
        ("a: 1\nb:\n  c: 2\n  d: 3\n  c: 4\n", "line 5: 'c' appears twice, first in line 3"),
        ("- {a: 1, a: 2}\n", "line 1: 'a' appears twice"),
    ],
)
def test_a_key_that_is_there_twice_is_refused_with_its_lines(text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        yaml_io.load(text, "f.yaml")


def test_a_key_may_stand_in_several_mappings_and_override_a_merged_one() -> None:
    assert yaml_io.load("x: {a: 1}\ny: {a: 2}\n", "f") == {"x": {"a": 1}, "y": {"a": 2}}
    assert yaml_io.load("x: &q {a: 1}\ny:\n  <<: *q\n  a: 2\n", "f")["y"] == {"a": 2}


@pytest.mark.parametrize(
    ("text", "place", "problem"),
    [
        ("a: [1", ", line 1, column 4", "open-bracket"),
        ("a:\n  b: {c: 1\n", ", line 2, column 6", "open-brace"),
        ("a: [\n", ", line 2, column 1", "ends"),
        ("a: 'x\n", ", line 1, column 4", "open-quote"),
        ("a: 1\nb: c: 2\n", ", line 2, column 5", "colon"),
        ("\tx: 1", ", line 1, column 1", "tab"),
        ("a: @x", ", line 1, column 4", "first-character"),
        ("a:\n  b: 1\n c: 2\n", ", line 3, column 2", "indentation"),
        ("a: *q", ", line 1, column 4", "alias"),
        ('a: "\\q"', ", line 1, column 6", "escape"),
        ("a: !python/object:os.system 1", ", line 1, column 4", "tag"),
        ("? [a]\n: 3", ", line 1, column 3", "key"),
        ("a: 1\n---\nb: 2\n", ", line 2, column 1", "documents"),
        ("a: \x01", "", "character"),
        ("a: &b [*b]", "", "deep"),
    ],
)
def test_what_is_no_yaml_is_said_in_our_words_with_its_line_and_column(text: str, place: str, problem: str) -> None:
    with pytest.raises(UsageError) as refused:
        yaml_io.load(text, "f.yaml")
    assert str(refused.value) == say("yaml.wrong", where=f"f.yaml{place}", words=say(f"yaml.{problem}"))


def test_where_each_entry_stands_is_known(tmp_path: Path) -> None:
    (tmp_path / "e.yaml").write_text("a: 1\nb:\n  c: {d: 2}\n")
    values, marks = yaml_io.load_marked(tmp_path / "e.yaml")
    assert values == {"a": 1, "b": {"c": {"d": 2}}}
    assert {place: at.partition(", ")[2] for place, at in marks.items()} == {
        "a": "line 1, column 1",
        "b": "line 2, column 1",
        "b.c": "line 3, column 3",
        "b.c.d": "line 3, column 7",
    }


@pytest.mark.parametrize(
    "word",
    ["Yes", "no", "on", "OFF", "y", "N", "true", "null", "~", "12", "0x1F", "1_000", "1e-3", "190:20:30", "2024-01-31"],
)
def test_text_that_other_readers_would_take_for_something_else_is_quoted(word: str) -> None:
    values = {"data": {"positive": word, "types": {word: "category"}}}
    written = yaml_io.dump(values)
    assert f"positive: '{word}'" in written and f"'{word}': category" in written
    assert yaml_io.load(written, "here") == yaml.safe_load(written) == values


def test_ordinary_words_stand_without_quotes() -> None:
    assert yaml_io.dump({"positive": "not", "metric": "yes or no"}) == "positive: not\nmetric: yes or no\n"


def test_aliases_that_stand_for_billions_of_values_are_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 10)]
    with pytest.raises(UsageError, match=says("yaml.too-many-values", where="bomb.yaml")):
        yaml_io.load("\n".join(lines), "bomb.yaml")
    assert yaml_io.load("a: &a [1, 2]\nb: *a\n", "fine.yaml") == {"a": [1, 2], "b": [1, 2]}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("010", 10),
        ("0o10", 8),
        ("0x1F", 31),
        ("+5", 5),
        ("1:30", "1:30"),
        ("12:30:45", "12:30:45"),
        ("1_000", "1_000"),
        ("0b11", "0b11"),
        ("2020-01-31", "2020-01-31"),
        ("2020-01-31 10:00:00", "2020-01-31 10:00:00"),
        ("=", "="),
        ("~", None),
    ],
)
def test_plain_words_mean_what_yaml_1_2_says_and_survive_being_written(text: str, value: object) -> None:
    read = yaml_io.load(f"a: {text}", "x")["a"]
    assert (read, type(read)) == (value, type(value))
    assert yaml_io.load(yaml_io.dump({"a": value}), "x") == {"a": value}
