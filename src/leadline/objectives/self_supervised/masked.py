"""Masked modelling: some entries of a row are hidden, and told from the others; the loss counts what was hidden alone.

Patches of pictures (He et al. 2022; Pathak et al. 2016 for networks that make one vector of a picture), cells of
tables, tokens of texts (Devlin et al. 2019), spans of series. A body makes features of what is left, and its
counterpart, a decoder, makes the row of them; a text alone is read step by step, and each hidden token told from the
features of its place.

Shapes: B rows of a batch, n of a split, F features.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn

from leadline.core.base import Fact
from leadline.core.catalogue import say
from leadline.core.exhibit import ExhibitDraft
from leadline.core.finding import Finding, Reproduction
from leadline.core.metric import Metric
from leadline.core.schema import InputSchema, Schema
from leadline.data.columns.contract import input_type
from leadline.errors import UsageError
from leadline.metrics.statistics.findings import finding
from leadline.metrics.statistics.means import explained
from leadline.metrics.statistics.ratios import ratio_of
from leadline.nn.batch import Batch, EncoderOutput, Loss, Prediction
from leadline.nn.features import full
from leadline.nn.fusion import Fuse
from leadline.nn.generative.masking import MaskedRows, Masking, Reconstruction
from leadline.nn.layers.dropout import name_dropouts
from leadline.nn.network import assemble
from leadline.nn.rng import Rng
from leadline.objectives.contract import Decision, EvaluationContext, Learning, Objective, Supervision
from leadline.objectives.generative.input_likelihoods import input_likelihood, unlikely


class Options(Fact):
    """`mask_ratio` is the share of entries that is hidden (None: 0.6 of pictures' patches, 0.15 of tokens, 0.3 of
    cells, spans of 0.4 of a series); `patch_size` the side of a patch in pixels (None: about a seventh of the
    picture's). Hidden entries are told from features of the whole ``row``, or from those of their own ``step`` (None:
    so of a text alone).
    """

    mask_ratio: float | None = Field(
        default=None,
        gt=0,
        lt=1,
        description="share of entries masked; null: patches 0.6, tokens 0.15, cells 0.3, spans of a series 0.4",
    )
    patch_size: int | None = Field(
        default=None, ge=1, description="side of masked image patches in pixels; null: about a seventh of the image"
    )
    by: Literal["row", "step"] | None = Field(
        default=None,
        description="predict masked entries from features of the row or of their own step; null: step for text alone",
    )


class MaskedNetwork(nn.Module):
    """What hides the entries of each input, what describes them, and the decoders between, in the order of the
    inputs.
    """

    def __init__(self, schema: Schema, network: Any, encoders: Mapping[str, Any], options: Options) -> None:
        super().__init__()
        width = network.head.in_features
        self.hidings = nn.ModuleList(_masking(one, options) for one in schema.inputs)
        observed = [input_likelihood(one, "gaussian") for one in schema.inputs]
        self.observed = nn.ModuleList(observed)
        if options.by == "step":
            self.decoders = nn.ModuleList(nn.Linear(width, seen.spec.shape[-1]) for seen in observed)
        else:
            pairs = zip(schema.inputs, self.observed, strict=True)
            self.decoders = nn.ModuleList(encoders[one.name].decoder(seen.spec, width) for one, seen in pairs)

    def hidden(self, inputs: Mapping[str, Tensor], names: tuple[str, ...], rng: Rng) -> list[MaskedRows]:
        """Return each input's rows without what the draws hide."""
        pairs = zip(names, self.hidings, self.observed, strict=True)
        return [hiding(inputs[name], seen, rng.fold_in(f"mask {name}")) for name, hiding, seen in pairs]

    def forward(self, features: Tensor) -> list[Tensor]:
        return [full(decoder(features)) for decoder in self.decoders]


@dataclass(frozen=True)
class MaskedLearning(Learning):
    """The loss side: the surprise at what is hidden of a row."""

    options: Options

    @property
    def encoder_output(self) -> EncoderOutput:
        """A vector for each step where hidden entries are told from those of their own."""
        return "sequence" if self.options.by == "step" else "vector"

    def build(self, schema: Schema, encoders: Mapping[str, nn.Module], fuse: Fuse | None = None) -> nn.Module:
        """Return the network, whose output are features, with what tells hidden entries from them beside."""
        network: Any = assemble(schema, encoders, 1, fuse=fuse)
        if not isinstance(network.head, nn.Linear):
            raise UsageError(say("objectives.masked-needs-features"))
        network.telling = MaskedNetwork(schema, network, encoders, self.options)
        network.head = nn.Identity()
        name_dropouts(network)
        return network  # type: ignore[no-any-return]

    def loss(self, network: Any, batch: Batch, stepped: str, rng: Rng) -> Loss:
        """Return the mean surprise at each row's hidden entries, in nats; a row counts by how many there are."""
        nll_B, count_B, _ = _surprise(network, batch.inputs, rng)
        return Loss(nll_B / count_B.clamp_min(1), batch.weight_B * count_B, {})


@dataclass(frozen=True)
class MaskedDecision(Decision):
    """The decision side: how well what is hidden is told."""

    monitors: ClassVar[Mapping[str, str]] = {"loss": "lower"}
    declared_metrics = (
        Metric(
            "masked_accuracy",
            "Masked-entry accuracy",
            "share of masked tokens and categories predicted correctly",
            "%",
            "higher",
        ),
        Metric(
            "masked_explained",
            "Masked-entry R²",
            "share of the variance of masked numbers and pixels explained",
            better="higher",
            largest=1.0,
        ),
        Metric(
            "masked_nll",
            "Masked-entry negative log-likelihood",
            "mean negative log-likelihood of masked entries",
            "nats",
            "lower",
        ),
    )

    def predict(self, network: Any, batch: Batch, rng: Rng | None) -> Prediction:
        """Return of each row (B,) the mean surprise `nll` at what is hidden of it, in nats, how many entries that is,
        `hidden`, and the sums of `Reconstruction`; what is hidden of a row is the same whenever it is asked.
        """
        nll_B, count_B, told = _surprise(network, batch.inputs, Rng(0, 0, batch.row_B), tell=True)
        assert told is not None
        return Prediction({"nll": nll_B / count_B.clamp_min(1), "hidden": count_B.to(torch.int32), **told._asdict()})

    def monitor(self, predictions: Mapping[str, np.ndarray], target: np.ndarray, schema: Schema) -> Mapping[str, float]:
        """Return the mean surprise at a hidden entry in nats."""
        count_n = predictions["hidden"].astype(np.float64)
        return {"loss": float(predictions["nll"].astype(np.float64) @ count_n / max(count_n.sum(), 1))}

    def metric_names(self, schema: Schema) -> tuple[str, ...]:
        """Return the names of all findings on one split."""
        classes = ("masked_accuracy", "masked_accuracy(most frequent)") if _has_classes(schema) else ()
        return ("masked_nll", *(("masked_explained",) if _has_quantities(schema) else ()), *classes)

    def measure(
        self, predictions: Mapping[str, np.ndarray], context: EvaluationContext
    ) -> Iterator[Finding | ExhibitDraft]:
        """Yield the surprise at hidden entries, how much better than their mean, or the most frequent class, they are
        told.
        """
        sums = {name: values.astype(np.float64) for name, values in predictions.items()}
        again = Reproduction(producer="objective", seed=context.seed, repeat="exact", tolerance=1e-5)
        common: dict[str, Any] = {"split": context.split, "levels": context.levels, "again": again}
        group, count_n = context.group, sums["hidden"]
        if _has_quantities(context.schema):
            found = explained(
                sums["error"], sums["plain"], context.levels, group, "explained", say("objectives.no-masked-quantity")
            )
            method = (
                f"relative to the training mean, on {int(sums['quantities'].sum()):,} masked values; {found.method}"
            )
            yield finding("masked_explained", found._replace(method=method), better="higher", **common)
        if _has_classes(context.schema):
            for name, which in ((None, "right"), ("most frequent", "usual")):
                share = ratio_of(sums[which], sums["classed"], context.levels, group, low=0, high=1)
                yield finding("masked_accuracy", share, group=name, better="higher", **common)
        surprise = ratio_of(sums["nll"] * count_n, count_n, context.levels, group)
        yield finding("masked_nll", surprise, unit="nats", better="lower", **common)


def _unsuitable(options: Options, schema: Schema) -> str | None:
    """Say why there is nothing to hide, or nothing to tell it from, or None."""
    if options.by == "step" and not _is_text(schema):
        return say("objectives.by-step-text-only")
    return unlikely(schema)


def _complete(options: Options, schema: Schema) -> Options:
    """Return the options, with what hidden entries are told from."""
    by = options.by or ("step" if _is_text(schema) else "row")
    return options.model_copy(update={"by": by})


def _surprise(
    network: Any, inputs: Mapping[str, Tensor], rng: Rng, *, tell: bool = False
) -> tuple[Tensor, Tensor, Reconstruction | None]:
    """Return the surprise at rows' hidden entries (B,) in nats, how many these are, and, to `tell`, how well they are
    told.
    """
    telling, names = network.telling, network.names
    hidden = telling.hidden(inputs, names, rng)
    given = telling(network.features({**inputs, **{name: one.raw for name, one in zip(names, hidden, strict=True)}}))
    nlls, counts, tolds = [], [], []
    for name, hiding, seen, one, x in zip(names, telling.hidings, telling.observed, hidden, given, strict=True):
        nlls.append(hiding.nll(seen, x, inputs[name], one))
        counts.append(one.count_B.to(torch.float32))
        tolds += [hiding.description(seen, x, inputs[name], one)] if tell else []
    told = Reconstruction(*(torch.stack(parts).sum(0).float() for parts in zip(*tolds, strict=True))) if tell else None
    return torch.stack(nlls).sum(0), torch.stack(counts).sum(0), told


def _masking(one: InputSchema, options: Options) -> Masking:
    model = input_type(one.kind).row_model
    assert model is not None
    return model.masking(one, options.mask_ratio, options.patch_size)


def _is_text(schema: Schema) -> bool:
    return len(schema.inputs) == 1 and input_type(schema.inputs[0].kind).tokens is not None


def _has_classes(schema: Schema) -> bool:
    return any(input_type(one.kind).entries(one).classes for one in schema.inputs)


def _has_quantities(schema: Schema) -> bool:
    return any(input_type(one.kind).entries(one).quantities for one in schema.inputs)


OBJECTIVE = Objective(
    name="masked",
    options=Options,
    supervision=lambda options: Supervision(labels="none"),
    learning=MaskedLearning,
    decision=lambda options: MaskedDecision(),
    complete=_complete,
    unsuitable=_unsuitable,
)
