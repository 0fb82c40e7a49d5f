"""New texts from a network that says what comes next, token by token.

Shapes: B texts, T tokens so far, V tokens of the vocabulary.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from pydantic import Field
from torch import Tensor

from leadline.core.base import Fact
from leadline.core.catalogue import say
from leadline.data.columns.texts import pretokenized
from leadline.data.columns.texts.tokens import PADDING, UNKNOWN, tokens_of
from leadline.errors import UsageError
from leadline.nn.features import full
from leadline.nn.rng import Rng


class Sampling(Fact):
    """How texts are drawn.

    They begin with `prompt`. Scores are divided by `temperature`: below 1 what is likely becomes likelier, and at 0 it
    is always taken. A text has at most `length` tokens, as many as those trained on unless given.
    """

    prompt: str = ""
    temperature: float = Field(default=1.0, ge=0)
    length: int | None = Field(default=None, ge=1)


def sample_text(network: Any, state: Mapping[str, Any], rng: Rng, options: Sampling) -> list[str]:
    """Return a text for each row of the draws (B,); each row's own draws decide it, whatever the other rows are.

    No unknown token is drawn. The network sees as many of the last tokens as the longest text that it was trained on
    has. Raises UsageError for a prompt that leaves no room.
    """
    longest: int = state["length"]
    most = options.length or longest
    tokens = tokens_of(state)
    text = " ".join(options.prompt.split()) if state["tokens"] == pretokenized.KIND else options.prompt
    begun = torch.from_numpy(tokens.numbers([text])[0]).to(torch.int32)
    if len(begun) >= most:
        raise UsageError(say("objectives.prompt-too-long", begun_count=len(begun), most=most))
    rows = len(rng.state_B)
    x_BT = begun.expand(rows, -1)
    open_B = torch.ones(rows, dtype=torch.bool)
    training = network.training
    network.eval()
    try:
        with torch.inference_mode():
            while x_BT.shape[1] < most and bool(open_B.any()):
                next_B = _drawn(
                    _scores(network, x_BT[:, -longest:]), options.temperature, rng.uniform(f"token {x_BT.shape[1]}")
                )
                open_B &= next_B != PADDING
                x_BT = torch.cat([x_BT, (next_B * open_B)[:, None].to(torch.int32)], 1)
    finally:
        network.train(training)
    return [tokens.text(row.tolist()) for row in x_BT]


def _scores(network: Any, x_BT: Tensor) -> Tensor:
    """Return the scores of what comes next (B,V)."""
    if x_BT.shape[1] == 0:
        begun, dense = network.head
        return full(dense(begun.first_F)).expand(len(x_BT), -1)
    features_BTF = network.features({network.names[0]: x_BT})
    return full(network.head(features_BTF[:, -1:])[:, -1])


def _drawn(scores_BV: Tensor, temperature: float, uniform_B: Tensor) -> Tensor:
    """Return a token for each row (B,), by where its uniform number falls among the cumulated probabilities."""
    scores_BV = scores_BV.double().index_fill(1, torch.tensor([UNKNOWN]), -torch.inf)
    if temperature == 0:
        return scores_BV.argmax(-1)
    below_BV = (scores_BV / temperature).softmax(-1).cumsum(-1)
    at_B = torch.searchsorted(below_BV, uniform_B[:, None].double() * below_BV[:, -1:], right=True).squeeze(1)
    return at_B.clamp_max(scores_BV.shape[1] - 1)
