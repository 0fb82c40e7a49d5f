"""What makes rows of a table of codes for a discriminator to judge.

B rows, L numbers of a code, F raw columns, G numbers that a decoder gives.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from leadline.core.catalogue import say
from leadline.core.schema import InputSchema
from leadline.data.columns.contract import column_type
from leadline.data.input_types.tabular_likelihood import TabularLikelihood
from leadline.data.preprocessors import TablePreprocessor
from leadline.nn.generative.cells import Form
from leadline.nn.generative.generators import Conditioned
from leadline.nn.layers.activations import initialise_weights
from leadline.nn.rng import Rng

FORMS: tuple[Form, ...] = ("quantity", "yes", "class")  # of cells that gradients pass through
HIDDEN, NARROWED = 8, 256  # units of a hidden layer for a channel of pictures, in all at least
EXACT = 1e-6  # the spread of quantities around what a generator says, in train standard deviations: none


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


def cannot_generate(one: InputSchema) -> str | None:
    """Say why rows of a table cannot be generated, or None."""
    cells = ((field, column_type(field.kind).cell) for field in one.fields)
    other = next((field for field, cell in cells if cell is None or cell(field.state).form not in FORMS), None)
    if other is None:
        return None
    return say("columns.not-generated-ignore", column=other.name, type=other.kind)
