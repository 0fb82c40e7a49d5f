"""Pictures of one kind made of those of another: by pairs (Isola et al. 2017), or of several kinds without (Zhu et al.
2017).

Without pairs a row's class says of which kind it is, and one network makes all kinds of all others, being told which
(Choi et al. 2018); what becomes of a picture and is made back is to be that picture again.

B rows, K classes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn

from leadline.core.base import Fact
from leadline.core.catalogue import say
from leadline.core.exhibit import ExhibitDraft
from leadline.core.finding import Finding
from leadline.core.metric import Metric
from leadline.core.schema import Schema
from leadline.data.columns.contract import input_type
from leadline.errors import UsageError
from leadline.metrics.statistics.findings import finding
from leadline.metrics.statistics.means import mean_of
from leadline.nn.batch import PRESENT, Batch, Loss, Prediction
from leadline.nn.features import full
from leadline.nn.fusion import Fuse
from leadline.nn.generative.discriminators import Critic, bind, spread
from leadline.nn.generative.generators import HALF
from leadline.nn.generative.image_translation import SMALL, ImageTranslator
from leadline.nn.network import InputEncoder
from leadline.nn.rng import Rng, using_rng
from leadline.objectives.capabilities import Converter, Diagnostics
from leadline.objectives.contract import Defaults, EvaluationContext, Objective, Supervision
from leadline.objectives.generative.adversarial_base import (
    METRICS,
    AdversarialDecision,
    AdversarialLearning,
    again,
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

UNCHANGED = "baseline=unchanged"  # pictures as they go in
DARKEST = 1e-10  # squared error, the range of pixels being 1, below which pictures are taken for equal: 100 dB


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
        widths = [body.width for body in parts.values() if isinstance(body, InputEncoder)]
        head = Critic(sum(widths), None if self.options.into is not None else class_shares(schema))
        count = 0 if self.options.into else len(schema.classes)
        generator = ImageTranslator(
            shapes[given][0], shapes[into], count, width=self.options.width, blocks=self.options.residual_blocks
        )
        if self.options.spectral_norm:
            for body in parts.values():
                assert isinstance(body, InputEncoder)
                bind(body.backbone)
            bind(head)
        return TranslationNetworks(parts, head, generator, given, into, () if self.options.into else schema.classes)

    def loss(self, network: Any, batch: Batch, stepped: str, rng: Rng) -> Loss:
        """Return the loss of each example for the network that is `stepped`.

        A row without its pair, or without a class, counts nothing.
        """
        own = rng.fold_in(stepped)
        class_B, other_B = _kinds(network, batch, own)
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


@dataclass(frozen=True)
class TranslationDecision(AdversarialDecision):
    """The decision side: how far pictures are from what they should be."""

    declared_metrics = (
        *METRICS,
        Metric(
            "conversion_error",
            "Translation error",
            "mean absolute pixel error of translated images; pixels range from 0 to 1",
            better="lower",
        ),
        Metric(
            "conversion_psnr",
            "Peak signal-to-noise ratio",
            "of translated images against their targets",
            "dB",
            "higher",
        ),
        Metric(
            "cycle_error",
            "Cycle-consistency error",
            "mean absolute pixel error after translation and back",
            better="lower",
        ),
        Metric(
            "same_error",
            "Identity error",
            "mean absolute pixel error of images translated to their own class",
            better="lower",
        ),
    )

    def predict(self, network: Any, batch: Batch, rng: Rng | None) -> Prediction:
        """Return the scores of each row and of what it becomes (B,), and how far pictures are from what they should be.

        Of pairs the mean absolute difference `error`, and `copied` of the picture that goes in, `psnr` in dB; else
        `cycle_weight` and `identity_weight` (`Options`). The range of pixels is 1; NaN of rows that lack what is asked.
        """
        own = rng or Rng(0, 0, batch.row_B).fold_in("decide")
        class_B, other_B = _kinds(network, batch, own)
        real, new = batch.inputs[network.into], network.made(batch.inputs, other_B)
        score_B = network.scored(batch.inputs, class_B)
        columns = {"score": score_B, "score_new": network.scored({**batch.inputs, network.into: new}, other_B)}
        if class_B is None:
            first = batch.inputs[network.given]
            error_B, copied_B = apart(new, real) / 2, apart(first, real) / 2 if first.shape == real.shape else None
            square_B = (full(new) - real).square().flatten(1).mean(1) / 255**2
            there_B = batch.inputs[PRESENT].all(1) if PRESENT in batch.inputs else torch.ones_like(error_B).bool()
            more = {"error": error_B, "psnr": -10 * torch.log10(square_B.clamp_min(DARKEST))}
            more |= {} if copied_B is None else {"copied": copied_B}
        else:
            own_B, there_B = class_B.clamp_min(0), class_B >= 0
            back = network.made({network.given: new}, own_B)
            more = {"cycle": apart(back, real) / 2, "same": apart(network.made(batch.inputs, own_B), real) / 2}
        return Prediction(columns | {name: torch.where(there_B, x_B, torch.nan) for name, x_B in more.items()})

    def monitor(self, predictions: Mapping[str, np.ndarray], target: np.ndarray, schema: Schema) -> Mapping[str, float]:
        """Return what both networks lose together, with what differences count, and the share of pairs that are told
        apart.
        """
        chosen = self.options
        counts = {"error": 2 * chosen.l1_weight, "cycle": 2 * chosen.cycle_weight, "same": 2 * chosen.identity_weight}
        apart_ = sum(
            weight * float(np.nanmean(predictions[name]))
            for name, weight in counts.items()
            if _there(predictions, name).size
        )
        seen = super().monitor(predictions, target, schema)
        return {**seen, "loss": seen["loss"] + apart_}

    def metric_names(self, schema: Schema) -> tuple[str, ...]:
        """Return the names of all findings on one split."""
        pairs = ("conversion_error", "conversion_error(unchanged)", "conversion_psnr")
        own = pairs if self.options.into else ("cycle_error", "same_error")
        return (*own, *super().metric_names(schema))

    def measure(
        self, predictions: Mapping[str, np.ndarray], context: EvaluationContext
    ) -> Iterator[Finding | ExhibitDraft]:
        """Yield how far pictures are from what they should be, and how well they are told from real ones, with
        intervals.
        """
        levels, group = context.levels, context.group
        common: dict[str, Any] = {"split": context.split, "levels": levels, "again": again(context)}
        plain = {
            "error": "conversion_error",
            "copied": "conversion_error",
            "cycle": "cycle_error",
            "same": "same_error",
        }
        note = ", of the mean absolute difference of pixels, their range being 1"
        for column, name in plain.items():
            if column in predictions:
                of, section = (UNCHANGED, "baselines") if column == "copied" else (None, None)
                mean = self._mean(predictions, column, levels, group, note)
                yield finding(name, mean, better="lower", group=of, section=section, **common)
        if "psnr" in predictions:
            yield finding(
                "conversion_psnr",
                self._mean(predictions, "psnr", levels, group, ""),
                better="higher",
                unit="dB",
                **common,
            )
        yield from super().measure(predictions, context)

    def _mean(self, predictions: Mapping[str, np.ndarray], column: str, levels: Any, group: Any, note: str) -> Any:
        there_n = ~np.isnan(predictions[column])
        return mean_of(
            predictions[column][there_n], levels, None if group is None else group[there_n], low=0, note=note
        )


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


def _kinds(network: Any, batch: Batch, rng: Rng) -> tuple[Tensor | None, Tensor | None]:
    """Return the class of each row, -1 where it is not known, and another that is drawn; None of pairs."""
    count: int = network.generator.classes
    if not count:
        return None, None
    class_B = torch.full_like(batch.row_B, -1) if batch.target_B is None else batch.target_B
    further_B = 1 + (rng.uniform("kind") * (count - 1)).long().clamp_max(count - 2)
    return class_B, (class_B.clamp_min(0) + further_B) % count


def _there(predictions: Mapping[str, np.ndarray], name: str) -> np.ndarray:
    values_n = predictions.get(name, np.zeros(0))
    there_n: np.ndarray = values_n[~np.isnan(values_n)]
    return there_n


def apart(x: Tensor, y: Tensor) -> Tensor:
    """Return the mean absolute difference of raw pictures (B,), pixels having the range from -1 to 1."""
    return ((full(x) - full(y)) / HALF).abs().flatten(1).mean(1)


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
