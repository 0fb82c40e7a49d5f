"""Losses and decisions of sets of labels as targets, against PyTorch's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from leadline.core.component import Component
from leadline.core.schema import ColumnSchema, Schema
from leadline.errors import UsageError
from leadline.objectives.lookup import objective_for
from sentences import says

LABELS = {"labels": ["a", "b", "c"], "shares": [0.5, 0.2, 0.1], "separator": ";", "missing": False}
SETS = Schema(inputs=(), target=ColumnSchema(name="tags", kind="labels", state=LABELS))
SCORES = torch.randn(6, 3, generator=torch.Generator().manual_seed(0))
TRUE = torch.tensor([[1.0, 0, 0], [0, 0, 0], [1, 1, 1], [0, 1, 0], [0, 0, 1], [1, 0, 1]])


def ready(name: str, schema: Schema, **options: Any) -> tuple[Any, Any]:
    objective = objective_for(Component(name=name, options=options))
    return objective, objective.capability("head").last(schema)


@pytest.mark.parametrize(
    ("given", "weights"),
    [
        (1.0, [1.0, 1.0, 1.0]),
        (2.5, [2.5, 2.5, 2.5]),
        ({"b": 3}, [1.0, 3.0, 1.0]),
        ("balanced", [1.0, 4.0, 9.0]),
    ],
)
def test_labels_pay_binary_cross_entropy(given: Any, weights: list[float]) -> None:
    objective, last = ready("multilabel", SETS, pos_weight=given)
    theirs = F.binary_cross_entropy_with_logits(SCORES, TRUE, pos_weight=torch.tensor(weights), reduction="none").mean(
        1
    )
    torch.testing.assert_close(objective.capability("head").value(last, last(SCORES), TRUE).value_B, theirs)


def test_labels_more_probable_than_not_are_given() -> None:
    objective, last = ready("multilabel", SETS)
    columns = objective.capability("head").decided(last, last(SCORES)).columns
    assert columns["prediction"].tolist() == (SCORES > 0).int().tolist()
    torch.testing.assert_close(columns["probability"], SCORES.sigmoid())


def test_weights_of_labels_must_be_of_labels() -> None:
    objective = objective_for(Component(name="multilabel", options={"pos_weight": {"aa": 2.0}}))
    with pytest.raises(
        UsageError, match=says("objectives.positive-weight-unknown-label", label="aa", hint="Did you mean 'a'?")
    ):
        objective.unsuitable(SETS)
    for wrong in (0, -1, "equal", {"a": 0}):
        with pytest.raises(UsageError, match=r"objective\.positive_weight|multilabel"):
            objective_for(Component(name="multilabel", options={"pos_weight": wrong}))


def test_the_most_common_labels_are_the_constant_answer() -> None:
    name, found = objective_for(Component(name="multilabel")).decision.dummy_predictor(TRUE.numpy()[[0, 2, 5]], 2, SETS)
    assert name == "majority"
    assert found["prediction"].tolist() == [[1, 0, 1]] * 2
    np.testing.assert_allclose(found["probability"][0], [1, 1 / 3, 2 / 3])


def test_classes_are_pointed_to_what_would_make_them_sets() -> None:
    classes = Schema(inputs=(), target=ColumnSchema(name="kind", kind="category", state={"classes": ["a", "b"]}))
    assert "data.types.kind" in str(objective_for(Component(name="multilabel")).unsuitable(classes))
