"""Averages of the weights along the way, which generalise better than the last ones and are what then ships."""

from __future__ import annotations

import copy
from abc import abstractmethod
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from leadline.core.base import Fact
from leadline.core.component import Component
from leadline.core.registry import lookup
from leadline.nn.batch import Batch
from leadline.objectives.contract import BoundObjective
from leadline.training.options import read_options
from leadline.training.plan import ExecutionPlan, autocast, batch_on

RENEWAL = 200  # batches at most from which the statistics of batch norm are found anew


class Average(Fact):
    """How weights are averaged: the options, and which steps count how much."""

    @abstractmethod
    def weight(self, step: int, total: int, epoch_end: bool, count: int) -> float | None:
        """Return what share the weights after `step` of `total` steps have in the average, of which they are number
        `count` (from 0); None where they have none.
        """

    @property
    def renews(self) -> bool:
        """True where the statistics of batch norm are found anew rather than averaged."""
        return False


class Ema(Average):
    """An exponential moving average over steps: w̄ ← d·w̄ + (1 − d)·w, of buffers too (Tarvainen & Valpola 2017).

    d rises to `decay` as (1 + n) / (10 + n), n the number of steps, so that the first weights are soon forgotten.
    """

    decay: float = Field(default=0.999, ge=0, lt=1, description="decay rate per step")

    def weight(self, step: int, total: int, epoch_end: bool, count: int) -> float | None:
        return 1.0 - min(self.decay, (1 + count) / (10 + count))


class Swa(Average):
    """The plain mean of the weights at the end of every epoch, or of every so many steps, after the share `start` of
    training.

    The statistics of batch norm are those of the averaged weights over train batches. It wants a learning rate that
    stays up, ``schedule: constant`` for one (Izmailov et al. 2018).
    """

    start: float = Field(default=0.75, ge=0, lt=1, description="share of training after which averaging starts")
    every: Literal["epoch"] | Annotated[int, Field(ge=1)] = Field(
        default="epoch", description="average after every epoch, or every so many steps"
    )

    def weight(self, step: int, total: int, epoch_end: bool, count: int) -> float | None:
        due = epoch_end if self.every == "epoch" else step % self.every == 0
        return 1.0 / (count + 1) if due and step > self.start * total else None

    @property
    def renews(self) -> bool:
        return True


def weight_average(component: Component) -> Average:
    """Return an average by name; raises UsageError where the name or an option is unknown or wrong."""
    kind: type[Average] = lookup("averages", component.name)
    return read_options("average", component, kind)


def resolved_weight_average(component: Component) -> Component:
    """Return the component with every default written out."""
    return Component(name=component.name, options=weight_average(component).model_dump(mode="json"))


class AveragedNetwork:
    """The average of a network's weights and buffers, in a network of its own beside it; nothing here waits for the
    device.
    """

    def __init__(self, network: nn.Module, options: Average) -> None:
        self.options = options
        self.network = copy.deepcopy(network).requires_grad_(False).eval()
        self.count = 0
        self.renewed = False
        pairs = list(zip(_tensors(self.network), _tensors(network), strict=True))
        self._mean = [(mean, now) for mean, now in pairs if mean.is_floating_point()]
        self._rest = [(mean, now) for mean, now in pairs if not mean.is_floating_point()]

    def seen(self, step: int, total: int, epoch_end: bool) -> None:
        """Let the weights after a step into the average, where they belong there."""
        share = self.options.weight(step, total, epoch_end, self.count)
        if share is None:
            return
        with torch.no_grad():
            mean, now = ([pair[side].detach() for pair in self._mean] for side in (0, 1))
            if self.count == 0:
                torch._foreach_copy_(mean, now)
            else:
                torch._foreach_lerp_(mean, now, share)
            for old, new in self._rest:  # counts, which have no mean
                old.copy_(new)
        self.count += 1
        self.renewed = False

    def renew(self, objective: BoundObjective, batches: Iterable[Batch], plan: ExecutionPlan) -> None:
        """Find the statistics of batch norm anew: means over the batches of what the averaged weights see."""
        norms = batch_norms(self.network)
        if not (self.options.renews and self.count and norms) or self.renewed:
            return
        momenta = [norm.momentum for norm in norms]
        for norm in norms:
            norm.reset_running_stats()
            norm.momentum = None  # the plain mean
            norm.train()
        with torch.no_grad(), autocast(plan):
            for batch in batches:
                objective.decision.predict(self.network, batch_on(batch, plan), None)
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum
            norm.eval()
        self.renewed = True

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Return the averaged tensors by name, and how many went into them."""
        return dict(self.network.state_dict()), {"count": self.count, "renewed": self.renewed}

    def load(self, tensors: Mapping[str, Tensor], scalars: Mapping[str, Any]) -> None:
        """Put a state back, bit for bit."""
        self.network.load_state_dict(tensors)
        self.count, self.renewed = scalars["count"], scalars["renewed"]


def batch_norms(network: nn.Module) -> list[nn.modules.batchnorm._BatchNorm]:
    """Return the modules that keep statistics of batches."""
    return [m for m in network.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm) and m.track_running_stats]


def _tensors(network: nn.Module) -> list[Tensor]:
    """Return parameters and buffers, shared ones once."""
    return [*network.parameters(), *network.buffers()]


def renewal(steps_per_epoch: int) -> range:
    """Return the steps whose batches the statistics of batch norm are found from: the first epoch, or its beginning."""
    return range(min(steps_per_epoch, RENEWAL))
