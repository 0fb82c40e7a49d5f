"""A small regression problem that stands in for a dataset, an objective and an augmentation."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from leadline.core.component import Component
from leadline.core.training_spec import TrainingSpec
from leadline.nn.batch import Batch, Loss
from leadline.nn.layers.dropout import Dropout, name_dropouts
from leadline.nn.rng import Rng
from leadline.objectives.contract import Defaults, Supervision
from leadline.training.plan import ExecutionPlan
from leadline.training.steps.contract import StepContext
from leadline.training.steps.plain import PlainStep


class Table:
    """Rows of ten numbers with a target; some rows weigh more than others."""

    lengths = None

    def __init__(self, rows: int, even: bool = False) -> None:
        generator = torch.Generator().manual_seed(7)
        self.x_NF = torch.randn(rows, 10, generator=generator)
        self.target_N = self.x_NF[:, 0] * 2 - self.x_NF[:, 1].square()
        self.weight_N = torch.ones(rows) if even else torch.rand(rows, generator=generator) + 0.1

    def __len__(self) -> int:
        return len(self.x_NF)

    def batch(self, at: Tensor) -> Batch:
        return Batch({"table": self.x_NF[at]}, self.target_N[at], self.weight_N[at], at)


class Squares:
    """Squared error of the network's one output, with the absolute error as a part for the log."""

    name = "squares"
    supervision = Supervision()
    defaults = Defaults()
    own_loss = None

    @property
    def learning(self) -> Squares:
        return self

    def networks(self, network: nn.Module) -> dict[str, nn.Module]:
        return {"network": network}

    def loss(self, network: nn.Module, batch: Batch, stepped: str, rng: Rng) -> Loss:
        error_B = network(batch.inputs["table"]).float()[:, 0] - batch.target_B
        return Loss(error_B.square(), batch.weight_B, {"mae": error_B.abs()})

    def ship(self, network: nn.Module) -> nn.Module:
        return network


def noisy(batch: Batch, rng: Rng) -> Batch:
    """Add noise to every number."""
    table = batch.inputs["table"]
    return batch.with_inputs({"table": table + 0.1 * rng.normal("noise", table.shape[1])})


def network(dropout: float = 0.0, hidden: int = 16) -> nn.Module:
    """Return a small network with the same weights each time."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        made = nn.Sequential(nn.Linear(10, hidden), nn.ReLU(), Dropout(dropout), nn.Linear(hidden, 1))
    name_dropouts(made)
    return made


CONTEXT = ("total", "seed", "plan", "world", "steps_per_epoch")


def context(net: nn.Module, optimizer: object = "sgd", *, objective: object = None, **settings: object) -> StepContext:
    """Return what a step with a constant learning rate, on one thread, is built from; `settings` are those of training,
    and of the context.
    """
    given: dict[str, object] = {"schedule": Component(name="constant"), "total": 20, "seed": 5, **settings}
    around = {name: given.pop(name) for name in CONTEXT if name in given}
    training = TrainingSpec.model_validate({"optimizer": Component.model_validate(optimizer), **given})
    return StepContext(net, objective or Squares(), training, **{"plan": ExecutionPlan(), **around})  # type: ignore[arg-type]


def plain(net: nn.Module, optimizer: object = "sgd", **settings: object) -> PlainStep:
    """Return a step with a constant learning rate, on one thread."""
    return PlainStep(context(net, optimizer, **settings))
