"""Sets of labels: a yes or no for each label, by binary cross-entropy.

Shapes: B rows, L labels.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn

from leadline.core.base import Fact
from leadline.core.catalogue import say
from leadline.core.exhibit import ExhibitDraft
from leadline.core.finding import Finding, Reproduction
from leadline.core.schema import Schema
from leadline.errors import UsageError, did_you_mean
from leadline.metrics.classification import multilabel as metrics
from leadline.metrics.classification.calibration import TINY
from leadline.metrics.statistics.findings import finding
from leadline.nn.batch import Loss, Prediction
from leadline.nn.ensemble import log_mean_exp
from leadline.objectives.capabilities import Head
from leadline.objectives.contract import EvaluationContext
from leadline.objectives.supervised.single_target import HeadDecision, single_target, wrong_target

PER_LABEL = ("precision", "recall", "f1")
WHOLE = ("subset_accuracy", "hamming_loss", "f1_micro", "f1_macro", "average_precision", "roc_auc")
Weight = Annotated[float, Field(gt=0)]
TYPES = ("labels",)  # of target that it takes


class Options(Fact):
    """`pos_weight` is how much a label that a row has counts beside one that it lacks.

    A number for all labels, numbers by label (1 for the others), or ``balanced``: rows without for each row with it, in
    train.
    """

    pos_weight: Weight | Literal["balanced"] | Mapping[str, Weight] = Field(
        default=1.0, description="weight of positive labels in the loss: a number, one per label, or balanced"
    )


class Yes(nn.Module):
    """The end of the network: its outputs are the scores; it carries what labels that are there weigh."""

    def __init__(self, weight_L: np.ndarray) -> None:
        super().__init__()
        self.weight_L: Tensor
        self.register_buffer("weight_L", torch.tensor(weight_L, dtype=torch.float32), persistent=False)

    def forward(self, scores_BL: Tensor) -> Tensor:
        return scores_BL


@dataclass(frozen=True)
class LabelHead(Head):
    """What stands at the end: a probability for each label, by itself."""

    options: Options

    def outputs(self, schema: Schema) -> int:
        """Return one score a label."""
        return len(schema.labels)

    def last(self, schema: Schema) -> nn.Module:
        """Return the end of the network."""
        return Yes(_weights(self.options, schema))

    def value(self, last: Any, scores: Tensor, target_B: Tensor) -> Loss:
        """Return the mean binary cross-entropy of each example's labels in nats."""
        losses_BL = F.binary_cross_entropy_with_logits(
            scores, target_B.to(scores.dtype), pos_weight=last.weight_L.to(scores.dtype), reduction="none"
        )
        value_B = losses_BL.mean(-1)
        return Loss(value_B, torch.ones_like(value_B), {})

    def averaged(self, outputs_KBO: Tensor) -> Tensor:
        """Return the scores of the members' mean probabilities."""
        return log_mean_exp(F.logsigmoid(outputs_KBO)) - log_mean_exp(F.logsigmoid(-outputs_KBO))

    def decided(self, last: Any, scores: Tensor) -> Prediction:
        """Return `prediction` (B,L), 1 for the labels that are more probable than not, and `probability` (B,L)."""
        probability_BL = scores.sigmoid()
        return Prediction({"prediction": (probability_BL > 0.5).to(torch.uint8), "probability": probability_BL})


@dataclass(frozen=True)
class LabelDecision(HeadDecision):
    """The decision side: the labels that are more probable than not."""

    monitors: ClassVar[Mapping[str, str]] = {"loss": "lower", "f1_micro": "higher", "subset_accuracy": "higher"}
    declared_metrics = metrics.METRICS

    def monitor(self, predictions: Mapping[str, np.ndarray], target: np.ndarray, schema: Schema) -> Mapping[str, float]:
        """Return the training loss, F1 over all labels together, and how often the whole set is right."""
        p_nL = predictions["probability"].astype(np.float64)
        yes_nL, no_nL = -np.log(np.maximum(p_nL, TINY)), -np.log(np.maximum(1 - p_nL, TINY))
        said, true = predictions["prediction"] > 0, target > 0
        counted = int(said.sum() + true.sum())
        return {
            "loss": float((_weights(self.options, schema) * target * yes_nL + (1 - target) * no_nL).mean()),
            "f1_micro": 2 * int((said & true).sum()) / counted if counted else 0.0,
            "subset_accuracy": float((said == true).all(1).mean()),
        }

    def dummy_predictor(self, target: np.ndarray, rows: int, schema: Schema) -> tuple[str, Mapping[str, np.ndarray]]:
        """Return the labels that most train rows have, with the labels' shares of train rows as probabilities."""
        share_L = target.mean(0, dtype=np.float64)
        shape = (rows, len(share_L))
        return "majority", {
            "prediction": np.broadcast_to(share_L > 0.5, shape).astype(np.uint8),
            "probability": np.broadcast_to(share_L, shape),
        }

    def metric_names(self, schema: Schema) -> tuple[str, ...]:
        """Return the names of all findings on one split."""
        return (*WHOLE, *(f"{name}({label})" for label in schema.labels for name in PER_LABEL))

    def measure(
        self, predictions: Mapping[str, np.ndarray], context: EvaluationContext
    ) -> Iterator[Finding | ExhibitDraft]:
        """Yield measures with intervals, of sets and of each label, and how often each label is there and said, of one
        split.
        """
        said_nL, true_nL, labels = predictions["prediction"] > 0, context.target > 0, context.schema.labels
        results = metrics.measure_all(
            true_nL, said_nL, predictions["probability"], levels=context.levels, group=context.group
        )
        again = Reproduction(producer="objective", seed=context.seed, repeat="exact", tolerance=1e-6)
        common: dict[str, Any] = {"split": context.split, "levels": context.levels, "again": again}
        for name in WHOLE:
            yield finding(name, results[name], better="lower" if name == "hamming_loss" else "higher", **common)
        for number, label in enumerate(labels):
            for name in PER_LABEL:
                yield finding(name, results[name, number], group=f"class={label}", better="higher", **common)
        counts = zip(labels, true_nL.sum(0), said_nL.sum(0), (true_nL & said_nL).sum(0), strict=True)
        rows = [[label, int(true), int(said), int(right)] for label, true, said, right in counts]
        content = {
            "columns": [
                "label",
                say("exhibits.label-true"),
                say("exhibits.label-predicted"),
                say("exhibits.label-correct"),
            ],
            "rows": rows,
        }
        yield ExhibitDraft("labels", "table", say("exhibits.label-counts"), content, split=context.split)


def _unsuitable(options: Options, schema: Schema) -> str | None:
    """Say why the target is no set of labels, or None; raises UsageError for the weight of a label that is not
    there.
    """
    category = "objectives.or-labels"
    reason = wrong_target("multilabel", TYPES, schema, {"category": category})
    if reason is None:
        _weights(options, schema)
    return reason


def _weights(options: Options, schema: Schema) -> np.ndarray:
    """Return what a label that is there weighs (L,)."""
    given = options.pos_weight
    assert schema.target is not None
    if given == "balanced":
        share_L = np.clip(np.array(schema.target.state["shares"]), 1e-6, 1 - 1e-6)
        return np.asarray((1 - share_L) / share_L)
    if isinstance(given, Mapping):
        for label in given:
            if label not in schema.labels:
                hint = did_you_mean(label, schema.labels)
                raise UsageError(say("objectives.positive-weight-unknown-label", label=label, hint=hint))
        return np.array([given.get(label, 1.0) for label in schema.labels])
    return np.full(len(schema.labels), float(given))


OBJECTIVE = single_target("multilabel", Options, TYPES, LabelHead, LabelDecision, unsuitable=_unsuitable)
