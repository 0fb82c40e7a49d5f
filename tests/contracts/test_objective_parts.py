"""The parts of every objective are small, and what they declare fits together; another package's objective in one file
does all that ours do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from leadline.core.base import Fact
from leadline.core.component import Component
from leadline.core.finding import Finding
from leadline.core.metric import Metric
from leadline.core.plugins import members
from leadline.core.registry_tables import TABLES
from leadline.core.schema import ColumnSchema, Schema
from leadline.core.training_spec import TrainingSpec
from leadline.errors import UsageError
from leadline.nn.batch import Batch, Loss, Prediction
from leadline.nn.rng import Rng
from leadline.objectives import contract
from leadline.objectives.contract import BoundObjective, Objective
from leadline.objectives.lookup import objective_for
from leadline.objectives.supervised.single_target import HeadDecision, single_target
from sentences import says

MOST = 12
PARTS = (contract.Supervision, contract.Defaults, contract.Learning, contract.Decision)
CAPABILITIES = {
    "head": contract.Head,
    "sampler": contract.Sampler,
    "generator": contract.Generator,
    "converter": contract.Converter,
    "bounded": contract.Bounded,
    "encoder": contract.Encoder,
    "forecaster": contract.Forecaster,
    "diagnostics": contract.Diagnostics,
}


@pytest.fixture(params=TABLES["objectives"])
def objective(request: pytest.FixtureRequest) -> BoundObjective:
    return objective_for(Component(name=request.param))


@pytest.mark.parametrize("part", [*PARTS, *CAPABILITIES.values(), BoundObjective], ids=lambda part: part.__name__)
def test_a_part_has_few_members(part: type) -> None:
    own = [name for name in vars(part) if not name.startswith("_")]
    names = {*own, *(one.name for one in fields(part))} if is_dataclass(part) else set(members(part))
    assert 0 < len(names) <= MOST, names


def test_what_is_learned_from_is_sound(objective: BoundObjective) -> None:
    supervision = objective.supervision
    assert {one for types in supervision.target_types.values() for one in types} <= set(TABLES["targets"])
    assert bool(supervision.target_types) == (supervision.labels != "none")
    assert (supervision.labelled_share > 0) == (supervision.labels == "some")
    assert not (supervision.mixable and (supervision.coupled or supervision.labels != "all"))
    assert set(supervision.loss_options) <= set(type(objective.options).model_fields)
    if supervision.mixable and objective.name != "multitask":  # whose head is made of those of its tasks
        assert objective.capability("head") is not None
    if supervision.classical_target in ("classes", "numbers"):
        assert objective.capability("head") is not None, "what a row weighs is the head's to say"


def test_defaults_are_entries_of_an_experiment(objective: BoundObjective) -> None:
    training = TrainingSpec.model_validate(dict(objective.defaults.training))
    assert set(objective.defaults.update_frequency) <= set(training.optimizers)


def test_what_is_monitored_begins_with_the_loss(objective: BoundObjective) -> None:
    assert next(iter(objective.decision.monitors)) == "loss"
    assert set(objective.decision.monitors.values()) <= {"lower", "higher"}


def test_capabilities_have_what_their_protocols_ask_for(objective: BoundObjective) -> None:
    assert set(objective.declared.capabilities) <= set(CAPABILITIES)
    for name in objective.declared.capabilities:
        capability = objective.capability(name)
        assert [member for member in members(CAPABILITIES[name]) if not hasattr(capability, member)] == []
    assert objective.capability("what nobody has") is None


class Options(Fact):
    """What an error costs."""

    power: float = 2.0


@dataclass(frozen=True)
class PowerHead(contract.Head):
    """A number, whose error costs a power of itself."""

    options: Options

    def outputs(self, schema: Schema) -> int:
        return 1

    def last(self, schema: Schema) -> nn.Module:
        return nn.Flatten(0)

    def value(self, last: Any, scores: Tensor, target_B: Tensor) -> Loss:
        value_B = (scores - target_B).abs() ** self.options.power
        return Loss(value_B, torch.ones_like(value_B), {})

    def decided(self, last: Any, scores: Tensor) -> Prediction:
        return Prediction({"prediction": scores})


class PowerDecision(HeadDecision):
    """A number, judged by what its error costs."""

    monitors: ClassVar[Mapping[str, str]] = {"loss": "lower"}
    declared_metrics = (Metric("power_loss", "Power loss", "a power of the error", None, "lower"),)

    def _costs(self, predictions: Any, target: np.ndarray) -> np.ndarray:
        return np.abs(predictions["prediction"] - target) ** self.options.power

    def monitor(self, predictions: Any, target: np.ndarray, schema: Schema) -> Mapping[str, float]:
        return {"loss": float(self._costs(predictions, target).mean())}

    def metric_names(self, schema: Schema) -> tuple[str, ...]:
        return ("power_loss",)

    def measure(self, predictions: Any, context: contract.EvaluationContext) -> Iterator[Finding]:
        yield Finding(name="power_loss", value=float(self._costs(predictions, context.target).mean()))


@dataclass(frozen=True)
class Shape:
    """What only an analysis of the same package asks for."""

    corners: int


def test_another_packages_objective_in_one_file_is_a_task_of_several(packages: Callable[..., Any]) -> None:
    power = single_target(
        "power", Options, ("number",), PowerHead, PowerDecision, capabilities={"polygons": lambda options: Shape(5)}
    )
    packages.give("objectives", "power", power)
    objective = objective_for(Component(name="power", options={"power": 3.0}))
    assert isinstance(objective.declared, Objective)
    assert objective.capability("polygons") == Shape(5)
    number = ColumnSchema(name="price", kind="number", state={"mean": 0.0, "std": 1.0})
    tasks = [number.model_dump(mode="json"), number.model_copy(update={"name": "size"}).model_dump(mode="json")]
    several = ColumnSchema(name="price, size", kind="several", state={"columns": ["price", "size"], "tasks": tasks})
    schema = Schema(inputs=(), target=several)
    both = objective_for(Component(name="multitask", options={"tasks": {"size": {"name": "power", "power": 3.0}}}))
    both = both.complete(schema)
    assert both.options.tasks["size"] == Component(name="power", options={"power": 3.0})
    assert "power_loss(size)" in both.decision.metric_names(schema)
    network: Any = nn.Module()
    network.forward = lambda inputs: inputs["x"]
    network.last = both.learning.head.last(schema)  # type: ignore[attr-defined]
    batch = Batch({"x": torch.tensor([[1.0, 2.0]])}, torch.tensor([[0.0, 0.0]]), torch.ones(1), torch.arange(1))
    found = both.learning.loss(network, batch, "network", Rng(0, 0, batch.row_B))
    assert found.value_B.tolist() == [(1.0 + 8.0) / 2]


def test_an_objective_without_what_every_one_has_is_refused(packages: Callable[..., Any]) -> None:
    class Nameless(PowerDecision):
        metric_names = contract.Decision.metric_names

    packages.give("objectives", "power", single_target("power", Options, ("number",), PowerHead, Nameless))
    with pytest.raises(UsageError, match=says("objectives.member-missing", component="power")):
        objective_for(Component(name="power"))
