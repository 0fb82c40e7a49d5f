"""Which tokens of a text are hidden from a network that is to tell them from the others, and how well it does.

B rows, T tokens of the longest, K hidden places of a text, E features.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from leadline.data.columns.texts.token_likelihood import Tokens
from leadline.data.columns.texts.tokens import NAMES, PADDING, UNKNOWN
from leadline.nn.generative.likelihood import Likelihood
from leadline.nn.generative.masking import Coded, MaskedRows, Masking, Reconstruction
from leadline.nn.rng import Rng

RATE = 0.15  # of tokens that are hidden
UNKNOWN_SHARE, RANDOM_SHARE = 0.8, 0.1  # of hidden tokens; the rest stay as they are (Devlin et al. 2019)


class TokenMasking(Masking):
    """A share of each text's tokens, at least one: most become unknown, some another token, and some stay."""

    def __init__(self, rate: float | None, vocabulary: int) -> None:
        super().__init__(RATE if rate is None else rate, (Coded(0, vocabulary, 0),))

    def hide(self, raw: Tensor, observed: Likelihood, rng: Rng) -> MaskedRows:
        """Return texts without the tokens that their draws choose."""
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

    def nll(self, observed: Likelihood, given: Tensor, raw: Tensor, hidden: MaskedRows) -> Tensor:
        """Return the surprise at the hidden tokens of texts (B,) in nats."""
        at_BK, there_BK = _places(hidden)
        return observed.nll(_at(given, at_BK), raw.gather(1, at_BK), None, there_BK)

    def description(self, observed: Likelihood, given: Tensor, raw: Tensor, hidden: MaskedRows) -> Reconstruction:
        """Return how many hidden tokens are told, and how many the most frequent one gets right."""
        assert isinstance(observed, Tokens)
        at_BK, there_BK = _places(hidden)
        zero_B = given.new_zeros(len(given))
        true_BK = raw.gather(1, at_BK)
        guesses = (observed.scores(_at(given, at_BK)).argmax(2), self.seen_S.argmax())
        right, usual = ((true_BK == guess) & there_BK for guess in guesses)
        return Reconstruction(zero_B, zero_B, zero_B, right.sum(1), usual.sum(1), there_BK.sum(1))

    @torch.no_grad()
    def count(self, raw: Tensor, hidden: MaskedRows) -> None:
        """Count the tokens that were hidden."""
        at_BK, there_BK = _places(hidden)
        self.seen_S.scatter_add_(0, raw.gather(1, at_BK).long().flatten(), there_BK.long().flatten())


def _places(hidden: MaskedRows) -> tuple[Tensor, Tensor]:
    assert hidden.at_BK is not None
    assert hidden.there_BK is not None
    return hidden.at_BK, hidden.there_BK


def _at(given: Tensor, at_BK: Tensor) -> Tensor:
    """Return the features of some places (B,K,E)."""
    return given.gather(1, at_BK[:, :, None].expand(-1, -1, given.shape[2]))
