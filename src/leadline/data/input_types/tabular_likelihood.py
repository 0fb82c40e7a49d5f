"""How likely the rows of a table, and the windows of a series, are, given what a decoder says of them.

B rows, F raw columns, Q quantities, K columns of a kind, V classes, T steps, G numbers that a decoder gives.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import get_args

import torch
import torch.nn.functional as F
from torch import Tensor

from leadline.core.catalogue import say
from leadline.core.schema import ColumnSchema
from leadline.data.columns.contract import column_type
from leadline.data.columns.scalars.time_stamps import DAY
from leadline.nn.batch import SignalSpec
from leadline.nn.generative.cells import Cell, Form
from leadline.nn.generative.likelihood import MOST, Likelihood, Sigma, Spread, chance, normal_nll
from leadline.nn.rng import Rng

SOFT = 0.5  # the temperature of classes that gradients pass through


def cells_of(fields: Sequence[ColumnSchema]) -> list[Cell]:
    """Return what a decoder has to say of each column; all are of kinds that have cells (see `lacking_cell`)."""
    kinds = [(column_type(field.kind).cell, field.state) for field in fields]
    return [cell(state) for cell, state in kinds if cell is not None]


def lacking_cell(fields: Sequence[ColumnSchema]) -> ColumnSchema | None:
    """Return the first column of a kind of which no decoder makes cells, or None."""
    return next((field for field in fields if column_type(field.kind).cell is None), None)


class TabularLikelihood(Likelihood):
    """Cells of a table (B,F) from numbers (B,G): quantities, then log-odds of yes, then scores of classes, by how many
    there are.

    Numbers, and dates as time elapsed, are normal on the standardised scale, each with a spread of its own. What
    follows from the calendar is not modelled, and zero in rows that are made.
    """

    description = "normal density of standardised numbers and dates, Bernoulli of yes and no, categorical of classes"

    def __init__(self, fields: Sequence[ColumnSchema], sigma: Sigma) -> None:
        super().__init__()
        widths = [column_type(field.kind).width(field.state) for field in fields]
        first = dict(zip(range(len(fields)), (0, *accumulate(widths)), strict=False))
        cells = cells_of(fields)
        by_form: dict[Form, list[int]] = {form: [] for form in get_args(Form)}
        for at, cell in enumerate(cells):
            by_form[cell.form].append(at)
        numbers, dates = by_form["quantity"], by_form["moment"]
        sizes = {at: cells[at].classes for at in by_form["class"]}
        self.sizes = tuple(sorted({size for size in sizes.values() if size}))
        grouped = [[at for at, size in sizes.items() if size == wanted] for wanted in self.sizes]
        self.counts = tuple(map(len, grouped))
        self.quantities, self.booleans = len(numbers) + len(dates), len(by_form["yes"])
        self.dates, self.width = len(dates), sum(widths)
        self._columns(first, by_form, grouped)
        self._scales([cells[at] for at in numbers], [cells[at] for at in dates])
        fill = torch.full((self.width,), torch.nan)
        fill[[first[at] for at in sizes]] = 0.0
        self.fill_F: Tensor
        self.register_buffer("fill_F", fill, persistent=False)
        self.spread = Spread(sigma, self.quantities)
        given = (
            self.quantities
            + self.booleans
            + sum(size * count for size, count in zip(self.sizes, self.counts, strict=True))
        )
        self.spec = SignalSpec("table", (given,))

    def _columns(self, first: dict[int, int], by_form: dict[Form, list[int]], grouped: list[list[int]]) -> None:
        days = [first[at] for at in by_form["moment"]]
        read = [*(first[at] for at in by_form["quantity"]), *days, *(first[at] for at in by_form["yes"])]
        read += [first[at] for group in grouped for at in group]
        self.coded = tuple(first[at] for group in grouped for at in group)  # columns of codes
        written = [*read, *(day + 1 for day in days)]
        rest = sorted(set(range(self.width)) - set(written))  # zero
        for name, at in (("read_K", read), ("second_K", [day + 1 for day in days])):
            self.register_buffer(name, torch.tensor(at, dtype=torch.int64), persistent=False)
        self.register_buffer("place_F", torch.tensor([*written, *rest], dtype=torch.int64).argsort(), persistent=False)
        self.read_K: Tensor
        self.second_K: Tensor
        self.place_F: Tensor

    def _scales(self, numbers: Sequence[Cell], dates: Sequence[Cell]) -> None:
        whole = [math.floor(one.mean) for one in dates]
        shift = [one.mean for one in numbers] + [float(day) for day in whole]
        part = [0.0] * len(numbers) + [one.mean - day for one, day in zip(dates, whole, strict=True)]
        scale = [one.std or 1.0 for one in (*numbers, *dates)]
        self.register_buffer("shift_Q", torch.tensor(shift, dtype=torch.float32), persistent=False)
        self.register_buffer("part_Q", torch.tensor(part, dtype=torch.float32), persistent=False)
        self.register_buffer("scale_Q", torch.tensor(scale, dtype=torch.float32), persistent=False)
        self.register_buffer("timed_K", torch.tensor([one.timed for one in dates], dtype=torch.bool), persistent=False)
        self.shift_Q: Tensor
        self.part_Q: Tensor
        self.scale_Q: Tensor
        self.timed_K: Tensor

    def _split(self, x: Tensor) -> tuple[Tensor, Tensor, tuple[Tensor, ...]]:
        """Return what is read of rows, by what it stands for: quantities, yes or no, codes of classes."""
        quantity_BQ, yes_BK, *codes = torch.split(
            x.index_select(1, self.read_K), [self.quantities, self.booleans, *self.counts], 1
        )
        return quantity_BQ, yes_BK, tuple(codes)

    def _parts(self, given: Tensor) -> tuple[Tensor, Tensor, tuple[Tensor, ...]]:
        """Return the means of quantities, log-odds of yes, and scores of classes (B,K,V) for each number of classes."""
        widths = [size * count for size, count in zip(self.sizes, self.counts, strict=True)]
        mean_BQ, odds_BK, *scores = torch.split(given, [self.quantities, self.booleans, *widths], 1)
        return (
            mean_BQ,
            odds_BK,
            tuple(torch.unflatten(one, 1, (-1, size)) for one, size in zip(scores, self.sizes, strict=True)),
        )

    def _standardised(self, x_BQ: Tensor, raw: Tensor) -> Tensor:
        """Return quantities on their standardised scale; NaN where missing."""
        z_BQ = (x_BQ - self.shift_Q) - self.part_Q
        if self.dates:
            seconds_BQ = F.pad(raw.index_select(1, self.second_K) / DAY, (self.quantities - self.dates, 0))
            z_BQ = z_BQ + seconds_BQ
        return (z_BQ / self.scale_Q).clamp(-MOST, MOST)

    def read(self, raw: Tensor) -> tuple[Tensor, Tensor]:
        """Return quantities on their standardised scale (B,Q) and answers and codes of classes (B,K); NaN where
        missing.
        """
        x_BQ, yes_BK, codes = self._split(raw)
        code_BK = torch.cat(codes, 1) if codes else yes_BK[:, :0]
        return self._standardised(x_BQ, raw), torch.cat([yes_BK, code_BK.masked_fill(code_BK == 0, torch.nan)], 1)

    def there(self, raw: Tensor) -> Tensor:
        """Return which cells are neither missing nor of a class that train did not have."""
        return ~(torch.isnan(raw) | ((raw == 0) & (self.fill_F == 0)))

    def nll(self, given: Tensor, raw: Tensor, rng: Rng | None = None, counted: Tensor | None = None) -> Tensor:
        """Return the negative log-likelihood of the cells of rows that are there (B,), in nats."""
        there = self.there(raw) if counted is None else self.there(raw) & counted
        (mean_BQ, odds_BK, scores), (x_BQ, yes_BK, codes) = self._parts(given), self._split(raw)
        there_BQ, there_BK, known = self._split(there)
        z_BQ = torch.where(there_BQ, self._standardised(x_BQ, raw), mean_BQ.detach())
        total_B = (normal_nll(z_BQ, mean_BQ, self.spread()) * there_BQ).sum(1)
        yes_BK = torch.where(there_BK, yes_BK, 0.0)
        total_B = total_B + (F.binary_cross_entropy_with_logits(odds_BK, yes_BK, reduction="none") * there_BK).sum(1)
        for scores_BKV, code_BK, known_BK in zip(scores, codes, known, strict=True):
            at_BK1 = (torch.nan_to_num(code_BK).long() - 1).clamp(0, scores_BKV.shape[2] - 1)[:, :, None]
            total_B = total_B - (scores_BKV.log_softmax(2).gather(2, at_BK1).squeeze(2) * known_BK).sum(1)
        return total_B

    def mean(self, given: Tensor) -> Tensor:
        """Return rows of means, and of the most probable answers and classes."""
        mean_BQ, odds_BK, scores = self._parts(given)
        return self._rows(mean_BQ, odds_BK > 0, [one.argmax(2) for one in scores])

    def draw(self, given: Tensor, rng: Rng) -> Tensor:
        """Return rows drawn cell by cell."""
        mean_BQ, odds_BK, scores = self._parts(given)
        if self.quantities:
            mean_BQ = mean_BQ + rng.normal("quantities", self.quantities).to(given.dtype) * self.spread()
        yes_BK = chance(torch.sigmoid(odds_BK), rng, "booleans") if self.booleans else odds_BK > 0
        # The largest of scores with Gumbel noise is distributed as their softmax (Gumbel 1954).
        noise = [-torch.log(-torch.log(rng.uniform(f"classes {one.shape[2]}", *one.shape[1:]))) for one in scores]
        return self._rows(mean_BQ, yes_BK, [(one + g).argmax(2) for one, g in zip(scores, noise, strict=True)])

    def through(self, given: Tensor, rng: Rng) -> tuple[Tensor, Mapping[int, Tensor]]:
        """Return rows drawn as by `draw`, of quantities as expected, and for the column of each class its classes as 0
        and 1 (B,V).

        Gradients reach what is given from quantities, from yes and no, and from classes as 0 and 1: as if these were
        chances, and the Gumbel-softmax of scores (straight through: Bengio et al. 2013, Jang et al. 2017).
        """
        mean_BQ, odds_BK, scores = self._parts(given)
        chance_BK = torch.sigmoid(odds_BK)
        yes_BK = chance(chance_BK, rng, "booleans").to(given.dtype) if self.booleans else chance_BK
        hot = []
        for one in scores:
            noise = -torch.log(-torch.log(rng.uniform(f"classes {one.shape[2]}", *one.shape[1:])))
            soft_BKV = ((one + noise.to(one.dtype)) / SOFT).softmax(2)
            hot.append(F.one_hot(soft_BKV.argmax(2), one.shape[2]).to(given.dtype) + soft_BKV - soft_BKV.detach())
        raw = self._rows(mean_BQ, yes_BK + chance_BK - chance_BK.detach(), [one.argmax(2) for one in hot])
        every = [classes_BV for one in hot for classes_BV in one.unbind(1)]
        return raw, dict(zip(self.coded, every, strict=True))

    def _rows(self, z_BQ: Tensor, yes_BK: Tensor, classes: Sequence[Tensor]) -> Tensor:
        beyond_BQ = z_BQ * self.scale_Q + self.part_Q
        quantity_BQ = beyond_BQ + self.shift_Q
        second_BK = beyond_BQ[:, :0]
        if self.dates:
            numbers = self.quantities - self.dates
            late_BK = beyond_BQ[:, numbers:]
            day_BK = torch.where(self.timed_K, late_BK.floor(), late_BK.round())
            second_BK = torch.where(self.timed_K, ((late_BK - day_BK) * DAY).round().clamp(0, DAY - 1), 0.0)
            quantity_BQ = torch.cat([quantity_BQ[:, :numbers], day_BK + self.shift_Q[numbers:]], 1)
        parts = [quantity_BQ, yes_BK.to(z_BQ.dtype), *(code_BK.to(z_BQ.dtype) + 1 for code_BK in classes), second_BK]
        known = torch.cat(parts, 1)
        return F.pad(known, (0, self.width - known.shape[1])).index_select(1, self.place_F)

    def hidden(self, raw: Tensor, where: Tensor) -> Tensor:
        """Return rows with NaN, or the code of an unknown class, where cells are hidden."""
        return torch.where(where, self.fill_F, raw)

    def noisy(self, raw: Tensor, amount: float, rng: Rng) -> Tensor:
        """Return rows with noise on their numbers; dates, classes and answers stay as they are."""
        numbers = self.quantities - self.dates
        if not numbers:
            return raw
        noise_BQ = rng.normal("noise", numbers) * (amount * self.scale_Q[:numbers])
        at_K = self.read_K[:numbers]
        return raw.index_add(1, at_K, noise_BQ.to(raw.dtype))

    def squares(self, given: Tensor, raw: Tensor) -> Tensor:
        """Return squared errors of quantities that are there, and how many these are."""
        error_BQ = self._standardised(self._split(raw)[0], raw) - self._parts(given)[0]
        there_BQ = ~torch.isnan(error_BQ)
        return torch.stack([torch.nan_to_num(error_BQ).square().sum(1), there_BQ.sum(1).to(given.dtype)], 1)


class SeriesLikelihood(Likelihood):
    """Windows of a series (B,T,F) from sequences (B,T,G): each step's cells, as of a table."""

    def __init__(self, fields: Sequence[ColumnSchema], steps: int, sigma: Sigma) -> None:
        super().__init__()
        self.cells: TabularLikelihood = TabularLikelihood(fields, sigma)
        self.description = say("columns.likelihood-of-each-step", likelihood=self.cells.description)
        self.spec = SignalSpec("sequence", (steps, *self.cells.spec.shape))

    def there(self, raw: Tensor) -> Tensor:
        """Return which values are known."""
        return self.cells.there(raw)

    def nll(self, given: Tensor, raw: Tensor, rng: Rng | None = None, counted: Tensor | None = None) -> Tensor:
        """Return the negative log-likelihood of the values of windows that are known (B,), in nats."""
        flat = None if counted is None else counted.flatten(0, 1)
        return self.cells.nll(given.flatten(0, 1), raw.flatten(0, 1), None, flat).view(len(given), -1).sum(1)

    def mean(self, given: Tensor) -> Tensor:
        """Return windows of means."""
        return self.cells.mean(given.flatten(0, 1)).view(*given.shape[:2], -1)

    def draw(self, given: Tensor, rng: Rng) -> Tensor:
        """Return windows drawn value by value."""
        return self.cells.draw(given.flatten(0, 1), rng.each(given.shape[1])).view(*given.shape[:2], -1)

    def hidden(self, raw: Tensor, where: Tensor) -> Tensor:
        """Return windows in which some values are not known."""
        return self.cells.hidden(raw, where)

    def noisy(self, raw: Tensor, amount: float, rng: Rng) -> Tensor:
        """Return windows with noise on their numbers."""
        return self.cells.noisy(raw.flatten(0, 1), amount, rng.each(raw.shape[1])).view_as(raw)

    def squares(self, given: Tensor, raw: Tensor) -> Tensor:
        """Return squared errors of values that are known, and how many these are."""
        return self.cells.squares(given.flatten(0, 1), raw.flatten(0, 1)).view(len(given), -1, 2).sum(1)
