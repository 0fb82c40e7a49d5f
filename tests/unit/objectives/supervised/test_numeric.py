"""Losses and decisions of objectives about a quantity, against PyTorch's and closed forms."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from leadline.core.component import Component
from leadline.core.schema import ColumnSchema, Schema
from leadline.errors import UsageError
from leadline.objectives.lookup import objective_for, target_types_of
from leadline.objectives.supervised.quantiles import Options
from sentences import says

STATE = {
    "mean": 5.0,
    "std": 2.0,
    "min": 0.0,
    "max": 9.0,
    "median": 5.0,
    "missing": False,
    "offset": 0.0,
    "scale": "standard",
}
SCHEMA = Schema(inputs=(), target=ColumnSchema(name="price", kind="number", state=STATE))
COUNTS = Schema(inputs=(), target=ColumnSchema(name="visits", kind="count", state=STATE))
OUTPUTS = torch.linspace(-2, 2, 7)
TARGET = torch.tensor([5.0, 1.0, 9.5, 4.0, 4.5, 7.0, 2.0])


def ready(name: str, schema: Schema = SCHEMA, **options: Any) -> tuple[Any, Any]:
    objective = objective_for(Component(name=name, options=options))
    return objective, objective.capability("head").last(schema)


@pytest.mark.parametrize(
    ("options", "theirs"),
    [
        ({}, lambda e: e**2),
        ({"loss": "mae"}, torch.abs),
        ({"loss": "huber"}, lambda e: F.huber_loss(e, torch.zeros_like(e), reduction="none")),
        ({"loss": "huber", "delta": 0.3}, lambda e: F.huber_loss(e, torch.zeros_like(e), reduction="none", delta=0.3)),
    ],
)
def test_regression_losses(options: dict[str, Any], theirs: Any) -> None:
    objective, last = ready("regression", **options)
    scores = last(OUTPUTS[:, None])
    torch.testing.assert_close(scores, OUTPUTS * 2 + 5)
    torch.testing.assert_close(
        objective.capability("head").value(last, scores, TARGET).value_B, theirs((scores - TARGET) / 2)
    )


def test_the_constant_answer_fits_the_loss() -> None:
    target = np.array([0.0, 1.0, 8.0])
    assert ready("regression")[0].decision.dummy_predictor(target, 2, SCHEMA)[1]["prediction"].tolist() == [3, 3]
    assert ready("regression", loss="huber")[0].decision.dummy_predictor(target, 2, SCHEMA)[1][
        "prediction"
    ].tolist() == [1, 1]
    name, found = ready("quantiles", levels=[0.25, 0.75])[0].decision.dummy_predictor(target, 1, SCHEMA)
    assert (name, found["q25"].tolist(), found["q75"].tolist()) == ("quantiles", [0.5], [4.5])


def test_gaussian_is_the_normal_likelihood() -> None:
    objective, last = ready("gaussian")
    scores = last(torch.stack([OUTPUTS, OUTPUTS.flip(0)], 1))
    mean, std = scores.unbind(1)
    torch.testing.assert_close(mean, OUTPUTS * 2 + 5)
    assert bool((std > 0).all())
    theirs = -torch.distributions.Normal(mean, std).log_prob(TARGET)
    torch.testing.assert_close(objective.capability("head").value(last, scores, TARGET).value_B, theirs)
    assert last(torch.zeros(1, 2)).tolist()[0] == pytest.approx([5, 2.002]), (
        "outputs of 0 are the train rows' own distribution"
    )
    assert objective.capability("head").decided(last, scores).columns["std"].tolist() == std.tolist()


def test_poisson_is_the_deviance_of_an_exponential() -> None:
    objective, last = ready("poisson", COUNTS)
    counts = torch.tensor([0.0, 1.0, 9.0, 4.0, 4.0, 7.0, 2.0])
    scores = last(OUTPUTS[:, None])
    rate = objective.capability("head").decided(last, scores).columns["prediction"]
    torch.testing.assert_close(rate, 5 * OUTPUTS.exp())
    full = F.poisson_nll_loss(scores, counts, log_input=True, reduction="none")
    least = F.poisson_nll_loss(counts.clamp_min(1e-30).log(), counts, log_input=True, reduction="none")
    torch.testing.assert_close(objective.capability("head").value(last, scores, counts).value_B, 2 * (full - least))
    assert bool(
        torch.isfinite(objective.capability("head").value(last, last(torch.tensor([[1e9]])), counts[:1]).value_B).all()
    )


@pytest.mark.parametrize("levels", [(0.05, 0.5, 0.95), (0.1, 0.9), (0.1, 0.25, 0.6, 0.9), (0.6, 0.7, 0.8)])
def test_quantiles_cannot_cross_and_pay_the_pinball_loss(levels: tuple[float, ...]) -> None:
    objective, last = ready("quantiles", levels=list(levels))
    torch.manual_seed(0)
    scores = last(5 * torch.randn(7, len(levels)))
    assert bool((scores.diff(dim=1) > 0).all())

    def pinball(level: float, quantile: Tensor) -> Tensor:
        error = TARGET - quantile
        return torch.maximum(level * error, (level - 1) * error) / 2

    theirs = torch.stack([pinball(level, scores[:, k]) for k, level in enumerate(levels)]).mean(0)
    torch.testing.assert_close(objective.capability("head").value(last, scores, TARGET).value_B, theirs)
    columns = objective.capability("head").decided(last, scores).columns
    assert list(columns) == ["prediction", *Options(levels=levels).names]
    assert columns["prediction"].tolist() == scores[:, Options(levels=levels).middle].tolist()


def test_quantiles_have_names_and_a_middle() -> None:
    assert Options(levels=(0.025, 0.5)).names == ("q2.5", "q50")
    assert [Options(levels=levels).middle for levels in ((0.1, 0.9), (0.1, 0.4, 0.7), (0.6, 0.7))] == [0, 1, 0]


@pytest.mark.parametrize(
    ("component", "told"),
    [
        ({"name": "quantiles", "levels": [0.9, 0.1]}, says("objectives.quantile-levels")),
        ({"name": "quantiles", "levels": [0.5]}, says("objectives.quantile-levels")),
        ({"name": "quantiles", "levels": [0.0, 0.5]}, "between 0 and 1"),
        ({"name": "regression", "loss": "cubic"}, "'mse', 'mae', 'huber'"),
        ({"name": "regression", "delta": 0}, "a number above 0"),
        ({"name": "gaussian", "std": 1}, "option 'std'"),
        ({"name": "poison"}, "Did you mean 'poisson'"),
    ],
)
def test_wrong_options_are_refused(component: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        objective_for(Component.model_validate(component))


def test_a_number_is_no_count_without_being_called_one() -> None:
    objective = objective_for(Component(name="poisson"))
    assert "data.types.price" in str(objective.unsuitable(SCHEMA))
    assert objective.unsuitable(COUNTS) is None
    for name in ("regression", "gaussian", "quantiles"):
        assert objective_for(Component(name=name)).unsuitable(COUNTS) is None


def test_what_an_experiment_wants_of_its_target() -> None:
    from leadline.core.experiment import Experiment

    assert target_types_of(Experiment()) == {}
    assert target_types_of(Experiment.parse({"objective": "poisson"})) == {"*": ("count",)}
    chosen = {"name": "multitask", "tasks": {"age": "quantiles", "visits": "poisson"}}
    assert target_types_of(Experiment.parse({"objective": chosen})) == {
        "*": ("several",),
        "age": ("number", "count"),
        "visits": ("count",),
    }


def test_an_impossible_likelihood_does_not_exist() -> None:
    objective, last = ready("gaussian")
    scores = last(torch.tensor([[0.0, -1e4]]))
    assert scores[0, 1].item() == pytest.approx(0.002)
    value = objective.capability("head").value(last, scores, torch.tensor([5.0])).value_B.item()
    assert value == pytest.approx(0.5 * math.log(2 * math.pi) + math.log(0.002))
