"""A distribution of codes for each row, and of rows for each code: a variational autoencoder (Kingma & Welling 2014).

Log-likelihood is bounded from below by ELBO = E_q[log p(x|z)] − KL(q(z|x) ‖ p(z)), where p(z) is standard normal and
q(z|x) normal with a mean and a variance for each number of the code.

B rows, n rows of a split, L numbers of a code, C classes, K codes drawn for a row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from leadline.core.base import Fact
from leadline.core.catalogue import say
from leadline.core.schema import Schema
from leadline.errors import UsageError, did_you_mean
from leadline.nn.batch import Batch, Loss
from leadline.nn.fusion import Fuse
from leadline.nn.generative.likelihood import PixelLikelihood, Sigma
from leadline.nn.rng import Rng
from leadline.objectives.capabilities import Encoder, Generator
from leadline.objectives.contract import Learning, Objective, Supervision
from leadline.objectives.generative.evidence_bound import (
    BoundDecision,
    VaeBound,
    class_indicators,
    conditioned,
    divergence,
    posterior,
)
from leadline.objectives.generative.input_likelihoods import unlikely
from leadline.objectives.generative.latent_codes import (
    complete_latent,
    latent_network,
    spacious,
)

LATENT = 20  # numbers of a code at most, where nobody says it
UNTOLD = 0.1  # of train rows whose class a conditional network is not told, so that it can do without


class Options(Fact):
    """`latent_dim` numbers of a code; None is half of a row's values, and 20 at most.

    The loss is the reconstruction and `beta` times the divergence (Higgins et al. 2017), of which each number of a
    row's code costs `free_bits` nats at least (Kingma et al. 2016). With `conditional` encoder and decoder are told the
    class of a row (Sohn et al. 2015). `pixel_likelihood` are ``bernoulli``, drawn as 0 or 1 with their brightness anew
    in every step, or ``gaussian``; None is the first for grey pictures that are nearly black and white. `sigma`, the
    spread of quantities around what is expected, is learned, or given in standard deviations of the train rows.
    `importance_samples` codes a row are drawn for the closer bound on test rows.
    """

    latent_dim: int | None = Field(
        default=None, ge=1, description="dimension of the latent code; null: chosen from the data"
    )
    beta: float = Field(default=1.0, ge=0, description="weight of the KL term (β-VAE)")
    free_bits: float = Field(
        default=0.0, ge=0, description="nats per latent dimension below which the KL term has no gradient"
    )
    conditional: bool = Field(default=False, description="condition encoder and decoder on the class")
    pixel_likelihood: PixelLikelihood | None = Field(
        default=None, description="likelihood of pixels; null: chosen from the data"
    )
    sigma: Sigma = Field(default="learned", description="standard deviation of Gaussian likelihoods, or learned")
    importance_samples: int = Field(
        default=500, ge=1, description="latent samples per example for the importance-weighted bound"
    )


class Sampling(Fact):
    """`label` is the class that new rows are of, where the network was told classes; None draws it as frequent as in
    train.

    `entries` are ``drawn`` as the network says they vary, or the ``expected`` ones; None is the latter for pictures
    alone.
    """

    label: str | None = None
    entries: Literal["drawn", "expected"] | None = None


class EncodedRows(nn.Module):
    """A dense layer over features (B,F), to which `add` adds what the class says; of an unknown one that is nothing."""

    def __init__(self, features: int, classes: int, outputs: int) -> None:
        super().__init__()
        self.features, self.classes = nn.Linear(features, outputs), nn.Linear(classes, outputs, bias=False)
        nn.init.zeros_(self.features.bias)

    def forward(self, x_BF: Tensor) -> Tensor:
        x_BO: Tensor = self.features(x_BF)
        return x_BO


@dataclass(frozen=True)
class VaeLearning(Learning):
    """The loss side: the negative evidence bound."""

    options: Options

    def build(self, schema: Schema, encoders: Mapping[str, nn.Module], fuse: Fuse | None = None) -> nn.Module:
        """Return the network: encoders, their fusion, a dense layer that gives mean and log-variance, a decoder for
        each input.
        """
        assert self.options.latent_dim is not None
        classes = len(schema.classes) if self.options.conditional else 0
        network: Any = latent_network(
            schema,
            encoders,
            fuse,
            outputs=2 * self.options.latent_dim,
            code=self.options.latent_dim + classes,
            pixels=self.options.pixel_likelihood,
            sigma=self.options.sigma,
        )
        network.classes = schema.classes if self.options.conditional else ()
        if classes:
            assert schema.target is not None
            if not isinstance(network.head, nn.Linear):
                raise UsageError(say("objectives.conditional-needs-linear-head"))
            network.head = EncodedRows(network.head.in_features, classes, 2 * self.options.latent_dim)
            share_C = torch.tensor(schema.target.state.get("counts", [1.0] * classes), dtype=torch.float32)
            network.register_buffer("share_C", share_C / share_C.sum(), persistent=False)
        return network  # type: ignore[no-any-return]

    def loss(self, network: Any, batch: Batch, stepped: str, rng: Rng) -> Loss:
        """Return the negative evidence bound of each row, by one code drawn for it; its parts are `reconstruction` and
        `kl`.
        """
        inputs = network.taken(batch.inputs, rng)
        class_BC = class_indicators(network, batch)
        if class_BC is not None:
            class_BC = class_BC * (rng.uniform("told", 1) >= UNTOLD)
        mean_BL, spread_BL = posterior(network, inputs, class_BC)
        reach_BL = torch.exp(0.5 * spread_BL) * rng.normal("latent", mean_BL.shape[1]).to(mean_BL.dtype)
        made_B = network.nll(network.given(conditioned(mean_BL + reach_BL, class_BC)), inputs)
        kl_BL = divergence(mean_BL, spread_BL)
        free, kl_B = self.options.free_bits, kl_BL.sum(1)
        cost_B = kl_BL.clamp_min(free).sum(1) if free else kl_B
        value_B = made_B + (cost_B if self.options.beta == 1 else self.options.beta * cost_B)
        return Loss(value_B, batch.weight_B, {"reconstruction": made_B, "kl": kl_B})

    def score(self, network: nn.Module, inputs: Mapping[str, Tensor]) -> Tensor:
        """Return the means of codes (B,L)."""
        return posterior(network, inputs, None)[0]

    def embed(self, network: Any, inputs: Mapping[str, Tensor]) -> Tensor:
        """Return the means of codes (B,L)."""
        return VaeCodes().encode(network, inputs)


@dataclass(frozen=True)
class VaeCodes(Encoder):
    """Finds the means of codes, and the rows that are expected of them."""

    def encode(self, network: Any, inputs: Mapping[str, Tensor]) -> Tensor:
        """Return the means of codes (B,L), of rows whose class is not told."""
        return posterior(network, inputs, None)[0]

    def reconstruct(self, network: Any, batch: Batch) -> Mapping[str, Tensor]:
        """Return the rows that are expected of the means of codes."""
        class_BC = class_indicators(network, batch)
        rows: Mapping[str, Tensor] = network.rows(conditioned(posterior(network, batch.inputs, class_BC)[0], class_BC))
        return rows


@dataclass(frozen=True)
class VaeGenerator(Generator):
    """Generates rows from codes that are drawn from a standard normal."""

    options: Options
    samples = Sampling

    @property
    def conditional(self) -> bool:
        """Whether the network is told the class of rows."""
        return self.options.conditional

    def latent(self, network: Any, rng: Rng, options: Sampling) -> Tensor:
        """Return codes drawn from a standard normal (B,L)."""
        return rng.normal("code", self.options.latent_dim or 1)

    def generate(self, network: Any, code_BL: Tensor, rng: Rng, options: Sampling) -> Mapping[str, Tensor]:
        """Return the rows that codes stand for; of classes that are drawn, where none is asked for."""
        made: Mapping[str, Tensor]
        code_BL = conditioned(code_BL, _asked(network, rng, options.label))
        pictures = all(one.spec.kind == "image" for one in network.observed)
        drawn = not pictures if options.entries is None else options.entries == "drawn"
        made = network.drawn(code_BL, rng) if drawn else network.rows(code_BL)
        return made


def _unsuitable(options: Options, schema: Schema) -> str | None:
    """Say why no rows can be made of codes, or why there is nothing to condition on, or None."""
    if options.conditional and not schema.classes:
        return say("objectives.conditional-needs-classes")
    return unlikely(schema)


def _asked(network: Any, rng: Rng, label: str | None) -> Tensor | None:
    """Return the class of each new row as 0 and 1 (B,C)."""
    if not network.classes:
        if label is not None:
            raise UsageError(say("objectives.label-not-conditional"))
        return None
    if label is None:
        at_B = (network.share_C.cumsum(0) < rng.uniform("class", 1)).sum(1).clamp_max(len(network.classes) - 1)
    elif label in network.classes:
        at_B = torch.full((len(rng.state_B),), network.classes.index(label), device=network.share_C.device)
    else:
        raise UsageError(
            say("objectives.label-unknown-class", label=label, suggestion=did_you_mean(label, network.classes))
        )
    return nn.functional.one_hot(at_B, len(network.classes)).to(network.share_C.dtype)


OBJECTIVE = Objective(
    name="vae",
    options=Options,
    supervision=lambda options: Supervision(labels="none"),
    learning=VaeLearning,
    decision=BoundDecision,
    capabilities={"encoder": lambda options: VaeCodes(), "generator": VaeGenerator, "bounded": VaeBound},
    complete=lambda options, schema: complete_latent(options, schema, LATENT),
    unsuitable=_unsuitable,
    warnings=lambda options, schema: spacious(schema, options.latent_dim or 0),
)
