"""Which cells of tables, and spans of series, are hidden from a network that is to tell them from the rest.

B rows, F raw columns, N columns as the user knows them, L past steps of a window.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

import numpy as np
import torch
from torch import Tensor

from leadline.core.schema import ColumnSchema
from leadline.data.augmentations.series import spans
from leadline.data.columns.contract import column_type
from leadline.data.input_types.tabular_likelihood import cells_of
from leadline.nn.generative.likelihood import Likelihood
from leadline.nn.generative.masking import Coded, MaskedRows, Masking, Reconstruction
from leadline.nn.rng import Rng

CELLS, SPANS = 0.3, 0.4  # of cells, and of steps in spans, that are hidden


class CellMasking(Masking):
    """A share of the cells of tables (B,F)."""

    def __init__(self, rate: float, fields: Sequence[ColumnSchema]) -> None:
        widths = [column_type(f.kind).width(f.state) for f in fields]
        first = [0, *accumulate(widths)][: len(widths)]
        codes = [cell.codes for cell in cells_of(fields)]
        super().__init__(rate, [Coded(at, *code) for at, code in zip(first, codes, strict=True) if code[0]])
        for name, numbers in (
            ("column_F", np.repeat(np.arange(len(widths)), widths).tolist()),  # the column that each raw one is of
            ("first_N", first),
        ):
            self.register_buffer(name, torch.tensor(numbers, dtype=torch.int64), persistent=False)
        self.column_F: Tensor
        self.first_N: Tensor

    def hide(self, raw: Tensor, observed: Likelihood, rng: Rng) -> MaskedRows:
        """Return rows without the cells that their draws choose."""
        where = self.chosen(raw, rng) & observed.there(raw)
        return MaskedRows(observed.hidden(raw, where), where, where.index_select(-1, self.first_N).flatten(1).sum(1))

    def chosen(self, raw: Tensor, rng: Rng) -> Tensor:
        """Return which cells are hidden where they are there, of the shape of raw rows."""
        return (rng.uniform("cells", len(self.first_N)) < self.rate).index_select(1, self.column_F)

    def description(self, observed: Likelihood, given: Tensor, raw: Tensor, hidden: MaskedRows) -> Reconstruction:
        """Return how well hidden quantities and classes are told."""
        only = observed.hidden(raw, ~hidden.where)  # entries that were not hidden count as missing
        error, count = observed.squares(given, only).unbind(1)
        plain, _ = observed.squares(observed.plain(len(raw), given), only).unbind(1)
        there, true, guess = (x.index_select(-1, self.coded_N) for x in (hidden.where, raw, observed.mean(given)))
        right, usual = (
            ((true == one) & there).flatten(1).sum(1) for one in (guess, self.most_frequent().to(raw.dtype))
        )
        return Reconstruction(error, plain, count, right, usual, there.flatten(1).sum(1))


class SpanMasking(CellMasking):
    """Spans of the past of windows (B,T,F), about as much of each column as the rate says."""

    def __init__(self, rate: float, fields: Sequence[ColumnSchema], past: int) -> None:
        super().__init__(rate, fields)
        self.past = past

    def chosen(self, raw: Tensor, rng: Rng) -> Tensor:
        """Return which values are hidden where they are there, of the shape of raw rows."""
        past_BLN = spans(rng, self.past, len(self.first_N), min(2 * self.rate, 1.0))
        where = torch.zeros(raw.shape, dtype=torch.bool, device=raw.device)
        where[:, : self.past] = past_BLN.index_select(2, self.column_F)
        return where
