"""How likely a variational autoencoder finds rows: the evidence bound (ELBO), its parts, and a closer bound.

A row's codes are normal, with a mean and a log-variance for each number of the code (`posterior`); their divergence
from a standard normal has a closed form.

B rows, n rows of a split, L numbers of a code, C classes, K codes drawn for a row, S = B·K.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Protocol

import numpy as np
import torch
from torch import Tensor

from leadline.core.exhibit import ExhibitDraft
from leadline.core.finding import Finding, Reproduction
from leadline.core.metric import Metric
from leadline.core.schema import Schema
from leadline.metrics.statistics.findings import finding
from leadline.metrics.statistics.means import mean_of
from leadline.nn.batch import Batch, Prediction
from leadline.nn.features import full
from leadline.nn.generative.likelihood import PixelLikelihood
from leadline.nn.rng import Rng
from leadline.objectives.capabilities import Bounded
from leadline.objectives.contract import Decision, EvaluationContext
from leadline.objectives.generative.input_likelihoods import in_words
from leadline.objectives.generative.latent_codes import RECONSTRUCTION, measuring

REACH = 12.0  # that log-variances stay within: what is beyond e⁻¹² or e¹² is as good as there
CODES_AT_A_TIME = 2_048  # codes that rows are made of at a time
# What is reported of the columns of decisions, and whether more or less of it is better.
FINDINGS: Mapping[str, tuple[str, Literal["higher", "lower"] | None]] = {
    "elbo": ("elbo", "higher"),
    "reconstruction": ("reconstruction", "lower"),
    "kl_to_prior": ("kl", None),
}


class BoundOptions(Protocol):
    """Those options of an autoencoder that its bounds depend on."""

    @property
    def beta(self) -> float:
        """The weight of the divergence in the loss."""

    @property
    def pixel_likelihood(self) -> PixelLikelihood | None:
        """How pixels are distributed."""

    @property
    def importance_samples(self) -> int:
        """How many codes are drawn for a row's closer bound."""


@dataclass(frozen=True)
class VaeBound(Bounded):
    """A closer bound by many codes a row."""

    options: BoundOptions

    @property
    def importance(self) -> int:
        """How many codes are drawn for a row's closer bound."""
        return self.options.importance_samples

    def log_likelihood(self, network: Any, batch: Batch) -> Tensor:
        """Return a closer bound of each row's log-likelihood (B,), from `importance_samples` codes (Burda et al. 2016),
        in nats.

        It is log 1/K Σ p(x|z) p(z) / q(z|x), which approaches log p(x) from below as K grows.
        """
        rng, codes = measuring(batch), self.options.importance_samples
        inputs, class_BC = network.taken(batch.inputs, rng), class_indicators(network, batch)
        mean_BL, spread_BL = posterior(network, inputs, class_BC)
        total_B = torch.full((len(batch),), -math.inf, dtype=torch.float64, device=mean_BL.device)
        some = max(1, CODES_AT_A_TIME // len(batch))
        for start in range(0, codes, some):
            part = min(some, codes - start)
            noise_SL = (
                rng.fold_in(f"importance {start}").each(part).normal("latent", mean_BL.shape[1]).to(mean_BL.dtype)
            )
            mean_SL, spread_SL = (x.repeat_interleave(part, 0) for x in (mean_BL, spread_BL))
            code_SL = mean_SL + torch.exp(0.5 * spread_SL) * noise_SL
            class_SC = None if class_BC is None else class_BC.repeat_interleave(part, 0)
            rows = {name: x.repeat_interleave(part, 0) for name, x in inputs.items()}
            made_S = network.nll(network.given(conditioned(code_SL, class_SC)), rows)
            # The normal densities' constants cancel.
            weight_S = 0.5 * (noise_SL.square() - code_SL.square() + spread_SL).sum(1) - made_S
            total_B = torch.logaddexp(total_B, weight_S.double().view(-1, part).logsumexp(1))
        return total_B - math.log(codes)


@dataclass(frozen=True)
class BoundDecision(Decision):
    """The decision side: the evidence bound of a row, and its parts."""

    options: BoundOptions
    monitors: ClassVar[Mapping[str, str]] = {"loss": "lower", "elbo": "higher"}
    declared_metrics = (
        Metric(
            "elbo", "Evidence lower bound (ELBO)", "lower bound on the log-likelihood per example", "nats", "higher"
        ),
        RECONSTRUCTION,
        Metric(
            "kl_to_prior",
            "KL divergence to the prior",
            "mean divergence of the posterior over latent codes from the prior",
            "nats",
        ),
    )

    def predict(self, network: Any, batch: Batch, rng: Rng | None) -> Prediction:
        """Return each row's evidence bound in nats, `elbo` (B,), and its parts.

        It is the mean by two codes, always the same, on opposite sides of the mean one: most of what chance adds
        cancels.
        """
        own = measuring(batch)
        inputs, class_BC = network.taken(batch.inputs, own), class_indicators(network, batch)
        mean_BL, spread_BL = posterior(network, inputs, class_BC)
        reach_BL = torch.exp(0.5 * spread_BL) * own.normal("latent", mean_BL.shape[1]).to(mean_BL.dtype)
        sides = [network.nll(network.given(conditioned(mean_BL + x, class_BC)), inputs) for x in (reach_BL, -reach_BL)]
        made_B, kl_B = (sides[0] + sides[1]) / 2, divergence(mean_BL, spread_BL).sum(1)
        return Prediction({"elbo": -made_B - kl_B, "reconstruction": made_B, "kl": kl_B})

    def monitor(self, predictions: Mapping[str, np.ndarray], target: np.ndarray, schema: Schema) -> Mapping[str, float]:
        """Return the loss without free bits, and the evidence bound, in nats."""
        made, kl = (float(predictions[name].astype(np.float64).mean()) for name in ("reconstruction", "kl"))
        return {"loss": made + self.options.beta * kl, "elbo": -made - kl}

    def metric_names(self, schema: Schema) -> tuple[str, ...]:
        """Return the names of all findings on one split."""
        return tuple(FINDINGS)

    def measure(
        self, predictions: Mapping[str, np.ndarray], context: EvaluationContext
    ) -> Iterator[Finding | ExhibitDraft]:
        """Yield the evidence bound and its parts, with intervals."""
        again = Reproduction(producer="objective", seed=context.seed, repeat="exact", tolerance=1e-4)
        words = in_words(context.schema, self.options.pixel_likelihood)
        for name, (column, better) in FINDINGS.items():
            measured = mean_of(predictions[column], context.levels, context.group)
            measured = measured._replace(method=f"{words}; {measured.method}")
            common: dict[str, Any] = {"split": context.split, "levels": context.levels, "again": again, "unit": "nats"}
            yield finding(name, measured, better=better, **common)


def posterior(network: Any, inputs: Mapping[str, Tensor], class_BC: Tensor | None) -> tuple[Tensor, Tensor]:
    """Return mean and log-variance of each row's codes (B,L)."""
    out = network(inputs)
    if class_BC is not None:
        out = out + network.head.classes(class_BC)
    mean_BL, spread_BL = full(out).chunk(2, 1)
    return mean_BL, spread_BL.clamp(-REACH, REACH)


def class_indicators(network: Any, batch: Batch) -> Tensor | None:
    """Return the class of each row as 0 and 1 (B,C), all 0 where it is not known; None where the network is not
    told it.
    """
    if not network.classes:
        return None
    weight: Tensor = network.head.classes.weight
    if batch.target_B is None or batch.target_B.ndim != 1:
        return weight.new_zeros(len(batch), len(network.classes))
    number_C = torch.arange(len(network.classes), device=batch.row_B.device)
    return (batch.target_B[:, None] == number_C).to(weight.dtype)


def divergence(mean_BL: Tensor, spread_BL: Tensor) -> Tensor:
    """Return the divergence of each number of codes (B,L), by mean and log-variance, from a standard normal, in
    nats.
    """
    return 0.5 * (mean_BL.square() + spread_BL.exp() - 1 - spread_BL)


def conditioned(code_BL: Tensor, class_BC: Tensor | None) -> Tensor:
    """Return what a decoder takes: a code, and the class where it is told it."""
    return code_BL if class_BC is None else torch.cat([code_BL, class_BC.to(code_BL.dtype)], 1)
