"""Fusion by attention: each input is a token, and a learned query asks which of them to look at.

B rows, K inputs, W features of the width that all inputs are brought to, H heads.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from pydantic import Field
from torch import Tensor, nn

from leadline.core.catalogue import say
from leadline.errors import UsageError
from leadline.nn.fusion import Fusion, FusionMethod, WidthOptions, weights_over


class Options(WidthOptions):
    """`heads` share the width among them; each looks at the inputs in its own way."""

    heads: int = Field(default=4, ge=1, description="attention heads; must divide width")


class Attention(Fusion):
    """Each input brought to W features, a token, and one layer of attention over the tokens with a learned query.

    Pooling by multi-head attention (Lee et al. 2019, a single seed) over layer-normed tokens, then two dense layers
    upon it.
    """

    def __init__(self, widths: Sequence[int], options: Options, media: Sequence[bool] = ()) -> None:
        super().__init__(options, options.width, media)
        if options.width % options.heads:
            raise UsageError(say("models.fusion-heads-do-not-divide-width", heads=options.heads, width=options.width))
        width = options.width
        self.heads = options.heads
        self.tokens = nn.ModuleList(nn.Sequential(nn.Linear(inside, width), nn.LayerNorm(width)) for inside in widths)
        self.query_W = nn.Parameter(torch.randn(width) / width**0.5)
        self.keys = nn.Linear(width, width, bias=False)  # a bias would add the same to all weights of a row
        self.values = nn.Linear(width, width)
        self.out = nn.Linear(width, width)
        self.norm = nn.LayerNorm(width)
        self.dense = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))

    def fused(self, parts: Sequence[Tensor], present_BK: Tensor) -> Tensor:
        there = [part.masked_fill(~present_BK[:, k, None], 0.0) for k, part in enumerate(parts)]
        tokens_BKW = torch.stack([token(part) for token, part in zip(self.tokens, there, strict=True)], 1)
        apart = (self.heads, -1)
        keys, values = self.keys(tokens_BKW).unflatten(-1, apart), self.values(tokens_BKW).unflatten(-1, apart)
        query = self.query_W.view(apart)
        score_BKH = (keys * query).sum(-1) / query.shape[-1] ** 0.5
        seen_BW = (weights_over(score_BKH, present_BK[..., None])[..., None] * values).sum(1).flatten(1)
        pooled_BW = self.norm(self.query_W + self.out(seen_BW))
        fused_BW: Tensor = pooled_BW + self.dense(pooled_BW)
        return fused_BW


FUSION = FusionMethod(Options, Attention)
