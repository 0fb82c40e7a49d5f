"""The encoder of a Transformer over the steps of a sequence, the patches of an image or the features of a table.

Vaswani et al. 2017, with the norm before each layer (Xiong et al. 2020) and GELU between the dense ones: x ← x +
attention(norm(x)), x ← x + dense(norm(x)), and a last norm. Over patches of an image it is the vision Transformer of
Dosovitskiy et al. (2021), over the features of a table, each a vector times its value and another added, the
FT-Transformer of Gorishniy et al. (2021).

Shapes: B rows, T steps or tokens, F features, D features of a token, C channels, H height, W width.
"""

from __future__ import annotations

import math
from functools import partial
from typing import Annotated, Literal, Self

import torch
from pydantic import Field, model_validator
from torch import Tensor, nn
from torch.nn import functional

from leadline.core.base import Fact
from leadline.core.catalogue import say
from leadline.errors import UsageError
from leadline.models.contract import Family
from leadline.nn.batch import Signal, SignalSpec
from leadline.nn.layers.activations import initialise_weights
from leadline.nn.layers.attention import Attention
from leadline.nn.layers.dropout import Dropout
from leadline.nn.layers.pooling import Pooling, PoolName, silenced, with_first
from leadline.nn.layers.positions import SPREAD, LearnedPositions

TOKENS = 64  # about so many, unless told, of an image and of a series that is continued


class Options(Fact):
    """`layers` of `width` features with `heads`; between the dense layers of each there are `expansion` times as many.

    - `positions`: ``rotary``, or a ``learned`` vector for each place; ``auto`` is rotary for sequences and learned for
      images. The features of a table have none.
    - `pool`: the ``mean`` over tokens, a mean weighted by ``attention``, or a ``first`` token that is learned and put
      before the others; ``auto`` is first for tables and mean for all else.
    - `patch`: how many steps, or pixels a side, are one token; ``auto`` is 1 for sequences, and as much as gives about
      64 tokens for images and for series that are continued.
    - `dropout` stands after the tokens and after each layer of attention and pair of dense ones.
    """

    layers: int = Field(default=4, ge=1, description="number of encoder layers")
    width: int = Field(default=128, ge=1, description="embedding dimension")
    heads: int = Field(default=4, ge=1, description="attention heads per layer; must divide width")
    expansion: int = Field(default=4, ge=1, description="width of the feed-forward layer, as a multiple of width")
    positions: Literal["auto", "rotary", "learned"] = Field(
        default="auto", description="positional encoding; auto: rotary for sequences, learned for images"
    )
    pool: Literal["auto", "mean", "first", "attention"] = Field(
        default="auto",
        description="how token embeddings become one vector; auto: a class token for tables, else the mean",
    )
    patch: Annotated[int, Field(ge=1)] | Literal["auto"] = Field(
        default="auto",
        description="steps, or pixels a side, per token; auto: 1 for sequences, about 64 tokens per image",
    )
    dropout: float = Field(default=0.1, ge=0, lt=1, description="dropout rate of attention and feed-forward layers")

    @model_validator(mode="after")
    def _shared(self) -> Self:
        if self.width % self.heads:
            raise ValueError(say("models.heads-do-not-divide-width", heads=self.heads, width=self.width))
        return self


class Transformer(nn.Module):
    """Sequences (B,T,F), images (B,C,H,W) and tables (B,F) to (B,D); without `pooled`, sequences to (B,T,D)."""

    def __init__(self, spec: SignalSpec, options: Options, *, pooled: bool = True, causal: bool = False) -> None:
        super().__init__()
        width, self.causal = options.width, causal
        self.tokens, count = _tokens(spec, options)
        pool: PoolName = ("first" if spec.kind == "table" else "mean") if options.pool == "auto" else options.pool
        self.first_D = nn.Parameter(torch.randn(width) * SPREAD) if pooled and pool == "first" else None
        positions = (
            ("rotary" if spec.kind == "sequence" else "learned") if options.positions == "auto" else options.positions
        )
        placed = spec.kind != "table"
        learned = placed and positions == "learned"
        self.positions = LearnedPositions(count + (self.first_D is not None), width) if learned else nn.Identity()
        self.dropout = Dropout(options.dropout)
        self.layers = nn.ModuleList(
            Layer(options, rotary=placed and positions == "rotary") for _ in range(options.layers)
        )
        self.norm = nn.LayerNorm(width)
        self.pool = Pooling(pool, width) if pooled else None

    def forward(self, signal: Signal) -> Signal:
        x_BTD, mask_BT = self.tokens(signal)
        if self.first_D is not None:
            x_BTD = torch.cat([self.first_D.expand(x_BTD.shape[0], 1, -1), x_BTD], 1)
            mask_BT = None if mask_BT is None else functional.pad(mask_BT, (1, 0), value=True)
        x_BTD = self.dropout(self.positions(x_BTD))
        for layer in self.layers:
            x_BTD = layer(x_BTD, mask_BT, self.causal)
        x_BTD = self.norm(x_BTD)
        return Signal(x_BTD, mask_BT) if self.pool is None else Signal(self.pool(x_BTD, mask_BT))


class Layer(nn.Module):
    """Attention, then two dense layers, each after a norm and added to what it was given, (B,T,D)."""

    def __init__(self, options: Options, rotary: bool) -> None:
        super().__init__()
        self.attention = Attention(options.width, options.heads, rotary)
        self.dense = nn.Sequential(
            nn.Linear(options.width, options.expansion * options.width),
            nn.GELU(),
            nn.Linear(options.expansion * options.width, options.width),
        )
        self.norms = nn.ModuleList(nn.LayerNorm(options.width) for _ in range(2))
        self.dropouts = nn.ModuleList(Dropout(options.dropout) for _ in range(2))
        for part in self.dense:
            if isinstance(part, nn.Linear):
                initialise_weights(part, None)

    def forward(self, x_BTD: Tensor, mask_BT: Tensor | None, causal: bool) -> Tensor:
        x_BTD = x_BTD + self.dropouts[0](self.attention(self.norms[0](x_BTD), mask_BT, causal))
        out_BTD: Tensor = x_BTD + self.dropouts[1](self.dense(self.norms[1](x_BTD)))
        return out_BTD


class StepTokens(nn.Module):
    """Every `patch` steps of (B,T,F), mapped to (B,T/patch,D); a patch counts where any step of it does."""

    def __init__(self, features: int, patch: int, width: int) -> None:
        super().__init__()
        self.patch, self.dense = patch, nn.Linear(features * patch, width)
        initialise_weights(self.dense, None)

    def forward(self, signal: Signal) -> Signal:
        x_BTF, mask_BT = signal
        if mask_BT is not None:
            mask_BT = with_first(mask_BT)
        if self.patch > 1:
            short = -x_BTF.shape[1] % self.patch
            x_BTF = functional.pad(silenced(x_BTF, mask_BT), (0, 0, 0, short))
            x_BTF = x_BTF.reshape(x_BTF.shape[0], -1, self.patch * x_BTF.shape[2])
            if mask_BT is not None:
                mask_BT = functional.pad(mask_BT, (0, short)).view(x_BTF.shape[0], -1, self.patch).any(2)
        return Signal(self.dense(x_BTF), mask_BT)


class PatchTokens(nn.Module):
    """Squares of (B,C,H,W) in reading order, mapped to (B,T,D), with zeros where they reach over the right or lower
    edge.
    """

    def __init__(self, channels: int, patch: int, width: int) -> None:
        super().__init__()
        self.patch, self.conv = patch, nn.Conv2d(channels, width, patch, patch)
        initialise_weights(self.conv, None)

    def forward(self, signal: Signal) -> Signal:
        x_BCHW = signal.values
        x_BCHW = functional.pad(x_BCHW, (0, -x_BCHW.shape[3] % self.patch, 0, -x_BCHW.shape[2] % self.patch))
        return Signal(self.conv(x_BCHW).flatten(2).transpose(1, 2))


class FeatureTokens(nn.Module):
    """Each feature of (B,F) as a token (B,F,D): a vector of its own times the value, and another added."""

    def __init__(self, features: int, width: int) -> None:
        super().__init__()
        self.weight_FD, self.bias_FD = (
            nn.Parameter(torch.empty(features, width).uniform_(-(width**-0.5), width**-0.5)) for _ in range(2)
        )

    def forward(self, signal: Signal) -> Signal:
        return Signal(torch.addcmul(self.bias_FD, signal.values[:, :, None], self.weight_FD))


def _tokens(spec: SignalSpec, options: Options) -> tuple[nn.Module, int]:
    """Return what makes tokens of such data, and how many there may be; raises UsageError for a patch larger than the
    image.
    """
    if spec.kind == "table":
        return FeatureTokens(spec.shape[0], options.width), spec.shape[0]
    if spec.kind == "sequence":
        steps, features = spec.shape
        patch = _patch(spec) if options.patch == "auto" else options.patch
        return StepTokens(features, patch, options.width), -(-steps // patch)
    channels, height, width = spec.shape
    patch = _patch(spec) if options.patch == "auto" else options.patch
    if patch > max(height, width):
        raise UsageError(say("models.transformer-patch-above-image", patch=patch, height=height, width=width))
    return PatchTokens(channels, patch, options.width), -(-height // patch) * -(-width // patch)


def _patch(spec: SignalSpec) -> int:
    if spec.kind == "image":
        return max(1, round(math.sqrt(spec.shape[1] * spec.shape[2] / TOKENS)))
    return max(1, round(spec.shape[0] / TOKENS)) if spec.ahead else 1


def steps(spec: SignalSpec, options: Options, causal: bool) -> nn.Module:
    """Return the network without pooling: features (B,T,D) of every step; raises UsageError where several steps are a
    token.
    """
    if options.patch not in (1, "auto"):
        raise UsageError(say("models.transformer-patch-per-step", patch=options.patch))
    return Transformer(spec, options.model_copy(update={"patch": 1}), pooled=False, causal=causal)


FAMILY = Family(
    name="transformer",
    accepts=("sequence", "image", "table"),
    options=Options,
    gives={"vector": Transformer, "sequence": partial(steps, causal=False), "causal": partial(steps, causal=True)},
    sizes={
        "small": {"layers": 2, "width": 64},
        "base": {"layers": 4, "width": 128},
        "large": {"layers": 6, "width": 256, "heads": 8},
    },
    reference="Vaswani et al. 2017, Attention is all you need; Dosovitskiy et al. 2021; Gorishniy et al. 2021",
)
