"""What may be said of a classifier: how it is read, what it refuses, and what it does to loss and decisions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from leadline.core.catalogue import say
from leadline.core.component import Component
from leadline.core.finding import Finding
from leadline.core.schema import ColumnSchema, Schema
from leadline.errors import UsageError
from leadline.objectives.contract import EvaluationContext
from leadline.objectives.lookup import objective_for
from leadline.objectives.supervised import classifier_options
from leadline.objectives.supervised.class_scores import Scores
from leadline.objectives.supervised.classification import OBJECTIVE
from leadline.objectives.supervised.classifier_options import Options


def schema(*classes: str, counts: tuple[int, ...] = (), positive: int = 1) -> Schema:
    state = {"classes": list(classes), "counts": list(counts), "positive": positive}
    return Schema(inputs=(), target=ColumnSchema(name="income", kind="category", state=state))


TWO = schema("no", "yes", counts=(90, 10))
THREE = schema("a", "b", "c", counts=(1, 2, 3))


def asked(**options: Any) -> tuple[Any, Any]:
    objective = objective_for(Component(name="classification", options=options))
    return objective, objective.options


def loss_of(options: dict[str, Any], z_BC: torch.Tensor, target_B: torch.Tensor, data: Schema = THREE) -> Any:
    head = asked(**options)[0].capability("head")
    return head.value(head.last(data), z_BC, target_B)


def test_focal_loss_is_lins_and_without_an_exponent_plain_cross_entropy() -> None:
    z_BC, target_B = torch.randn(20, 3, generator=torch.Generator().manual_seed(0)), torch.arange(20) % 3
    plain = loss_of({}, z_BC, target_B).value_B
    assert torch.equal(plain, F.cross_entropy(z_BC, target_B, reduction="none"))
    right_B = z_BC.softmax(-1)[torch.arange(20), target_B]
    for gamma in (0.5, 2.0):
        ours = loss_of({"focal_gamma": gamma}, z_BC, target_B).value_B
        assert torch.allclose(ours, -((1 - right_B) ** gamma) * right_B.log(), atol=1e-6)
    smoothed = loss_of({"label_smoothing": 0.1}, z_BC, target_B).value_B
    tiny = loss_of({"label_smoothing": 0.1, "focal_gamma": 1e-9}, z_BC, target_B).value_B
    assert torch.allclose(smoothed, tiny, atol=1e-5)


def test_focal_loss_has_a_slope_everywhere() -> None:
    z_BC = torch.tensor([[200.0, 0.0, 0.0], [0.0, 200.0, 0.0]], requires_grad=True)
    loss_of({"focal_gamma": 0.5}, z_BC, torch.tensor([0, 0])).value_B.sum().backward()
    assert z_BC.grad is not None
    assert torch.isfinite(z_BC.grad).all()


def test_class_weights_travel_as_weights_of_rows_and_leave_losses_alone() -> None:
    z_BC, target_B = torch.randn(6, 3, generator=torch.Generator().manual_seed(1)), torch.tensor([0, 1, 1, 2, 2, 2])
    plain, balanced = loss_of({}, z_BC, target_B), loss_of({"class_weights": "balanced"}, z_BC, target_B)
    assert torch.equal(plain.value_B, balanced.value_B)
    assert plain.weight_B.tolist() == [1.0] * 6
    by_class = [balanced.weight_B[target_B == c].sum().item() for c in range(3)]
    assert by_class == pytest.approx([2.0] * 3)
    named = loss_of({"class_weights": {"b": 5}}, z_BC, target_B)
    assert named.weight_B.tolist() == [1, 5, 5, 1, 1, 1]


def test_early_stopping_watches_the_weighed_loss() -> None:
    objective, _ = asked(class_weights={"yes": 9})
    columns = {"probability": np.array([[0.8, 0.2], [0.6, 0.4]]), "prediction": np.array([0, 0])}
    watched = objective.decision.monitor(columns, np.array([0, 1]), TWO)
    assert watched["loss"] == pytest.approx((-np.log(0.8) - 9 * np.log(0.4)) / 10)
    assert OBJECTIVE.bind(Options()).decision.monitor(columns, np.array([0, 1]), TWO)["loss"] == pytest.approx(
        (-np.log(0.8) - np.log(0.4)) / 2
    )


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"class_weights": "even"}, "balanced"),
        ({"class_weights": {"a": -1}}, say("objectives.write-class-weights")),
        ({"focal_gamma": -1}, "focal"),
        ({"temperature": "hot"}, say("objectives.write-temperature")),
        ({"temperature": 0}, "a number above 0"),
        ({"operating_point": {"sensitvity": 0.9}}, "Did you mean 'sensitivity'"),
        (
            {"operating_point": {"sensitivity": 90}},
            say("objectives.rate-out-of-range", measure="sensitivity", wanted=90),
        ),
        ({"operating_point": 1.5}, "between 0 and 1"),
        ({"operating_point": "best"}, "f1 or youden"),
        ({"costs": "high"}, "rows of costs"),
        ({"costs": [[0, "much"], [1, 0]]}, "rows of costs"),
        ({"weights": "balanced"}, "class_weights"),
    ],
)
def test_what_cannot_be_read_is_refused_in_words(options: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match="objective") as error:
        asked(**options)
    assert words in str(error.value)


@pytest.mark.parametrize(
    ("options", "data", "words"),
    [
        (
            {"class_weights": {"yse": 2}},
            TWO,
            say("objectives.class-weights-unknown", label="yse", target="income", hint="Did you mean 'yes'?"),
        ),
        ({"class_weights": {"no": 0, "yes": 0}}, TWO, say("objectives.class-weights-zero")),
        ({"operating_point": "f1"}, THREE, say("objectives.point-two-classes", target="income", count=3)),
        ({"operating_point": "f1", "costs": [[0, 1], [1, 0]]}, TWO, say("objectives.point-and-costs")),
        ({"costs": [[0, 1, 1], [1, 0, 1]]}, TWO, "costs is 2 × 3, but 'income' has 2 classes"),
        ({"costs": [[0, 1], [1]]}, TWO, "costs is 2 × 1 or 2"),
        (
            {"costs": {"no": {"yes": 1}, "yes": {"nope": 5}}},
            TWO,
            say("objectives.costs-unknown", label="nope", target="income", hint="Did you mean 'no'?"),
        ),
        ({"costs": {"no": {"yes": 1}}}, TWO, say("objectives.costs-missing", decided="no", true="yes")),
        ({"costs": [[5, 1], [1, 0]]}, TWO, say("objectives.costs-cheaper", decided="yes", true="no")),
    ],
)
def test_what_does_not_fit_the_classes_is_refused_in_words(options: dict[str, Any], data: Schema, words: str) -> None:
    reason = asked(**options)[0].unsuitable(data)
    assert reason is not None
    assert words in reason


def test_labels_that_yaml_takes_for_numbers_are_labels() -> None:
    data = schema("0", "1")
    objective, chosen = asked(costs={0: {1: 1}, 1: {0: 5}}, class_weights={1: 2})
    assert objective.unsuitable(data) is None
    assert classifier_options.matrix(chosen.costs, data.classes).tolist() == [[0, 1], [5, 0]]
    assert asked(class_weights={True: 2})[1].class_weights == {"true": 2}


def test_options_survive_being_written_out() -> None:
    for options in (
        {"operating_point": {"sensitivity": 0.95}, "class_weights": {"yes": 2}},
        {"costs": [[0, 5], [1, 0]], "temperature": 1.5},
        {"costs": {"no": {"yes": 1}, "yes": {"no": 5}}, "class_weights": "balanced"},
        {"operating_point": 0.2, "focal_gamma": 2},
    ):
        _, chosen = asked(**options)
        assert asked(**chosen.model_dump(mode="json"))[1] == chosen


def test_decisions_go_by_costs_by_threshold_or_by_what_is_most_probable() -> None:
    probability_BC = torch.tensor([[0.9, 0.1], [0.7, 0.3], [0.4, 0.6]])
    assert Scores(TWO, Options()).decide(probability_BC).tolist() == [0, 0, 1]
    assert Scores(TWO, Options(operating_point=0.3)).decide(probability_BC).tolist() == [0, 1, 1]
    other = schema("no", "yes", positive=0)
    assert Scores(other, Options(operating_point=0.8)).decide(probability_BC).tolist() == [0, 1, 1]
    costs = ((0.0, 1.0), (20.0, 0.0))  # missing a 'yes' costs twenty: it is decided on from 1/21 on
    assert Scores(TWO, Options(costs=costs)).decide(probability_BC).tolist() == [1, 1, 1]
    three = torch.tensor([[0.5, 0.3, 0.2]])
    assert Scores(THREE, Options(costs=((0, 1, 1), (1, 0, 1), (9, 9, 0)))).decide(three).tolist() == [2]


def test_what_is_measured_and_announced_depends_on_costs() -> None:
    objective, _ = asked(costs=[[0, 1], [20, 0]])
    assert "expected_cost" in objective.decision.metric_names(TWO)
    assert "expected_cost" not in OBJECTIVE.bind(Options()).decision.metric_names(TWO)
    assert "sensitivity" in OBJECTIVE.bind(Options()).decision.metric_names(TWO)
    assert "sensitivity" not in OBJECTIVE.bind(Options()).decision.metric_names(THREE)
    columns = {"probability": np.array([[0.8, 0.2], [0.6, 0.4], [0.1, 0.9]]), "prediction": np.array([0, 0, 1])}
    found = [
        f
        for f in objective.decision.measure(columns, EvaluationContext("test", np.array([0, 1, 1]), None, TWO))
        if isinstance(f, Finding)
    ]
    assert {f.label for f in found} == set(objective.decision.metric_names(TWO))
    assert next(f.value for f in found if f.name == "expected_cost") == pytest.approx(20 / 3)
    name, constant = objective.decision.dummy_predictor(np.array([0] * 9 + [1]), 4, TWO)
    assert (name, set(constant["prediction"])) == ("cheapest", {1})
