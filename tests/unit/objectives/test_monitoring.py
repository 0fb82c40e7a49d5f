"""Every metric that an objective measures may be watched; what no epoch needs is computed where it is named."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn import metrics as sk

from leadline.core.component import Component
from leadline.core.schema import ColumnSchema, InputSchema, Schema
from leadline.objectives.lookup import objective_for
from leadline.objectives.monitoring import monitored, monitors

TARGETS = {
    "classification": ColumnSchema(name="y", kind="category", state={"classes": ["a", "b"], "counts": [6, 4]}),
    "regression": ColumnSchema(name="y", kind="number", state={"mean": 0.0, "std": 1.0, "scale": "standard"}),
}


def schema(name: str) -> Schema:
    number = ColumnSchema(name="x", kind="number", state={"mean": 0.0, "std": 1.0, "scale": "standard"})
    return Schema(inputs=(InputSchema(name="table", kind="table", fields=(number,), shape=(1,)),), target=TARGETS[name])


@pytest.mark.parametrize(
    ("objective", "name", "better"),
    [
        ("classification", "roc_auc", "higher"),
        ("classification", "balanced_accuracy", "higher"),
        ("classification", "f1_macro", "higher"),
        ("classification", "recall(b)", "higher"),
        ("classification", "brier", "lower"),
        ("classification", "loss", "lower"),
        ("regression", "r2", "higher"),
        ("regression", "mae", "lower"),
    ],
)
def test_metrics_may_be_watched_in_the_direction_in_which_they_get_better(
    objective: str, name: str, better: str
) -> None:
    assert monitors(objective_for(Component(name=objective)).decision, schema(objective))[name] == better


def test_what_is_watched_is_the_metric_and_costs_nothing_where_it_is_not_named() -> None:
    decision = objective_for(Component(name="classification")).decision
    rng = np.random.default_rng(0)
    target, positive = rng.integers(0, 2, 200), rng.random(200)
    probability = np.stack([1 - positive, positive], 1)
    predictions = {"prediction": probability.argmax(1), "probability": probability}
    plain = monitored(("loss",), decision, predictions, target, schema("classification"))
    assert set(plain) == set(decision.monitors)
    values = monitored(("roc_auc", "recall(b)"), decision, predictions, target, schema("classification"))
    assert set(values) == {*plain, "roc_auc", "recall(b)"}
    assert values["roc_auc"] == pytest.approx(sk.roc_auc_score(target, positive))
    assert values["recall(b)"] == pytest.approx(sk.recall_score(target, probability.argmax(1)))


def test_a_metric_without_a_value_on_such_rows_is_nan() -> None:
    decision = objective_for(Component(name="classification")).decision
    predictions = {"prediction": np.zeros(4, dtype=int), "probability": np.tile([0.7, 0.3], (4, 1))}
    assert math.isnan(
        monitored(("roc_auc",), decision, predictions, np.zeros(4, dtype=int), schema("classification"))["roc_auc"]
    )
