"""What is decided of a table does not depend on the order of its rows: neither the columns that are used nor what is
fitted.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from leadline.core.catalogue import say
from leadline.core.experiment import DataSpec
from leadline.data.dataset import Dataset, prepare

N = 240
SPLIT = np.array(["train", "train", "train", "validation", "test"])[np.arange(N) % 5]


def houses(rng: np.random.Generator) -> dict[str, Any]:
    area = rng.choice(np.arange(200, 2000), N, replace=False)
    return {"area": area, "rooms": rng.integers(1, 9, N), "price": area * 3.0 + rng.normal(0, 20, N)}


def numbered(rng: np.random.Generator) -> dict[str, Any]:
    return {"n": np.arange(1, N + 1), "size": rng.normal(size=N), "price": rng.normal(size=N)}


def years(rng: np.random.Generator) -> dict[str, Any]:
    year = np.arange(1800, 1800 + N)
    return {"year": year, "rain": rng.normal(size=N), "price": year + rng.normal(size=N)}


def words(rng: np.random.Generator) -> dict[str, Any]:
    return {
        "town": rng.choice(["Bath", "York", "Ely", "Wells"], N),
        "sold": rng.choice(["no", "yes"], N),
        "weight": rng.choice(np.arange(10_000), N, replace=False),
        "price": rng.choice(["low", "high"], N),
    }


def spoken(rng: np.random.Generator) -> dict[str, Any]:
    said = [" ".join(rng.choice(["good", "bad", "very", "film", "plot", "the", "a"], 9)) for _ in range(N)]
    return {"text": said, "likes": rng.choice(np.arange(5_000), N, replace=False), "price": rng.choice(["a", "b"], N)}


def gaps(rng: np.random.Generator) -> dict[str, Any]:
    temperature = [None if i % 11 == 0 else float(v) for i, v in enumerate(rng.normal(size=N))]
    days = [f"2024-{1 + i % 12:02d}-{1 + i % 28:02d}" for i in range(N)]
    return {"temperature": temperature, "day": days, "price": rng.integers(0, 3, N)}


TABLES = {one.__name__: one for one in (houses, numbered, years, words, spoken, gaps)}


def read(frame: pl.DataFrame, **spec: object) -> Dataset:
    return prepare(DataSpec.model_validate({"target": "price", **spec}), frame)


def orders(frame: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """The same rows as they came, by each column, backwards, and shuffled."""
    shuffled = frame[np.random.default_rng(5).permutation(len(frame))]
    by_column = {f"by {name}": frame.sort(name) for name in frame.columns}
    return {"as it is": frame, "shuffled": shuffled, "backwards": frame.reverse(), **by_column}


def layout(dataset: Dataset) -> dict[str, Any]:
    fields = {f.name: f.kind for one in dataset.schema.inputs for f in one.fields}
    assert dataset.schema.target is not None
    return {
        "inputs": fields,
        "target": dataset.schema.target.kind,
        "left out": [c.name for c in dataset.columns if not c.kind],
    }


@pytest.mark.parametrize("name", TABLES)
def test_the_same_columns_are_used_in_any_order_of_rows(name: str) -> None:
    frame = pl.DataFrame(TABLES[name](np.random.default_rng(0)))
    found = {order: layout(read(rows)) for order, rows in orders(frame).items()}
    assert all(one == found["as it is"] for one in found.values()), found


@pytest.mark.parametrize("name", TABLES)
def test_the_same_schema_is_fitted_in_any_order_of_rows(name: str) -> None:
    """With a split that the rows carry, so that the train rows are the same ones."""
    frame = pl.DataFrame(TABLES[name](np.random.default_rng(1))).with_columns(split=SPLIT)
    first = read(frame, split="column:split").schema.model_dump()
    for order, rows in orders(frame).items():
        assert near(read(rows, split="column:split").schema.model_dump(), first), order


def near(one: Any, other: Any) -> bool:
    """Say whether two schemas are the same but for the rounding of sums."""
    if isinstance(one, dict):
        return isinstance(other, dict) and list(one) == list(other) and all(near(one[k], other[k]) for k in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(near, one, other))
    if isinstance(one, float):
        return bool(np.isclose(one, other, rtol=1e-9, atol=1e-12))
    return bool(one == other)


def test_what_is_inferred_of_many_rows_does_not_depend_on_their_order() -> None:
    """More rows than are looked at: sorted, the first of them would all be of one sort."""
    rng = np.random.default_rng(2)
    mixed = [str(i % 50) if i % 10 else f"word {i % 7}" for i in range(6_000)]
    frame = pl.DataFrame({"mixed": mixed, "place": rng.choice(["a", "b", "c"], 6_000), "price": rng.normal(size=6_000)})
    assert layout(read(frame)) == layout(read(frame.sort("mixed"))) == layout(read(frame.sort("place")))


def test_a_number_of_rows_that_the_target_changes_with_is_left_out_with_a_word() -> None:
    rng = np.random.default_rng(3)
    n = rng.permutation(N)
    frame = pl.DataFrame({"n": n, "size": rng.normal(size=N), "price": n * 2.0 + rng.normal(size=N)})
    said = say("checks.row-numbers-follow-target", column="n", target="price", correlation=1.0)
    for rows in (frame, frame.sort("n"), frame.sort("price")):
        dataset = read(rows)
        assert said in dataset.notes
        assert "n" not in layout(dataset)["inputs"]
    assert not any("rank correlation" in note for note in read(frame.with_columns(price=rng.normal(size=N))).notes)
    assert layout(read(frame, types={"n": "number"}))["inputs"] == {"n": "number", "size": "number"}
