"""Losses and decisions of probabilities as targets, against PyTorch's."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

from leadline.core.component import Component
from leadline.core.schema import ColumnSchema, Schema
from leadline.objectives.lookup import objective_for

SHARES = Schema(
    inputs=(),
    target=ColumnSchema(
        name="a, b, c", kind="probabilities", state={"columns": ["a", "b", "c"], "labels": ["a", "b", "c"]}
    ),
)
SCORES = torch.randn(6, 3, generator=torch.Generator().manual_seed(0))


def ready(name: str, schema: Schema, **options: Any) -> tuple[Any, Any]:
    objective = objective_for(Component(name=name, options=options))
    return objective, objective.capability("head").last(schema)


def test_soft_targets_pay_cross_entropy() -> None:
    objective, last = ready("probabilities", SHARES)
    true = torch.rand(6, 3, generator=torch.Generator().manual_seed(1)).softmax(-1)
    torch.testing.assert_close(
        objective.capability("head").value(last, last(SCORES), true).value_B,
        F.cross_entropy(SCORES, true, reduction="none"),
    )
    columns = objective.capability("head").decided(last, last(SCORES)).columns
    torch.testing.assert_close(columns["probability"], SCORES.softmax(-1))
    name, found = objective.decision.dummy_predictor(true.numpy(), 2, SHARES)
    assert name == "mean"
    np.testing.assert_allclose(found["probability"][1], true.numpy().mean(0), rtol=1e-6)


def test_classes_are_pointed_to_what_would_make_them_probabilities() -> None:
    classes = Schema(inputs=(), target=ColumnSchema(name="kind", kind="category", state={"classes": ["a", "b"]}))
    assert "p_a,p_b" in str(objective_for(Component(name="probabilities")).unsuitable(classes))
