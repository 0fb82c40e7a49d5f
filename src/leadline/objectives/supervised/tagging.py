"""A tag for each token of a text, by cross-entropy.

Shapes: B rows of a batch, n of a split, T tokens of the longest of them, K tags.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from leadline.core.base import Fact
from leadline.core.catalogue import say
from leadline.core.exhibit import ExhibitDraft
from leadline.core.finding import Finding, Reproduction
from leadline.core.schema import Schema
from leadline.data.targets.tokens import NOTHING
from leadline.metrics.classification import tagging as metrics
from leadline.metrics.statistics.findings import finding
from leadline.nn.batch import Batch, Loss, Prediction
from leadline.nn.features import full
from leadline.nn.rng import Rng
from leadline.objectives.capabilities import Head
from leadline.objectives.contract import EvaluationContext
from leadline.objectives.supervised.many_classes import confusion_drafts
from leadline.objectives.supervised.per_token import moved
from leadline.objectives.supervised.single_target import HeadDecision, HeadLearning, single_target, wrong_target

TYPES = ("tags",)  # of target that it takes


class Options(Fact):
    """There is nothing to choose."""


@dataclass(frozen=True)
class TagHead(Head):
    """What stands at the end: a score for each tag of each token."""

    def outputs(self, schema: Schema) -> int:
        """Return one score a tag."""
        return len(schema.tags)

    def last(self, schema: Schema) -> nn.Module:
        """Return the end of the network: its outputs (B,T,K) are the scores."""
        return nn.Identity()

    def value(self, last: nn.Module, scores: Tensor, target_B: Tensor) -> Loss:
        """Return the mean cross-entropy of each row's tokens in nats; a row counts by how many tags are known."""
        nll_BT = F.cross_entropy(scores.transpose(1, 2), target_B, reduction="none", ignore_index=NOTHING)
        known_B = (target_B != NOTHING).sum(1).to(scores.dtype)
        return Loss(nll_BT.sum(1) / known_B.clamp_min(1), known_B, {})

    def decided(self, last: nn.Module, scores: Tensor) -> Prediction:
        """Return `prediction` (B,T), the number of the most probable tag, and its probability, `confidence` (B,T)."""
        confidence_BT, prediction_BT = scores.softmax(-1).max(-1)
        return Prediction({"prediction": prediction_BT.to(torch.int32), "confidence": confidence_BT})


@dataclass(frozen=True)
class TagDecision(HeadDecision):
    """The decision side: a tag for each token that there is."""

    monitors: ClassVar[Mapping[str, str]] = {"loss": "lower", "token_accuracy": "higher"}
    declared_metrics = metrics.METRICS

    def predict(self, network: Any, batch: Batch, rng: Rng | None) -> Prediction:
        """Return the tags of the tokens that there are, -1 and NaN for the others; with true tags, their mean `nll`
        (B,) too.
        """
        scores = full(network(batch.inputs))
        columns = dict(self.head.decided(network.last, scores).columns)
        there_BT = network.encoders[0].preprocessor(batch.inputs[network.names[0]]).mask
        if there_BT is not None:
            columns["prediction"] = columns["prediction"].masked_fill(~there_BT, NOTHING)
            columns["confidence"] = columns["confidence"].masked_fill(~there_BT, torch.nan)
        if batch.target_B is not None:
            columns["nll"] = self.head.value(network.last, scores, batch.target_B).value_B
        return Prediction(columns)

    def monitor(self, predictions: Mapping[str, np.ndarray], target: np.ndarray, schema: Schema) -> Mapping[str, float]:
        """Return the mean negative log-likelihood (nats) of tokens, and the share of them whose tag is right."""
        known_nT = target != NOTHING
        weight_n = known_nT.sum(1)
        right = (metrics.aligned(predictions["prediction"], target) == target) & known_nT
        tokens = max(int(weight_n.sum()), 1)
        return {"loss": float(predictions["nll"] @ weight_n / tokens), "token_accuracy": float(right.sum() / tokens)}

    def dummy_predictor(self, target: np.ndarray, rows: int, schema: Schema) -> tuple[str, Mapping[str, np.ndarray]]:
        """Return the most frequent tag for every token, and how often it is right in train."""
        share_K = np.bincount(target[target != NOTHING], minlength=len(schema.tags)) / max(
            int((target != NOTHING).sum()), 1
        )
        commonest = int(share_K.argmax())
        return "majority", {
            "prediction": np.full((rows, 1), commonest, dtype=np.int32),
            "confidence": np.full((rows, 1), share_K[commonest], dtype=np.float32),
        }

    def per_example_score(
        self, predictions: Mapping[str, np.ndarray], target: np.ndarray, schema: Schema
    ) -> tuple[str, np.ndarray] | None:
        """Return whether all tags of a row are right."""
        right_nT = metrics.aligned(predictions["prediction"], target) == target
        return "sequence_accuracy", (right_nT | (target == NOTHING)).all(1)

    def metric_names(self, schema: Schema) -> tuple[str, ...]:
        """Return the names of all findings on one split."""
        of_tags = (f"{name}({tag})" for tag in schema.tags for name in metrics.OF_ONE)
        scheme = metrics.scheme_of(schema.tags)
        if scheme is None:
            return (*metrics.WHOLE, *of_tags)
        of_kinds = (f"{name}({kind})" for kind in scheme.kinds for name in metrics.ENTITIES)
        return (*metrics.WHOLE, *metrics.ENTITIES, *of_tags, *of_kinds)

    def measure(
        self, predictions: Mapping[str, np.ndarray], context: EvaluationContext
    ) -> Iterator[Finding | ExhibitDraft]:
        """Yield measures of tokens and, where tags spell them, of entities, and which tags are taken for which, of one
        split.
        """
        tags, target_nT = context.schema.tags, context.target
        predicted_nT = predictions["prediction"]
        results = metrics.measure_all(target_nT, predicted_nT, tags, levels=context.levels, group=context.group)
        again = Reproduction(producer="objective", seed=context.seed, repeat="exact", tolerance=1e-6)
        common: dict[str, Any] = {"split": context.split, "levels": context.levels, "again": again, "better": "higher"}
        scheme = metrics.scheme_of(tags)
        for name in (*(metrics.ENTITIES if scheme else ()), *metrics.WHOLE):
            yield finding(name, results[name], **common)
        for number, tag in enumerate(tags):
            for name in metrics.OF_ONE:
                yield finding(name, results[name, number], group=f"tag={tag}", **common)
        for number, kind in enumerate(scheme.kinds if scheme else ()):
            for name in metrics.ENTITIES:
                yield finding(name, results[name, number], group=f"entity={kind}", **common)
        counts = metrics.confusion(target_nT, predicted_nT, len(tags))
        yield from confusion_drafts(tags, counts, say("exhibits.confusion-tags-about"), context.split)


def _unsuitable(options: Options, schema: Schema) -> str | None:
    """Say why the target is no tag for each token, or why tokens would not stay beside their tags, or None."""
    return wrong_target("tagging", TYPES, schema) or moved(schema)


OBJECTIVE = single_target(
    "tagging",
    Options,
    TYPES,
    lambda options: TagHead(),
    TagDecision,
    learning=lambda options, head: HeadLearning(head, "sequence"),
    unsuitable=_unsuitable,
)
