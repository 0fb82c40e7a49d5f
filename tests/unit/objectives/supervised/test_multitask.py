"""Several targets on one body: missing ones are left out, weights count, findings carry the task's name."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from leadline.core.component import Component
from leadline.core.finding import Finding
from leadline.core.schema import ColumnSchema, Schema
from leadline.errors import UsageError
from leadline.objectives.contract import EvaluationContext
from leadline.objectives.lookup import objective_for
from sentences import says

NUMBER = {
    "mean": 5.0,
    "std": 2.0,
    "min": 0.0,
    "max": 9.0,
    "median": 5.0,
    "missing": False,
    "offset": 0.0,
    "scale": "standard",
}
FIELDS = (
    ColumnSchema(name="income", kind="category", state={"classes": ["poor", "rich"]}),
    ColumnSchema(name="age", kind="number", state=NUMBER),
    ColumnSchema(
        name="tags",
        kind="labels",
        state={"labels": ["a", "b"], "shares": [0.5, 0.2], "separator": ";", "missing": False},
    ),
)
TARGET_FIELD = ColumnSchema(
    name="income, age, tags",
    kind="several",
    state={"columns": ["income", "age", "tags"], "tasks": [field.model_dump(mode="json") for field in FIELDS]},
)
SCHEMA = Schema(inputs=(), target=TARGET_FIELD)
NAN = float("nan")
TARGET = torch.tensor([[0, 5.0, 1, 0], [1, NAN, 0, 0], [NAN, 7.0, NAN, NAN], [NAN, NAN, 1, 1]])
OUTPUTS = torch.randn(4, 5, generator=torch.Generator().manual_seed(0))


def ready(**options: Any) -> tuple[Any, Any]:
    objective = objective_for(Component(name="multitask", options=options))
    objective = objective.complete(SCHEMA)
    return objective, objective.learning.head.last(SCHEMA)


def test_every_task_has_outputs_and_scores_of_its_own() -> None:
    objective, last = ready()
    assert objective.learning.head.outputs(SCHEMA) == 5
    scores = last(OUTPUTS)
    assert scores.shape == (4, 5)
    found = {part.task.name: own.shape for part, _, own in last.apart(scores)}
    assert found == {"income": (4, 2), "age": (4,), "tags": (4, 2)}


def test_a_missing_target_leaves_its_task_out_of_the_row() -> None:
    objective, last = ready(loss_weights={"income": 2.0, "age": 1.0, "tags": 1.0})
    scores = last(OUTPUTS).requires_grad_()
    loss = objective.learning.head.value(last, scores, TARGET)
    parts = {name: value.tolist() for name, value in loss.terms.items()}
    income, age, tags = (parts[f"loss({name})"] for name in ("income", "age", "tags"))
    torch.testing.assert_close(loss.weight_B, torch.tensor([1.0, 0.75, 0.25, 0.25]))
    expected = [(2 * income[0] + age[0] + tags[0]) / 4, (2 * income[1] + tags[1]) / 3, age[2], tags[3]]
    assert loss.value_B.tolist() == pytest.approx(expected)
    assert income[2:] == [0, 0]
    loss.value_B.sum().backward()
    assert bool(torch.isfinite(scores.grad).all())  # type: ignore[arg-type]
    assert bool((scores.grad[2, [0, 1, 3, 4]] == 0).all())  # type: ignore[index]


def test_the_watched_loss_is_that_of_the_known_targets() -> None:
    objective, last = ready(loss_weights={"age": 3.0})
    scores = last(OUTPUTS)
    decided = {name: x.detach().numpy() for name, x in objective.learning.head.decided(last, scores).columns.items()}
    loss = objective.learning.head.value(last, scores, TARGET)
    watched = objective.decision.monitor(decided, TARGET.numpy(), SCHEMA)
    assert watched["loss"] == pytest.approx(
        (loss.value_B * loss.weight_B).sum().item() / loss.weight_B.sum().item(), rel=1e-5
    )
    assert set(watched) == set(objective.decision.monitors)
    assert watched["mae(age)"] == pytest.approx(np.abs(decided["prediction(age)"][[0, 2]] - [5, 7]).mean())
    nothing = objective.decision.monitor(decided, np.full((4, 4), np.nan, dtype=np.float32), SCHEMA)
    assert np.isnan(nothing["loss"])
    assert np.isnan(nothing["mae(age)"])


def test_findings_are_named_after_their_task() -> None:
    objective, last = ready()
    decided = {name: x.numpy() for name, x in objective.learning.head.decided(last, last(OUTPUTS)).columns.items()}
    found = list(
        objective.decision.measure(decided, EvaluationContext("test", TARGET.numpy(), np.array([0, 0, 1, 1]), SCHEMA))
    )
    findings = {f.label: f for f in found if isinstance(f, Finding)}
    assert set(findings) == set(objective.decision.metric_names(SCHEMA))
    assert findings["mae(age)"].n == 2
    assert findings["accuracy(income)"].name == "accuracy(income)"
    assert findings["recall(income: rich)"].group == "class=income: rich"
    assert findings["f1(tags: b)"].name == "f1"
    drafts = [item for item in found if not isinstance(item, Finding)]
    assert any(draft.name == "predicted-2" and draft.title.endswith(": age") for draft in drafts)


def test_a_task_may_have_another_objective_and_options() -> None:
    objective, last = ready(tasks={"age": {"name": "quantiles", "levels": [0.1, 0.9]}})
    assert objective.options.tasks["age"].options == {"levels": [0.1, 0.9]}
    assert {"q10(age)", "q90(age)"} <= set(objective.learning.head.decided(last, last(torch.zeros(2, 6))).columns)
    assert "pinball(age: q10)" in objective.decision.metric_names(SCHEMA)
    assert objective.decision.monitors["accuracy(income)"] == "higher"


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"tasks": {"agee": "gaussian"}}, says("objectives.multitask-unknown-target", name="agee")),
        ({"loss_weights": {"ag": 2.0}}, says("objectives.multitask-unknown-target", name="ag")),
        ({"loss_weights": {"age": 0.0}}, "a number above 0"),
        ({"tasks": {"age": "multitask"}}, says("objectives.multitask-unsuited", name="age", component="multitask")),
        ({"tasks": {"age": {"name": "regression", "los": "huber"}}}, "Did you mean 'loss'"),
    ],
)
def test_options_that_do_not_fit_are_refused(options: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        objective_for(Component(name="multitask", options=options)).unsuitable(SCHEMA)


def test_a_task_whose_objective_does_not_suit_it_is_named() -> None:
    objective = objective_for(Component(name="multitask", options={"tasks": {"income": "gaussian"}}))
    said = objective.unsuitable(SCHEMA)
    assert said is not None
    assert said.startswith("task 'income': the target 'income' is one of several classes")
    alone = SCHEMA.model_copy(update={"target": FIELDS[1]})
    assert "use the objective 'regression'" in str(objective_for(Component(name="multitask")).unsuitable(alone))
