"""A name that is not known is answered with those that are near, whatever their case."""

from __future__ import annotations

import pytest

from leadline.errors import LISTED, UnknownMeasure, did_you_mean


@pytest.mark.parametrize(
    ("name", "known", "said"),
    [
        ("MLP", ["mlp", "cnn"], "Did you mean 'mlp'?"),
        ("Adm", ["sgd", "adamw", "adam"], "Did you mean 'adam' or 'adamw'?"),
        ("age", ["Age", "AGE", "sex"], "Did you mean 'AGE' or 'Age'?"),
        ("x", ["b", "a"], "Available: a, b."),
        ("x", [], "There are none."),
    ],
)
def test_near_names_are_offered_whatever_their_case(name: str, known: list[str], said: str) -> None:
    assert did_you_mean(name, known) == said


def test_a_long_list_is_cut_and_says_what_lists_all() -> None:
    said = did_you_mean("zzz", [f"name{n:02}" for n in range(30)], "'leadline models'")
    assert said.count("name") == LISTED
    assert said.endswith(f" and {30 - LISTED} more; 'leadline models' lists all.")


def test_a_measure_that_there_is_not_is_a_key_error_in_plain_words() -> None:
    assert isinstance(UnknownMeasure("x"), KeyError)
    assert str(UnknownMeasure("There is none.")) == "There is none."
