"""What a decoder's numbers say of an input's rows, by the input's kind: pictures, tables, windows of series, texts.

B rows, T tokens, S places of a text, E features, V tokens of the vocabulary.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from leadline.core.schema import InputSchema, Schema
from leadline.data.columns.texts.tokens import PADDING, UNKNOWN
from leadline.errors import UsageError
from leadline.nn.batch import SignalSpec
from leadline.nn.rng import Rng
from leadline.objectives.generative.likelihood import Bernoulli, Gaussian, Likelihood, Sigma
from leadline.objectives.generative.tabular_likelihood import KINDS, SeriesLikelihood, TabularLikelihood

PixelLikelihood = Literal["bernoulli", "gaussian"]
WIDTH = 128  # features of a place that tokens are told from
SCORES = (
    1 << 25
)  # that are held at a time; of more, rows are taken in turn and their scores computed again for the gradient
EXTREME = 0.5  # of the variance that pixels of 0 and 255 alone would have: above it, pictures are taken for such
_NOT_THERE = -100


def input_likelihood(one: InputSchema, pixels: PixelLikelihood | None = None, sigma: Sigma = "learned") -> Likelihood:
    """Return what is observed of an input, its parameters fresh; raises UsageError where there is no likelihood of such
    rows.

    `pixels` None is what `usual_pixels` says; `sigma` is the spread of quantities, in standard deviations of the train
    rows."""
    why = _refused(one)
    if why is not None:
        raise UsageError(f"{why[0].upper()}{why[1:]}.")
    if one.kind == "image":
        state = one.fields[0].state
        return Bernoulli(state) if (pixels or usual_pixels(one)) == "bernoulli" else Gaussian(state, sigma)
    if one.kind == "text":
        return Tokens(one.fields[0].state)
    if one.window is not None:
        return SeriesLikelihood(one.fields, one.shape[0], sigma)
    return TabularLikelihood(one.fields, sigma)


def usual_pixels(one: InputSchema) -> PixelLikelihood:
    """Return how pixels are modelled where nobody says it: as 0 or 1 where those of grey pictures are nearly so, else
    as normal.
    """
    state = one.fields[0].state
    mean, std = state["mean"][0], state["std"][0]
    return "bernoulli" if state["channels"] == 1 and std**2 > EXTREME * mean * (255 - mean) else "gaussian"


def in_words(schema: Schema, pixels: PixelLikelihood | None = None) -> str:
    """Return how likelihoods of rows are reckoned."""
    told = []
    for one in schema.inputs:
        if one.kind == "image":
            told.append((Bernoulli if (pixels or usual_pixels(one)) == "bernoulli" else Gaussian).description)
        else:
            told.append(Tokens.description if one.kind == "text" else TabularLikelihood.description)
    return "; ".join(dict.fromkeys(told))


def unlikely(schema: Schema) -> str | None:
    """Say why rows of such data have no likelihood here, or None."""
    return next((why for why in map(_refused, schema.inputs) if why is not None), None)


def _refused(one: InputSchema) -> str | None:
    if one.kind in ("image", "text"):
        return None
    if one.kind != "table" and one.window is None:
        return f"the input {one.name!r} is {one.kind}, of which no decoder makes rows: name it in data.ignore"
    other = next((field for field in one.fields if field.kind not in KINDS), None)
    if other is not None:
        return f"column {other.name!r} is {other.kind}, of which no decoder makes cells"
    if not TabularLikelihood(one.fields, 1.0).spec.shape[0]:
        return f"no column of {one.name!r} has a value that could be made again"
    return None


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
