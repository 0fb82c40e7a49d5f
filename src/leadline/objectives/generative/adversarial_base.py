"""What objectives share of which one network tells new rows from real ones while another makes them.

B rows, n rows of a split, C classes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from leadline.core.exhibit import ExhibitDraft
from leadline.core.finding import Finding, Reproduction
from leadline.core.metric import Metric
from leadline.core.schema import Schema
from leadline.metrics.statistics.findings import finding
from leadline.metrics.statistics.means import mean_of
from leadline.nn.generative.discriminators import unbind
from leadline.objectives.contract import Decision, EvaluationContext, Learning
from leadline.objectives.generative.adversarial_losses import (
    DISCRIMINATOR,
    GENERATOR,
    discriminator_auc,
    lowest,
    scored_losses,
)

METRICS = (
    Metric(
        "discriminator_roc_auc",
        "Discriminator ROC AUC",
        "how well the discriminator ranks real above generated examples; 0.5 is chance",
        better="lower",
        largest=1.0,
    ),
    Metric("discriminator_loss", "Discriminator loss", "mean loss of the discriminator"),
    Metric("generator_loss", "Generator loss", "mean loss of the generator"),
    Metric(
        "mode_collapse", "Mode collapse", "1 if training ended with nearly identical samples, else 0", better="lower"
    ),
    Metric(
        "discriminator_dominance",
        "Discriminator dominance",
        "1 if training ended with a discriminator that always wins, else 0",
        better="lower",
    ),
)

ADAM: Mapping[str, Any] = {"name": "adam", "lr": 2e-4, "beta1": 0.5, "beta2": 0.999}


def training(optimizer: Mapping[str, Any] = ADAM, batch: int = 64) -> Mapping[str, Any]:
    """Return entries of `training` that suit two networks against each other, each with such an optimizer."""
    return {
        "optimizers": {DISCRIMINATOR: optimizer, GENERATOR: optimizer},
        "schedule": "constant",
        "average": "ema",
        "early_stopping": None,
        "batch": batch,
    }


@dataclass(frozen=True)
class AdversarialLearning(Learning):
    """The loss side of two networks whose game is the option `loss`; a subclass builds them and says what each
    loses.
    """

    options: Any

    def networks(self, network: Any) -> Mapping[str, nn.Module]:
        """Return the discriminator, then the generator."""
        return {
            DISCRIMINATOR: nn.ModuleDict({"encoders": network.encoders, "head": network.head}),
            GENERATOR: network.generator,
        }

    def ship(self, network: nn.Module) -> nn.Module:
        """Return the network with plain weights: the generator, and the discriminator, whose features are of use."""
        return unbind(network)

    def graphs(self, network: Any) -> Mapping[str, nn.Module]:
        """Return the discriminator, and the generator."""
        return {"network": network, GENERATOR: network.generator}


@dataclass(frozen=True)
class AdversarialDecision(Decision):
    """The decision side: a subclass predicts the `score` of a row, and a generated one's, `score_new`."""

    options: Any
    monitors: ClassVar[Mapping[str, str]] = {"loss": "lower", "discriminator_roc_auc": "lower"}
    declared_metrics: ClassVar[tuple[Metric, ...]] = METRICS

    def monitor(self, predictions: Mapping[str, np.ndarray], target: np.ndarray, schema: Schema) -> Mapping[str, float]:
        """Return both networks' losses together, without penalties, and the share of pairs that are told apart."""
        losses = [float(values_n.mean()) for values_n in scored_losses(self.options.loss, predictions).values()]
        return {
            "loss": sum(losses),
            "discriminator_roc_auc": discriminator_auc(predictions, (0.95,), None).value or 0.0,
        }

    def metric_names(self, schema: Schema) -> tuple[str, ...]:
        """Return the names of all findings on one split."""
        return ("discriminator_roc_auc", f"{DISCRIMINATOR}_loss", f"{GENERATOR}_loss")

    def measure(
        self, predictions: Mapping[str, np.ndarray], context: EvaluationContext
    ) -> Iterator[Finding | ExhibitDraft]:
        """Yield how well the discriminator tells rows of a split from new ones, and both losses, with intervals."""
        levels, group = context.levels, context.group
        common: dict[str, Any] = {"split": context.split, "levels": levels, "again": again(context)}
        yield finding("discriminator_roc_auc", discriminator_auc(predictions, levels, group), better="lower", **common)
        for network, values_n in scored_losses(self.options.loss, predictions).items():
            yield finding(
                f"{network}_loss", mean_of(values_n, levels, group, low=lowest(self.options.loss, network)), **common
            )


def again(context: EvaluationContext) -> Reproduction:
    """Return how what both networks' scores say is measured again."""
    return Reproduction(producer="objective", seed=context.seed, repeat="exact", tolerance=1e-4)


def class_shares(schema: Schema) -> Tensor:
    """Return how frequent each class is in train (C,)."""
    state = schema.target.state if schema.target is not None else {}
    count_C = torch.tensor(state.get("counts") or [1] * len(schema.classes), dtype=torch.float32)
    return count_C / count_C.sum()
