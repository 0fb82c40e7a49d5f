"""What objectives have in common that predict a target with one network from one view of the inputs.

Such an objective is a head (what stands at the end of the network, what scores cost, what is decided from them) and a
decision side; the loss side is the same for all. It stands between `objectives/contract.py` and the objectives beside.

B rows, O outputs of the head.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import torch
from pydantic import BaseModel
from torch import Tensor, nn

from leadline.core.catalogue import say
from leadline.core.schema import Schema
from leadline.data.targets import target_type
from leadline.nn.batch import Batch, EncoderOutput, Loss, Prediction
from leadline.nn.ensemble import Ensemble
from leadline.nn.features import full
from leadline.nn.fusion import Fuse
from leadline.nn.network import Network, assemble
from leadline.nn.rng import Rng
from leadline.objectives.capabilities import Head
from leadline.objectives.contract import Decision, Learning, Objective, Supervision
from leadline.objectives.own_loss import OwnLoss, OwnLossHead


@dataclass(frozen=True)
class HeadLearning(Learning):
    """The loss side: one network, stepped alone, whose scores are its output and which ships as it is."""

    head: Head
    gives: EncoderOutput = "vector"
    own_loss: OwnLoss | None = None

    @property
    def encoder_output(self) -> EncoderOutput:
        """What the encoders of the inputs give."""
        return self.gives

    def build(self, schema: Schema, encoders: Mapping[str, nn.Module], fuse: Fuse | None = None) -> nn.Module:
        """Return the network: encoders, their fusion, a layer with as many outputs as the head wants, and its end."""
        return assemble(schema, encoders, outputs=self.head.outputs(schema), last=self.head.last(schema), fuse=fuse)

    def loss(self, network: Any, batch: Batch, stepped: str, rng: Rng) -> Loss:
        """Return the loss of each example; that of a mixed row is shared between its two targets (Zhang et al.
        2018).
        """
        assert batch.target_B is not None
        if isinstance(network, Ensemble):
            return self._loss_of_members(network, batch)
        return self._loss_of_scores(network.last, full(network(batch.inputs)), batch)

    def _loss_of_members(self, network: Ensemble, batch: Batch) -> Loss:
        """Return the mean of the members' losses, whose gradient is their sum: each learns as it would alone."""
        scores, members = full(network.member_scores(batch.inputs)), network.members
        found = self._loss_of_scores(network.last, scores.flatten(0, 1), _repeated(batch, members))
        sum_B = found.value_B.view(members, -1).sum(0)
        value_B = sum_B - (sum_B * (1 - 1 / members)).detach()
        terms = {name: term.view(members, -1).mean(0) for name, term in found.terms.items()}
        return Loss(value_B, found.weight_B.view(members, -1)[0], terms)

    def ensemble(self, networks: Sequence[nn.Module]) -> nn.Module | None:
        """Return the networks as one whose members' outputs are averaged; None where they give several a row."""
        plain = [one for one in networks if type(one) is Network]
        return Ensemble(plain, self.head.averaged) if self.gives == "vector" and len(plain) == len(networks) else None

    def _loss_of_scores(self, last: Any, scores: Tensor, batch: Batch) -> Loss:
        assert batch.target_B is not None
        own = self.head.value(last, scores, batch.target_B)
        if batch.other_B is None or batch.share_B is None:
            return own._replace(weight_B=own.weight_B * batch.weight_B)
        other = self.head.value(last, scores, batch.other_B)
        own_B, other_B = own.weight_B * batch.share_B, other.weight_B * (1 - batch.share_B)
        weight_B = own_B + other_B
        least = torch.finfo(weight_B.dtype).tiny

        def shared(a: Tensor, b: Tensor) -> Tensor:
            return (own_B * a + other_B * b) / weight_B.clamp_min(least)

        terms = {name: shared(term, other.terms[name]) for name, term in own.terms.items()}
        return Loss(shared(own.value_B, other.value_B), weight_B * batch.weight_B, terms)

    def with_loss(self, loss: OwnLoss) -> HeadLearning:
        """Return the same with a loss of the user's own for what the head's scores cost."""
        return replace(self, head=OwnLossHead(self.head, loss), own_loss=loss)

    def score(self, network: Any, inputs: Mapping[str, Tensor]) -> Tensor:
        """Return the network's output, differentiable in float inputs; that of several steps in a row (B, T × O)."""
        scores: Tensor = network(inputs)
        return scores.flatten(1) if scores.ndim > 2 else scores


def _repeated(batch: Batch, times: int) -> Batch:
    """Return a batch without inputs, its rows one after another so many times."""
    return replace(batch, inputs={}, views={}).map(lambda x: x.repeat(times, *(1,) * (x.ndim - 1)))


@dataclass(frozen=True)
class HeadDecision(Decision):
    """The decision side of an objective whose head decides from scores; a subclass says how decisions are judged."""

    options: Any
    head: Head

    def predict(self, network: Any, batch: Batch, rng: Rng | None) -> Prediction:
        """Return what a user receives for a batch."""
        return self.head.decided(network.last, full(network(batch.inputs)))


def wrong_target(
    name: str, types: tuple[str, ...], schema: Schema, instead: Mapping[str, str] = MappingProxyType({})
) -> str | None:
    """Say why the target is of no type that an objective takes, or None.

    `instead` names, by types of target that it does not take, the sentence that says what to do; without one, the
    objective is named that such targets usually have.
    """
    if schema.target is None:
        return say("objectives.needs-target", name=name)
    if schema.target.kind in types:
        return None
    own = target_type(schema.target.kind)
    usual = say("objectives.use-objective", name=own.objective)
    remedy = say(instead[own.kind], usual=usual, target=schema.target.name) if own.kind in instead else usual
    return say("objectives.wrong-target", name=schema.target.name, noun=own.noun, remedy=remedy)


def single_target(
    name: str,
    options: type[BaseModel],
    types: tuple[str, ...],
    head: Callable[[Any], Head],
    decision: Callable[[Any, Any], Decision],
    *,
    learning: Callable[[Any, Any], Learning] | None = None,
    supervision: Mapping[str, Any] | None = None,
    capabilities: Mapping[str, Callable[[Any], Any]] | None = None,
    **rest: Any,
) -> Objective:
    """Return the objective of a head and of a decision side, both made of the options.

    `types` are the types of target that it takes, that first which doubtful values are taken for; `supervision` holds
    what else its `Supervision` says, and `rest` is of `Objective`.
    """
    supervised = Supervision(target_types={"*": types}, **{"mixable": True, **(supervision or {})})

    def unsuitable(options: Any, schema: Schema) -> str | None:
        return wrong_target(name, types, schema)

    def learn(options: Any) -> Learning:
        return HeadLearning(head(options)) if learning is None else learning(options, head(options))

    given: dict[str, Any] = {"unsuitable": unsuitable, "supervision": lambda options: supervised, **rest}
    return Objective(
        name=name,
        options=options,
        learning=learn,
        decision=lambda options: decision(options, head(options)),
        capabilities={"head": head, **(capabilities or {})},
        **given,
    )
