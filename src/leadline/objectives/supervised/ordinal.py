"""Classes in an order: one latent number a row, and thresholds between the classes (McCullagh 1980, proportional odds).

P(class > k) = σ(z - θ_k) with θ_0 < θ_1 < …; the loss is the negative log-likelihood of the class. A mistake by one
class is thus less of a surprise than one by three, which cross-entropy over unordered classes does not know.

Shapes: B rows, K classes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from pydantic import BeforeValidator, Field
from torch import Tensor, nn

from leadline.core.base import Fact
from leadline.core.catalogue import say
from leadline.core.exhibit import ExhibitDraft
from leadline.core.finding import Finding, Reproduction
from leadline.core.schema import Schema
from leadline.errors import UsageError, did_you_mean
from leadline.metrics.classification import ordinal as metrics
from leadline.metrics.classification.classifier import confusion
from leadline.metrics.statistics.findings import finding
from leadline.nn.batch import Loss, Prediction
from leadline.objectives.capabilities import Head
from leadline.objectives.contract import EvaluationContext
from leadline.objectives.supervised.many_classes import confusion_drafts
from leadline.objectives.supervised.single_target import HeadDecision, single_target, wrong_target

LOWER = ("mae", "nll", "rps")
UNITS = {"mae": "classes", "nll": "nats"}


def _labels(value: Any) -> Any:
    return (
        value
        if value is None or isinstance(value, str)
        else tuple(str(v).lower() if isinstance(v, bool) else str(v) for v in value)
    )


TYPES = ("category",)  # of target that it takes


class Options(Fact):
    """`order` names the classes from the lowest to the highest; classes that are numbers have theirs."""

    order: Annotated[tuple[str, ...] | None, BeforeValidator(_labels)] = Field(
        default=None, description="all classes from lowest to highest; null: in numeric or alphabetical order"
    )


class Thresholds(nn.Module):
    """The end of the network: a latent number (B,1) to log-odds (B,K-1) of lying above each threshold.

    Thresholds are learned: the first one, and from each to the next a step that is above 0 (a softplus).
    """

    def __init__(self, shares_K: Tensor, class_K: Tensor) -> None:
        super().__init__()
        below = shares_K.cumsum(0)[:-1].clamp(1e-4, 1 - 1e-4)
        threshold = torch.logit(below)  # where it would be if nothing were known of a row but how frequent classes are
        step = torch.expm1(threshold.diff().clamp_min(1e-2)).log()
        self.threshold = nn.Parameter(torch.cat([threshold[:1], step]))
        self.class_K: Tensor
        self.rank_K: Tensor
        # the number that the class of each rank has in the schema
        self.register_buffer("class_K", class_K, persistent=False)
        self.register_buffer("rank_K", class_K.argsort(), persistent=False)

    def forward(self, z_B1: Tensor) -> Tensor:
        return z_B1 - torch.cat([self.threshold[:1], F.softplus(self.threshold[1:])]).cumsum(0)


@dataclass(frozen=True)
class OrdinalHead(Head):
    """What stands at the end: thresholds between classes that have an order."""

    options: Options

    def outputs(self, schema: Schema) -> int:
        """Return one number a row."""
        return 1

    def last(self, schema: Schema) -> nn.Module:
        """Return the thresholds, which start from how frequent the classes are."""
        assert schema.target is not None
        assert self.options.order is not None
        class_K = torch.tensor([schema.classes.index(label) for label in self.options.order])
        counts_C = torch.tensor(schema.target.state.get("counts") or [1] * len(class_K), dtype=torch.float32)
        return Thresholds(((counts_C + 1) / (counts_C + 1).sum())[class_K], class_K)

    def value(self, last: Any, scores: Tensor, target_B: Tensor) -> Loss:
        """Return the negative log-likelihood of each example's class in nats."""
        value_B = -_log_probability(scores).gather(1, last.rank_K[target_B][:, None]).squeeze(1)
        return Loss(value_B, torch.ones_like(value_B), {})

    def decided(self, last: Any, scores: Tensor) -> Prediction:
        """Return `prediction` (B,), the number of the median class, and `probability` (B,C) in the order of the
        schema's classes.

        The median is off by the fewest classes, on average; the most probable class may be far from it.
        """
        rank_B = (scores > 0).sum(1)
        return Prediction(
            {"prediction": last.class_K[rank_B], "probability": _log_probability(scores).exp()[:, last.rank_K]}
        )


@dataclass(frozen=True)
class OrdinalDecision(HeadDecision):
    """The decision side: the median class."""

    monitors: ClassVar[Mapping[str, str]] = {"loss": "lower", "mae": "lower", "accuracy": "higher"}
    declared_metrics = metrics.METRICS

    def monitor(self, predictions: Mapping[str, np.ndarray], target: np.ndarray, schema: Schema) -> Mapping[str, float]:
        """Return mean negative log-likelihood (nats), how many classes decisions are off by, and accuracy."""
        rank_n, said_n, probability_nK = self._ranked(predictions, target, schema)
        return {
            "loss": float(metrics.surprise(rank_n, probability_nK).mean()),
            "mae": float(np.abs(said_n - rank_n).mean()),
            "accuracy": float((said_n == rank_n).mean()),
        }

    def dummy_predictor(self, target: np.ndarray, rows: int, schema: Schema) -> tuple[str, Mapping[str, np.ndarray]]:
        """Return the median class of the train rows, and their shares as probabilities."""
        rank_C = _ranks(self.options, schema)
        share_C = np.bincount(target, minlength=len(rank_C)) / len(target)
        median = int(np.argsort(rank_C)[int(np.searchsorted(share_C[np.argsort(rank_C)].cumsum(), 0.5))])
        return "median", {
            "prediction": np.full(rows, median),
            "probability": np.broadcast_to(share_C, (rows, len(share_C))),
        }

    def per_example_score(
        self, predictions: Mapping[str, np.ndarray], target: np.ndarray, schema: Schema
    ) -> tuple[str, np.ndarray] | None:
        """Return how many classes each row is off by."""
        rank_n, said_n, _ = self._ranked(predictions, target, schema)
        return "mae", np.abs(said_n - rank_n)

    def metric_names(self, schema: Schema) -> tuple[str, ...]:
        """Return the names of all findings on one split."""
        return metrics.NAMES

    def measure(
        self, predictions: Mapping[str, np.ndarray], context: EvaluationContext
    ) -> Iterator[Finding | ExhibitDraft]:
        """Yield measures with intervals, and the confusion matrix in the order of the classes, of one split."""
        rank_n, said_n, probability_nK = self._ranked(predictions, context.target, context.schema)
        results = metrics.measure_all(rank_n, said_n, probability_nK, levels=context.levels, group=context.group)
        again = Reproduction(producer="objective", seed=context.seed, repeat="exact", tolerance=1e-6)
        for name in metrics.NAMES:
            better: Any = "lower" if name in LOWER else "higher"
            unit = UNITS.get(name, "1")
            yield finding(
                name, results[name], unit=unit, better=better, split=context.split, levels=context.levels, again=again
            )
        labels = [context.schema.classes[number] for number in np.argsort(_ranks(self.options, context.schema))]
        caption = say("exhibits.confusion-ordered-about")
        yield from confusion_drafts(labels, confusion(rank_n, said_n, len(labels)), caption, context.split)

    def _ranked(
        self, predictions: Mapping[str, np.ndarray], target: np.ndarray, schema: Schema
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return true and predicted ranks (n,) and the probability of each rank (n,K)."""
        rank_C = _ranks(self.options, schema)
        return rank_C[target], rank_C[predictions["prediction"]], predictions["probability"][:, np.argsort(rank_C)]


def _unsuitable(options: Options, schema: Schema) -> str | None:
    """Say why the target has no order, or None."""
    reason = wrong_target("ordinal", TYPES, schema)
    if reason or schema.target is None:
        return reason
    if options.order is None and not all(map(_is_number, schema.classes)):
        named = ", ".join(schema.classes[:8])
        return say("objectives.order-unknown", target=schema.target.name, classes=named)
    return None


def _complete(options: Options, schema: Schema) -> Options:
    """Return the options with the order written out; raises UsageError where it names other classes than there
    are.
    """
    order = options.order
    if order is None:
        return Options(order=tuple(sorted(schema.classes, key=float)))
    for label in order:
        if label not in schema.classes:
            raise UsageError(
                say("objectives.order-unknown-class", label=label, suggestion=did_you_mean(label, schema.classes))
            )
    lacking = [label for label in schema.classes if label not in order]
    if lacking or len(set(order)) < len(order):
        raise UsageError(say("objectives.order-lacks", label=lacking[0]) if lacking else say("objectives.order-twice"))
    return options


def _ranks(options: Options, schema: Schema) -> np.ndarray:
    """Return the rank of each class number (C,)."""
    order = _complete(options, schema).order
    assert order is not None
    return np.array([order.index(label) for label in schema.classes])


def _log_probability(above_BK: Tensor) -> Tensor:
    """Return log-probabilities (B,K) of ranks from the log-odds (B,K-1) of lying above each threshold.

    σ(a) - σ(b) = σ(a) σ(-b) (1 - exp(b - a)): nothing cancels where both are near 0 or 1.
    """
    upper_BK, lower_BK = F.logsigmoid(above_BK), F.logsigmoid(-above_BK)
    apart_BK = torch.log(-torch.expm1(above_BK[:, 1:] - above_BK[:, :-1]))
    between_BK = upper_BK[:, :-1] + lower_BK[:, 1:] + apart_BK
    return torch.cat([lower_BK[:, :1], between_BK, upper_BK[:, -1:]], 1)


def _is_number(label: str) -> bool:
    try:
        float(label)
    except ValueError:
        return False
    return True


OBJECTIVE = single_target(
    "ordinal", Options, TYPES, OrdinalHead, OrdinalDecision, unsuitable=_unsuitable, complete=_complete
)
