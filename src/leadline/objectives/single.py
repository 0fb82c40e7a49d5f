"""What objectives with one player and one view of the inputs have in common.

B rows, O outputs of the head.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from copy import copy
from typing import Any, Literal, Self

import numpy as np
import torch
from torch import Tensor, nn

from leadline.facts.exhibit import Draft
from leadline.facts.finding import Finding
from leadline.facts.schema import Schema
from leadline.layers.contracts import Context, Wants
from leadline.layers.draws import Draws
from leadline.layers.fusion import Fuse
from leadline.layers.network import assemble
from leadline.layers.types import Batch, Loss, Prediction

# What a target of each kind is, in words, and the objective that it is usually predicted by.
KINDS: Mapping[str, tuple[str, str]] = {
    "category": ("one of several classes", "classification"),
    "boolean": ("yes or no", "classification"),
    "number": ("a number", "regression"),
    "count": ("a count", "poisson"),
    "labels": ("a set of labels", "multilabel"),
    "probabilities": ("probabilities", "probabilities"),
    "several": ("several targets", "multitask"),
    "series": ("variables over time", "forecasting"),
    "tags": ("a tag for each token", "tagging"),
    "text": ("the text itself", "language"),
}


def usual(schema: Schema) -> str:
    """Return the objective that the target of a schema is usually predicted by."""
    return KINDS[schema.target.kind][1] if schema.target else "classification"


def full(x: Tensor) -> Tensor:
    """Return values in float32 at least: what comes out of a network in fewer bits is not computed on in them."""
    return x if x.dtype == torch.float64 else x.float()


class SinglePlayer(ABC):
    """One network, stepped alone, whose scores are its output and which ships as it is.

    A subclass says what stands at the end of the network, what a row's scores cost against its target, and what is decided from
    them. It knows only scores and targets, so that several of them can share one body.
    """

    name: str
    coupled = False
    views: tuple[str, ...] = ("plain",)
    wants: Wants = "vector"
    kinds: tuple[str, ...] = ()  # of target that it takes, the one first that doubtful values are taken for
    chosen: Any = None  # the options of the experiment at hand
    learns: Literal["classes", "numbers", "windows"] | None = None
    stepped: tuple[str, ...] = ()
    monitors: Mapping[str, str]

    @property
    def each(self) -> int:
        """How many numbers are forecast for each step and variable."""
        return 1

    def having(self, options: Any) -> Self:
        """Return the objective with the options of one experiment."""
        own = copy(self)
        own.chosen = options
        return own

    def wanted(self) -> Mapping[str, tuple[str, ...]]:
        """Return the kinds of target it takes, for every column."""
        return {"*": self.kinds} if self.kinds else {}

    def complete(self, schema: Schema) -> Any:
        """Return the options: nothing in them depends on the data."""
        return self.chosen

    def suits(self, schema: Schema) -> str | None:
        """Say why the target is of no kind that the objective takes, or None."""
        if schema.target is None:
            return f"{self.name} needs a target"
        if schema.target.kind in self.kinds:
            return None
        what, other = KINDS[schema.target.kind]
        return f"the target {schema.target.name!r} is {what}; use the objective {other!r}"

    @abstractmethod
    def outputs(self, schema: Schema, options: Any) -> int:
        """Return how many numbers the head gives a row."""

    @abstractmethod
    def last(self, schema: Schema, options: Any) -> nn.Module:
        """Return the end of the network, from the head's outputs (B,O) to scores; it carries what `value` and `decided` need."""

    @abstractmethod
    def value(self, last: nn.Module, scores: Tensor, target_B: Tensor) -> Loss:
        """Return what scores cost against targets, row by row; a row's weight is what its target makes it count."""

    @abstractmethod
    def decided(self, last: nn.Module, scores: Tensor) -> Prediction:
        """Return what a user receives for scores."""

    @abstractmethod
    def monitor(self, predictions: Mapping[str, np.ndarray], target: np.ndarray, schema: Schema) -> Mapping[str, float]:
        """Return the values of `monitors` on validation predictions."""

    @abstractmethod
    def constant(self, target: np.ndarray, rows: int, schema: Schema) -> tuple[str, Mapping[str, np.ndarray]]:
        """Return the best decisions that ignore the inputs, and their name."""

    @abstractmethod
    def names(self, schema: Schema) -> tuple[str, ...]:
        """Return the names of all findings on one split."""

    @abstractmethod
    def measure(self, predictions: Mapping[str, np.ndarray], context: Context) -> Iterator[Finding | Draft]:
        """Yield findings with intervals, and exhibits, from the decisions on one split."""

    def build(self, schema: Schema, bodies: Mapping[str, nn.Module], options: Any, fuse: Fuse | None = None) -> nn.Module:
        """Return the network: bodies, their fusion, a head with as many outputs as the objective wants, and its end."""
        return assemble(schema, bodies, outputs=self.outputs(schema, options), last=self.last(schema, options), fuse=fuse)

    def players(self, network: nn.Module) -> Mapping[str, nn.Module]:
        """Return the network as the only player."""
        return {"network": network}

    def loss(self, network: Any, batch: Batch, player: str, draws: Draws) -> Loss:
        """Return the loss of each example; that of a mixed row is shared between its two targets (Zhang et al. 2018)."""
        assert batch.target_B is not None
        scores = full(network(batch.inputs))
        own = self.value(network.last, scores, batch.target_B)
        if batch.other_B is None or batch.share_B is None:
            return own._replace(weight_B=own.weight_B * batch.weight_B)
        other = self.value(network.last, scores, batch.other_B)
        own_B, other_B = own.weight_B * batch.share_B, other.weight_B * (1 - batch.share_B)
        weight_B = own_B + other_B
        least = torch.finfo(weight_B.dtype).tiny

        def shared(a: Tensor, b: Tensor) -> Tensor:
            return (own_B * a + other_B * b) / weight_B.clamp_min(least)

        parts = {name: shared(part, other.parts[name]) for name, part in own.parts.items()}
        return Loss(shared(own.value_B, other.value_B), weight_B * batch.weight_B, parts)

    def decide(self, network: Any, batch: Batch, draws: Draws | None) -> Prediction:
        """Return what a user receives for a batch."""
        return self.decided(network.last, full(network(batch.inputs)))

    def by_row(self, predictions: Mapping[str, np.ndarray], target: np.ndarray, schema: Schema) -> tuple[str, np.ndarray] | None:
        """Return None: models are not compared by anything."""
        return None

    def settle(self, network: nn.Module, predictions: Mapping[str, np.ndarray], context: Context) -> tuple[Finding, ...]:
        """Choose nothing after training."""
        return ()

    def unsettled(self, network: nn.Module, predictions: Mapping[str, np.ndarray]) -> tuple[str, Mapping[str, np.ndarray]] | None:
        """Return None: nothing was settled."""
        return None

    def score(self, network: nn.Module, inputs: Mapping[str, Tensor]) -> Tensor:
        """Return the network's output (B,O), differentiable in float inputs."""
        scores: Tensor = network(inputs)
        return scores

    def graphs(self, network: nn.Module) -> Mapping[str, nn.Module]:
        """Return the network as the only graph."""
        return {"network": network}

    def ship(self, network: nn.Module) -> nn.Module:
        """Return the network."""
        return network
