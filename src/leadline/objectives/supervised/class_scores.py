"""What objectives have in common that decide on one of two or more classes: probabilities, and all a classifier is
judged by.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from leadline.core.catalogue import say
from leadline.core.exhibit import ExhibitDraft
from leadline.core.finding import Finding, Reproduction
from leadline.core.metric import Metric
from leadline.core.schema import Schema
from leadline.metrics.classification import classifier as metrics
from leadline.metrics.classification import curves
from leadline.metrics.classification.confusion import F1, PRECISION, RECALL
from leadline.metrics.classification.costs import EXPECTED_COST, expected_cost
from leadline.metrics.statistics.findings import finding
from leadline.metrics.statistics.measurement import Measurement
from leadline.nn.batch import Loss, Prediction
from leadline.nn.ensemble import log_mean_exp
from leadline.objectives.calibrations.contract import calibrated, metrics_of, without_calibration
from leadline.objectives.capabilities import Head
from leadline.objectives.contract import Columns, EvaluationContext
from leadline.objectives.supervised import classifier_options
from leadline.objectives.supervised.classifier_options import Options
from leadline.objectives.supervised.many_classes import confusion_drafts, most_mistaken
from leadline.objectives.supervised.single_target import HeadDecision, wrong_target

TYPES = ("category", "boolean")  # of target that is one of several classes
LOSS_OPTIONS = ("label_smoothing", "focal_gamma")
PER_CLASS = tuple(metric.id for metric in (PRECISION, RECALL, F1))
WHOLE = ("accuracy", "balanced_accuracy", "precision_macro", "recall_macro", "f1_macro", "roc_auc", "average_precision")
OF_TWO = ("sensitivity", "specificity", "ppv", "npv")
LOSSES = ("nll", "brier", "ece")
COST = "expected_cost"


class Scores(nn.Module):
    """The end of the network: scores divided by a temperature; it carries how they are trained, and how they are
    decided on.

    `temperature` and `threshold` are chosen after training and travel with the weights; until then they change nothing.
    """

    def __init__(self, schema: Schema, options: Options) -> None:
        super().__init__()
        self.options = options
        self.positive = schema.positive
        self.temperature: Tensor
        self.threshold: Tensor | None
        self.weight_C: Tensor | None
        self.cost_CC: Tensor | None
        point, weights = options.operating_point, classifier_options.weights(options, schema)
        costs = None if options.costs is None else classifier_options.matrix(options.costs, schema.classes)
        self.register_buffer("temperature", torch.tensor(1.0))
        self.register_buffer(
            "threshold", None if point is None else torch.tensor(point if isinstance(point, float) else 0.5)
        )
        self.register_buffer(
            "weight_C", None if weights is None else torch.tensor(weights, dtype=torch.float32), persistent=False
        )
        self.register_buffer(
            "cost_CC", None if costs is None else torch.tensor(costs, dtype=torch.float32), persistent=False
        )

    def forward(self, scores_BC: Tensor) -> Tensor:
        return scores_BC / self.temperature

    def decide(self, probability_BC: Tensor) -> Tensor:
        """Return class numbers (B,): of least expected cost, from the threshold on, or most probable."""
        if self.cost_CC is not None:
            # costs that differ little must not be rounded
            with torch.autocast(probability_BC.device.type, enabled=False):
                return (probability_BC @ self.cost_CC).argmin(-1)
        if self.threshold is not None and self.positive is not None:
            return torch.where(probability_BC[:, self.positive] >= self.threshold, self.positive, 1 - self.positive)
        return probability_BC.argmax(-1)


@dataclass(frozen=True)
class ClassHead(Head):
    """What stands at the end: softmax over classes; two classes are two scores, so that binary and multi-class are the
    same code.
    """

    options: Options

    def outputs(self, schema: Schema) -> int:
        """Return one score a class."""
        return len(schema.classes)

    def last(self, schema: Schema) -> nn.Module:
        """Return the end of the network."""
        return Scores(schema, self.options)

    def value(self, last: Any, scores: Tensor, target_B: Tensor) -> Loss:
        """Return the cross-entropy of each example in nats, or its focal form; a row weighs what its class does.

        Focal loss is the sum over classes of -q (1 - p)^gamma log p, where q is 1 for the true class or, smoothed,
        nearly so.
        """
        smoothing, gamma = last.options.label_smoothing, last.options.focal_gamma
        if gamma:
            log_BC = scores.log_softmax(-1)
            # (1 - p)^gamma has no slope at p = 1 for gamma below 1
            sum_BC = (-torch.expm1(log_BC)).clamp_min(torch.finfo(log_BC.dtype).eps) ** gamma * -log_BC
            true_B = sum_BC.gather(1, target_B[:, None]).squeeze(1)
            value_B = (1 - smoothing) * true_B + smoothing * sum_BC.mean(-1)
        else:
            value_B = F.cross_entropy(scores, target_B, reduction="none", label_smoothing=smoothing)
        return Loss(value_B, torch.ones_like(value_B) if last.weight_C is None else last.weight_C[target_B], {})

    def averaged(self, outputs_KBO: Tensor) -> Tensor:
        """Return the logarithms of the members' mean probabilities."""
        return log_mean_exp(outputs_KBO.log_softmax(-1))

    def decided(self, last: Any, scores: Tensor) -> Prediction:
        """Return `prediction` (B,), the class number decided on, and `probability` (B,C)."""
        probability_BC = scores.softmax(-1)
        return Prediction({"prediction": last.decide(probability_BC), "probability": probability_BC})


@dataclass(frozen=True)
class ClassDecision(HeadDecision):
    """The decision side: a class and the probability of each, calibrated on validation rows."""

    calibrations: tuple[str, ...] = ("temperature", "operating-point")
    monitors: ClassVar[Mapping[str, str]] = {"loss": "lower", "accuracy": "higher"}

    @property
    def declared_metrics(self) -> tuple[Metric, ...]:
        """What findings are called."""
        return (*metrics.METRICS, EXPECTED_COST, *metrics_of(self.calibrations))

    def calibrate(self, network: Any, predictions: Columns, context: EvaluationContext) -> tuple[Finding, ...]:
        """Fit the temperature, then choose the threshold with it; both on the rows of `context` alone."""
        return calibrated(self.calibrations, network.last, self.options, predictions, context)

    def uncalibrated(self, network: Any, predictions: Columns) -> tuple[str, Columns] | None:
        """Return predictions without the temperature."""
        return without_calibration(self.calibrations, network.last, predictions)

    def monitor(self, predictions: Mapping[str, np.ndarray], target: np.ndarray, schema: Schema) -> Mapping[str, float]:
        """Return mean negative log-likelihood (nats), rows weighed as in training, and accuracy."""
        chosen = predictions["probability"][np.arange(len(target)), target]
        tiny = np.finfo(np.float32).tiny
        weight_C = classifier_options.weights(self.options, schema)
        loss = float(
            np.average(-np.log(np.maximum(chosen, tiny)), weights=None if weight_C is None else weight_C[target])
        )
        return {"loss": loss, "accuracy": float((predictions["prediction"] == target).mean())}

    def dummy_predictor(self, target: np.ndarray, rows: int, schema: Schema) -> tuple[str, Mapping[str, np.ndarray]]:
        """Return the majority class or, with costs, the cheapest one; the train rows' class frequencies are its
        probabilities.
        """
        share_C = np.bincount(target, minlength=len(schema.classes)) / len(target)
        name, always = "majority", int(share_C.argmax())
        if self.options.costs is not None:
            name, always = (
                "cheapest",
                int((share_C @ classifier_options.matrix(self.options.costs, schema.classes)).argmin()),
            )
        return name, {
            "prediction": np.full(rows, always),
            "probability": np.broadcast_to(share_C, (rows, len(share_C))),
        }

    def per_example_score(
        self, predictions: Mapping[str, np.ndarray], target: np.ndarray, schema: Schema
    ) -> tuple[str, np.ndarray] | None:
        """Return whether each row is right; what it costs where costs were given; its surprise where a threshold was
        wished for.

        A threshold trades one kind of mistake for another, so that being right no longer says how good a model is.
        """
        if self.options.costs is not None:
            return COST, classifier_options.matrix(self.options.costs, schema.classes)[
                target, predictions["prediction"]
            ]
        if self.options.operating_point is not None:
            chosen = predictions["probability"][np.arange(len(target)), target]
            return "nll", -np.log(np.maximum(chosen.astype(np.float64), np.finfo(np.float32).tiny))
        return "accuracy", predictions["prediction"] == target

    def metric_names(self, schema: Schema) -> tuple[str, ...]:
        """Return the names of all findings on one split."""
        of_classes = (f"{name}({c})" for c in schema.classes for name in PER_CLASS)
        return (*self._whole(schema), *LOSSES, *((COST,) if self.options.costs is not None else ()), *of_classes)

    def measure(
        self, predictions: Mapping[str, np.ndarray], context: EvaluationContext
    ) -> Iterator[Finding | ExhibitDraft]:
        """Yield measures with intervals, the confusion matrix, curves and the reliability diagram of one split."""
        schema, probability_nC, predicted_n = context.schema, predictions["probability"], predictions["prediction"]
        results = metrics.measure_all(
            context.target,
            probability_nC,
            predicted_n,
            positive=schema.positive,
            levels=context.levels,
            group=context.group,
        )
        again = Reproduction(producer="objective", seed=context.seed, repeat="exact", tolerance=1e-6)
        common: dict[str, Any] = {"split": context.split, "levels": context.levels, "again": again}
        for name in (*self._whole(schema), *LOSSES):
            unit = "nats" if name == "nll" else "1"
            yield finding(name, results[name], unit=unit, better="lower" if name in LOSSES else "higher", **common)
        if self.options.costs is not None:
            cost_CC = classifier_options.matrix(self.options.costs, schema.classes)
            paid = expected_cost(context.target, predicted_n, cost_CC, context.levels, context.group)
            yield finding(COST, paid, better="lower", **common)
        counts_CC = metrics.confusion(context.target, predicted_n, len(schema.classes))
        shown = set(most_mistaken(counts_CC).tolist())
        for number, label in enumerate(schema.classes):
            for name in PER_CLASS:
                if number in shown or f"{name}({label})".replace(" ", "") in context.required:
                    yield finding(name, results[name, number], group=f"class={label}", better="higher", **common)
        if len(shown) < len(schema.classes):
            yield _every_class(results, schema, context.split)
        yield from _drafts(predictions, counts_CC, context)

    def _whole(self, schema: Schema) -> tuple[str, ...]:
        return WHOLE if schema.positive is None else (*WHOLE, *OF_TWO)


def unfit_classes(name: str, options: Options, schema: Schema) -> str | None:
    """Say why the target cannot be classified, or which option does not fit it, or None."""
    number = "objectives.or-category"
    return wrong_target(name, TYPES, schema, {"number": number}) or classifier_options.unfit(options, schema)


def _every_class(results: Mapping[Any, Measurement], schema: Schema, split: str) -> ExhibitDraft:
    """Return the measures of each of very many classes, without intervals, the worst first."""
    rows = [[label, *(results[name, at].value for name in PER_CLASS)] for at, label in enumerate(schema.classes)]
    rows.sort(key=lambda row: (row[-1] is None, row[-1] or 0.0))
    columns = [say("exhibits.class"), *(metric.name_in_text for metric in (PRECISION, RECALL, F1))]
    content = {"columns": columns, "rows": rows}
    return ExhibitDraft("every_class", "table", say("exhibits.every-class"), content, "", split, "per_class")


def _drafts(
    predictions: Mapping[str, np.ndarray], counts_CC: np.ndarray, context: EvaluationContext
) -> Iterator[ExhibitDraft]:
    probability_nC, predicted_n, split = predictions["probability"], predictions["prediction"], context.split
    labels = list(context.schema.classes)
    caption = say("exhibits.confusion-about")
    yield from confusion_drafts(labels, counts_CC, caption, split)
    positive = context.schema.positive
    drawn = curves.content(context.target, probability_nC, predicted_n, labels, positive, context.group)
    of = say("exhibits.one-vs-rest") if positive is None else say("exhibits.positive-class", label=labels[positive])
    if "roc" in drawn:
        caption = say("exhibits.roc-about", curves=of)
        yield ExhibitDraft("roc", "lines", say("exhibits.roc"), drawn["roc"], caption, split)
        caption = say("exhibits.precision-recall-about", curves=of)
        yield ExhibitDraft(
            "precision_recall", "lines", say("exhibits.precision-recall"), drawn["precision_recall"], caption, split
        )
    caption = say("exhibits.reliability-about")
    content: dict[str, Any] = {"bins": metrics.reliability(context.target, probability_nC, context.group)}
    yield ExhibitDraft("reliability", "reliability", say("exhibits.reliability"), content, caption, split)
