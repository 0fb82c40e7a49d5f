from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.feature_extraction.text import TfidfVectorizer

from leadline.nn.batch import Texts
from leadline.nn.classical.ngrams import NGrams

WORDS = ["", "", "good", "bad", "not", "film", "very", "a"]  # padding and unknown have no name


def tokens(texts: list[str], length: int = 8) -> np.ndarray:
    rows = np.zeros((len(texts), length), dtype=np.float32)
    for row, text in enumerate(texts):
        numbers = [WORDS.index(word) if word in WORDS else 1 for word in text.split()]
        rows[row, : len(numbers)] = numbers
    return rows


TRAIN = [
    "good film",
    "a very good film",
    "not good",
    "not bad",
    "a bad bad film",
    "very very bad",
    "not a good film",
    "not a bad film",
]


def fitted(longest: int = 2, most: int = 1000) -> NGrams:
    ngrams = NGrams(Texts(0, 8, len(WORDS), 1, longest))
    ngrams.fit(tokens(TRAIN).astype(np.int64), longest, most)
    return ngrams


@pytest.mark.parametrize("longest", [1, 2, 3])
def test_rows_are_those_of_scikit_learn(longest: int) -> None:
    theirs = TfidfVectorizer(ngram_range=(1, longest), min_df=2, token_pattern=r"\S+", vocabulary=None)
    expected = theirs.fit_transform(TRAIN)
    mine = fitted(longest)
    found = mine.rows(tokens(TRAIN))
    assert found.shape == expected.shape
    # columns stand in another order: a row is known by its sorted values, all rows by their products
    np.testing.assert_allclose(np.sort(found.toarray()), np.sort(expected.toarray()), atol=1e-6)
    np.testing.assert_allclose((found @ found.T).toarray(), (expected @ expected.T).toarray(), atol=1e-6)


def test_an_unknown_word_parts_what_stands_around_it() -> None:
    found = fitted().rows(tokens(["not zebra good", "not good"]))
    assert found[0].nnz == 2 and found[1].nnz == 2  # ‘not good’ is in one text of train alone
    assert fitted().rows(tokens(["not a"]))[0].nnz == 3


def test_a_text_without_known_words_has_nothing() -> None:
    column_BM, value_BM = fitted()(torch.from_numpy(tokens(["zebra", ""])))
    ngrams = fitted()
    assert (column_BM == ngrams.count).all() and not value_BM.any()
    assert ngrams.rows(tokens(["zebra", ""])).nnz == 0


def test_of_very_many_the_commonest_are_kept_and_the_beginnings_of_all() -> None:
    all_of_them, few = fitted(3), fitted(3, most=5)
    assert few.count <= 5 < all_of_them.count
    vocabulary = len(WORDS)
    for key in all_of_them.key_G.tolist():
        beginning = key // vocabulary - 1
        assert beginning < all_of_them.count
    assert few.rows(tokens(["good"])).nnz == 1


def test_where_no_word_is_in_two_texts_all_are_taken() -> None:
    ngrams = NGrams(Texts(0, 8, len(WORDS), 1, 2))
    ngrams.fit(tokens(["good film", "not bad"]).astype(np.int64), 2, 1000)
    assert ngrams.count == 6


def test_texts_without_any_token_have_no_ngrams() -> None:
    ngrams = NGrams(Texts(0, 8, len(WORDS), 1, 2))
    ngrams.fit(tokens(["", "zebra"]).astype(np.int64), 2, 1000)
    assert ngrams.count == 0
    assert ngrams.rows(tokens(["good", ""])).shape == (2, 0)
