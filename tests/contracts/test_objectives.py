"""What every objective must keep, over the registry."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from leadline.core.component import Component
from leadline.core.finding import Finding
from leadline.core.registry import registered
from leadline.core.schema import ColumnSchema, InputSchema, Schema
from leadline.data.targets.text import ended
from leadline.errors import UsageError
from leadline.nn.batch import Batch, Signal
from leadline.nn.network import InputEncoder
from leadline.nn.rng import Rng
from leadline.objectives.contract import BoundObjective, EvaluationContext, with_own_loss
from leadline.objectives.lookup import objective_for
from leadline.objectives.own_loss import OwnLoss, component_of


class Plain(nn.Module):
    def forward(self, x: Any) -> Signal:
        return x if isinstance(x, Signal) else Signal(x)


CLASSES = ("cat", "狗", "<b>")
ROWS = 64
UNDIRECTED = ("coverage",)  # neither more nor less is better, but what was claimed
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

CATEGORY_FIELD = ColumnSchema(name="kind", kind="category", state={"classes": list(CLASSES)})
NUMBER_FIELD = ColumnSchema(name="price", kind="number", state=NUMBER)
COUNT_FIELD = ColumnSchema(name="visits", kind="count", state={**NUMBER, "mean": 2.0})
LABELS_FIELD = ColumnSchema(
    name="genres",
    kind="labels",
    state={"labels": list(CLASSES), "shares": [0.7, 0.5, 0.2], "separator": ";", "missing": False},
)
SHARES_FIELD = ColumnSchema(
    name="a, b, c",
    kind="probabilities",
    state={"columns": ["a", "b", "c"], "labels": ["a", "b", "c"], "mean": [0.4, 0.3, 0.3]},
)
SERIES_FIELD = ColumnSchema(
    name="load, 温度",
    kind="series",
    state={
        "columns": ["load", "温度"],
        "horizon": 3,
        "mean": [5.0, -2.0],
        "std": [2.0, 0.5],
        "season": 24,
        "naive_mae": [1.5, 0.4],
    },
)
TAGS_FIELD = ColumnSchema(name="tags", kind="tags", state={"tags": ["B-狗", "I-狗", "O"], "of": "text", "length": 6})
TEXT_FIELD = ColumnSchema(name="text", kind="text", state={"of": "text", "length": 6})
STEPS, LETTERS = (
    6,
    {"tokens": "characters", "lower": False, "vocabulary": ["[ padding ]", "[ unknown ]", "a", "狗"], "length": 6},
)
# of tests/plugins, as what else has its name
POLYGONS_FIELD = ColumnSchema(name="outline", kind="polygons", state={"corners": 3, "mean": [1.0, -1.0], "std": 2.0})
SEVERAL = (CATEGORY_FIELD, NUMBER_FIELD, LABELS_FIELD)
SEVERAL_FIELD = ColumnSchema(
    name="kind, price, genres",
    kind="several",
    state={"columns": ["kind", "price", "genres"], "tasks": [field.model_dump(mode="json") for field in SEVERAL]},
)


def target_of(field: ColumnSchema, x_BF: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    if field.kind in ("tags", "text"):
        return target_of_steps(field, generator)
    signal_B = x_BF[:, 0]
    if field.kind == "several":
        parts = [target_of(one, x_BF, generator).reshape(ROWS, -1).to(x_BF.dtype) for one in SEVERAL]
        return torch.cat(parts, dim=1)
    if field.kind == "series":
        return torch.tensor([5.0, -2.0]) + (signal_B[:, None, None] + torch.randn(ROWS, 3, 2, generator=generator)).to(
            x_BF.dtype
        )
    return {
        "category": lambda: torch.randint(0, 3, (ROWS,), generator=generator),
        "number": lambda: 5 + 2 * signal_B,
        "count": lambda: torch.poisson(signal_B.clamp(-2, 2).exp(), generator=generator),
        "labels": lambda: (torch.rand(ROWS, 3, generator=generator, dtype=x_BF.dtype) < 0.4).to(x_BF.dtype),
        "probabilities": lambda: torch.randn(ROWS, 3, generator=generator, dtype=x_BF.dtype).softmax(-1),
        "polygons": lambda: signal_B[:, None] + torch.randn(ROWS, 6, generator=generator).to(x_BF.dtype),
    }[field.kind]()


def target_of_steps(field: ColumnSchema, generator: torch.Generator) -> torch.Tensor:
    """Tags (B,T), of which some are not known; tokens (B,T+1) with their end."""
    if field.kind == "tags":
        return torch.randint(-1, 3, (ROWS, STEPS), generator=generator)
    length_B = torch.randint(1, STEPS + 1, (ROWS,), generator=generator)
    return ended(torch.randint(1, 4, (ROWS, STEPS), generator=generator), length_B, STEPS)


# Every objective with its usual options, and with others that change its loss.
CASES: dict[str, tuple[Component, ColumnSchema]] = {
    "classification": (Component(name="classification"), CATEGORY_FIELD),
    "fixmatch": (Component(name="fixmatch", options={"threshold": 0.4}), CATEGORY_FIELD),
    "fixmatch, itself": (Component(name="fixmatch", options={"consistency": False, "ramp_up": 0.5}), CATEGORY_FIELD),
    "adaptation": (Component(name="adaptation", options={"hidden": 5}), CATEGORY_FIELD),
    "ordinal": (Component(name="ordinal", options={"order": ["狗", "cat", "<b>"]}), CATEGORY_FIELD),
    "regression": (Component(name="regression"), NUMBER_FIELD),
    "regression, absolute": (Component(name="regression", options={"loss": "mae"}), NUMBER_FIELD),
    "regression, huber": (Component(name="regression", options={"loss": "huber", "delta": 0.5}), NUMBER_FIELD),
    "gaussian": (Component(name="gaussian"), NUMBER_FIELD),
    "quantiles": (Component(name="quantiles"), NUMBER_FIELD),
    "quantiles, four": (Component(name="quantiles", options={"levels": [0.1, 0.25, 0.6, 0.9]}), NUMBER_FIELD),
    "poisson": (Component(name="poisson"), COUNT_FIELD),
    "probabilities": (Component(name="probabilities"), SHARES_FIELD),
    "multilabel": (Component(name="multilabel"), LABELS_FIELD),
    "multilabel, balanced": (Component(name="multilabel", options={"pos_weight": "balanced"}), LABELS_FIELD),
    "forecasting": (Component(name="forecasting"), SERIES_FIELD),
    "forecasting, absolute": (Component(name="forecasting", options={"loss": "mae"}), SERIES_FIELD),
    "forecasting, huber": (Component(name="forecasting", options={"loss": "huber", "delta": 0.5}), SERIES_FIELD),
    "forecasting, quantiles": (
        Component(name="forecasting", options={"quantiles": [0.1, 0.3, 0.5, 0.7, 0.9]}),
        SERIES_FIELD,
    ),
    "tagging": (Component(name="tagging"), TAGS_FIELD),
    "language": (Component(name="language"), TEXT_FIELD),
    "multitask": (Component(name="multitask"), SEVERAL_FIELD),
    "multitask, chosen": (
        Component(name="multitask", options={"tasks": {"price": "gaussian"}, "loss_weights": {"price": 3.0}}),
        SEVERAL_FIELD,
    ),
}
if "corners" in registered("objectives"):  # where tests/plugins is installed
    CASES["corners"] = (Component(name="corners"), POLYGONS_FIELD)
    CASES["corners, by distance"] = (Component(name="corners", options={"power": 1}), POLYGONS_FIELD)


def test_every_objective_with_labels_is_here() -> None:
    known = {
        name for name in registered("objectives") if objective_for(Component(name=name)).supervision.labels != "none"
    }
    assert {component.name for component, _ in CASES.values()} == known


def schema(name: str) -> Schema:
    if CASES[name][1].kind in ("tags", "text"):
        text = ColumnSchema(name="text", kind="text", state=LETTERS)
        return Schema(
            inputs=(InputSchema(name="table", kind="text", fields=(text,), shape=(STEPS,)),), target=CASES[name][1]
        )
    fields = tuple(ColumnSchema(name=f"x{i}", kind="number", state=NUMBER) for i in range(4))
    return Schema(inputs=(InputSchema(name="table", kind="table", fields=fields, shape=(4,)),), target=CASES[name][1])


def batch(name: str, dtype: torch.dtype = torch.float32) -> Batch:
    generator = torch.Generator().manual_seed(0)
    steps = (STEPS,) if CASES[name][1].kind in ("tags", "text") else ()  # as a network that wants steps has them
    x_BF = torch.randn(ROWS, *steps, 4, generator=generator, dtype=dtype)
    target = target_of(CASES[name][1], x_BF, generator)
    views = {"strong": {"table": x_BF}}  # of those that ask for one
    return Batch({"table": x_BF}, target, torch.rand(ROWS, generator=generator), torch.arange(ROWS), views)


@pytest.fixture(params=CASES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def objective(name: str) -> BoundObjective:
    objective = objective_for(CASES[name][0])
    return objective.complete(schema(name))


@pytest.fixture
def network(name: str, objective: Any) -> nn.Module:
    torch.manual_seed(0)
    body = InputEncoder(Plain(), Plain(), 4)
    return objective.learning.build(schema(name), {"table": body})


def counted(objective: BoundObjective, rows: Batch) -> torch.Tensor:
    """Return what each row counts beside its own weight: where every step has an answer, how many of them there are."""
    assert rows.target_B is not None
    return (rows.target_B >= 0).sum(1).float() if objective.learning.encoder_output != "vector" else torch.ones(ROWS)


def rng() -> Rng:
    return Rng(0, 0, torch.arange(ROWS))


def losses(objective: BoundObjective, network: nn.Module, rows: Batch) -> torch.Tensor:
    return objective.learning.loss(network, rows, next(iter(objective.learning.networks(network))), rng()).value_B


def test_loss_is_per_example_and_reaches_every_parameter(
    name: str, objective: BoundObjective, network: nn.Module
) -> None:
    value_B = losses(objective, network, batch(name))
    assert value_B.shape == (ROWS,)
    value_B.mean().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in network.parameters())


def test_examples_do_not_see_each_other_unless_the_loss_is_coupled(
    name: str, objective: BoundObjective, network: nn.Module
) -> None:
    whole = losses(objective, network, batch(name))
    first, _ = batch(name).split(2)
    assert objective.supervision.coupled or torch.allclose(
        losses(objective, network, first), whole[: len(first)], atol=1e-6
    )


def test_a_loss_of_ones_own_takes_the_place_of_the_objectives(
    name: str, objective: BoundObjective, network: Any
) -> None:
    head = objective.capability("head")

    def same(scores: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        value: Any = head
        return value.value(network.last, scores, target).value_B

    own = OwnLoss(component_of(same))
    own.on(torch.device("cpu"))
    fields, changed = type(objective.options).model_fields, objective.supervision.replaced_options
    if head is None or any(getattr(objective.options, option) != fields[option].default for option in changed):
        with pytest.raises(UsageError):
            with_own_loss(objective, own)
        return
    replaced = with_own_loss(objective, own)
    assert replaced.decision == objective.decision
    assert torch.allclose(losses(replaced, network, batch(name)), losses(objective, network, batch(name)))


def test_gradient_agrees_with_finite_differences(name: str, objective: BoundObjective, network: nn.Module) -> None:
    network.double()
    rows = batch(name, torch.float64)
    weight = next(p for p in network.parameters() if p.ndim == 2)
    value = losses(objective, network, rows).double().mean()
    (gradient,) = torch.autograd.grad(value, weight)
    step = 1e-6
    with torch.no_grad():
        for at in ((0, 0), (weight.shape[0] - 1, 2)):
            before = weight[at].item()
            ends = []
            for sign in (1, -1):
                weight[at] = before + sign * step
                ends.append(losses(objective, network, rows).double().mean().item())
            weight[at] = before
            assert gradient[at].item() == pytest.approx((ends[0] - ends[1]) / (2 * step), rel=1e-6, abs=1e-8)


def test_weights_travel_with_the_batch(name: str, objective: BoundObjective, network: nn.Module) -> None:
    rows = batch(name)
    loss = objective.learning.loss(network, rows, "network", rng())
    torch.testing.assert_close(loss.weight_B, rows.weight_B * counted(objective, rows))


def test_decisions_and_measures_agree_with_what_is_announced(
    name: str, objective: BoundObjective, network: nn.Module
) -> None:
    rows = batch(name)
    with torch.no_grad():
        columns = {k: v.numpy() for k, v in objective.decision.predict(network.eval(), rows, None).columns.items()}
    assert all(len(values) == ROWS for values in columns.values())
    assert rows.target_B is not None
    target = rows.target_B.numpy()
    context = EvaluationContext("test", target, None, schema(name), levels=(0.95, 0.99))
    found = [f for f in objective.decision.measure(columns, context) if isinstance(f, Finding)]
    assert {f.label for f in found} == set(objective.decision.metric_names(schema(name)))
    for finding in found:
        assert finding.split == "test"
        assert finding.better in ((None,) if finding.name.partition("(")[0] in UNDIRECTED else ("higher", "lower"))
        if finding.value is not None:
            assert finding.interval is not None
            assert finding.interval[0] <= finding.value <= finding.interval[1]
            wide = finding.at_level(0.99)
            assert wide is not None
            assert wide[0] <= finding.interval[0] + 1e-12
            assert wide[1] >= finding.interval[1] - 1e-12
    watched = objective.decision.monitor(columns, target, schema(name))
    assert set(watched) == set(objective.decision.monitors)
    for finding in found:
        if finding.name in watched and finding.group is None and finding.value is not None:
            assert watched[finding.name] == pytest.approx(finding.value, rel=1e-5)


def test_the_watched_loss_is_the_training_loss(name: str, objective: BoundObjective, network: nn.Module) -> None:
    rows = batch(name)
    assert rows.target_B is not None
    with torch.no_grad():
        columns = {k: v.numpy() for k, v in objective.decision.predict(network.eval(), rows, None).columns.items()}
        weight_B = counted(objective, rows)
        whole = objective.learning.loss(network, rows, next(iter(objective.learning.networks(network))), rng())
        # rows without a class only train
        value_B = whole.terms["supervised"] if objective.supervision.labels == "some" else whole.value_B
        loss = (value_B @ weight_B / weight_B.sum()).item()
    assert objective.decision.monitor(columns, rows.target_B.numpy(), schema(name))["loss"] == pytest.approx(
        loss, rel=1e-4
    )


def test_the_constant_answer_goes_through_the_same_measures(name: str, objective: BoundObjective) -> None:
    rows = batch(name)
    assert rows.target_B is not None
    target = rows.target_B.numpy()
    words, columns = objective.decision.dummy_predictor(target, ROWS, schema(name))
    found = list(objective.decision.measure(columns, EvaluationContext("test", target, None, schema(name))))
    assert words
    assert found
    assert all(np.array_equal(values, np.broadcast_to(values[:1], values.shape)) for values in columns.values())


def test_without_rows_every_measure_is_absent(name: str, objective: BoundObjective, network: nn.Module) -> None:
    """A task of several may have no known target in a split."""
    rows = batch(name)
    with torch.no_grad():
        columns = {k: v.numpy()[:0] for k, v in objective.decision.predict(network.eval(), rows, None).columns.items()}
    assert rows.target_B is not None
    found = list(
        objective.decision.measure(columns, EvaluationContext("test", rows.target_B.numpy()[:0], None, schema(name)))
    )
    assert {f.label for f in found if isinstance(f, Finding)} == set(objective.decision.metric_names(schema(name)))
    assert all(f.value is None and f.why for f in found if isinstance(f, Finding))


def test_scores_are_differentiable_in_the_inputs(name: str, objective: BoundObjective, network: nn.Module) -> None:
    x_BF = batch(name).inputs["table"].clone().requires_grad_()
    objective.learning.score(network, {"table": x_BF}).sum().backward()
    assert x_BF.grad is not None
    assert x_BF.grad.abs().sum() > 0


def test_unsuitable_data_is_refused_in_words(name: str, objective: BoundObjective) -> None:
    other = NUMBER_FIELD if CASES[name][1].kind != "number" else CATEGORY_FIELD
    assert objective.unsuitable(schema(name)) is None
    said = objective.unsuitable(schema(name).model_copy(update={"target": other}))
    assert said is not None
    assert repr(other.name) in said
    assert "use the objective" in said or "data.types" in said
    assert objective.unsuitable(schema(name).model_copy(update={"target": None}))


def test_options_are_written_out_once(name: str, objective: Any) -> None:
    assert objective.complete(schema(name)).options == objective.options


def test_kinds_that_it_takes_are_those_it_suits(name: str, objective: BoundObjective) -> None:
    wanted = objective.supervision.target_types
    assert not wanted or CASES[name][1].kind in wanted["*"]
