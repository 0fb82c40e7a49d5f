"""One of a set of values."""

import json
import math

import numpy as np
import polars as pl
import pytest
import torch

from leadline.data.columns.category import COLUMN, MOST, width
from leadline.data.columns.contract import ColumnContext

CONTEXT = ColumnContext()


def fit(values: object) -> dict[str, list[str]]:
    return json.loads(json.dumps(COLUMN.fit(pl.Series("x", values), CONTEXT)))


def states(*sizes: int) -> list[dict[str, list[str]]]:
    return [{"classes": [str(i) for i in range(size)]} for size in sizes]


@pytest.mark.parametrize(
    ("values", "classes"),
    [
        (["b", "a", None, " b "], ["a", "b"]),
        ([10, 9, 2, 10], ["2", "9", "10"]),
        (["10", "9", "2"], ["2", "9", "10"]),
        ([1.0, 2.0, None], ["1", "2"]),
        ([True, False], ["false", "true"]),
        ([None, ""], []),
    ],
)
def test_classes_are_text_in_natural_order(values: object, classes: list[str]) -> None:
    assert fit(values) == {"classes": classes}


def test_codes_count_from_one_and_zero_is_unknown_or_missing() -> None:
    encoded = COLUMN.encode(pl.Series(["a", "c", None, "b", " a"]), fit(["a", "b"]), CONTEXT)
    assert encoded.values.dtype == np.float32
    assert encoded.values[:, 0].tolist() == [1, 0, 0, 2, 1]
    assert not encoded.problems


def test_integers_text_and_whole_floats_are_the_same_value() -> None:
    state = fit([1, 2, 3])
    for column in (pl.Series([3, 1]), pl.Series(["3", "1"]), pl.Series([3.0, 1.0])):
        assert COLUMN.encode(column, state, CONTEXT).values[:, 0].tolist() == [3, 1]


def test_of_very_many_the_most_frequent_are_kept() -> None:
    values = np.concatenate([np.arange(MOST + 50), np.arange(50, MOST + 50)])
    classes = fit(values)["classes"]
    assert len(classes) == MOST
    assert classes[0] == "50"
    assert classes[-1] == str(MOST + 49)


def test_every_code_is_exact_in_float32() -> None:
    state = {"classes": [str(i) for i in range(MOST)]}
    codes = COLUMN.encode(pl.Series(state["classes"]), state, CONTEXT).values[:, 0]
    assert (codes.astype(np.int64) == np.arange(1, MOST + 1)).all()


def test_decode_inverts_encode() -> None:
    state = fit(["x", "y"])
    assert COLUMN.decode(COLUMN.encode(pl.Series(["y", None, "x"]), state, CONTEXT).values, state) == ["y", None, "x"]


@pytest.mark.parametrize("classes", [4, 5, 9, 41, 100, 10_000])
def test_width_follows_the_rule(classes: int) -> None:
    assert width(classes) == min(16, math.ceil(1.6 * classes**0.56))


def test_few_classes_are_one_hot() -> None:
    front = COLUMN.preprocessor(states(3, 2))
    assert front(torch.tensor([[1.0, 2.0], [3.0, 0.0], [math.nan, 1.0]])).tolist() == [
        [1, 0, 0, 0, 1],
        [0, 0, 1, 0, 0],
        [0, 0, 0, 1, 0],
    ]
    assert not list(front.parameters())


def test_embeddings_are_rows_of_the_shared_table() -> None:
    front = COLUMN.preprocessor(states(4, 2, 4, 300))
    (narrow, wide) = front.tables
    codes = torch.tensor([[2.0, 1.0, 4.0, 300.0], [0.0, 0.0, math.nan, 0.0]])
    out = front(codes)
    assert out.shape == (2, 2 + 4 + 4 + 16)
    torch.testing.assert_close(
        out[0], torch.cat([torch.tensor([1.0, 0.0]), narrow.weight_VD[2], narrow.weight_VD[5 + 4], wide.weight_VD[300]])
    )
    assert out[1].eq(0).all()  # unknown: no class, and a row that starts at zero


def test_a_code_beyond_the_classes_stays_within_its_column() -> None:
    front = COLUMN.preprocessor(states(4, 4))
    torch.testing.assert_close(front(torch.tensor([[9.0, 4.0]])), front(torch.tensor([[4.0, 4.0]])))


def test_a_gradient_reaches_every_table() -> None:
    front = COLUMN.preprocessor(states(4, 50, 300))
    front(torch.tensor([[1.0, 2.0, 3.0]])).square().sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in front.parameters())


def test_many_columns_share_few_tables() -> None:
    front = COLUMN.preprocessor(states(*([4, 20, 300, 7] * 50)))
    assert len(front.tables) == len({width(4), width(20), width(300), width(7)})


@pytest.mark.parametrize(
    ("column", "low", "high"),
    [
        (pl.Series(["a", "b"] * 50), 0.8, 0.8),
        (pl.Series(["a", "b", "c"]), 0.8, 0.8),
        (pl.Series([1, 2, 3] * 10), 0.3, 0.6),
        (pl.Series(range(100)), 0.01, 0.2),
        (pl.Series([f"id-{i}" for i in range(100)]), 0, 0),
        (pl.Series([f"town-{i % 70}" for i in range(100)]), 0.1, 0.5),
        (pl.Series([1.5, 2.5]), 0, 0),
        (pl.Series(["u"], dtype=pl.Categorical), 0.9, 1),
        (pl.Series("zipcode", [90210, 10001, 60601] * 10), 0.85, 0.95),
        (pl.Series("home.postal_code", ["90210", "10001"] * 10), 0.85, 0.95),
        (pl.Series("zipcode", range(100)), 0.01, 0.2),
        (pl.Series("unzip", [1.5, 2.5] * 10), 0, 0),
    ],
)
def test_infer(column: pl.Series, low: float, high: float) -> None:
    assert low <= COLUMN.infer(column, CONTEXT) <= high
