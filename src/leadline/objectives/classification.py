"""One of two or more classes: cross-entropy, probabilities, and everything a classifier is judged by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn

from leadline.facts.base import Fact
from leadline.facts.exhibit import Draft
from leadline.facts.finding import Again, Finding
from leadline.facts.schema import Schema
from leadline.layers.contracts import Context
from leadline.layers.types import Loss, Prediction
from leadline.metrics import classification as metrics
from leadline.metrics.findings import finding
from leadline.objectives.single import SinglePlayer

PER_CLASS = ("precision", "recall", "f1")
WHOLE = ("accuracy", "balanced_accuracy", "precision_macro", "recall_macro", "f1_macro", "roc_auc")
LOSSES = ("nll", "brier", "ece")


class Options(Fact):
    """`label_smoothing` moves that share of each target's probability to all classes evenly (Szegedy et al. 2016)."""

    label_smoothing: float = Field(default=0.0, ge=0, lt=1)


class Scores(nn.Identity):
    """The end of the network: its outputs are the scores; it carries how smooth the targets of training are."""

    def __init__(self, label_smoothing: float) -> None:
        super().__init__()
        self.label_smoothing = label_smoothing


class Classification(SinglePlayer):
    """Softmax over classes; two classes are two scores, so that binary and multi-class are the same code."""

    name = "classification"
    options = Options
    monitors: Mapping[str, str] = {"loss": "lower", "accuracy": "higher"}

    def suits(self, schema: Schema) -> str | None:
        """Say why the target cannot be classified, or None."""
        if schema.target is None:
            return "classification needs a target"
        if not schema.classes:
            name = schema.target.name
            return f"the target {name!r} is a number; use the objective 'regression', or say --set data.kinds.{name}=category"
        return None

    def outputs(self, schema: Schema, options: Options) -> int:
        """Return one score a class."""
        return len(schema.classes)

    def last(self, schema: Schema, options: Options) -> nn.Module:
        """Return the end of the network."""
        return Scores(options.label_smoothing)

    def value(self, last: Any, scores: Tensor, target_B: Tensor) -> Loss:
        """Return the cross-entropy of each example in nats."""
        value_B = F.cross_entropy(scores, target_B, reduction="none", label_smoothing=last.label_smoothing)
        return Loss(value_B, torch.ones_like(value_B), {})

    def decided(self, last: Any, scores: Tensor) -> Prediction:
        """Return `prediction` (B,), the most probable class number, and `probability` (B,C)."""
        probability_BC = scores.softmax(-1)
        return Prediction({"prediction": probability_BC.argmax(-1), "probability": probability_BC})

    def monitor(self, predictions: Mapping[str, np.ndarray], target: np.ndarray, schema: Schema) -> Mapping[str, float]:
        """Return mean negative log-likelihood (nats) and accuracy."""
        chosen = predictions["probability"][np.arange(len(target)), target]
        tiny = np.finfo(np.float32).tiny
        loss = float(-np.log(np.maximum(chosen, tiny)).mean())
        return {"loss": loss, "accuracy": float((predictions["prediction"] == target).mean())}

    def constant(self, target: np.ndarray, rows: int, schema: Schema) -> tuple[str, Mapping[str, np.ndarray]]:
        """Return the majority class, with the train rows' class frequencies as probabilities."""
        share_C = np.bincount(target, minlength=len(schema.classes)) / len(target)
        return "majority", {
            "prediction": np.full(rows, share_C.argmax()),
            "probability": np.broadcast_to(share_C, (rows, len(share_C))),
        }

    def names(self, schema: Schema) -> tuple[str, ...]:
        """Return the names of all findings on one split."""
        return (*WHOLE, *LOSSES, *(f"{name}({c})" for c in schema.classes for name in PER_CLASS))

    def measure(self, predictions: Mapping[str, np.ndarray], context: Context) -> Iterator[Finding | Draft]:
        """Yield measures with intervals, the confusion matrix and the reliability diagram of one split."""
        probability_nC = predictions["probability"]
        results = metrics.measure_all(context.target, probability_nC, levels=context.levels, group=context.group)
        again = Again(producer="objective", seed=context.seed, repeat="exact", tolerance=1e-6)
        common: dict[str, Any] = {"split": context.split, "levels": context.levels, "again": again}
        for name in (*WHOLE, *LOSSES):
            unit = "nats" if name == "nll" else "1"
            yield finding(name, results[name], unit=unit, better="lower" if name in LOSSES else "higher", **common)
        for number, label in enumerate(context.schema.classes):
            for name in PER_CLASS:
                yield finding(name, results[name, number], group=f"class={label}", better="higher", **common)
        labels = list(context.schema.classes)
        counts_CC = metrics.confusion(context.target, predictions["prediction"], len(labels))
        caption = "Rows: the true class. Columns: what the network said."
        content: dict[str, Any] = {"labels": labels, "counts": counts_CC.tolist()}
        yield Draft("confusion", "matrix", "Confusion matrix", content, caption, context.split)
        caption = "How often the network is right when it claims a confidence, with 95 % Wilson intervals."
        content = {"bins": metrics.reliability(context.target, probability_nC, context.group)}
        yield Draft("reliability", "reliability", "Reliability", content, caption, context.split)


OBJECTIVE = Classification()
