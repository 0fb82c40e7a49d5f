"""Language: each token of a text from those before it, and where the text ends (Bengio et al. 2003).

The network reads a text once: what it knows after each token says what comes next, and a vector of its own says how
texts begin. The number of padding, which is never foreseen, stands for the end.

Shapes: B rows of a batch, n of a split, T tokens of the longest text, S = T + 1 places to foresee, V tokens of the
vocabulary.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from leadline.core.base import Fact
from leadline.core.catalogue import say
from leadline.core.exhibit import ExhibitDraft
from leadline.core.finding import Finding, Reproduction
from leadline.core.schema import Schema
from leadline.data.columns.texts.tokens import UNKNOWN, tokens_of
from leadline.data.targets.text import END
from leadline.data.targets.tokens import NOTHING
from leadline.metrics.generative import language as metrics
from leadline.metrics.statistics.findings import finding
from leadline.metrics.statistics.measurement import Measurement, absent
from leadline.nn.batch import Batch, Loss, Prediction
from leadline.nn.features import full
from leadline.nn.fusion import Fuse
from leadline.nn.rng import Rng
from leadline.objectives.capabilities import Head, Sampler
from leadline.objectives.contract import EvaluationContext
from leadline.objectives.supervised.per_token import moved
from leadline.objectives.supervised.single_target import HeadDecision, HeadLearning, single_target, wrong_target
from leadline.objectives.supervised.text_sampling import Sampling, sample_text

# that are held at a time; of more, rows are taken in turn and their scores computed again for the gradient
SCORES = 1 << 25
ANY_CHARACTER = math.log(1_114_112)  # nats that say which of Unicode's an unknown character is
TYPES = ("text",)  # of target that it takes


class Options(Fact):
    """There is nothing to choose."""


class Begun(nn.Module):
    """Features after each token (B,T,F) to features of each place (B,T+1,F); those before the first token are
    learned.
    """

    def __init__(self, features: int) -> None:
        super().__init__()
        self.first_F = nn.Parameter(torch.randn(features))

    def forward(self, x_BTF: Tensor) -> Tensor:
        return torch.cat([self.first_F.to(x_BTF.dtype).expand(len(x_BTF), 1, -1), x_BTF], 1)


@dataclass(frozen=True)
class TokenHead(Head):
    """What stands at the end: a score for each token, in every place of a text."""

    def outputs(self, schema: Schema) -> int:
        """Return one score a token."""
        return len(_text(schema)["vocabulary"])

    def last(self, schema: Schema) -> nn.Module:
        """Return the end of the network: its outputs (B,S,V) are the scores."""
        return nn.Identity()

    def value(self, last: nn.Module, scores: Tensor, target_B: Tensor) -> Loss:
        """Return the mean surprise at each row's tokens and end, in nats; a row counts by how many there are."""
        nll_BS = F.cross_entropy(scores.transpose(1, 2), target_B, reduction="none", ignore_index=NOTHING)
        known_B = (target_B != NOTHING).sum(1).to(scores.dtype)
        return Loss(nll_BS.sum(1) / known_B.clamp_min(1), known_B, {})

    def decided(self, last: nn.Module, scores: Tensor) -> Prediction:
        """Return nothing: how surprising a text is, scores alone do not say."""
        return Prediction({})


@dataclass(frozen=True)
class LanguageLearning(HeadLearning):
    """The loss side: of many scores a part is held at a time."""

    def build(self, schema: Schema, encoders: Mapping[str, nn.Module], fuse: Fuse | None = None) -> nn.Module:
        """Return the network, whose head begins with what texts begin with."""
        network: Any = super().build(schema, encoders, fuse)
        network.head = nn.Sequential(Begun(network.head.in_features), network.head)
        return network  # type: ignore[no-any-return]

    def loss(self, network: Any, batch: Batch, stepped: str, rng: Rng) -> Loss:
        """Return the loss of each example."""
        own = _surprise(self.head, network, batch)
        return own._replace(weight_B=own.weight_B * batch.weight_B)


@dataclass(frozen=True)
class TextSampler(Sampler):
    """Draws texts token by token."""

    samples = Sampling

    def sample(self, network: Any, schema: Schema, rng: Rng, options: Sampling) -> Mapping[str, list[str]]:
        """Return a text for each row of the draws, by the name of its column."""
        field = schema.inputs[0].fields[0]
        return {field.name: sample_text(network, field.state, rng, options)}


@dataclass(frozen=True)
class LanguageDecision(HeadDecision):
    """The decision side: how surprising a text is."""

    monitors: ClassVar[Mapping[str, str]] = {"loss": "lower", "perplexity": "lower"}
    declared_metrics = metrics.METRICS

    def predict(self, network: Any, batch: Batch, rng: Rng | None) -> Prediction:
        """Return the mean surprise at the tokens and the end of each text, `nll` (B,) in nats, and how many these are,
        `tokens`.
        """
        own = _surprise(self.head, network, batch)
        return Prediction({"nll": own.value_B, "tokens": own.weight_B.to(torch.int32)})

    def monitor(self, predictions: Mapping[str, np.ndarray], target: np.ndarray, schema: Schema) -> Mapping[str, float]:
        """Return the mean surprise at a token in nats, and its exponential."""
        tokens_n = (target != NOTHING).sum(1)
        loss = float(predictions["nll"].astype(np.float64) @ tokens_n / max(int(tokens_n.sum()), 1))
        return {"loss": loss, "perplexity": math.exp(min(loss, 700.0))}

    def dummy_predictor(self, target: np.ndarray, rows: int, schema: Schema) -> tuple[str, Mapping[str, np.ndarray]]:
        """Return how frequent each token, and the end, is in train, as the `probability` (n,V) of any place (add-one
        smoothing).
        """
        count_V = np.bincount(target[target != NOTHING], minlength=len(_text(schema)["vocabulary"])) + 1.0
        return "unigram", {"probability": np.broadcast_to(count_V / count_V.sum(), (rows, len(count_V)))}

    def metric_names(self, schema: Schema) -> tuple[str, ...]:
        """Return the names of all findings on one split."""
        return ("perplexity", "nll", "bits_per_character")

    def measure(
        self, predictions: Mapping[str, np.ndarray], context: EvaluationContext
    ) -> Iterator[Finding | ExhibitDraft]:
        """Yield perplexity, surprise a token and bits a character of one split, with intervals."""
        target_nS, state = context.target, _text(context.schema)
        tokens_n = (target_nS != NOTHING).sum(1)
        nll_n = _nll(predictions, target_nS, tokens_n)
        a_token = metrics.surprise(nll_n, tokens_n, context.levels, context.group)
        again = Reproduction(producer="objective", seed=context.seed, repeat="exact", tolerance=1e-5)
        common: dict[str, Any] = {"split": context.split, "levels": context.levels, "again": again, "better": "lower"}
        yield finding("perplexity", metrics.perplexity(a_token), **common)
        yield finding("nll", a_token, unit="nats", **common)
        yield finding("bits_per_character", _a_character(nll_n, target_nS, state, context), unit="bits", **common)


def _unsuitable(options: Options, schema: Schema) -> str | None:
    """Say why the target is no text, or why tokens would not stay in their places, or None."""
    return wrong_target("language", TYPES, schema) or moved(schema)


def _surprise(head: Head, network: Any, batch: Batch) -> Loss:
    """Return the surprise at each row's tokens; of many scores a part is held at a time."""
    features_BTF, target_BS = network.features(batch.inputs), batch.target_B
    assert target_BS is not None, "a text is its own target, whoever gives it"
    rows = max(1, SCORES // (target_BS.shape[1] * network.head[1].out_features))

    def part(features: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        own = head.value(network.last, full(network.last(network.head(features))), target)
        return own.value_B, own.weight_B

    if rows >= len(batch):
        return Loss(*part(features_BTF, target_BS), {})
    pairs = zip(torch.split(features_BTF, rows), torch.split(target_BS, rows), strict=True)
    if torch.is_grad_enabled():
        found = [checkpoint(part, *pair, use_reentrant=False, preserve_rng_state=False) for pair in pairs]
    else:
        found = [part(*pair) for pair in pairs]
    values, weights = zip(*found, strict=True)
    return Loss(torch.cat(values), torch.cat(weights), {})


def _nll(predictions: Mapping[str, np.ndarray], target_nS: np.ndarray, tokens_n: np.ndarray) -> np.ndarray:
    """Return the surprise at each text (n,) in nats."""
    if "nll" in predictions:
        nll_n: np.ndarray = predictions["nll"].astype(np.float64) * tokens_n
        return nll_n
    known = target_nS != NOTHING
    row_S, place_S = np.nonzero(known)
    surprise_S = -np.log(predictions["probability"][row_S, target_nS[row_S, place_S]])
    return np.bincount(row_S, weights=surprise_S, minlength=len(target_nS))


def _a_character(
    nll_n: np.ndarray, target_nS: np.ndarray, state: Mapping[str, Any], context: EvaluationContext
) -> Measurement:
    """Return the surprise at a character in bits, where tokens say all that stands in a text."""
    if state["tokens"] not in ("bpe", "characters"):
        return absent(say("objectives.tokens-not-reversible"), len(target_nS))
    tokens = tokens_of(state)
    characters_n = np.array([len(tokens.text(row[row > END].tolist())) for row in target_nS], dtype=np.int64)
    unknown_n = (target_nS == UNKNOWN).sum(1)
    found = metrics.in_bits(
        metrics.surprise(nll_n + unknown_n * ANY_CHARACTER, characters_n, context.levels, context.group)
    )
    unknown = int(unknown_n.sum())
    return (
        found._replace(method=f"{unknown:,} unknown characters at 20.1 bits more; {found.method}") if unknown else found
    )


def _text(schema: Schema) -> Mapping[str, Any]:
    return schema.inputs[0].fields[0].state


OBJECTIVE = single_target(
    "language",
    Options,
    TYPES,
    lambda options: TokenHead(),
    LanguageDecision,
    learning=lambda options, head: LanguageLearning(head, "causal"),
    capabilities={"sampler": lambda options: TextSampler()},
    unsuitable=_unsuitable,
)
