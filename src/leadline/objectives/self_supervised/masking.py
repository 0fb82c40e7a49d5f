"""Which entries of rows are hidden from a network that is to tell them from the rest, and how well it does, by kind of
input.

B rows, C channels, H height, W width, F raw columns, K hidden places of a text, L past steps of a window, S classes of
all columns."""

from __future__ import annotations

import math
from itertools import accumulate
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from leadline.core.schema import ColumnSchema, InputSchema
from leadline.data.augmentations.series import spans
from leadline.data.columns.contract import column_type
from leadline.data.columns.texts.tokens import NAMES, PADDING, UNKNOWN
from leadline.nn.rng import Rng
from leadline.nn.transforms import in_transform
from leadline.objectives.generative.likelihood import Likelihood, Pixels

RATES = {"image": 0.6, "text": 0.15, "table": 0.3, "series": 0.4}  # of entries that are hidden, by kind of input
ACROSS = 7  # patches that a picture has a side, about
UNKNOWN_SHARE, RANDOM_SHARE = 0.8, 0.1  # of hidden tokens; the rest stay as they are (Devlin et al. 2019)


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
    these are."""

    error: Tensor
    plain: Tensor
    quantities: Tensor
    right: Tensor
    usual: Tensor
    classed: Tensor


class Masking(nn.Module):
    """One input's hidden entries: `rate` of the patches of pictures, of tokens or cells; of series, spans of about as
    much.

    It counts the classes that it hides in training: the most frequent of each column is what classes are told against.
    """

    def __init__(self, one: InputSchema, rate: float | None, patch: int | None) -> None:
        super().__init__()
        self.kind = "series" if one.window is not None else one.kind
        self.rate = RATES[self.kind] if rate is None else rate
        self.past = one.window.past if one.window is not None else 0
        self.patch = 0
        if one.kind == "image":
            self.patch = patch or max(2, min(one.shape[:2]) // ACROSS)
        coded = _coded(one)
        self.sizes = tuple(size for _, size, _ in coded)
        widths = [] if self.kind in ("image", "text") else [column_type(f.kind).width(f.state) for f in one.fields]
        first = [0, *accumulate(widths)][: len(widths)]
        for name, numbers in (
            ("column_F", np.repeat(np.arange(len(widths)), widths).tolist()),  # the column that each raw one is of
            ("first_N", first),
            ("coded_N", [at for at, _, _ in coded]),
            ("least_N", [least for _, _, least in coded]),  # the first class's code
            ("offset_N", [0, *accumulate(self.sizes)][: len(coded)]),
        ):
            self.register_buffer(name, torch.tensor(numbers, dtype=torch.int64), persistent=False)
        self.register_buffer("seen_S", torch.zeros(sum(self.sizes), dtype=torch.int64))
        self.column_F: Tensor
        self.first_N: Tensor
        self.coded_N: Tensor
        self.least_N: Tensor
        self.offset_N: Tensor
        self.seen_S: Tensor

    def forward(self, raw: Tensor, observed: Likelihood, rng: Rng) -> MaskedRows:
        """Return rows without the entries that their draws choose."""
        if self.kind == "text":
            hidden = self._tokens(raw, rng)
        else:
            if self.kind == "image":
                where, per = self._patches(raw, rng), raw.shape[1]
                count_B = where.flatten(1).sum(1) * per
            else:
                where = (self._spans(raw, rng) if self.kind == "series" else self._cells(raw, rng)) & observed.there(
                    raw
                )
                count_B = where.index_select(-1, self.first_N).flatten(1).sum(1)
            hidden = MaskedRows(observed.hidden(raw, where), where, count_B)
        if self.training and len(self.seen_S) and not in_transform(raw):
            self._count(raw, hidden)
        return hidden

    def nll(self, observed: Likelihood, given: Tensor, raw: Tensor, hidden: MaskedRows) -> Tensor:
        """Return the surprise at the hidden entries of rows (B,) in nats."""
        if hidden.at_BK is None or hidden.there_BK is None:
            return observed.nll(given, raw, None, hidden.where)
        return observed.nll(_at(given, hidden.at_BK), raw.gather(1, hidden.at_BK), None, hidden.there_BK)

    def description(self, observed: Likelihood, given: Tensor, raw: Tensor, hidden: MaskedRows) -> Reconstruction:
        """Return how well the hidden entries of rows are told."""
        zero_B = given.new_zeros(len(given))
        if isinstance(observed, Pixels):
            where, counted = hidden.where, hidden.count_B.to(zero_B.dtype)
            error = (((observed.mean(given) - raw) / observed.std_C11).square() * where).flatten(1).sum(1)
            constant = observed.mean(observed.plain(1, given))
            plain = (((constant - raw) / observed.std_C11).square() * where).flatten(1).sum(1)
            return Reconstruction(error, plain, counted, zero_B, zero_B, zero_B)
        if hidden.at_BK is not None and hidden.there_BK is not None:
            scores = observed.scores(_at(given, hidden.at_BK))  # type: ignore[operator]
            true_BK, there_BK = raw.gather(1, hidden.at_BK), hidden.there_BK
            right, usual = ((true_BK == guess) & there_BK for guess in (scores.argmax(2), self.seen_S.argmax()))
            return Reconstruction(zero_B, zero_B, zero_B, right.sum(1), usual.sum(1), there_BK.sum(1))
        only = observed.hidden(raw, ~hidden.where)  # entries that were not hidden count as missing
        error, count = observed.squares(given, only).unbind(1)
        plain, _ = observed.squares(observed.plain(len(raw), given), only).unbind(1)
        there, true, guess = (x.index_select(-1, self.coded_N) for x in (hidden.where, raw, observed.mean(given)))
        right, usual = (((true == one) & there).flatten(1).sum(1) for one in (guess, self._usual().to(raw.dtype)))
        return Reconstruction(error, plain, count, right, usual, there.flatten(1).sum(1))

    def _patches(self, raw: Tensor, rng: Rng) -> Tensor:
        """Return as many patches of each picture as the rate says (B,1,H,W) bool."""
        height, width = raw.shape[2:]
        down, across = -(-height // self.patch), -(-width // self.patch)
        count = min(max(1, round(self.rate * down * across)), down * across)
        rank_BP = rng.uniform("patches", down * across).argsort(1).argsort(1)
        patches = (rank_BP < count).view(-1, 1, down, across)
        return patches.repeat_interleave(self.patch, 2).repeat_interleave(self.patch, 3)[:, :, :height, :width]

    def _cells(self, raw: Tensor, rng: Rng) -> Tensor:
        return (rng.uniform("cells", len(self.first_N)) < self.rate).index_select(1, self.column_F)

    def _spans(self, raw: Tensor, rng: Rng) -> Tensor:
        past_BLN = spans(rng, self.past, len(self.first_N), min(2 * self.rate, 1.0))
        where = torch.zeros(raw.shape, dtype=torch.bool, device=raw.device)
        where[:, : self.past] = past_BLN.index_select(2, self.column_F)
        return where

    def _tokens(self, raw: Tensor, rng: Rng) -> MaskedRows:
        """Hide a share of each text's tokens, at least one: most become unknown, some another token, and some stay."""
        steps = raw.shape[1]
        most = min(steps, max(1, math.ceil(self.rate * steps)))
        is_token_BT = raw != PADDING
        length_B = is_token_BT.sum(1)
        order_BT = rng.uniform("tokens", steps).masked_fill(~is_token_BT, 2.0).argsort(1)
        at_BK = order_BT[:, :most]
        count_B = torch.round(self.rate * length_B).clamp_min(1).minimum(length_B).clamp_max(most).to(torch.int64)
        there_BK = torch.arange(most, device=raw.device) < count_B[:, None]
        how_BK = rng.uniform("how", most)
        tokens = max(len(self.seen_S) - len(NAMES), 1)
        random_BK = (rng.uniform("which", most) * tokens).long().clamp_max(tokens - 1) + len(NAMES)
        old_BK = raw.gather(1, at_BK)
        new_BK = torch.where(
            how_BK < UNKNOWN_SHARE, UNKNOWN, torch.where(how_BK < UNKNOWN_SHARE + RANDOM_SHARE, random_BK, old_BK)
        )
        new_BK = torch.where(there_BK, new_BK, old_BK).to(raw.dtype)
        where = torch.zeros_like(is_token_BT).scatter(1, at_BK, there_BK)
        return MaskedRows(raw.scatter(1, at_BK, new_BK), where, count_B, at_BK, there_BK)

    @torch.no_grad()
    def _count(self, raw: Tensor, hidden: MaskedRows) -> None:
        if hidden.at_BK is not None and hidden.there_BK is not None:
            self.seen_S.scatter_add_(0, raw.gather(1, hidden.at_BK).long().flatten(), hidden.there_BK.long().flatten())
            return
        codes, there = (x.index_select(-1, self.coded_N) for x in (raw, hidden.where))
        number = torch.where(there, codes, self.least_N.to(raw.dtype)).long() - self.least_N + self.offset_N
        self.seen_S.scatter_add_(0, number.flatten(), there.long().flatten())

    def _usual(self) -> Tensor:
        """Return the code of each column's most frequent class (N,)."""
        parts = torch.split(self.seen_S, list(self.sizes)) if self.sizes else ()
        found = torch.stack([part.argmax() for part in parts]) if parts else self.seen_S[:0]
        return found + self.least_N


def _coded(one: InputSchema) -> list[tuple[int, int, int]]:
    """Return of each raw column of classes its place, how many they are and the first one's code; of a text, of its
    tokens.
    """
    if one.kind == "text":
        return [(0, len(one.fields[0].state["vocabulary"]), 0)]
    if one.kind != "table" and one.window is None:
        return []
    found, at = [], 0
    for f in one.fields:
        size = _classes(f)
        found += [(at, size, int(f.kind == "category"))] if size else []
        at += column_type(f.kind).width(f.state)
    return found


def _classes(f: ColumnSchema) -> int:
    return len(f.state["classes"]) if f.kind == "category" else 2 if f.kind == "boolean" else 0


def _at(given: Tensor, at_BK: Tensor) -> Tensor:
    """Return the features of some places (B,K,E)."""
    return given.gather(1, at_BK[:, :, None].expand(-1, -1, given.shape[2]))
