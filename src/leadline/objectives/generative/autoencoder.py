"""A code of a few numbers for each row, that the row can be made of again: an autoencoder (Hinton & Salakhutdinov
2006).

With noise the row is made of a spoilt one (a denoising autoencoder: Vincent et al. 2008), so that it also fills in what
is missing. Rows that are made badly are unlike those trained on: their score is how unlikely they are.

B rows, n rows of a split, L numbers of a code.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from pydantic import Field, field_validator
from torch import Tensor, nn

from leadline.core.base import Fact
from leadline.core.catalogue import say
from leadline.core.exhibit import ExhibitDraft
from leadline.core.finding import Finding, Reproduction
from leadline.core.metric import Metric
from leadline.core.schema import Schema
from leadline.data.columns.contract import input_type
from leadline.errors import UsageError
from leadline.metrics.classification import anomaly as anomaly_metrics
from leadline.metrics.regression.forecast import MSE_SCALED
from leadline.metrics.statistics.findings import finding
from leadline.metrics.statistics.means import mean_of
from leadline.nn.batch import Batch, Loss, Prediction
from leadline.nn.fusion import Fuse
from leadline.nn.generative.likelihood import PixelLikelihood, Sigma, chance
from leadline.nn.rng import Rng
from leadline.objectives.calibrations.contract import calibrated, metrics_of
from leadline.objectives.capabilities import Encoder
from leadline.objectives.contract import Columns, Decision, EvaluationContext, Learning, Objective, Supervision
from leadline.objectives.generative import anomalies
from leadline.objectives.generative.input_likelihoods import in_words, unlikely
from leadline.objectives.generative.latent_codes import RECONSTRUCTION, complete_latent, latent_network, spacious

LATENT = 32  # numbers of a code at most, where nobody says it
AMOUNTS = MappingProxyType({"none": 0.0, "gaussian": 0.3, "mask": 0.25})


class Options(Fact):
    """`latent_dim` numbers of a code; None is half of a row's values, and 32 at most.

    `noise` spoils the rows that codes are made of: ``gaussian`` adds normal noise to quantities, `noise_level` of their
    standard deviations (0.3), ``mask`` hides that share of pixels, cells or tokens (0.25). `pixel_likelihood` are
    ``bernoulli`` or ``gaussian``; None is the first for grey pictures that are nearly black and white. `sigma`, the
    spread of quantities around what is made, is learned, or given in standard deviations of the train rows.

    Classes called `anomaly`, or all but those called `normal`, are left out of training and validation and are to be
    found in the test rows. From the score on that at most a share `false_positive_rate` of normal validation rows is
    above, a row is called one. The score is a row's negative log-likelihood (``nll``) in nats, or ``relative``: the
    logarithm of its squared error beyond that of rows as far from the mean row as it is. Else what is nearly empty is
    never an anomaly, as there is little to get wrong.
    """

    latent_dim: int | None = Field(
        default=None, ge=1, description="dimension of the latent code; null: half of the input values, at most 32"
    )
    noise: Literal["none", "gaussian", "mask"] = Field(
        default="none", description="corruption of the input (denoising autoencoder)"
    )
    noise_level: float | None = Field(
        default=None, gt=0, description="noise in standard deviations, or share masked; null: 0.3 and 0.25"
    )
    pixel_likelihood: PixelLikelihood | None = Field(
        default=None,
        description="likelihood of pixels; null: bernoulli for nearly black-and-white images, else gaussian",
    )
    sigma: Sigma = Field(default="learned", description="standard deviation of Gaussian likelihoods, or learned")
    anomaly: tuple[str, ...] = Field(default=(), description="classes that count as anomalies; not trained on")
    normal: tuple[str, ...] = Field(default=(), description="classes that count as normal; all others are anomalies")
    anomaly_score: Literal["nll", "relative"] = Field(
        default="nll",
        description="anomaly score: negative log-likelihood, or error relative to examples as far from the mean",
    )
    false_positive_rate: float = Field(
        default=0.05, gt=0, lt=1, description="false-alarm rate that the anomaly threshold is set for"
    )

    @field_validator("anomaly", "normal", mode="before")
    @classmethod
    def _labels(cls, value: Any) -> Any:
        values = value if isinstance(value, list | tuple) else [value]
        return tuple(map(str, values))


@dataclass(frozen=True)
class AutoencoderLearning(Learning):
    """The loss side: a row is made of its code, or of the code of a spoilt one."""

    options: Options

    def build(self, schema: Schema, encoders: Mapping[str, nn.Module], fuse: Fuse | None = None) -> nn.Module:
        """Return the network: encoders, their fusion, a dense layer that gives the code, a decoder for each input."""
        assert self.options.latent_dim is not None
        network = latent_network(
            schema,
            encoders,
            fuse,
            outputs=self.options.latent_dim,
            code=self.options.latent_dim,
            pixels=self.options.pixel_likelihood,
            sigma=self.options.sigma,
            last=anomalies.Threshold(relative=self.options.anomaly_score == "relative"),
        )
        numbers = [schema.classes.index(label) for label in self.options.anomaly]
        network.register_buffer("anomalies", torch.tensor(numbers, dtype=torch.int64), persistent=False)
        return network

    def loss(self, network: Any, batch: Batch, stepped: str, rng: Rng) -> Loss:
        """Return the surprise at each row, made of a spoilt one where there is noise; declared anomalies weigh
        nothing.
        """
        keep_B = anomalies.normal_B(batch, network.anomalies)
        inputs = anomalies.anomalies_replaced(batch.inputs, keep_B)
        value_B = network.nll(network.given(network(self._spoilt(network, inputs, rng))), inputs)
        return Loss(value_B, batch.weight_B if keep_B is None else batch.weight_B * keep_B, {})

    def _spoilt(self, network: Any, inputs: Mapping[str, Tensor], rng: Rng) -> Mapping[str, Tensor]:
        if self.options.noise == "none":
            return inputs
        amount, spoilt = self.options.noise_level or AMOUNTS[self.options.noise], dict(inputs)
        for name, one in network.kinds().items():
            own, x = rng.fold_in(f"noise:{name}"), inputs[name]
            if self.options.noise == "gaussian":
                spoilt[name] = one.noisy(x, amount, own)
            else:
                shape = (len(x), 1, *x.shape[2:]) if x.ndim == 4 else x.shape  # a pixel is hidden in all its channels
                spoilt[name] = one.hidden(x, chance(torch.full(shape, amount, device=x.device), own, "hidden"))
        return spoilt

    def score(self, network: nn.Module, inputs: Mapping[str, Tensor]) -> Tensor:
        """Return codes (B,L)."""
        code: Tensor = network(inputs)
        return code

    def embed(self, network: Any, inputs: Mapping[str, Tensor]) -> Tensor:
        """Return codes (B,L)."""
        return AutoencoderCodes().encode(network, inputs)


@dataclass(frozen=True)
class AutoencoderCodes(Encoder):
    """Finds codes, and makes rows of them."""

    def encode(self, network: Any, inputs: Mapping[str, Tensor]) -> Tensor:
        """Return codes (B,L)."""
        code: Tensor = network(inputs)
        return code.float() if code.dtype != torch.float64 else code

    def reconstruct(self, network: Any, batch: Batch) -> Mapping[str, Tensor]:
        """Return the rows that come out where those of the batch go in."""
        rows: Mapping[str, Tensor] = network.rows(network(batch.inputs))
        return rows


@dataclass(frozen=True)
class AnomalyDecision(Decision):
    """The decision side: how badly a row is made, and whether that is too badly for a normal one."""

    options: Options
    calibrations: tuple[str, ...] = ("anomaly-threshold",)
    monitors: ClassVar[Mapping[str, str]] = {"loss": "lower"}

    @property
    def declared_metrics(self) -> tuple[Metric, ...]:
        """What findings are called."""
        return (RECONSTRUCTION, MSE_SCALED, *metrics_of(self.calibrations), *anomaly_metrics.METRICS)

    def predict(self, network: Any, batch: Batch, rng: Rng | None) -> Prediction:
        """Return each row's `anomaly_score` (B,), whether it is too large for a normal row, `anomaly`, and the mean
        squared `error` of its quantities in train variances; of relative scores the `surprise` in nats and the `size`
        too.
        """
        given = network.given(network(batch.inputs))
        score_B = surprise_B = network.nll(given, batch.inputs)
        error_B, more = network.squares(given, batch.inputs), {}
        if network.last.slope is not None:
            more = {"surprise": surprise_B, "size": network.sizes(batch.inputs)}
            score_B = anomalies.excess(error_B, more["size"], network.last.slope)
        return Prediction({"score": score_B, "anomaly": score_B > network.last.threshold, "error": error_B, **more})

    def calibrate(self, network: Any, predictions: Columns, context: EvaluationContext) -> tuple[Finding, ...]:
        """Choose the score above which a row is called an anomaly."""
        return calibrated(self.calibrations, network.last, self.options, predictions, context)

    def monitor(self, predictions: Mapping[str, np.ndarray], target: np.ndarray, schema: Schema) -> Mapping[str, float]:
        """Return the mean surprise at normal rows in nats."""
        normal = anomalies.normal_n(target, schema, self.options.anomaly)
        return {"loss": float(_surprise(predictions)[normal].astype(np.float64).mean()) if normal.any() else 0.0}

    def metric_names(self, schema: Schema) -> tuple[str, ...]:
        """Return the names of all findings on one split."""
        return (
            "reconstruction",
            "mse_scaled",
            "false_positive_rate",
            *(anomaly_metrics.RANKED if self.options.anomaly else ()),
        )

    def measure(
        self, predictions: Mapping[str, np.ndarray], context: EvaluationContext
    ) -> Iterator[Finding | ExhibitDraft]:
        """Yield how well normal rows are made of their codes, and how well scores tell anomalies from them."""
        normal = anomalies.normal_n(context.target, context.schema, self.options.anomaly)
        group = None if context.group is None else context.group[normal]
        again = Reproduction(producer="objective", seed=context.seed, repeat="exact", tolerance=1e-5)
        common: dict[str, Any] = {"split": context.split, "levels": context.levels, "again": again, "better": "lower"}
        made = mean_of(_surprise(predictions)[normal], context.levels, group)
        made = made._replace(method=f"{in_words(context.schema, self.options.pixel_likelihood)}; {made.method}")
        yield finding("reconstruction", made, unit="nats", **common)
        error_n = predictions["error"][normal]
        known = ~np.isnan(error_n)
        error = mean_of(error_n[known], context.levels, None if group is None else group[known], low=0.0)
        yield finding("mse_scaled", error, **common)
        yield from anomalies.anomaly_findings(predictions, normal, context, again, ranked=bool(self.options.anomaly))


def _unsuitable(options: Options, schema: Schema) -> str | None:
    """Say why no rows can be made of codes, or None."""
    if options.noise == "gaussian" and all(input_type(one.kind).tokens is not None for one in schema.inputs):
        return say("objectives.noise-needs-numbers")
    if options.anomaly_score == "relative" and all(input_type(one.kind).tokens is not None for one in schema.inputs):
        return say("objectives.relative-score-needs-numbers")
    return unlikely(schema)


def _complete(options: Options, schema: Schema) -> Options:
    """Return the options with the width of codes, the noise, the likelihood of pixels and the anomalies written
    out.

    Raises UsageError where the share of what is hidden leaves nothing, or the classes of anomalies are not there.
    """
    own = options
    amount = own.noise_level or AMOUNTS[own.noise]
    if own.noise == "mask" and amount >= 1:
        raise UsageError(say("objectives.amount-masks-everything", amount=amount))
    found = {
        "noise_level": amount or None,
        "anomaly": anomalies.declared(schema, own.anomaly, own.normal),
        "normal": (),
    }
    completed: Options = complete_latent(options, schema, LATENT).model_copy(update=found)
    return completed


def _warnings(options: Options, schema: Schema) -> tuple[str, ...]:
    """Say where a code could hold a row as it is."""
    return spacious(schema, options.latent_dim or 0) if options.noise == "none" else ()


def _surprise(predictions: Mapping[str, np.ndarray]) -> np.ndarray:
    """Return the surprise at each row in nats (n,)."""
    return predictions["surprise" if "surprise" in predictions else "score"]


OBJECTIVE = Objective(
    name="autoencoder",
    options=Options,
    supervision=lambda options: Supervision(labels="none"),
    learning=AutoencoderLearning,
    decision=AnomalyDecision,
    capabilities={"encoder": lambda options: AutoencoderCodes()},
    complete=_complete,
    unsuitable=_unsuitable,
    warnings=_warnings,
)
