"""Probabilities as targets: cross-entropy against them, and how near predicted probabilities come.

Shapes: B rows, C classes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from leadline.core.base import Fact
from leadline.core.catalogue import say
from leadline.core.exhibit import ExhibitDraft
from leadline.core.finding import Finding, Reproduction
from leadline.core.schema import Schema
from leadline.metrics.classification import soft_labels as metrics
from leadline.metrics.statistics.findings import finding
from leadline.nn.batch import Loss, Prediction
from leadline.nn.ensemble import log_mean_exp
from leadline.objectives.capabilities import Head
from leadline.objectives.contract import EvaluationContext
from leadline.objectives.supervised.single_target import HeadDecision, single_target, wrong_target

LOSSES = ("nll", "kl", "brier", "probability_mae")
SHOWN = 2000  # points in the scatter of predicted against true
TYPES = ("probabilities",)  # of target that it takes


class Options(Fact):
    """There is nothing to choose."""


@dataclass(frozen=True)
class SoftmaxHead(Head):
    """What stands at the end: softmax over classes, trained towards probabilities rather than one class."""

    def outputs(self, schema: Schema) -> int:
        """Return one score a class."""
        return len(schema.labels)

    def last(self, schema: Schema) -> nn.Module:
        """Return the end of the network: its outputs are the scores."""
        return nn.Identity()

    def value(self, last: Any, scores: Tensor, target_B: Tensor) -> Loss:
        """Return the cross-entropy of each example against its probabilities in nats."""
        value_B = -(target_B * scores.log_softmax(-1)).sum(-1)
        return Loss(value_B, torch.ones_like(value_B), {})

    def averaged(self, outputs_KBO: Tensor) -> Tensor:
        """Return the logarithms of the members' mean probabilities."""
        return log_mean_exp(outputs_KBO.log_softmax(-1))

    def decided(self, last: Any, scores: Tensor) -> Prediction:
        """Return `prediction` (B,), the most probable class number, and `probability` (B,C)."""
        probability_BC = scores.softmax(-1)
        return Prediction({"prediction": probability_BC.argmax(-1), "probability": probability_BC})


@dataclass(frozen=True)
class ProbabilityDecision(HeadDecision):
    """The decision side: probabilities, judged by those of the target."""

    monitors: ClassVar[Mapping[str, str]] = {"loss": "lower", "kl": "lower", "agreement": "higher"}
    declared_metrics = metrics.METRICS

    def monitor(self, predictions: Mapping[str, np.ndarray], target: np.ndarray, schema: Schema) -> Mapping[str, float]:
        """Return mean cross-entropy and divergence (nats), and how often the most probable class is the same."""
        probability_nC = predictions["probability"]
        return {
            "loss": float(metrics.cross_entropies(target, probability_nC).mean()),
            "kl": float(metrics.divergences(target, probability_nC).mean()),
            "agreement": float((predictions["prediction"] == target.argmax(1)).mean()),
        }

    def dummy_predictor(self, target: np.ndarray, rows: int, schema: Schema) -> tuple[str, Mapping[str, np.ndarray]]:
        """Return the mean probabilities of the train rows."""
        mean_C = target.mean(0, dtype=np.float64)
        return "mean", {
            "prediction": np.full(rows, mean_C.argmax()),
            "probability": np.broadcast_to(mean_C, (rows, len(mean_C))),
        }

    def metric_names(self, schema: Schema) -> tuple[str, ...]:
        """Return the names of all findings on one split."""
        return (*LOSSES, "agreement")

    def measure(
        self, predictions: Mapping[str, np.ndarray], context: EvaluationContext
    ) -> Iterator[Finding | ExhibitDraft]:
        """Yield measures with intervals, and predicted against true probabilities, of one split."""
        probability_nC = predictions["probability"]
        results = metrics.measure_all(context.target, probability_nC, levels=context.levels, group=context.group)
        again = Reproduction(producer="objective", seed=context.seed, repeat="exact", tolerance=1e-6)
        for name in self.metric_names(context.schema):
            unit, better = "nats" if name in ("nll", "kl") else "1", "higher" if name == "agreement" else "lower"
            found: Any = {
                "unit": unit,
                "better": better,
                "split": context.split,
                "levels": context.levels,
                "again": again,
            }
            yield finding(name, results[name], **found)
        # Of an event and its contrary one says all.
        first = int(len(context.schema.labels) == 2)
        true, predicted = (
            context.target[:, first:].ravel(),
            np.asarray(probability_nC[:, first:], dtype=np.float64).ravel(),
        )
        some = np.linspace(0, len(true) - 1, min(SHOWN, len(true))).astype(int)
        content = {
            "x": {"label": say("exhibits.target-probability"), "values": true[some].tolist()},
            "y": {"label": say("exhibits.predicted-probability"), "values": predicted[some].tolist()},
            "diagonal": True,
        }
        yield ExhibitDraft(
            "predicted", "scatter", say("exhibits.predicted-target-probabilities"), content, split=context.split
        )


def _unsuitable(options: Options, schema: Schema) -> str | None:
    """Say why the target is no probabilities, or None."""
    category = "objectives.or-columns"
    return wrong_target("probabilities", TYPES, schema, {"category": category})


OBJECTIVE = single_target(
    "probabilities", Options, TYPES, lambda options: SoftmaxHead(), ProbabilityDecision, unsuitable=_unsuitable
)
