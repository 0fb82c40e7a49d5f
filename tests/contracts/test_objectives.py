"""What every objective must keep, over the registry."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from leadline.facts.component import Component
from leadline.facts.finding import Finding
from leadline.facts.registry import TABLES
from leadline.facts.schema import FieldSchema, InputSchema, Schema
from leadline.layers.contracts import Context, Objective
from leadline.layers.draws import Draws
from leadline.layers.network import Body
from leadline.layers.types import Batch, Signal
from leadline.run.build import objective_for

CLASSES = ("cat", "狗", "<b>")
ROWS = 64


class Plain(nn.Module):
    def forward(self, x: Any) -> Signal:
        return x if isinstance(x, Signal) else Signal(x)


def schema(name: str) -> Schema:
    number = {"mean": 5.0, "std": 2.0, "min": 0.0, "max": 9.0, "median": 5.0, "missing": False, "offset": 0.0, "scale": "standard"}
    target = {
        "classification": FieldSchema(name="kind", kind="category", state={"classes": list(CLASSES)}),
        "regression": FieldSchema(name="price", kind="number", state=number),
    }[name]
    fields = tuple(FieldSchema(name=f"x{i}", kind="number", state=number) for i in range(4))
    return Schema(inputs=(InputSchema(name="table", kind="table", fields=fields, shape=(4,)),), target=target)


def batch(name: str, dtype: torch.dtype = torch.float32) -> Batch:
    generator = torch.Generator().manual_seed(0)
    x_BF = torch.randn(ROWS, 4, generator=generator, dtype=dtype)
    target = torch.randint(0, 3, (ROWS,), generator=generator) if name == "classification" else 5 + 2 * x_BF[:, 0]
    return Batch({"table": x_BF}, target, torch.rand(ROWS, generator=generator), torch.arange(ROWS))


@pytest.fixture(params=sorted(TABLES["objectives"]))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def objective(name: str) -> Objective:
    return objective_for(Component(name=name))[0]


@pytest.fixture
def network(name: str, objective: Objective) -> nn.Module:
    torch.manual_seed(0)
    body = Body(Plain(), Plain(), 4)
    return objective.build(schema(name), {"table": body}, objective.options())


def draws() -> Draws:
    return Draws(0, 0, torch.arange(ROWS))


def losses(objective: Objective, network: nn.Module, rows: Batch) -> torch.Tensor:
    return objective.loss(network, rows, next(iter(objective.players(network))), draws()).value_B


def test_loss_is_per_example_and_reaches_every_parameter(name: str, objective: Objective, network: nn.Module) -> None:
    value_B = losses(objective, network, batch(name))
    assert value_B.shape == (ROWS,)
    value_B.mean().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in network.parameters())


def test_examples_do_not_see_each_other_unless_the_loss_is_coupled(name: str, objective: Objective, network: nn.Module) -> None:
    whole = losses(objective, network, batch(name))
    first, _ = batch(name).split(2)
    assert objective.coupled or torch.allclose(losses(objective, network, first), whole[: len(first)], atol=1e-6)


def test_gradient_agrees_with_finite_differences(name: str, objective: Objective, network: nn.Module) -> None:
    network.double()
    rows = batch(name, torch.float64)
    weight = next(p for p in network.parameters() if p.ndim == 2)
    value = losses(objective, network, rows).double().mean()
    (gradient,) = torch.autograd.grad(value, weight)
    step = 1e-3
    with torch.no_grad():
        for at in ((0, 0), (weight.shape[0] - 1, 2)):
            before = weight[at].item()
            ends = []
            for sign in (1, -1):
                weight[at] = before + sign * step
                ends.append(losses(objective, network, rows).double().mean().item())
            weight[at] = before
            assert gradient[at].item() == pytest.approx((ends[0] - ends[1]) / (2 * step), abs=2e-4)


def test_weights_travel_with_the_batch(name: str, objective: Objective, network: nn.Module) -> None:
    loss = objective.loss(network, batch(name), "network", draws())
    assert torch.equal(loss.weight_B, batch(name).weight_B)


def test_decisions_and_measures_agree_with_what_is_announced(name: str, objective: Objective, network: nn.Module) -> None:
    rows = batch(name)
    with torch.no_grad():
        columns = {k: v.numpy() for k, v in objective.decide(network.eval(), rows, None).columns.items()}
    assert all(len(values) == ROWS for values in columns.values())
    assert rows.target_B is not None
    target = rows.target_B.numpy()
    context = Context("test", target, None, schema(name), levels=(0.95, 0.99))
    found = [f for f in objective.measure(columns, context) if isinstance(f, Finding)]
    assert {f.label for f in found} == set(objective.names(schema(name)))
    for finding in found:
        assert finding.split == "test"
        assert finding.better in ("higher", "lower")
        if finding.value is not None:
            assert finding.interval is not None
            assert finding.interval[0] <= finding.value <= finding.interval[1]
            wide = finding.at_level(0.99)
            assert wide is not None
            assert wide[0] <= finding.interval[0] + 1e-12
            assert wide[1] >= finding.interval[1] - 1e-12
    watched = objective.monitor(columns, target, schema(name))
    assert set(watched) == set(objective.monitors)
    for finding in found:
        if finding.name in watched and finding.group is None and finding.value is not None:
            assert watched[finding.name] == pytest.approx(finding.value, rel=1e-5)


def test_the_watched_loss_is_the_training_loss(name: str, objective: Objective, network: nn.Module) -> None:
    rows = batch(name)
    assert rows.target_B is not None
    with torch.no_grad():
        columns = {k: v.numpy() for k, v in objective.decide(network.eval(), rows, None).columns.items()}
        loss = losses(objective, network, rows).mean().item()
    assert objective.monitor(columns, rows.target_B.numpy(), schema(name))["loss"] == pytest.approx(loss, rel=1e-4)


def test_the_constant_answer_goes_through_the_same_measures(name: str, objective: Objective) -> None:
    rows = batch(name)
    assert rows.target_B is not None
    target = rows.target_B.numpy()
    words, columns = objective.constant(target, ROWS, schema(name))
    found = list(objective.measure(columns, Context("test", target, None, schema(name))))
    assert words
    assert found
    assert len(np.unique(columns["prediction"])) == 1


def test_scores_are_differentiable_in_the_inputs(name: str, objective: Objective, network: nn.Module) -> None:
    x_BF = batch(name).inputs["table"].clone().requires_grad_()
    objective.score(network, {"table": x_BF}).sum().backward()
    assert x_BF.grad is not None
    assert x_BF.grad.abs().sum() > 0


def test_unsuitable_data_is_refused_in_words(name: str, objective: Objective) -> None:
    other = schema("regression" if name == "classification" else "classification")
    assert objective.suits(schema(name)) is None
    assert objective.suits(other)
    assert objective.suits(other.model_copy(update={"target": None}))
