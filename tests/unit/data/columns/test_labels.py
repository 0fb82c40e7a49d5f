"""Sets of labels: lists, or text with a separator."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch

from leadline.data.columns.contract import ColumnContext
from leadline.data.columns.labels import COLUMN, MOST, as_sets, in_words, separator_of, unknown
from leadline.errors import DataError
from sentences import says

CONTEXT = ColumnContext()
RNG = np.random.default_rng(0)
TAGS = pl.Series("x", [";".join(RNG.choice(list("abcdef"), RNG.integers(1, 4), replace=False)) for _ in range(100)])


def column(values: object) -> pl.Series:
    return pl.Series("x", values)


def fit(values: object) -> dict[str, Any]:
    return json.loads(json.dumps(COLUMN.fit(column(values), CONTEXT)))


@pytest.mark.parametrize(
    ("values", "taken"),
    [
        (TAGS, True),
        (TAGS.str.replace_all(";", " | ", literal=True), True),
        (TAGS.str.split(";"), True),
        (pl.Series([[1, 2], [2], [3, 1]] * 10), True),
        (TAGS.str.replace_all(";", ", ", literal=True), False),  # a comma stands in many texts
        (pl.Series(["Bath; UK", "York; UK"] * 20), False),  # one in the same set always
        (pl.Series([f"{at};{at + 1}" for at in range(100)]), False),  # hardly any recurs
        (pl.Series(["a", "b"] * 20), False),
        (pl.Series([[0.5], [1.5]] * 20), False),
        (pl.Series([1, 2, 3]), False),
    ],
)
def test_infer(values: pl.Series, taken: bool) -> None:
    assert (COLUMN.infer(values, CONTEXT) > 0) == taken
    assert not taken or COLUMN.infer(values, CONTEXT) > 0.8, "surer than that it is a category"


def test_sets_of_text_and_of_lists() -> None:
    text = column([" b ;a", "a;;a", "[]", "", None])
    assert separator_of(text) == ";"
    assert as_sets(text, ";").to_list() == [["b", "a"], ["a"], [], None, None]
    lists = column([["b", "a"], ["a", "a", ""], [], None])
    assert separator_of(lists) is None
    assert as_sets(lists, None).to_list() == [["b", "a"], ["a"], [], None]
    assert as_sets(column([[3, 1], [2]]), None).to_list() == [["3", "1"], ["2"]]
    with pytest.raises(DataError, match=says("columns.not-label-lists")):
        as_sets(column([[{"a": 1}]]), None)


def test_fit_keeps_labels_in_natural_order_with_their_shares() -> None:
    assert fit(["10;9", "9", None, "[]"]) == {
        "labels": ["9", "10"],
        "shares": [2 / 3, 1 / 3],
        "separator": ";",
        "missing": True,
    }
    assert fit(["a, b", "b"])["separator"] == ","
    many = fit([[str(at), "common"] for at in range(MOST + 5)])
    assert len(many["labels"]) == MOST
    assert "common" in many["labels"]
    with pytest.raises(DataError, match=says("columns.no-training-labels")):
        fit([[], []])


def test_encode_decode_and_what_is_unknown() -> None:
    state = fit(["a;b", "c", "b"])
    values = column(["b;a", "c;z", None, "[]"])
    encoded = COLUMN.encode(values, state, CONTEXT)
    nan = np.nan
    np.testing.assert_array_equal(encoded.values, np.array([[1, 1, 0], [0, 0, 1], [nan] * 3, [0, 0, 0]], np.float32))
    assert encoded.problems == {}
    assert COLUMN.decode(encoded.values, state) == ["a; b", "c", None, ""]
    assert unknown(values, state).to_list() == [None, "z", None, None]
    assert in_words(np.array([[1.0, 0.0, 1.0]]), ["x", "y", "z"], "|") == ["x| z"]
    assert COLUMN.width(state) == 3


def test_what_is_cached_depends_on_the_labels_alone() -> None:
    assert COLUMN.recipe(fit(["a;b", "a"])) == COLUMN.recipe(fit(["a;b", "b"]))
    assert COLUMN.recipe(fit(["a;b", "a"])) != COLUMN.recipe(fit(["a;c", "a"]))


def test_front_knows_what_is_missing() -> None:
    front = COLUMN.preprocessor([fit(["a;b", None]), fit(["c;d", "c"])])
    nan = float("nan")
    x_BK = torch.tensor([[1.0, 0, 0, 1], [nan, nan, 1, 1], [0, 0, nan, nan]])
    assert front(x_BK).tolist() == [[1, 0, 0, 1, 0], [0, 0, 1, 1, 1], [0, 0, 0, 0, 0]]
    assert COLUMN.preprocessor([fit(["c;d", "c"])])(x_BK[:, 2:])[2].tolist() == [0, 0]
