"""Sentences are called by name, hold values, have forms for one and many, and come in other languages from files."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from leadline.core import catalogue
from sentences import says


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Sentences of two languages in a folder of the test's own."""
    for language, text in {
        "en": 'lost = "{rows:,} {rows:row|rows} of {file!r} {rows:is|are} lost."\nbrace = "{{a}} of {b}"\n',
        "xx": 'lost = "{file}: {rows} / ∅"\n',
    }.items():
        (tmp_path / language).mkdir()
        (tmp_path / language / "test.toml").write_text(text, encoding="utf-8")
    monkeypatch.setattr(catalogue, "FOLDER", tmp_path)
    monkeypatch.delenv(catalogue.LANGUAGE, raising=False)
    catalogue.sentences.cache_clear()
    yield tmp_path
    catalogue.sentences.cache_clear()


@pytest.mark.parametrize(
    ("rows", "said"),
    [(1, "1 row of 'a.csv' is lost."), (0, "0 rows of 'a.csv' are lost."), (1200, "1,200 rows of 'a.csv' are lost.")],
)
def test_values_stand_in_their_places_with_the_form_of_their_number(files: Path, rows: int, said: str) -> None:
    assert catalogue.say("test.lost", rows=rows, file="a.csv") == said


def test_shares_are_written_with_a_blank_before_the_sign(files: Path) -> None:
    assert catalogue.filled("{share:.1%} of {rows:,}", {"share": 0.833, "rows": 1200}) == "83.3 % of 1,200"


def test_another_language_is_a_folder_and_what_it_lacks_is_said_in_english(
    files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(catalogue.LANGUAGE, "xx")
    assert catalogue.say("test.lost", rows=3, file="a.csv") == "a.csv: 3 / ∅"
    assert catalogue.say("test.brace", b=2) == "{a} of 2"


def test_what_is_declared_in_the_code_is_shown_unless_the_language_has_it(
    files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert catalogue.translated("metrics.accuracy", "Accuracy") == "Accuracy"
    (files / "xx" / "metrics.toml").write_text('accuracy = "ACCURATIO"', encoding="utf-8")
    monkeypatch.setenv(catalogue.LANGUAGE, "xx")
    assert catalogue.translated("metrics.accuracy", "Accuracy") == "ACCURATIO"


def test_an_unknown_name_and_a_missing_value_are_faults(files: Path) -> None:
    with pytest.raises(KeyError):
        catalogue.say("test.absent")
    with pytest.raises(KeyError, match="wants a value for 'file'"):
        catalogue.say("test.lost", rows=1)


def test_tests_name_a_sentence_with_the_values_that_matter(files: Path) -> None:
    said = catalogue.say("test.lost", rows=2, file="a.csv")
    assert re.search(says("test.lost"), said)
    assert re.search(says("test.lost", file="a.csv"), said)
    assert not re.search(says("test.lost", file="b.csv"), said)
    assert not re.search(says("test.brace"), said)
    with pytest.raises(AssertionError, match="holds no"):
        says("test.lost", column="a")
