"""Which entries of rows are hidden from a network that is to tell them from the rest, and how well it does: what
kinds of input have in common, and patches of pictures.

B rows, C channels, H height, W width, K hidden places of a text, S classes of all columns.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

import torch
from torch import Tensor, nn

from leadline.nn.generative.likelihood import Likelihood, Pixels
from leadline.nn.rng import Rng
from leadline.nn.transforms import in_transform

PATCHES = 0.6  # of the patches of a picture are hidden
ACROSS = 7  # patches that a picture has a side, about


class MaskedRows(NamedTuple):
    """Rows without some entries, `raw`; `where` these are (bool, it may broadcast) and how many of each row, `count_B`.

    Of texts `at_BK` are their places, of which those that are `there_BK` count.
    """

    raw: Tensor
    where: Tensor
    count_B: Tensor
    at_BK: Tensor | None = None
    there_BK: Tensor | None = None


class Reconstruction(NamedTuple):
    """How well a row's hidden entries are told, all (B,): the squared error of quantities in train variances, that of
    the train mean, how many these are; how many classes are right, how many the most frequent one gets right, how many
    these are.
    """

    error: Tensor
    plain: Tensor
    quantities: Tensor
    right: Tensor
    usual: Tensor
    classed: Tensor


class Coded(NamedTuple):
    """A raw column of classes: its place, how many classes it has, and the first one's code."""

    at: int
    classes: int
    first: int


class Masking(nn.Module, ABC):
    """One input's hidden entries, a share `rate` of them.

    It counts the classes that it hides in training: the most frequent of each column is what classes are told against.
    """

    def __init__(self, rate: float, coded: Sequence[Coded] = ()) -> None:
        super().__init__()
        self.rate = rate
        self.sizes = tuple(one.classes for one in coded)
        for name, numbers in (
            ("coded_N", [one.at for one in coded]),
            ("least_N", [one.first for one in coded]),
            ("offset_N", [0, *accumulate(self.sizes)][: len(coded)]),
        ):
            self.register_buffer(name, torch.tensor(numbers, dtype=torch.int64), persistent=False)
        self.register_buffer("seen_S", torch.zeros(sum(self.sizes), dtype=torch.int64))
        self.coded_N: Tensor
        self.least_N: Tensor
        self.offset_N: Tensor
        self.seen_S: Tensor

    def forward(self, raw: Tensor, observed: Likelihood, rng: Rng) -> MaskedRows:
        """Return rows without the entries that their draws choose."""
        hidden = self.hide(raw, observed, rng)
        if self.training and len(self.seen_S) and not in_transform(raw):
            self.count(raw, hidden)
        return hidden

    @abstractmethod
    def hide(self, raw: Tensor, observed: Likelihood, rng: Rng) -> MaskedRows:
        """Return rows without the entries that their draws choose."""

    def nll(self, observed: Likelihood, given: Tensor, raw: Tensor, hidden: MaskedRows) -> Tensor:
        """Return the surprise at the hidden entries of rows (B,) in nats."""
        return observed.nll(given, raw, None, hidden.where)

    @abstractmethod
    def description(self, observed: Likelihood, given: Tensor, raw: Tensor, hidden: MaskedRows) -> Reconstruction:
        """Return how well the hidden entries of rows are told."""

    @torch.no_grad()
    def count(self, raw: Tensor, hidden: MaskedRows) -> None:
        """Count the classes that were hidden."""
        codes, there = (x.index_select(-1, self.coded_N) for x in (raw, hidden.where))
        number = torch.where(there, codes, self.least_N.to(raw.dtype)).long() - self.least_N + self.offset_N
        self.seen_S.scatter_add_(0, number.flatten(), there.long().flatten())

    def most_frequent(self) -> Tensor:
        """Return the code of each column's most frequent class (N,)."""
        parts = torch.split(self.seen_S, list(self.sizes)) if self.sizes else ()
        found = torch.stack([part.argmax() for part in parts]) if parts else self.seen_S[:0]
        return found + self.least_N


class PatchMasking(Masking):
    """Patches of pictures (B,C,H,W), each `patch` pixels a side, the last ones of a row or column perhaps less."""

    def __init__(self, rate: float | None, patch: int | None, height: int, width: int) -> None:
        super().__init__(PATCHES if rate is None else rate)
        self.patch = patch or max(2, min(height, width) // ACROSS)

    def hide(self, raw: Tensor, observed: Likelihood, rng: Rng) -> MaskedRows:
        """Return pictures without as many patches as the rate says."""
        height, width = raw.shape[2:]
        down, across = -(-height // self.patch), -(-width // self.patch)
        count = min(max(1, round(self.rate * down * across)), down * across)
        rank_BP = rng.uniform("patches", down * across).argsort(1).argsort(1)
        patches = (rank_BP < count).view(-1, 1, down, across)
        where = patches.repeat_interleave(self.patch, 2).repeat_interleave(self.patch, 3)[:, :, :height, :width]
        return MaskedRows(observed.hidden(raw, where), where, where.flatten(1).sum(1) * raw.shape[1])

    def description(self, observed: Likelihood, given: Tensor, raw: Tensor, hidden: MaskedRows) -> Reconstruction:
        """Return how well hidden pixels are told."""
        assert isinstance(observed, Pixels)
        zero_B = given.new_zeros(len(given))
        where, counted = hidden.where, hidden.count_B.to(zero_B.dtype)
        error = (((observed.mean(given) - raw) / observed.std_C11).square() * where).flatten(1).sum(1)
        constant = observed.mean(observed.plain(1, given))
        plain = (((constant - raw) / observed.std_C11).square() * where).flatten(1).sum(1)
        return Reconstruction(error, plain, counted, zero_B, zero_B, zero_B)
