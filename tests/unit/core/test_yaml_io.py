import pytest

from leadline.core import yaml_io
from leadline.errors import UsageError
from sentences import says


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: 1\nb: 2\na: 3\n", "f.yaml, line 3: 'a' is there twice, first in line 1"),
        ("a: 1\nb:\n  c: 2\n  d: 3\n  c: 4\n", "line 5: 'c' is there twice, first in line 3"),
        ("- {a: 1, a: 2}\n", "line 1: 'a' is there twice"),
    ],
)
def test_a_key_that_is_there_twice_is_refused_with_its_lines(text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        yaml_io.load(text, "f.yaml")


def test_a_key_may_stand_in_several_mappings_and_override_a_merged_one() -> None:
    assert yaml_io.load("x: {a: 1}\ny: {a: 2}\n", "f") == {"x": {"a": 1}, "y": {"a": 2}}
    assert yaml_io.load("x: &q {a: 1}\ny:\n  <<: *q\n  a: 2\n", "f")["y"] == {"a": 2}


@pytest.mark.parametrize("text", ["a: [1", "a: &b [*b]", "\tx: 1"])
def test_what_is_no_yaml_says_so(text: str) -> None:
    with pytest.raises(UsageError, match=says("core.not-yaml", where="f")):
        yaml_io.load(text, "f")
