"""Copies of texts that were changed a little are found, and texts that only resemble each other are not."""

from __future__ import annotations

import re

import numpy as np
import polars as pl
import pytest

from leadline.core.experiment import DataSpec
from leadline.data.checks.near_duplicate_texts import pairs
from leadline.data.dataset import prepare
from sentences import says

SENTENCE = (
    "The room was clean and quiet, the breakfast was far better than we had hoped for, and nobody at the desk minded"
    " when we came back late at night with a dog, two bicycles and a very long story about the train from Vienna."
)


def _found(texts: list[str | None]) -> list[list[int]]:
    return sorted(pairs(pl.Series("text", texts, dtype=pl.String)).tolist())


@pytest.mark.parametrize(
    "copy",
    [
        pytest.param(SENTENCE, id="equal"),
        pytest.param(SENTENCE.upper(), id="in capitals"),
        pytest.param(SENTENCE.replace(",", "").replace(" ", "  ") + "\n", id="without commas, with spaces"),
        pytest.param(SENTENCE.replace("quiet", "calm"), id="a word changed"),
        pytest.param(SENTENCE + " Recommended!", id="a word added"),
        pytest.param(SENTENCE.replace(" very long", ""), id="two words fewer"),
        pytest.param("RT @someone: " + SENTENCE, id="passed on"),
    ],
)
def test_copies_of_a_text_are_found(copy: str) -> None:
    others = [
        f"Number {i} is about the {word} and nothing else that anybody would care for" for i, word in enumerate("abc")
    ]
    assert [0, 4] in _found([SENTENCE, *others, copy])


@pytest.mark.parametrize(
    "texts",
    [
        pytest.param(["What is the capital of France", "What is the capital of Spain"], id="questions of one form"),
        pytest.param(["thanks", "thanks", "ok", "ok"], id="words that everybody says"),
        pytest.param([None, None, "", ""], id="nothing"),
        pytest.param(
            [
                "Dear Ann, your order of two lamps and a chair is on its way to Leeds.",
                "Dear Bob, your parcel with five books left our house for York this morning.",
            ],
            id="letters",
        ),
        pytest.param(["…", "—", "!!!", "…"], id="signs alone"),
    ],
)
def test_texts_that_only_resemble_each_other_are_left_alone(texts: list[str | None]) -> None:
    assert _found(texts) == []


def test_short_sentences_that_are_equal_but_for_signs_are_copies() -> None:
    assert _found(["I love this little film", "i love this little film!", "I love that little film"]) == [[0, 1]]


def test_planted_copies_among_many_texts_are_found_and_nothing_else() -> None:
    rng = np.random.default_rng(0)
    words = np.array([f"w{i}" for i in range(3000)])
    texts = [rng.choice(words, rng.integers(12, 60)) for _ in range(600)]
    for at in range(50):
        texts[500 + at] = texts[at].copy()
        texts[500 + at][len(texts[at]) // 2] = "changed"
    found = _found([" ".join(text) for text in texts])
    assert len(found) >= 49
    assert all(second == 500 + first for first, second in found)


def _reviews() -> pl.DataFrame:
    """Return 300 reviews, each with a number of its own; the last 60 say again what the first 60 did."""
    rng = np.random.default_rng(1)
    words = np.array([f"word{i}" for i in range(400)])
    texts = [" ".join(rng.choice(words, 14)) for _ in range(240)]
    texts += [text.upper() + " !" for text in texts[:60]]
    columns = {"id": [f"r{i:05}" for i in range(300)], "review": texts, "stars": rng.choice(["low", "high"], 300)}
    return pl.DataFrame(columns)


def test_copies_of_texts_stay_in_one_subset_whatever_number_stands_beside_them() -> None:
    dataset = prepare(DataSpec(target="stars", ignore=("id",)), _reviews(), seed=1)
    subset_of = {int(row): name for name, subset in dataset.splits.items() for row in subset.rows}
    assert all(subset_of[row] == subset_of[240 + row] for row in range(60))
    assert len(set(subset_of.values())) == 3
    said = says("splits.near-duplicates-together", rows=120, groups=60)
    assert any(re.fullmatch(said, note) for note in dataset.notes)


def test_copies_across_a_given_split_of_texts_are_said_before_training() -> None:
    rows = _reviews().with_columns(split=pl.Series(["train"] * 240 + ["test"] * 60))
    dataset = prepare(DataSpec(target="stars"), rows)
    assert dataset.similar is not None
    assert sum(count for (_, second), count in dataset.similar.counts.items() if second == "test") == 60
    said = says("checks.near-duplicates", second="test", first="training")
    assert any(re.fullmatch(said, note) for note in dataset.notes)
