"""Classes from few labels: what the network is sure of in an easy view of a row without one, it must say of a hard view
too.

FixMatch (Sohn et al. 2020); without the hard view, pseudo-labels (Lee 2013).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn

from leadline.nn.batch import Batch, Loss
from leadline.nn.features import full
from leadline.nn.rng import Rng
from leadline.objectives.contract import Objective, Supervision
from leadline.objectives.semi_supervised import partly_labelled
from leadline.objectives.semi_supervised.partly_labelled import balanced, complete, either, mean_over
from leadline.objectives.supervised.class_scores import LOSS_OPTIONS, ClassDecision, ClassHead, unfit_classes
from leadline.objectives.supervised.single_target import HeadLearning

STRONG = "strong"


class Options(partly_labelled.Options):
    """What may be said beside what classification takes.

    A row without a class has the one that the network gives it with a probability of `threshold` at least.
    `unlabeled_weight` is what the mean loss of such rows counts beside that of rows with a class, reached in a straight
    line over the share `ramp_up` of training. With `consistency` it is the strongly augmented row that must be given
    the class, else the row itself.
    """

    unlabeled_ratio: float = Field(
        default=7.0, ge=0, description="unlabelled examples per labelled example in a batch (μ)"
    )
    threshold: float = Field(default=0.95, ge=0, lt=1, description="confidence from which pseudo-labels are used (τ)")
    unlabeled_weight: float = Field(default=1.0, ge=0, description="weight of the unlabelled loss (λ)")
    ramp_up: float = Field(default=0.0, ge=0, le=1, description="share of training over which that weight rises from 0")
    consistency: bool = Field(
        default=True, description="supervise the strongly augmented view; false: the example itself (pseudo-labelling)"
    )


@dataclass(frozen=True)
class FixMatchLearning(HeadLearning):
    """The loss side: rows without a class learn from what the network is sure of."""

    options: Options = field(kw_only=True)

    def ensemble(self, networks: Sequence[nn.Module]) -> nn.Module | None:
        """Return None: what rows without a class are taken for, or tell of their domain, is one network's."""
        return None

    def loss(self, network: Any, batch: Batch, stepped: str, rng: Rng) -> Loss:
        """Return the cross-entropy of each row: with its class, or with that which the network is sure of; else
        nothing.

        What the network says of the easy view of rows without a class is taken as it is: no gradient goes through it.
        """
        assert batch.target_B is not None
        free_B = batch.target_B < 0
        scores, said_BC = self._scores(network, batch, free_B)
        sure_B, class_B = said_BC.softmax(-1).max(-1)
        taken_B = (free_B & (sure_B >= self.options.threshold)).to(scores.dtype)
        guessed_B = taken_B * F.cross_entropy(scores, class_B, reduction="none")
        own = self.head.value(network.last, scores, batch.target_B.clamp_min(0))
        weight_B = balanced(self.options.unlabeled_ratio, free_B, batch.weight_B) * torch.where(free_B, 1, own.weight_B)
        reached = (rng.progress / self.options.ramp_up).clamp_max(1) if self.options.ramp_up else 1.0
        parts = {
            "supervised": mean_over(~free_B, own.value_B, weight_B),
            "unlabelled": mean_over(free_B, guessed_B, weight_B),
            "sure": mean_over(free_B, taken_B, weight_B),
        }
        return Loss(
            torch.where(free_B, self.options.unlabeled_weight * reached * guessed_B, own.value_B), weight_B, parts
        )

    def _scores(self, network: Any, batch: Batch, free_B: Tensor) -> tuple[Tensor, Tensor]:
        """Return the scores (B,C) that learn, and those that say what rows are."""
        if not self.options.consistency:
            scores = full(network(batch.inputs))
            return scores, scores.detach()
        hard: Mapping[str, Tensor] = either(free_B, batch.views[STRONG], batch.inputs)
        scores = full(network(hard))
        with torch.no_grad():  # last: weights that autocast keeps from here would have no gradient there
            said_BC = full(network(batch.inputs))
        return scores, said_BC


def _supervision(options: Options) -> Supervision:
    """Return what is learnt from; without `consistency` no row has a hard view."""
    return partly_labelled.supervision(
        options,
        views=("weak", STRONG) if options.consistency else ("weak",),
        classical_target="classes",
        loss_options=(*LOSS_OPTIONS, "unlabeled_ratio", "threshold", "unlabeled_weight", "ramp_up", "consistency"),
        replaced_options=LOSS_OPTIONS,
    )


OBJECTIVE = Objective(
    name="fixmatch",
    options=Options,
    supervision=_supervision,
    learning=lambda options: FixMatchLearning(ClassHead(options), options=options),
    decision=lambda options: ClassDecision(options, ClassHead(options)),
    capabilities={"head": ClassHead},
    complete=complete,
    unsuitable=lambda options, schema: unfit_classes("fixmatch", options, schema),
)
