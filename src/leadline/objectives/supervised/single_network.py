"""What objectives have in common that predict a target with one network from one view of the inputs.

B rows, O outputs of the head.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from leadline.core.schema import Schema
from leadline.data.targets import target_type
from leadline.nn.batch import Batch, Loss, Prediction
from leadline.nn.features import full
from leadline.nn.fusion import Fuse
from leadline.nn.network import assemble
from leadline.nn.rng import Rng
from leadline.objectives.base import Base


class SingleNetwork(Base):
    """One network, stepped alone, whose scores are its output and which ships as it is.

    A subclass says what stands at the end of the network, what a row's scores cost against its target, and what is
    decided from them. It knows only scores and targets, so that several of them can share one body."""

    mixable = True
    capable: tuple[str, ...] = ("head",)

    def unsuitable(self, schema: Schema) -> str | None:
        """Say why the target is of no kind that the objective takes, or None."""
        if schema.target is None:
            return f"{self.name} needs a target, which --target names; 'leadline objectives' lists those that need none"
        if schema.target.kind in self.kinds:
            return None
        own = target_type(schema.target.kind)
        return f"the target {schema.target.name!r} is {own.noun}; use the objective {own.objective!r}"

    @abstractmethod
    def outputs(self, schema: Schema) -> int:
        """Return how many numbers the head gives a row."""

    @abstractmethod
    def last(self, schema: Schema) -> nn.Module:
        """Return the end of the network, from the head's outputs (B,O) to scores; it carries what `value` and `decided`
        need.
        """

    @abstractmethod
    def value(self, last: nn.Module, scores: Tensor, target_B: Tensor) -> Loss:
        """Return what scores cost against targets, row by row; a row's weight is what its target makes it count."""

    @abstractmethod
    def decided(self, last: nn.Module, scores: Tensor) -> Prediction:
        """Return what a user receives for scores."""

    def build(self, schema: Schema, bodies: Mapping[str, nn.Module], fuse: Fuse | None = None) -> nn.Module:
        """Return the network: bodies, their fusion, a head with as many outputs as the objective wants, and its end."""
        return assemble(schema, bodies, outputs=self.outputs(schema), last=self.last(schema), fuse=fuse)

    def loss(self, network: Any, batch: Batch, stepped: str, rng: Rng) -> Loss:
        """Return the loss of each example; that of a mixed row is shared between its two targets (Zhang et al.
        2018).
        """
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

        parts = {name: shared(part, other.terms[name]) for name, part in own.terms.items()}
        return Loss(shared(own.value_B, other.value_B), weight_B * batch.weight_B, parts)

    def predict(self, network: Any, batch: Batch, rng: Rng | None) -> Prediction:
        """Return what a user receives for a batch."""
        return self.decided(network.last, full(network(batch.inputs)))
