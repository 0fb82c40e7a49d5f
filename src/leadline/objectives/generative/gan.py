"""Adversarial networks: a generator makes rows of noise, a discriminator tells them from real ones (Goodfellow et al.
2014).

The discriminator is the network of the input, with a score at its end; so its features serve as any network's do.

B rows, L numbers of a code, F features.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from pydantic import Field
from torch import Tensor, nn

from leadline.core.base import Fact
from leadline.core.catalogue import say
from leadline.core.schema import Schema
from leadline.errors import UsageError
from leadline.nn.batch import Batch, Loss, Prediction
from leadline.nn.fusion import Fuse
from leadline.nn.generative.decoders import Growing
from leadline.nn.generative.discriminators import Critic, bind, spread
from leadline.nn.generative.generators import Classes
from leadline.nn.network import InputEncoder
from leadline.nn.rng import Rng, using_rng
from leadline.objectives.capabilities import Diagnostics, Generator
from leadline.objectives.contract import Defaults, Objective, Supervision
from leadline.objectives.generative.adversarial_base import (
    AdversarialDecision,
    AdversarialLearning,
    class_shares,
    training,
)
from leadline.objectives.generative.adversarial_losses import (
    COLLAPSE,
    DISCRIMINATOR,
    GENERATOR,
    ONE_SIDED,
    Game,
    alarms,
    discriminator_loss,
    generator_loss,
    gradient_penalty,
    unit_gradient_penalty,
)
from leadline.objectives.generative.adversarial_networks import AdversarialPair
from leadline.objectives.generative.row_generators import cannot_generate, generator_for_input

CRITIC_STEPS = 5  # of a Wasserstein critic to one of its generator
R1 = 0.1  # of 0, 0.1 and 1 the weight whose 8×8 digits a classifier was surest of
PART = 8  # one in so many rows of a batch has its gradient penalised by R1, and counts for all of them
CRITIC_ADAM = {"name": "adam", "lr": 1e-4, "beta1": 0.0, "beta2": 0.9}


class Options(Fact):
    """`loss` is the game that is played; `latent_dim` how many numbers a code has; with `conditional` rows are made of
    a given class.

    `width` is how many channels the generator's last map has, and `upsampling` how its maps double. `spectral_norm`
    binds the discriminator's weights, `r1` is what half the squared gradient of real rows' scores counts (Mescheder et
    al. 2018); None is to bind them, and 0.1, but neither in ``wgan-gp``, where `gradient_penalty` is what slopes other
    than 1 count.
    """

    loss: Game = Field(default="non-saturating", description="adversarial loss")
    latent_dim: int = Field(default=64, ge=1, description="dimension of the latent code")
    conditional: bool = Field(default=False, description="condition generator and discriminator on the class")
    width: int = Field(default=32, ge=1, description="channels of the generator's last stage")
    upsampling: Growing = Field(
        default="transposed", description="upsampling: resize and convolve, or transposed convolution"
    )
    spectral_norm: bool | None = Field(
        default=None, description="spectral normalisation of the discriminator; null: on, but for wgan-gp"
    )
    r1: float | None = Field(
        default=None, ge=0, description="weight of the R1 gradient penalty; null: 0.1, and 0 for wgan-gp"
    )
    gradient_penalty: float = Field(default=10.0, ge=0, description="weight of the gradient penalty (wgan-gp only)")


class Sampling(Fact):
    """How rows are drawn: of the class `label`, where the network was trained to be told one; else of any, as often as
    in train.
    """

    label: str | None = None


@dataclass(frozen=True)
class GanLearning(AdversarialLearning):
    """The loss side: rows of train against those that the generator makes of noise."""

    def build(self, schema: Schema, encoders: Mapping[str, nn.Module], fuse: Fuse | None = None) -> nn.Module:
        """Return discriminator and generator."""
        one = schema.inputs[0]
        encoder = encoders[one.name]
        assert isinstance(encoder, InputEncoder)
        assert encoder.spec is not None
        norms = (nn.modules.batchnorm._BatchNorm,)
        if self.options.loss == "wgan-gp" and any(isinstance(part, norms) for part in encoder.backbone.modules()):
            raise UsageError(say("objectives.wgan-gp-batch-norm"))
        classes = Classes(schema.classes, class_shares(schema)) if self.options.conditional else None
        head = Critic(
            encoder.width, None if classes is None else class_shares(schema), bias=self.options.loss != "wgan-gp"
        )
        count = 0 if classes is None else len(classes.names)
        generator = generator_for_input(
            one, encoder.spec, self.options.latent_dim, count, width=self.options.width, growing=self.options.upsampling
        )
        if self.options.spectral_norm:
            bind(encoder.backbone)
            bind(head)
        return AdversarialPair(one.name, encoder, head, generator, classes)

    def loss(self, network: Any, batch: Batch, stepped: str, rng: Rng) -> Loss:
        """Return the loss of each example for the network that is `stepped`, by codes of its own."""
        own = rng.fold_in(stepped)
        if stepped == DISCRIMINATOR:
            return self._telling(network, batch, own)
        given, class_B = network.made(own.normal("code", self.options.latent_dim), own)
        score_B = network.scored(network.new(given, batch.inputs, own), class_B)
        return Loss(generator_loss(self.options.loss, score_B), batch.weight_B, {})

    def _telling(self, network: Any, batch: Batch, rng: Rng) -> Loss:
        """Return the discriminator's loss; nothing of it reaches the generator."""
        chosen = self.options
        with torch.no_grad():
            given, new_class_B = network.made(rng.normal("code", chosen.latent_dim), rng)
        class_B = batch.target_B if chosen.conditional else None
        real_x, new_x = network.real(batch.inputs), network.new(given, batch.inputs, rng)
        real_B = network.scored(real_x, class_B)
        with using_rng(rng.fold_in("new")):  # dropout of new rows is not that of the real ones beside them
            new_B = network.scored(new_x, new_class_B)
            parts = {
                "discriminator_roc_auc": (real_B > new_B).float() + (real_B == new_B).float() / 2,
                "spread": spread(new_x, real_x),
            }
        value_B = discriminator_loss(chosen.loss, real_B, new_B)
        if chosen.loss == "wgan-gp":
            shape = (len(batch), *[1] * (real_x.ndim - 1))
            between = torch.lerp(real_x.detach(), new_x, rng.uniform("between", 1).view(shape).to(real_x.dtype))
            steep_B = gradient_penalty(lambda x: network.scored(x, class_B), between)
            value_B = value_B + chosen.gradient_penalty * unit_gradient_penalty(steep_B)
        if chosen.r1:
            rows = -(-len(batch) // PART)
            few_B = None if class_B is None else class_B[:rows]
            with using_rng(rng.first(rows)):
                steep_R = gradient_penalty(lambda x: network.scored(x, few_B), real_x[:rows])
            counts = chosen.r1 / 2 * len(batch) / rows
            value_B = torch.cat([value_B[:rows] + counts * steep_R, value_B[rows:]])
        return Loss(value_B, batch.weight_B, {name: part.detach() for name, part in parts.items()})


@dataclass(frozen=True)
class GanDiagnostics(Diagnostics):
    """Knows when generated rows are all alike, and when the discriminator wins."""

    options: Options
    watched = (COLLAPSE, ONE_SIDED)

    def alarms(self, entries: Sequence[Mapping[str, float]]) -> Mapping[str, str]:
        """Return what goes wrong in the last ticks of training, in words by name."""
        return alarms(entries, self.options.loss, _defaults(self.options).update_frequency.get(GENERATOR, 1))


@dataclass(frozen=True)
class GanGenerator(Generator):
    """Generates rows from codes drawn from a standard normal."""

    options: Options
    samples = Sampling

    @property
    def conditional(self) -> bool:
        """Whether the network is told the class of rows."""
        return self.options.conditional

    def latent(self, network: Any, rng: Rng, options: Sampling) -> Tensor:
        """Return a code for each row of the draws (B,L), normal as those of training."""
        return rng.normal("code", self.options.latent_dim)

    def generate(self, network: Any, code_BL: Tensor, rng: Rng, options: Sampling) -> Mapping[str, Tensor]:
        """Return the row that each code stands for; raises UsageError for a class that there is not."""
        class_B = None if options.label is None else network.asked(options.label, code_BL)
        given, _ = network.made(code_BL, rng, class_B)
        return {network.names[0]: network.generator.raw(given, rng)}


@dataclass(frozen=True)
class GanDecision(AdversarialDecision):
    """The decision side: how real a row seems, and one that is generated."""

    def predict(self, network: Any, batch: Batch, rng: Rng | None) -> Prediction:
        """Return how real each row seems, its `score` (B,), and that of a new row that is drawn for it, `score_new`."""
        own = rng or Rng(0, 0, batch.row_B).fold_in("decide")
        class_B = batch.target_B if self.options.conditional else None
        given, new_class_B = network.made(own.normal("code", self.options.latent_dim), own)
        real_B = network.scored(network.real(batch.inputs), class_B)
        return Prediction(
            {"score": real_B, "score_new": network.scored(network.new(given, batch.inputs, own), new_class_B)}
        )


def _complete(options: Options, schema: Schema) -> Options:
    """Return the options with what bounds the discriminator written out."""
    chosen, bounded = options, options.loss == "wgan-gp"
    r1 = (0.0 if bounded else R1) if chosen.r1 is None else chosen.r1
    bound = not bounded if chosen.spectral_norm is None else chosen.spectral_norm
    return chosen.model_copy(update={"r1": r1, "spectral_norm": bound})


def _unsuitable(options: Options, schema: Schema) -> str | None:
    """Say why new rows of such data cannot be made, or None."""
    if len(schema.inputs) > 1:
        names = ", ".join(one.name for one in schema.inputs)
        return say("objectives.gan-one-input", count=len(schema.inputs), names=names)
    if options.conditional and not schema.classes:
        return say("objectives.conditional-needs-classes")
    return cannot_generate(schema.inputs[0])


def _defaults(options: Options) -> Defaults:
    """Return what suits the game; a Wasserstein critic has steps and optimizers of its own."""
    if options.loss == "wgan-gp":
        return Defaults(training(CRITIC_ADAM), {GENERATOR: CRITIC_STEPS})
    return Defaults(training())


OBJECTIVE = Objective(
    name="gan",
    options=Options,
    # Rows are coupled by how near new ones are to each other, and by batch norm of new rows among themselves.
    supervision=lambda options: Supervision(labels="none", coupled=True),
    learning=GanLearning,
    decision=GanDecision,
    defaults=_defaults,
    capabilities={"generator": GanGenerator, "diagnostics": GanDiagnostics},
    complete=_complete,
    unsuitable=_unsuitable,
)
