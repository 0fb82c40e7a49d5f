"""Dropout whose mask is a function of (seed, layer, step, row)."""

from __future__ import annotations

import re

from torch import Tensor, nn

from leadline.core.catalogue import say
from leadline.nn.rng import current_rng

# Random numbers belong to the path of their layer. What is called encoders now was called bodies when runs were made
# whose numbers are to come out again: their streams keep that word.
_OLD_PATH = re.compile(r"(^|\.)encoders\.(\d+)\.(?=preprocessor\.|backbone\.)")
_OLD_WORD = r"\1bodies.\2."


class Dropout(nn.Module):
    """Zero each feature of (B, ...) with probability `rate` in training, and scale the rest by 1/(1-rate).

    Srivastava et al. 2014. Sixteen random bits decide each feature, so the rate is exact to 2**-17; `purpose` tells
    layers apart and is set by `name_dropouts`.
    """

    def __init__(self, rate: float) -> None:
        super().__init__()
        if not 0 <= rate < 1:
            raise ValueError(say("nn.dropout-rate", rate=rate))
        self.rate = rate
        self.purpose = "dropout"

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.rate == 0:
            return x
        count = x[0].numel()
        bits = current_rng().shorts(self.purpose, count)
        keep = (bits >= round(self.rate * 65536) - 32768).view(x.shape)
        return x * keep * (1 / (1 - self.rate))

    def extra_repr(self) -> str:
        return f"rate={self.rate}"


def name_dropouts(module: nn.Module) -> None:
    """Give every dropout layer of a network its own stream of draws, called after the layer's path."""
    for name, part in module.named_modules():
        if isinstance(part, Dropout):
            part.purpose = f"dropout:{_OLD_PATH.sub(_OLD_WORD, name)}"
