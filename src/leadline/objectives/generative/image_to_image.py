"""Pictures of one kind made of those of another: by pairs (Isola et al. 2017), or of several kinds without (Zhu et al.
2017).

Without pairs a row's class says of which kind it is, and one network makes all kinds of all others, being told which
(Choi et al. 2018); what becomes of a picture and is made back is to be that picture again.

B rows, K classes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from leadline.core.base import Fact
from leadline.core.catalogue import say
from leadline.core.schema import Schema
from leadline.data.columns.contract import input_type
from leadline.errors import UsageError
from leadline.nn.batch import PRESENT, Batch, Loss
from leadline.nn.fusion import Fuse
from leadline.nn.generative.discriminators import Critic, bind, spread
from leadline.nn.generative.image_translation import SMALL, ImageTranslator
from leadline.nn.network import InputEncoder
from leadline.nn.rng import Rng, using_rng
from leadline.objectives.capabilities import Converter, Diagnostics
from leadline.objectives.contract import Defaults, Objective, Supervision
from leadline.objectives.generative.adversarial_base import (
    AdversarialLearning,
    class_shares,
    training,
)
from leadline.objectives.generative.adversarial_losses import (
    COLLAPSE,
    DISCRIMINATOR,
    alarms,
    discriminator_loss,
    generator_loss,
)
from leadline.objectives.generative.adversarial_networks import TranslationNetworks
from leadline.objectives.generative.image_translation_errors import TranslationDecision, apart, drawn_classes


class Options(Fact):
    """`into` names the picture that is to be made, of the only other input; without it there are no pairs, and classes
    are kinds.

    `width` is how many channels the maps have at both ends, `residual_blocks` how many residual blocks there are in the
    middle. A pixel has the range from -1 to 1. What the mean absolute difference counts: `l1_weight` to the picture of
    the pair, `cycle_weight` to the picture itself where it was made into another kind and back, `identity_weight` where
    it was made into its own kind.
    """

    into: str | None = Field(
        default=None, description="input column to generate, for paired images; null: unpaired, between classes"
    )
    loss: Literal["non-saturating", "hinge"] = Field(default="non-saturating", description="adversarial loss")
    width: int = Field(default=32, ge=1, description="channels of the generator's first stage")
    residual_blocks: int = Field(default=3, ge=0, description="residual blocks of the generator")
    l1_weight: float = Field(default=100.0, ge=0, description="weight of the L1 loss between paired images (pix2pix)")
    cycle_weight: float = Field(default=10.0, ge=0, description="weight of the cycle-consistency loss (CycleGAN)")
    identity_weight: float = Field(default=5.0, ge=0, description="weight of the identity loss (CycleGAN)")
    spectral_norm: bool = Field(default=True, description="spectral normalisation of the discriminator")


class Conversion(Fact):
    """What pictures become: one of the class `label`; without pairs and of two classes the other one, where their own
    is known.
    """

    label: str | None = None


@dataclass(frozen=True)
class TranslationLearning(AdversarialLearning):
    """The loss side: pictures made of pictures, against those that are what they should be."""

    def build(self, schema: Schema, encoders: Mapping[str, nn.Module], fuse: Fuse | None = None) -> nn.Module:
        """Return discriminator and generator; the former always sees both pictures of a pair, however inputs are else
        fused.
        """
        parts = {one.name: encoders[one.name] for one in schema.inputs}
        into = self.options.into or schema.inputs[0].name
        given = next((name for name in parts if name != into), into)
        shapes = {one.name: (one.shape[2], *one.shape[:2]) for one in schema.inputs}
        widths = [encoder.width for encoder in parts.values() if isinstance(encoder, InputEncoder)]
        head = Critic(sum(widths), None if self.options.into is not None else class_shares(schema))
        count = 0 if self.options.into else len(schema.classes)
        generator = ImageTranslator(
            shapes[given][0], shapes[into], count, width=self.options.width, blocks=self.options.residual_blocks
        )
        if self.options.spectral_norm:
            for encoder in parts.values():
                assert isinstance(encoder, InputEncoder)
                bind(encoder.backbone)
            bind(head)
        return TranslationNetworks(parts, head, generator, given, into, () if self.options.into else schema.classes)

    def loss(self, network: Any, batch: Batch, stepped: str, rng: Rng) -> Loss:
        """Return the loss of each example for the network that is `stepped`.

        A row without its pair, or without a class, counts nothing.
        """
        own = rng.fold_in(stepped)
        class_B, other_B = drawn_classes(network, batch, own)
        there_B = batch.weight_B.new_ones(len(batch)) if class_B is None else (class_B >= 0).to(batch.weight_B.dtype)
        if PRESENT in batch.inputs:
            there_B = there_B * batch.inputs[PRESENT].all(1)
        step = self._telling if stepped == DISCRIMINATOR else self._making
        value_B, parts = step(network, batch.inputs, class_B, other_B, own)
        return Loss(value_B, batch.weight_B * there_B, {name: part.detach() for name, part in parts.items()})

    def _telling(
        self, network: Any, inputs: Mapping[str, Tensor], class_B: Tensor | None, other_B: Tensor | None, rng: Rng
    ) -> tuple[Tensor, Mapping[str, Tensor]]:
        real = inputs[network.into]
        with torch.no_grad():
            new = network.made(inputs, other_B)
        real_B = network.scored(inputs, class_B)
        with using_rng(rng.fold_in("new")):  # dropout of new rows is not that of the real ones beside them
            new_B = network.scored({**inputs, network.into: new}, other_B)
        told_B = (real_B > new_B).float() + (real_B == new_B).float() / 2
        return discriminator_loss(self.options.loss, real_B, new_B), {
            "discriminator_roc_auc": told_B,
            "spread": spread(new, real),
        }

    def _making(
        self, network: Any, inputs: Mapping[str, Tensor], class_B: Tensor | None, other_B: Tensor | None, rng: Rng
    ) -> tuple[Tensor, Mapping[str, Tensor]]:
        chosen, real = self.options, inputs[network.into]
        new = network.made(inputs, other_B)
        deceiving_B = generator_loss(chosen.loss, network.scored({**inputs, network.into: new}, other_B))
        if class_B is None:
            alike_B = apart(new, real)
            return deceiving_B + chosen.l1_weight * alike_B, {"deceiving": deceiving_B, "alike": alike_B}
        own_B = class_B.clamp_min(0)
        back_B = apart(network.made({network.given: new}, own_B), real)
        value_B, parts = deceiving_B + chosen.cycle_weight * back_B, {"deceiving": deceiving_B, "cycle": back_B}
        if chosen.identity_weight:
            parts["same"] = apart(network.made(inputs, own_B), real)
            value_B = value_B + chosen.identity_weight * parts["same"]
        return value_B, parts


@dataclass(frozen=True)
class TranslationDiagnostics(Diagnostics):
    """Knows when new pictures are all alike."""

    options: Options
    watched = (COLLAPSE,)

    def alarms(self, entries: Sequence[Mapping[str, float]]) -> Mapping[str, str]:
        """Return whether all new pictures are alike in the last ticks of training, in words."""
        found = alarms(entries, self.options.loss, 1)
        return {name: words for name, words in found.items() if name in self.watched}


@dataclass(frozen=True)
class TranslationConverter(Converter):
    """Makes pictures of those of a batch."""

    options: Options
    samples = Conversion

    @property
    def into(self) -> str | None:
        """The picture that is made of the other one; None without pairs."""
        return self.options.into

    def convert(self, network: Any, batch: Batch, options: Conversion) -> Mapping[str, Tensor]:
        """Return what each picture becomes, raw; raises UsageError where it is not said of which class."""
        if self.options.into and options.label is not None:
            raise UsageError(say("objectives.sample-pairs-no-label"))
        class_B = None if self.options.into else self._asked(network, batch, options)
        return {network.into: network.made(batch.inputs, class_B)}

    def _asked(self, network: Any, batch: Batch, options: Conversion) -> Tensor:
        names: tuple[str, ...] = network.classes
        if options.label is not None:
            return torch.full_like(batch.row_B, names.index(options.label))
        if len(names) > 2 or batch.target_B is None or bool((batch.target_B < 0).any()):
            raise UsageError(say("objectives.sample-needs-label", names=", ".join(names)))
        return 1 - batch.target_B


def _unsuitable(options: Options, schema: Schema) -> str | None:
    """Say why there are no pictures to make others of, or None."""
    into, names = options.into, [one.name for one in schema.inputs]
    other = next((one for one in schema.inputs if input_type(one.kind).pixels is None), None)
    if other is not None:
        return say("objectives.translation-needs-images", name=other.name, kind=other.kind)
    if into is not None and (into not in names or len(names) != 2):
        return say("objectives.into-of-two", into=into, names=", ".join(names))
    if into is None and len(names) > 1:
        return say("objectives.into-which", count=len(names), names=", ".join(names))
    if into is None and len(schema.classes) < 2:
        return say("objectives.translation-needs-classes")
    small = next((one for one in schema.inputs if min(one.shape[:2]) < SMALL), None)
    return say("objectives.images-too-small", name=small.name, least=SMALL) if small else None


OBJECTIVE = Objective(
    name="image-to-image",
    options=Options,
    supervision=lambda options: Supervision(labels="none"),
    learning=TranslationLearning,
    decision=TranslationDecision,
    defaults=lambda options: Defaults(training(batch=32)),
    capabilities={"converter": TranslationConverter, "diagnostics": TranslationDiagnostics},
    unsuitable=_unsuitable,
)
