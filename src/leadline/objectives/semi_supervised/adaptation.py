"""Classes in a domain without labels, from one that has them: features from which the two domains cannot be told apart.

Domain-adversarial training (Ganin et al. 2016). Train rows with a class are of the one domain, those without of the
other.

B rows, F features.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import torch
import torch.nn.functional as F
from pydantic import Field
from torch import nn

from leadline.core.catalogue import say
from leadline.core.schema import Schema
from leadline.errors import UsageError
from leadline.nn.batch import Batch, Loss
from leadline.nn.features import full
from leadline.nn.fusion import Fuse
from leadline.nn.generative.domain_adversarial import Domains, reverse_gradient
from leadline.nn.rng import Rng
from leadline.objectives.contract import Defaults, Objective
from leadline.objectives.semi_supervised import partly_labelled
from leadline.objectives.semi_supervised.partly_labelled import balanced, complete, mean_over
from leadline.objectives.supervised.class_scores import LOSS_OPTIONS, ClassDecision, ClassHead, unfit_classes
from leadline.objectives.supervised.single_target import HeadLearning


class Options(partly_labelled.Options):
    """What may be said beside what classification takes.

    What tells the domains apart has a layer of `hidden` units. Its gradient reaches the features turned round and
    multiplied by `domain_weight` · (2 / (1 + exp(-`steepness` · p)) - 1), p being how far training is: it is noise at
    first.
    """

    domain_weight: float = Field(default=1.0, ge=0, description="weight of the domain loss (λ)")
    steepness: float = Field(
        default=10.0, gt=0, description="how fast the weight rises from 0 during training (γ of DANN's schedule)"
    )
    hidden: int = Field(default=128, ge=1, description="width of the domain classifier's hidden layer")


# Validation rows are of the domain with labels: they cannot say when the other is served best. Where two work against
# each other, a memory of past gradients makes them go round: it is short, and what tells domains apart is given a lead.
TRAINING: Mapping[str, Any] = MappingProxyType(
    {"early_stopping": None, "optimizer": {"name": "adamw", "beta1": 0.5}, "lr_multipliers": {"domains.*": 2.0}}
)


@dataclass(frozen=True)
class AdaptationLearning(HeadLearning):
    """The loss side: rows without a class take part in shaping the features, and in nothing else."""

    options: Options = field(kw_only=True)

    def ensemble(self, networks: Sequence[nn.Module]) -> nn.Module | None:
        """Return None: what rows without a class are taken for, or tell of their domain, is one network's."""
        return None

    def build(self, schema: Schema, encoders: Mapping[str, nn.Module], fuse: Fuse | None = None) -> nn.Module:
        """Return the network, and beside its head what tells domains apart; raises UsageError where there are no
        features.
        """
        network: Any = super().build(schema, encoders, fuse)
        if not isinstance(network.head, nn.Linear):
            raise UsageError(say("objectives.adaptation-needs-linear-head"))
        network.domains = Domains(network.head.in_features, self.options.hidden)
        return network  # type: ignore[no-any-return]

    def loss(self, network: Any, batch: Batch, stepped: str, rng: Rng) -> Loss:
        """Return the cross-entropy of rows with a class, and that of telling the domain of each row, which counts half.

        So both domains together count as much as the classes do.
        """
        assert batch.target_B is not None
        free_B = batch.target_B < 0
        features_BF = full(network.features(batch.inputs))
        own = self.head.value(network.last, full(network.last(network.head(features_BF))), batch.target_B.clamp_min(0))
        factor = self.options.domain_weight * (2 / (1 + torch.exp(-self.options.steepness * rng.progress)) - 1)
        odds_B = full(network.domains(reverse_gradient(features_BF, factor)))
        told_B = F.binary_cross_entropy_with_logits(odds_B, free_B.to(odds_B.dtype), reduction="none")
        weight_B = balanced(self.options.unlabeled_ratio, free_B, batch.weight_B) * torch.where(free_B, 1, own.weight_B)
        parts = {
            "supervised": mean_over(~free_B, own.value_B, weight_B),
            "domain": told_B,
            "domains_told": ((odds_B > 0) == free_B).to(odds_B.dtype),
        }
        return Loss(torch.where(free_B, 0, own.value_B) + 0.5 * told_B, weight_B, parts)

    def ship(self, network: nn.Module) -> nn.Module:
        """Return the network without what tells domains apart."""
        own = copy.copy(network)
        own._modules = {name: part for name, part in network._modules.items() if name != "domains"}
        return own


def _unsuitable(options: Options, schema: Schema) -> str | None:
    """Say why there are no two domains, or what keeps rows from being classified, or None."""
    reason = unfit_classes("adaptation", options, schema)
    if reason or schema.target is None or schema.unlabelled != 0:
        return reason
    return say("objectives.no-target-domain", name=schema.target.name)


OBJECTIVE = Objective(
    name="adaptation",
    options=Options,
    supervision=lambda options: partly_labelled.supervision(
        options, two_domains=True, loss_options=LOSS_OPTIONS, replaced_options=LOSS_OPTIONS
    ),
    learning=lambda options: AdaptationLearning(ClassHead(options), options=options),
    decision=lambda options: ClassDecision(options, ClassHead(options)),
    defaults=lambda options: Defaults(TRAINING),
    capabilities={"head": ClassHead},
    complete=complete,
    unsuitable=_unsuitable,
)
