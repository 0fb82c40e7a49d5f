"""Yes or no."""

import json
import math

import numpy as np
import polars as pl
import pytest
import torch

from leadline.data.columns.boolean import COLUMN
from leadline.data.columns.contract import ColumnContext
from leadline.errors import DataError
from sentences import says

CONTEXT = ColumnContext()


def fit(values: object) -> dict[str, object]:
    return json.loads(json.dumps(COLUMN.fit(pl.Series("x", values), CONTEXT)))


@pytest.mark.parametrize(
    ("values", "classes"),
    [
        ([True, False], ["false", "true"]),
        (["Yes", "No", "Yes"], ["No", "Yes"]),
        (["1", "0"], ["0", "1"]),
        ([1, 0], ["0", "1"]),
        (["TRUE", "TRUE"], ["false", "TRUE"]),
        (["y", "n"], ["n", "y"]),
    ],
)
def test_classes_are_the_words_of_the_data_no_first(values: object, classes: list[str]) -> None:
    assert fit(values) == {"classes": classes, "missing": False}


def test_encode() -> None:
    state = fit(["Yes", "No", ""])
    assert state["missing"] is True
    encoded = COLUMN.encode(pl.Series(["yes", "NO", None, "maybe", ""]), state, CONTEXT)
    np.testing.assert_array_equal(encoded.values[:, 0], np.array([1, 0, np.nan, np.nan, np.nan], np.float32))
    assert encoded.problems == {3: "'maybe' is neither 'No' nor 'Yes'"}


def test_boolean_and_integer_columns() -> None:
    assert COLUMN.encode(pl.Series([True, None, False]), fit([True, False]), CONTEXT).values[[0, 2], 0].tolist() == [
        1,
        0,
    ]
    assert COLUMN.encode(pl.Series([1, 0, 2]), fit([1, 0]), CONTEXT).problems == {2: "'2' is neither '0' nor '1'"}


def test_decode_gives_the_words_back() -> None:
    assert COLUMN.decode(np.array([[1.0], [np.nan], [0.0]]), fit(["Yes", "No"])) == ["Yes", None, "No"]


def test_a_column_without_yes_or_no_is_refused() -> None:
    with pytest.raises(DataError, match=says("columns.not-boolean", column="x", value="male")):
        fit(["male", "female", "male"])


def test_front() -> None:
    front = COLUMN.preprocessor([fit([True, False]), fit([True, None])])
    assert front(torch.tensor([[1.0, 0.0], [math.nan, math.nan]])).tolist() == [[1, -1, 0], [0, 0, 1]]
    assert COLUMN.preprocessor([fit([True, False])])(torch.tensor([[math.nan]])).tolist() == [[0.0]]


def test_gradient_is_finite_beside_missing_values() -> None:
    x = torch.tensor([[1.0], [math.nan]], requires_grad=True)
    COLUMN.preprocessor([fit([True, False])])(x).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [[2.0], [0.0]]


@pytest.mark.parametrize(
    ("column", "sure"),
    [
        (pl.Series([True]), True),
        (pl.Series(["yes", "No"]), True),
        (pl.Series(["0", "1"]), True),
        (pl.Series([0, 1]), True),
        (pl.Series(["yes", "true"]), False),
        (pl.Series([0, 2]), False),
        (pl.Series([0.0, 1.0]), False),
        (pl.Series([None], dtype=pl.String), False),
    ],
)
def test_infer(column: pl.Series, sure: bool) -> None:
    assert (COLUMN.infer(column, CONTEXT) > 0.9) is sure
