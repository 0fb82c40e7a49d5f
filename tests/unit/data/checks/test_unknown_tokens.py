"""Tokens that no train row has, told before training."""

import polars as pl
import pytest

from leadline.core.experiment import DataSpec
from leadline.data.dataset import Dataset, prepare


def questions(test: str) -> Dataset:
    train = [f"what is the {word} of the day" for word in ("name", "song", "colour", "length", "end")] * 8
    text = [*train, *[test] * 8]
    frame = pl.DataFrame({"text": text, "label": ["a", "b"] * 24, "split": ["train"] * 40 + ["test"] * 8})
    return prepare(DataSpec.model_validate({"target": "label", "types": {"text": "text"}, "split": "split"}), frame)


def test_a_part_of_which_nothing_is_known() -> None:
    notes = questions("wie heißt das Lied").notes
    assert any("8 of 8 test rows" in note and "'wie'" in note for note in notes)


@pytest.mark.parametrize("test", ["what is the name of the day", ""])
def test_a_part_that_is_known_or_empty(test: str) -> None:
    assert not any("unknown" in note or "tokens" in note for note in questions(test).notes)
