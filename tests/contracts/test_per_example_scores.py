"""What models are compared by is one of the measures, row by row."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from leadline.core.component import Component
from leadline.core.finding import Finding
from leadline.core.registry_tables import TABLES
from leadline.core.schema import ColumnSchema, Schema
from leadline.objectives.contract import EvaluationContext
from leadline.run.build import objective_for

CLASSES = ColumnSchema(name="kind", kind="category", state={"classes": ["no", "yes"], "counts": [30, 20]})
NUMBER = ColumnSchema(name="price", kind="number", state={"mean": 0.0, "std": 1.0})
CASES = {
    "accuracy": Component(name="classification"),
    "nll": Component(name="classification", options={"operating_point": 0.2}),
    "expected_cost": Component(name="classification", options={"costs": {"yes": {"no": 5}, "no": {"yes": 1}}}),
    "mae": Component(name="regression"),
}


@pytest.mark.parametrize(("measure", "component"), [*CASES.items(), ("accuracy", Component(name="fixmatch"))])
def test_its_mean_is_the_measure(measure: str, component: Component) -> None:
    rng = np.random.default_rng(0)
    objective: Any = objective_for(component)
    schema = Schema(inputs=(), target=NUMBER if component.name == "regression" else CLASSES)
    if component.name != "regression":
        target = rng.integers(0, 2, 80)
        probability = rng.dirichlet([1, 1], 80).astype(np.float32)
        probability[0] = np.eye(2)[1 - target[0]]  # sure and wrong
        predictions = {"probability": probability, "prediction": (probability[:, 1] > 0.2).astype(np.int64)}
    else:
        target = rng.normal(size=80).astype(np.float32)
        predictions = {"prediction": target + rng.normal(size=80).astype(np.float32)}
    name, value_n = objective.decision.per_example_score(predictions, target, schema)
    found = [
        f
        for f in objective.decision.measure(predictions, EvaluationContext("test", target, None, schema))
        if isinstance(f, Finding)
    ]
    assert name == measure
    assert value_n.shape == (80,)
    assert value_n.mean() == pytest.approx(next(f.value for f in found if f.name == name and f.group is None), rel=1e-6)


def test_models_that_are_fitted_learn_only_what_they_can_be_compared_by() -> None:
    for name in TABLES["objectives"]:
        objective: Any = objective_for(Component(name=name))
        assert objective.supervision.classical_target in (None, "classes", "numbers", "windows")
        assert set(objective.supervision.loss_options) <= set(type(objective.options).model_fields)
        if objective.supervision.classical_target is not None:
            # a further one belongs into the test above; forecasts have theirs in test_forecasting.py
            assert name in ("classification", "fixmatch", "regression", "forecasting")
