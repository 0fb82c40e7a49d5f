"""How the features of several inputs become one vector a row, and what becomes of inputs that a row lacks.

B rows, K inputs, F features, W features of the width that all inputs are brought to.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from pydantic import Field, ValidationError
from torch import Tensor, nn

from leadline.core.base import Fact
from leadline.core.component import Component
from leadline.errors import UsageError, did_you_mean, plain
from leadline.nn.layers.dropout import Dropout
from leadline.nn.rng import Rng, current_rng

PURPOSE = "inputs left out"


class Options(Fact):
    """`dropout` is the probability with which, in training, a row is shown without an input that it has; never without
    all.

    `features` is that with which each feature of a medium is dropped: beside a table, networks of pictures, sounds and
    texts soon know train rows by heart, and what all inputs have in common is no longer learned from the others."""

    dropout: float = Field(default=0.1, ge=0, lt=1)
    features: float = Field(default=0.5, ge=0, lt=1)


class Common(Options):
    """`width` is how many features every input is brought to."""

    width: int = Field(default=128, ge=1)


class Heads(Common):
    """`heads` share the width among them; each looks at the inputs in its own way."""

    heads: int = Field(default=4, ge=1)


class Fusion(nn.Module, ABC):
    """Features (B,F) of each of K inputs to one vector (B,`width`); what is absent of a row has no effect on it.

    In training each input of a row is left out with probability `dropout`, but one of those that the row has always
    stays: so the network learns to do without (modality dropout, Neverova et al. 2016). `media` says of each input
    whether it is one: then its features are dropped, each with probability `features`."""

    def __init__(self, options: Options, width: int, media: Sequence[bool] = ()) -> None:
        super().__init__()
        self.dropout, self.width = options.dropout, width
        self.drops = nn.ModuleList(Dropout(options.features if medium else 0.0) for medium in media)

    def forward(self, parts: Sequence[Tensor], present_BK: Tensor | None = None) -> Tensor:
        """Return the fused features; `present_BK` bool says which inputs each row has, None that each has all."""
        if present_BK is None:
            present_BK = torch.ones(len(parts[0]), len(parts), dtype=torch.bool, device=parts[0].device)
        if self.training and self.dropout:
            present_BK = left(present_BK, self.dropout, current_rng())
        if self.drops:
            parts = [drop(part) for drop, part in zip(self.drops, parts, strict=True)]
        return self.fused(parts, present_BK)

    @abstractmethod
    def fused(self, parts: Sequence[Tensor], present_BK: Tensor) -> Tensor:
        """Return one vector a row."""


def left(present_BK: Tensor, rate: float, rng: Rng) -> Tensor:
    """Return which inputs a row is left with (B,K), where each is taken away with probability `rate`; one always
    stays.
    """
    u_BK = rng.uniform(PURPOSE, present_BK.shape[1])
    kept_BK = present_BK & (u_BK >= rate)
    last_BK = F.one_hot(torch.where(present_BK, u_BK, -1.0).argmax(1), present_BK.shape[1]).bool() & present_BK
    return torch.where(kept_BK.any(1, keepdim=True), kept_BK, last_BK)


class SideBySide(Fusion):
    """Features side by side, NaN where the input is absent: for models that are fitted, which know what to make of
    that.
    """

    def __init__(self, widths: Sequence[int]) -> None:
        super().__init__(Options(dropout=0), sum(widths))

    def fused(self, parts: Sequence[Tensor], present_BK: Tensor) -> Tensor:
        return torch.cat([part.masked_fill(~present_BK[:, k, None], torch.nan) for k, part in enumerate(parts)], 1)


class Concat(Fusion):
    """Features side by side; those of an absent input are learned numbers, zero to begin with."""

    def __init__(self, widths: Sequence[int], options: Options, media: Sequence[bool] = ()) -> None:
        super().__init__(options, sum(widths), media)
        self.widths = list(widths)
        self.absent_F = nn.Parameter(torch.zeros(self.width))

    def fused(self, parts: Sequence[Tensor], present_BK: Tensor) -> Tensor:
        instead = torch.split(self.absent_F, self.widths)
        filled = [
            torch.where(present_BK[:, k, None], part, own.to(part.dtype))
            for k, (part, own) in enumerate(zip(parts, instead, strict=True))
        ]
        return torch.cat(filled, 1)


class Gated(Fusion):
    """Each input brought to W features, of which a gate says how much counts, learned from all inputs.

    The gated multimodal unit (Arevalo et al. 2017): tanh of a linear map of each input, weighted feature by feature.
    The gates of a feature are a softmax over the inputs that are there, which for two inputs is the paper's z and 1 -
    z."""

    def __init__(self, widths: Sequence[int], options: Common, media: Sequence[bool] = ()) -> None:
        super().__init__(options, options.width, media)
        self.ways = nn.ModuleList(nn.Linear(width, options.width) for width in widths)
        self.gates = nn.Linear(sum(widths), len(widths) * options.width)

    def fused(self, parts: Sequence[Tensor], present_BK: Tensor) -> Tensor:
        there = [part.masked_fill(~present_BK[:, k, None], 0.0) for k, part in enumerate(parts)]
        ways_BKW = torch.stack([torch.tanh(way(part)) for way, part in zip(self.ways, there, strict=True)], 1)
        gates_BKW = self.gates(torch.cat(there, 1)).view_as(ways_BKW)
        return (weights_over(gates_BKW, present_BK[..., None]) * ways_BKW).sum(1)


class Attention(Fusion):
    """Each input brought to W features, a token, and one layer of attention over the tokens with a learned query.

    Pooling by multi-head attention (Lee et al. 2019, a single seed) over layer-normed tokens, then two dense layers
    upon it."""

    def __init__(self, widths: Sequence[int], options: Heads, media: Sequence[bool] = ()) -> None:
        super().__init__(options, options.width, media)
        if options.width % options.heads:
            raise UsageError(f"network.fusion: {options.heads} heads cannot share a width of {options.width} evenly.")
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


def weights_over(scores: Tensor, present: Tensor) -> Tensor:
    """Return the softmax over axis 1 of what is present; all zero for a row that has nothing."""
    masked = scores.masked_fill(~present, torch.finfo(scores.dtype).min)
    return masked.softmax(1) * present


Fuse = Callable[[Sequence[int]], Fusion]  # from the widths of the inputs' features

FUSIONS: Mapping[str, tuple[type[Options], Callable[[Sequence[int], Any, Sequence[bool]], Fusion]]] = {
    "concat": (Options, Concat),
    "gated": (Common, Gated),
    "attention": (Heads, Attention),
}


def checked_fusion(component: Component) -> Options:
    """Return all options of a fusion; raises UsageError for a name or an option that is unknown or wrong."""
    if component.name not in FUSIONS:
        raise UsageError(
            f"network.fusion: there is no fusion {component.name!r}. {did_you_mean(component.name, FUSIONS)}"
        )
    known = FUSIONS[component.name][0]
    for name in component.options:
        if name not in known.model_fields:
            raise UsageError(
                f"network.fusion: {component.name!r} has no option {name!r}. {did_you_mean(name, known.model_fields)}"
            )
    try:
        return known.model_validate(component.options)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise UsageError(f"network.fusion: {where}: {plain(first['msg'])} (got {first['input']!r}).") from None


def fuse_by(component: Component, media: Sequence[bool] = ()) -> Fuse:
    """Return what makes the module of a fusion with fresh weights; `media` says which inputs are media, none if empty.

    Raises as `checked_fusion` does.
    """
    options, make = checked_fusion(component), FUSIONS[component.name][1]
    return lambda widths: make(widths, options, media)
