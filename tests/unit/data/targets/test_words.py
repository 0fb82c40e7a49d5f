"""Decisions and targets as columns that people read."""

from __future__ import annotations

import numpy as np

from leadline.core.schema import ColumnSchema, Schema
from leadline.data.targets.words import predictions_in_words, targets_in_words

KIND = ColumnSchema(name="kind", kind="category", state={"classes": ["cat", "dog"]})
TAGS = ColumnSchema(name="tags", kind="labels", state={"labels": ["x", "y"], "separator": "|"})
SHARES = ColumnSchema(name="a, b", kind="probabilities", state={"columns": ["a", "b"], "labels": ["a", "b"]})
AGE = ColumnSchema(name="age", kind="number", state={})
P = np.array([[0.25, 0.75], [0.5, 0.5]])


def schema(field: ColumnSchema) -> Schema:
    return Schema(inputs=(), target=field)


def several(*fields: ColumnSchema) -> Schema:
    state = {"columns": [f.name for f in fields], "tasks": [f.model_dump(mode="json") for f in fields]}
    return schema(ColumnSchema(name="all", kind="several", state=state))


def words(found: dict) -> dict:
    return {name: series.to_list() for name, series in found.items()}


def test_one_target() -> None:
    classes = {"prediction": np.array([1, 0]), "probability": P}
    assert words(predictions_in_words(schema(KIND), classes)) == {
        "predicted": ["dog", "cat"],
        "p(cat)": [0.25, 0.5],
        "p(dog)": [0.75, 0.5],
    }
    sets = {"prediction": np.array([[1, 1], [0, 0]], dtype=np.uint8), "probability": P}
    assert words(predictions_in_words(schema(TAGS), sets))["predicted"] == ["x| y", ""]
    assert words(predictions_in_words(schema(SHARES), classes))["predicted"] == ["b", "a"]
    assert words(predictions_in_words(schema(AGE), {"prediction": np.ones(2), "q5": np.zeros(2)})) == {
        "predicted": [1, 1],
        "q5": [0, 0],
    }


def test_several_targets_have_columns_of_their_own() -> None:
    decided = {
        "prediction(kind)": np.array([1, 0]),
        "probability(kind)": P,
        "prediction(age)": np.array([3.0, 4.0]),
        "std(age)": np.array([1.0, 2.0]),
    }
    assert list(predictions_in_words(several(KIND, AGE), decided)) == [
        *("predicted_kind", "p(kind: cat)", "p(kind: dog)"),
        *("predicted_age", "std(age)"),
    ]


def test_targets() -> None:
    assert words(targets_in_words(schema(KIND), np.array([0, 1]))) == {"target": ["cat", "dog"]}
    assert words(targets_in_words(schema(SHARES), P)) == {
        "target": ["b", "a"],
        "target p(a)": [0.25, 0.5],
        "target p(b)": [0.75, 0.5],
    }
    nan = float("nan")
    found = targets_in_words(
        several(KIND, AGE, TAGS), np.array([[1, 30, 1, 0], [nan, nan, nan, nan]], dtype=np.float32)
    )
    assert words(found) == {"target_kind": ["dog", None], "target_age": [30, None], "target_tags": ["x", None]}
