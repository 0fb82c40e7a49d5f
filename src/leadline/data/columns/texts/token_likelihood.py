"""How likely a text is, given what a decoder says of each of its places: which token stands there, and where it ends.

B rows, T tokens, S places of a text, E features, V tokens of the vocabulary.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from leadline.data.columns.texts.tokens import PADDING, UNKNOWN
from leadline.nn.batch import SignalSpec
from leadline.nn.generative.likelihood import Likelihood
from leadline.nn.rng import Rng

WIDTH = 128  # features of a place that tokens are told from
# that are held at a time; of more, rows are taken in turn and their scores computed again for the gradient
SCORES = 1 << 25
_NOT_THERE = -100


class Tokens(Likelihood):
    """Tokens of a text (B,T), and where it ends, from features of each place (B,S,E): scores of all tokens, padding for
    the end.
    """

    description = "categorical of the token in each place, and of the end"

    def __init__(self, state: Mapping[str, Any]) -> None:
        super().__init__()
        self.spec = SignalSpec("sequence", (state["length"], WIDTH))
        self.scores = nn.Linear(WIDTH, len(state["vocabulary"]))
        nn.init.zeros_(self.scores.bias)

    def there(self, raw: Tensor) -> Tensor:
        """Return where there are tokens."""
        return raw != PADDING

    def nll(self, given: Tensor, raw: Tensor, rng: Rng | None = None, counted: Tensor | None = None) -> Tensor:
        """Return the surprise at the tokens and the end of texts (B,), in nats; where some places are counted, at their
        tokens.
        """
        there_BT = self.there(raw)
        goal_BS = raw.long().masked_fill(~(there_BT if counted is None else there_BT & counted), _NOT_THERE)
        if counted is None:
            goal_BS = F.pad(goal_BS, (0, 1), value=_NOT_THERE).scatter(1, there_BT.sum(1, keepdim=True), PADDING)
        goal_BS = goal_BS[:, : given.shape[1]]
        pairs = zip(*(self._blocks(x, goal_BS.shape[1]) for x in (given[:, : goal_BS.shape[1]], goal_BS)), strict=True)
        if len(given) <= self._rows(goal_BS.shape[1]):
            return self._surprise(given[:, : goal_BS.shape[1]], goal_BS)
        if not torch.is_grad_enabled():
            return torch.cat([self._surprise(*pair) for pair in pairs])
        return torch.cat(
            [checkpoint(self._surprise, *pair, use_reentrant=False, preserve_rng_state=False) for pair in pairs]
        )

    def _surprise(self, given: Tensor, goal_BS: Tensor) -> Tensor:
        scores_BVS = self.scores(given).transpose(1, 2)
        return F.cross_entropy(scores_BVS, goal_BS, reduction="none", ignore_index=_NOT_THERE).sum(1)

    def _rows(self, places: int) -> int:
        return max(1, SCORES // (places * self.scores.out_features))

    def _blocks(self, x: Tensor, places: int) -> tuple[Tensor, ...]:
        return torch.split(x, self._rows(places))

    def mean(self, given: Tensor) -> Tensor:
        """Return the most probable tokens of each place up to the end, (B,S) int32."""
        return _ended(torch.cat([self.scores(part).argmax(2) for part in self._blocks(given, given.shape[1])]))

    def draw(self, given: Tensor, rng: Rng) -> Tensor:
        """Return tokens drawn place by place up to the end, (B,S) int32."""
        uniform_BS = rng.uniform("tokens", given.shape[1])
        parts = zip(*(self._blocks(x, given.shape[1]) for x in (given, uniform_BS)), strict=True)
        found = [(self.scores(part).softmax(2).cumsum(2) < u_BS[:, :, None]).sum(2) for part, u_BS in parts]
        return _ended(torch.cat(found).clamp_max(self.scores.out_features - 1))

    def hidden(self, raw: Tensor, where: Tensor) -> Tensor:
        """Return texts with the unknown token in the place of some."""
        return raw.masked_fill(where & self.there(raw), UNKNOWN)

    def noisy(self, raw: Tensor, amount: float, rng: Rng) -> Tensor:
        """Return texts as they are: there are no quantities."""
        return raw


def _ended(token_BS: Tensor) -> Tensor:
    """Return tokens with padding from the first one of it on."""
    return token_BS.masked_fill((token_BS == PADDING).cumsum(1) > 0, PADDING).to(torch.int32)
