"""Columns that give the target away are found; strong hints are not taken for them."""

from __future__ import annotations

import time

import numpy as np
import polars as pl
import pytest

from leadline.data.checks import leaks
from leadline.data.checks.leaks import Leak, find
from leadline.data.sources import read

N = 1_000
RNG = np.random.default_rng(0)


def found(frame: pl.DataFrame, target: str, kind: str = "category") -> list[Leak]:
    return list(find(frame, [c for c in frame.columns if c != target], {target: kind}, np.arange(len(frame))))


def hows(frame: pl.DataFrame, target: str, kind: str = "category") -> dict[str, str]:
    return {leak.column: leak.how for leak in found(frame, target, kind)}


def test_a_copy_of_the_target_is_equal_to_it() -> None:
    y = RNG.integers(0, 3, N)
    frame = pl.DataFrame({"copy": y, "text": [str(v) for v in y], "other": RNG.permutation(y), "y": y})
    assert hows(frame, "y") == {"copy": "checks.leak-equal", "text": "checks.leak-equal"}


@pytest.mark.parametrize("wrong", [0, 2])
def test_a_code_determines_the_target_even_where_a_few_rows_are_wrong(wrong: int) -> None:
    y = RNG.integers(0, 2, N)
    code = y * 10 + RNG.integers(0, 10, N)
    code[:wrong] = 10 * (1 - y[:wrong])
    frame = pl.DataFrame({"code": [f"c{c}" for c in code], "float": code / 2, "y": np.where(y, "yes", "no")})
    assert hows(frame, "y") == {"code": "checks.leak-determines", "float": "checks.leak-determines"}


def test_missing_values_may_give_the_target_away() -> None:
    y = RNG.integers(0, 2, N)
    boat = [None if not v else str(b) for v, b in zip(y, RNG.integers(1, 16, N), strict=True)]
    assert hows(pl.DataFrame({"boat": boat, "y": y}), "y") == {"boat": "checks.leak-determines"}


def test_strong_hints_are_left_alone() -> None:
    y = RNG.integers(0, 2, N)
    hint = np.where(RNG.random(N) < 0.95, y, 1 - y)
    frame = pl.DataFrame({"hint": hint, "measure": y * 4 + RNG.normal(size=N), "y": y})
    assert hows(frame, "y") == {}


def test_values_that_hardly_repeat_prove_nothing() -> None:
    y = (RNG.random(N) < 0.02).astype(int)
    pairs = np.repeat(np.arange(N // 2), 2)
    frame = pl.DataFrame({"unique": np.arange(N), "pairs": pairs, "many": RNG.integers(0, 400, N), "y": y})
    assert hows(frame, "y") == {}, "with 2 % of one class nearly all pairs agree by chance"


@pytest.mark.parametrize(
    ("function", "how"),
    [
        (lambda x: 3 * x - 7, "linear"),
        (lambda x: -x, "linear"),
        (np.exp, "monotonic"),
        (lambda x: -(x**3), "monotonic"),
        (lambda x: x + 0.01 * RNG.normal(size=N), None),
        (np.square, None),
    ],
)
def test_a_number_that_is_a_function_of_the_target(function, how: str | None) -> None:
    price = RNG.normal(size=N)
    got = hows(pl.DataFrame({"x": function(price), "y": price}), "y", "number")
    assert (how is None and not got) or (how is not None and how in got["x"])


def test_a_number_that_a_category_stands_for() -> None:
    code = RNG.integers(0, 30, N)
    frame = pl.DataFrame({"code": [f"p{c}" for c in code], "y": code**2 * 1.5})
    assert hows(frame, "y", "number") == {"code": "checks.leak-determines"}


@pytest.mark.parametrize("name", ["iris", "breast-cancer", "wine", "diabetes"])
def test_honest_data_is_left_alone(name: str) -> None:
    table = read(name)
    goal = table.target
    assert goal is not None
    kind = "number" if table.frame[goal].dtype.is_float() else "category"
    assert found(table.frame, goal, kind) == []


def test_few_rows_say_nothing() -> None:
    y = RNG.integers(0, 2, 40)
    assert found(pl.DataFrame({"copy": y, "y": y}), "y") == []


def test_columns_that_cannot_be_compared_are_passed_over() -> None:
    y = RNG.integers(0, 2, N)
    frame = pl.DataFrame(
        {"lists": [[int(v)] for v in y], "bytes": [bytes([v]) for v in y], "empty": [None] * N, "y": y}
    )
    assert found(frame, "y") == []


def test_a_thousand_columns_cost_little() -> None:
    frame = pl.DataFrame(
        {f"n{i}": RNG.normal(size=20_000) for i in range(500)}
        | {f"c{i}": RNG.integers(0, 9, 20_000) for i in range(500)}
        | {"y": RNG.integers(0, 3, 20_000)}
    )
    began = time.process_time()
    assert found(frame, "y") == []
    assert time.process_time() - began < 10


def near(column: object, y: object, quantity: bool) -> list[tuple[str, float, float]]:
    frame = pl.DataFrame({"x": pl.Series(column), "y": pl.Series(y)})
    found = leaks.near(frame, ["x"], {"y": quantity}, np.arange(len(frame)))
    return [(one.how, round(one.share, 3), round(one.dummy, 3)) for one in found]


def test_a_column_that_alone_comes_close_is_named_with_what_it_gets_right() -> None:
    rng = np.random.default_rng(0)
    label = np.where(np.arange(1_000) % 10 < 6, "paid", "open")
    status = np.where(rng.random(1_000) < 0.02, np.where(label == "paid", "open", "paid"), label)
    (how, share, dummy), *_ = near(status, label, False)
    assert (how, dummy) == ("checks.near-leak-classes", 0.6) and 0.97 <= share <= 0.99
    score = np.where(label == "paid", 1.0, 0.0) + rng.uniform(0, 0.98, 1_000) + 0.04 * (np.arange(1_000) % 50 == 0)
    (how, share, dummy), *_ = near(score, label, False)  # values that never repeat: a threshold
    assert (how, dummy) == ("checks.near-leak-classes", 0.6) and share >= 0.97
    x = rng.normal(size=1_000)
    ((how, share, _),) = near(x, 3 * x + 0.3 * rng.normal(size=1_000), True)
    assert how == "checks.near-leak-quantity" and 0.98 <= share <= 1


@pytest.mark.parametrize("seed", range(3))
def test_a_column_that_is_a_strong_hint_is_not_named(seed: int) -> None:
    rng = np.random.default_rng(seed)
    label = rng.choice(["a", "b"], 600)
    assert near(np.where(rng.random(600) < 0.8, label, "c"), label, False) == []
    assert near(rng.normal(size=600) + 2 * (label == "a"), label, False) == []
    assert near(rng.integers(0, 100, 600), label, False) == []
    x = rng.normal(size=600)
    assert near(x, x + 0.5 * rng.normal(size=600), True) == []
    assert (
        near(np.where(np.arange(600) % 300 == 0, "a", "b"), np.where(np.arange(600) % 300 == 0, "c", "d"), False) == []
    )
