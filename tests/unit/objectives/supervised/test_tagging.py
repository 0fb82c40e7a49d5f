"""A tag for each token: the loss, what is decided beyond the end, what is measured."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from language_network import SCHEMA

from leadline.core.component import Component
from leadline.core.finding import Finding
from leadline.core.schema import ColumnSchema, Schema
from leadline.data.preprocessors import build_preprocessor, signal_spec
from leadline.errors import UsageError
from leadline.models.build import build_encoder
from leadline.nn.batch import Batch
from leadline.nn.rng import Rng
from leadline.objectives.contract import EvaluationContext
from leadline.objectives.lookup import objective_for

TEXTS = torch.tensor([[2, 3, 4, 0], [5, 0, 0, 0]], dtype=torch.int32)
TARGET = torch.tensor([[0, -1, 2, -1], [1, -1, -1, -1]])


def schema(*tags: str) -> Schema:
    return SCHEMA.model_copy(
        update={"target": ColumnSchema(name="tags", kind="tags", state={"tags": tags, "length": 12})}
    )


def tagging(family: str = "rnn", **options: Any) -> tuple[Any, Any]:
    torch.manual_seed(0)
    objective: Any = objective_for(Component(name="tagging"))
    front, one = build_preprocessor(SCHEMA.inputs[0]), SCHEMA.inputs[0]
    body = build_encoder(
        Component(name=family, options=options),
        signal_spec(front, one),
        front,
        "small",
        encoder_output=objective.learning.encoder_output,
    )
    return objective, objective.learning.build(schema("a", "b", "c"), {"text": body}).eval()


def rows(*, labelled: bool = True) -> Batch:
    return Batch({"text": TEXTS}, TARGET if labelled else None, torch.tensor([1.0, 0.5]), torch.arange(2))


@pytest.mark.parametrize("family", ["rnn", "tcn", "transformer"])
def test_the_loss_is_the_mean_over_known_tags(family: str) -> None:
    objective, network = tagging(family)
    found = objective.learning.loss(network, rows(), "network", Rng(0, 0, torch.arange(2)))
    nll = -network({"text": TEXTS}).detach().log_softmax(-1)
    assert found.value_B.tolist() == pytest.approx([float(nll[0, 0, 0] + nll[0, 2, 2]) / 2, float(nll[1, 0, 1])])
    assert found.weight_B.tolist() == [2.0, 0.5]


def test_nothing_is_decided_beyond_the_end_of_a_text() -> None:
    objective, network = tagging()
    with torch.no_grad():
        columns = {
            name: values.numpy() for name, values in objective.decision.predict(network, rows(), None).columns.items()
        }
        assert set(objective.decision.predict(network, rows(labelled=False), None).columns) == {
            "prediction",
            "confidence",
        }
    there = TEXTS.numpy() != 0
    assert ((columns["prediction"] >= 0) == there).all()
    assert (np.isfinite(columns["confidence"]) == there).all()
    assert (columns["confidence"][there] >= 1 / 3).all()
    assert columns["nll"].shape == (2,)


def test_a_family_without_steps_is_refused() -> None:
    with pytest.raises(UsageError, match="rnn"):
        tagging("textcnn")
    objective, _ = tagging()
    moved = SCHEMA.inputs[0].model_copy(update={"augment": (Component(name="swap"),)})
    assert "'swap'" in objective.unsuitable(schema("a", "b").model_copy(update={"inputs": (moved,)}))


def test_the_constant_answer_is_the_most_frequent_tag() -> None:
    objective, _ = tagging()
    target = np.array([[0, 2, 2], [2, -1, -1]])
    name, columns = objective.decision.dummy_predictor(target, 5, schema("a", "b", "c"))
    assert name == "majority"
    assert columns["prediction"].tolist() == [[2]] * 5
    assert columns["confidence"][0, 0] == pytest.approx(0.75)
    wide = np.array([[2, 2, 0, 0, 1, -1], [2, -1, -1, -1, -1, -1]])
    found = objective.decision.measure(
        {"prediction": columns["prediction"][:2]}, EvaluationContext("test", wide, None, schema("a", "b", "c"))
    )
    values = {f.label: f.value for f in found if isinstance(f, Finding)}
    assert values["token_accuracy"] == pytest.approx(0.5)
    assert values["sequence_accuracy"] == 0.5


def test_entities_are_measured_where_tags_spell_them() -> None:
    objective, _ = tagging()
    spelt = schema("B-x", "I-x", "O")
    target, said = np.array([[0, 1, 2, 0]]), np.array([[0, 1, 2, 2]])
    found = [
        f
        for f in objective.decision.measure({"prediction": said}, EvaluationContext("test", target, None, spelt))
        if isinstance(f, Finding)
    ]
    values = {f.label: f.value for f in found}
    assert found[0].name == "entity_f1"  # what matters most, first
    assert (values["entity_precision"], values["entity_recall"], values["entity_recall(x)"]) == (1, 0.5, 0.5)
    assert {f.label for f in found} == set(objective.decision.metric_names(spelt))
    assert not any(name.startswith("entity") for name in objective.decision.metric_names(schema("DET", "NOUN")))
    assert objective.decision.per_example_score({"prediction": said}, target, spelt)[1].tolist() == [False]
