"""Networks that make a code of a row, and rows of codes: encoders, a code, and a decoder for each input.

B rows, K inputs, F features, L numbers of a code, C classes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from leadline.core.catalogue import say
from leadline.core.metric import Metric
from leadline.core.schema import Schema
from leadline.data.columns.contract import input_type
from leadline.errors import UsageError
from leadline.nn.batch import PRESENT, Batch
from leadline.nn.features import full
from leadline.nn.fusion import Fuse
from leadline.nn.generative.decoders import default_decoder
from leadline.nn.generative.likelihood import Likelihood, PixelLikelihood, Sigma
from leadline.nn.layers.dropout import name_dropouts
from leadline.nn.network import Network, assemble
from leadline.nn.rng import Rng
from leadline.objectives.generative.input_likelihoods import input_likelihood

RECONSTRUCTION = Metric(
    "reconstruction",
    "Reconstruction loss",
    "negative log-likelihood of an example given its latent code",
    "nats",
    "lower",
)

_MEASURED = 0  # the seed of draws that measuring makes


def complete_latent(options: Any, schema: Schema, most: int) -> Any:
    """Return options, among which are `latent_dim` and `pixel_likelihood`, with the width of codes and the likelihood
    of pixels written out.
    """
    found = {
        "latent_dim": options.latent_dim or default_latent(schema, most),
        "pixel_likelihood": pixels_of(schema, options.pixel_likelihood),
    }
    return options.model_copy(update=found)


class LatentNetwork(Network):
    """A network whose head gives what a code is made of, and a decoder for each input, from codes (B,L) to what it
    observes.
    """

    def __init__(self, inner: Network, observed: Mapping[str, Likelihood], code: int) -> None:
        super().__init__(dict(zip(inner.names, inner.encoders, strict=True)), inner.head, inner.last, inner.fusion)
        makers = [getattr(encoder, "decoder", None) or default_decoder for encoder in inner.encoders]
        self.decoders = nn.ModuleList(
            make(observed[name].spec, code) for make, name in zip(makers, inner.names, strict=True)
        )
        self.observed = nn.ModuleList(observed[name] for name in inner.names)
        name_dropouts(self)

    def taken(self, inputs: Mapping[str, Tensor], rng: Rng) -> dict[str, Tensor]:
        """Return inputs as they are modelled: pixels drawn, where they are."""
        own = {name: one.taken(inputs[name], rng.fold_in(name)) for name, one in self.kinds().items()}  # type: ignore[operator]
        return {**inputs, **own}

    def kinds(self) -> Mapping[str, nn.Module]:
        """Return what is observed of each input, by name."""
        return dict(zip(self.names, self.observed, strict=True))

    def given(self, code: Tensor) -> Mapping[str, Tensor]:
        """Return what the decoders say of each input of the rows that codes (B,L) stand for."""
        return {name: full(decoder(code)) for name, decoder in zip(self.names, self.decoders, strict=True)}

    def nll(self, given: Mapping[str, Tensor], inputs: Mapping[str, Tensor]) -> Tensor:
        """Return the negative log-likelihood of rows (B,) in nats, summed over the inputs that each has; rows are as
        `taken`.
        """
        parts = [one.nll(given[name], inputs[name]) for name, one in self.kinds().items()]  # type: ignore[operator]
        present_BK = inputs.get(PRESENT)
        if present_BK is None:
            present_BK = torch.ones_like(parts[0], dtype=torch.bool)[:, None]
        return (torch.stack(parts, 1) * present_BK).sum(1)

    def squares(self, given: Mapping[str, Tensor], inputs: Mapping[str, Tensor]) -> Tensor:
        """Return each row's mean squared error of quantities (B,), in train variances; NaN for a row that has none."""
        parts = [one.squares(given[name], inputs[name]) for name, one in self.kinds().items()]  # type: ignore[operator]
        parts_BK2 = torch.stack(parts, 1)
        present_BK = inputs.get(PRESENT)
        sums_B2 = parts_BK2.sum(1) if present_BK is None else (parts_BK2 * present_BK[:, :, None]).sum(1)
        return sums_B2[:, 0] / sums_B2[:, 1]

    def sizes(self, inputs: Mapping[str, Tensor]) -> Tensor:
        """Return each row's mean squared distance from the mean of the train rows' quantities (B,), in train
        variances.
        """
        kinds: Mapping[str, Any] = self.kinds()
        weight = next(self.parameters()).float()
        return self.squares({name: one.plain(len(inputs[name]), weight) for name, one in kinds.items()}, inputs)

    def rows(self, code: Tensor) -> dict[str, Tensor]:
        """Return the raw rows that are expected of codes, by input."""
        given = self.given(code)
        return {name: one.mean(given[name]) for name, one in self.kinds().items()}  # type: ignore[operator]

    def drawn(self, code: Tensor, rng: Rng) -> dict[str, Tensor]:
        """Return raw rows drawn for codes, by input."""
        given = self.given(code)
        return {name: one.draw(given[name], rng.fold_in(name)) for name, one in self.kinds().items()}  # type: ignore[operator]

    def parameter_counts(self) -> dict[str, int]:
        """Return how many parameters each encoder has, the head, and the decoders with what they observe (key
        ``decoder``).
        """
        rest = sum(p.numel() for part in (self.decoders, self.observed) for p in part.parameters())
        counts = super().parameter_counts()
        return {**counts, "decoder": counts.get("decoder", 0) + rest}


def latent_network(
    schema: Schema,
    encoders: Mapping[str, nn.Module],
    fuse: Fuse | None,
    *,
    outputs: int,
    code: int,
    pixels: PixelLikelihood | None,
    sigma: Sigma,
    last: nn.Module | None = None,
) -> LatentNetwork:
    """Return a network whose head gives `outputs` numbers, and whose decoders take codes of `code` numbers."""
    inner = assemble(schema, encoders, outputs=outputs, last=last, fuse=fuse)
    return LatentNetwork(inner, {one.name: input_likelihood(one, pixels, sigma) for one in schema.inputs}, code)


def entries(schema: Schema) -> int:
    """Return how many values a row has: pixels, cells, tokens of the longest text."""
    return sum(input_type(one.kind).entries(one).size for one in schema.inputs)


def default_latent(schema: Schema, most: int) -> int:
    """Return how many numbers a code has where nobody says it: half as many as a row has values, and `most` at most."""
    return max(1, min(most, entries(schema) // 2))


def spacious(schema: Schema, code: int) -> tuple[str, ...]:
    """Return what is to be said of a code that could hold a row as it is."""
    values = entries(schema)
    if code < values:
        return ()
    return (say("objectives.code-can-copy", numbers=code, entries=values),)


def pixels_of(schema: Schema, asked: PixelLikelihood | None) -> PixelLikelihood | None:
    """Return how pixels are modelled: as asked, else as is usual for the first input of pictures; None where there is
    none.
    """
    usual = [(input_type(one.kind).pixels, one) for one in schema.inputs]
    return next((asked or pixels(one) for pixels, one in usual if pixels is not None), None)


def measuring(batch: Batch) -> Rng:
    """Return the draws that measuring makes for rows: always the same, whatever the batch."""
    return Rng(_MEASURED, 0, batch.row_B).fold_in("measured")


def classes_in(schema: Schema, labels: tuple[str, ...], option: str) -> tuple[int, ...]:
    """Return the numbers of classes that an option names; raises UsageError where the data has no such classes."""
    unknown = [label for label in labels if label not in schema.classes]
    if not schema.classes:
        raise UsageError(say("objectives.option-needs-classes", option=option))
    if unknown:
        raise UsageError(
            say(
                "objectives.option-unknown-class",
                option=option,
                unknown=unknown[0],
                classes=", ".join(schema.classes),
            )
        )
    return tuple(schema.classes.index(label) for label in labels)
