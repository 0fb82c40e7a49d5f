"""Tokens and tags that come one by one, in lists or between blanks."""

import polars as pl
import pytest

from leadline.data.columns.contract import ColumnContext, column_type
from leadline.data.columns.texts import pretokenized
from leadline.data.columns.texts.tokens import NAMES, UNKNOWN, Tokens, learn
from leadline.errors import DataError

NBSP = "\u00a0"


def test_text_is_cut_at_blanks_alone() -> None:
    column = pl.Series("t", [" U.S.  isn't\ta «word» ", " ", None, f"New{NBSP}York is"])
    assert pretokenized.items(column).to_list() == [
        ["U.S.", "isn't", "a", "«word»"],
        None,
        None,
        [f"New{NBSP}York", "is"],
    ]
    assert pretokenized.counts(column).to_list() == [4, 0, 0, 2]


def test_items_of_lists_stay_whole() -> None:
    column = pl.Series("t", [["New York", "", " is "], [], None, [None, "x"]])
    assert pretokenized.items(column).to_list() == [[f"New{NBSP}York", NBSP, "is"], None, None, [None, "x"]]
    assert pretokenized.as_given(column).to_list() == [f"New{NBSP}York {NBSP} is", None, None, f"{NBSP} x"]
    assert pretokenized.counts(pretokenized.as_given(column)).to_list() == pretokenized.counts(column).to_list()


def test_lists_of_numbers_and_arrays_are_read_as_text() -> None:
    assert pretokenized.items(pl.Series("t", [[3, 12]])).to_list() == [["3", "12"]]
    assert pretokenized.items(pl.Series("t", [["a", "b"]], dtype=pl.Array(pl.String, 2))).to_list() == [["a", "b"]]


@pytest.mark.parametrize("column", [pl.Series("t", [1.5]), pl.Series("t", [[["a"]]])])
def test_other_columns_are_refused(column: pl.Series) -> None:
    with pytest.raises(DataError, match="'t'"):
        pretokenized.items(column)


def test_a_vocabulary_of_given_tokens_keeps_signs_and_case() -> None:
    state = learn([[f"New{NBSP}York is big .", "U.S. is big ."]], "given", most=100, least=1, lower=False)
    assert set(state["vocabulary"]) == {*NAMES, f"New{NBSP}York", "is", "big", ".", "U.S."}
    numbers, lengths = Tokens(state).numbers([f"New{NBSP}York is small", ""])
    assert lengths.tolist() == [3, 0]
    assert numbers[-1] == UNKNOWN
    assert Tokens(state).text(numbers.tolist()) == f"New{NBSP}York is [unknown]"


def test_a_column_of_lists_is_text_of_given_tokens() -> None:
    column = pl.Series("t", [["The", "cat", "sat"], ["The", "dog"], None])
    field = column_type("text")
    state = field.fit(column, ColumnContext(options={"min_count": 1}))
    assert (state["tokens"], state["lower"]) == ("given", False)
    encoded = field.encode(column, state, ColumnContext())
    assert encoded.lengths is not None
    assert encoded.lengths.tolist() == [3, 2, 0]
    assert list(encoded.missing) == [2]
    assert field.decode(encoded.values[None, :3], state) == ["The cat sat"]
