"""Random changes of token numbers: words that go unknown, one by one or a run of them, and neighbours that change
places.

Shapes in names: B rows of a batch, T tokens of the longest of them.
"""

from __future__ import annotations

import torch
from torch import Tensor

from leadline.core.schema import InputSchema
from leadline.data.augmentations.contract import Amount, SeparatePass, Stage
from leadline.data.columns.texts.tokens import PADDING, UNKNOWN
from leadline.nn.rng import Rng


def _word_dropout(schema: InputSchema, *, amount: float) -> Stage:
    """Replace each token by the unknown one with the same probability (Iyyer et al. 2015 leave it out)."""

    def stage(x_BT: Tensor, rng: Rng) -> Tensor:
        gone_BT = rng.uniform("word_dropout", x_BT.shape[1]) < amount
        return x_BT.masked_fill(gone_BT & (x_BT != PADDING), UNKNOWN)

    return stage


def _mask(schema: InputSchema, *, amount: float) -> Stage:
    """Replace a run of tokens anywhere in the text, up to a fraction of its length, by unknown ones."""

    def stage(x_BT: Tensor, rng: Rng) -> Tensor:
        length_B = (x_BT != PADDING).sum(1)
        size_B, place_B = rng.uniform("mask", 2).unbind(1)
        run_B = torch.round(size_B * amount * length_B)
        start_B = torch.floor(place_B * (length_B - run_B + 1))
        step_T = torch.arange(x_BT.shape[1], device=x_BT.device)
        hidden_BT = (step_T >= start_B[:, None]) & (step_T < (start_B + run_B)[:, None])
        return x_BT.masked_fill(hidden_BT & (x_BT != PADDING), UNKNOWN)

    return stage


def _swap(schema: InputSchema, *, amount: float) -> Stage:
    """Let neighbours change places: of pairs that start at even or, as drawn, at odd places each with the same
    probability.
    """

    def stage(x_BT: Tensor, rng: Rng) -> Tensor:
        steps = x_BT.shape[1]
        if steps < 2:
            return x_BT
        step_T = torch.arange(steps, device=x_BT.device)
        odd_B = rng.uniform("parity") < 0.5
        starts_BT = ((step_T + odd_B[:, None].to(torch.int64)) % 2 == 0) & (rng.uniform("swap", steps) < amount)
        starts_BT[:, :-1] &= x_BT[:, 1:] != PADDING
        starts_BT[:, -1] = False
        ends_BT = torch.roll(starts_BT, 1, 1)
        at_BT = step_T + starts_BT.to(torch.int64) - ends_BT.to(torch.int64)
        return x_BT.gather(1, at_BT)

    return stage


WORD_DROPOUT = SeparatePass(_word_dropout, {"amount": Amount(0.1, 1, "the probability that a token goes unknown")})
MASK = SeparatePass(_mask, {"amount": Amount(0.2, 1, "the largest fraction of a text that is hidden")})
SWAP = SeparatePass(
    _swap, {"amount": Amount(0.1, 1, "the probability that a pair of neighbours changes places")}, reorders=True
)
