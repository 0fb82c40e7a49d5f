"""What makes rows of codes for a discriminator to judge: pictures, and cells of a table.

A maker gives what a decoder says of rows, `features` what the network of the input would be given of such rows,
gradients reaching the maker, and `raw` the rows themselves.

B rows, L numbers of a code, F raw columns, G numbers that a decoder gives.
"""

from __future__ import annotations

from typing import Any, Protocol

import torch
from torch import Tensor, nn

from leadline.core.schema import InputSchema
from leadline.data.preprocessors import TablePreprocessor
from leadline.nn.batch import SignalSpec
from leadline.nn.generative.decoders import Growing
from leadline.nn.generative.generators import Conditioned, ImageGenerator
from leadline.nn.layers.activations import initialise_weights
from leadline.nn.rng import Rng
from leadline.objectives.generative.tabular_likelihood import TabularLikelihood

KINDS = ("number", "boolean", "category")  # of column that gradients pass through
HIDDEN, NARROWED = 8, 256  # units of a hidden layer for a channel of pictures, in all at least
EXACT = 1e-6  # the spread of quantities around what a maker says, in train standard deviations: none


class RowGenerator(Protocol):
    """A module that makes rows; `given` holds what it is told."""

    def __call__(self, code_BL: Tensor, class_B: Tensor | None = None) -> Tensor: ...

    def features(self, preprocessor: Any, given: Tensor, beside: Tensor, rng: Rng) -> Tensor:
        """Return what the front makes of new rows, each made to lack what the real row beside it lacks."""

    def raw(self, given: Tensor, rng: Rng) -> Tensor:
        """Return new rows, raw."""


class ImageRowGenerator(ImageGenerator):
    """Pictures, as a generator makes them."""

    def features(self, preprocessor: Any, given: Tensor, beside: Tensor, rng: Rng) -> Tensor:
        """Return standardised pixels."""
        values: Tensor = preprocessor(given).values
        return values

    def raw(self, given: Tensor, rng: Rng) -> Tensor:
        """Return pixels from 0 to 255."""
        return given


class TableRowGenerator(nn.Module):
    """Cells of a table by two dense layers with batch norm: quantities as they come out, yes and no and classes drawn
    by chance.
    """

    def __init__(self, one: InputSchema, latent: int, classes: int, width: int) -> None:
        super().__init__()
        self.given = Conditioned(latent, classes)
        self.cells = TabularLikelihood(one.fields, EXACT)
        self.classes = tuple((self.cells.fill_F == 0).nonzero().flatten().tolist())  # columns of codes
        units, inside = max(NARROWED, HIDDEN * width), self.given.width
        layers: list[nn.Module] = []
        for _ in range(2):
            dense = nn.Linear(inside, units, bias=False)
            initialise_weights(dense, "relu")
            layers += [dense, nn.BatchNorm1d(units), nn.ReLU()]
            inside = units
        last = nn.Linear(inside, self.cells.spec.shape[0])
        initialise_weights(last, None)
        self.layers = nn.Sequential(*layers, last)

    def forward(self, code_BL: Tensor, class_B: Tensor | None = None) -> Tensor:
        given: Tensor = self.layers(self.given(code_BL, class_B))
        return given

    def features(self, preprocessor: Any, given: Tensor, beside: Tensor, rng: Rng) -> Tensor:
        """Return standardised numbers and embedded classes, missing where they are so in the rows beside."""
        assert isinstance(preprocessor, TablePreprocessor)
        raw, hot = self.cells.through(given, rng)
        there = self.cells.there(beside)
        share = {}
        for at in self.classes:
            known_B1 = there[:, at : at + 1].to(raw.dtype)
            share[at] = torch.cat([1 - known_B1, hot.get(at, raw[:, :0]) * known_B1], 1)
        return preprocessor.mixed(torch.where(there, raw, torch.nan), share).values

    def raw(self, given: Tensor, rng: Rng) -> Tensor:
        """Return rows in which nothing is missing."""
        return self.cells.draw(given, rng)


def generator_for_input(
    one: InputSchema, spec: SignalSpec, latent: int, classes: int, *, width: int, growing: Growing
) -> nn.Module:
    """Return what makes rows of an input, with fresh weights; `spec` is what its front gives."""
    if one.kind == "image":
        return ImageRowGenerator(spec.shape, latent, classes, width=width, growing=growing)
    return TableRowGenerator(one, latent, classes, width)


def cannot_generate(one: InputSchema) -> str | None:
    """Say why rows of an input cannot be made, or None."""
    if one.kind == "image":
        return None
    if one.kind != "table" or one.window is not None:
        what = "windows of a series" if one.window is not None else one.kind
        return f"it makes pictures and rows of tables, and the input {one.name!r} is {what}"
    other = next((field for field in one.fields if field.kind not in KINDS), None)
    if other is not None:
        return (
            f"column {other.name!r} is {other.kind}, of which it makes no cells; leave it out with --ignore"
            f" {other.name!r}"
        )
    return None
