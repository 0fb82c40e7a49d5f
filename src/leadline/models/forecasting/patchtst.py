"""PatchTST: a Transformer over patches of each variable's own past (Nie et al. 2023).

A window is put on its own scale (mean 0, deviation 1), its last value repeated `stride` times at its end, and cut into
overlapping patches, which become tokens with learned positions. All variables share the encoder (attention, then two
dense layers, each with a batch norm after its sum with what it was given) and the linear map from all tokens to what is
forecast; columns beside the variables are not looked at. Attention scores are not carried from layer to layer, as the
authors' code does.

Shapes: B rows, V variables, L past steps, N patches, P steps of one, D features of a token, H heads.
"""

from __future__ import annotations

from typing import Literal, Self

import torch
import torch.nn.functional as F
from pydantic import Field, model_validator
from torch import Tensor, nn

from leadline.core.base import Fact
from leadline.core.catalogue import say
from leadline.models.contract import Family
from leadline.nn.batch import Signal, SignalSpec
from leadline.nn.layers.attention import Attention
from leadline.nn.layers.dropout import Dropout
from leadline.nn.layers.windows import Past, moments, numbers


class Options(Fact):
    """Patches of `patch` steps, one every `stride`; `layers` of `width` features with `heads` and `hidden` units.

    A window shorter than a patch is one. `dropout` stands after the tokens, attention and dense layers.
    """

    patch: int = Field(default=16, ge=1, description="patch length in steps")
    stride: int = Field(default=8, ge=1, description="steps between the starts of patches")
    width: int = Field(default=16, ge=1, description="embedding dimension")
    heads: int = Field(default=4, ge=1, description="attention heads per layer; must divide width")
    layers: int = Field(default=3, ge=1, description="number of encoder layers")
    hidden: int = Field(default=128, ge=1, description="width of the feed-forward layer")
    dropout: float = Field(default=0.3, ge=0, lt=1, description="dropout rate")
    head: Literal["none"] = Field(default="none", description="none: the network forecasts by itself")

    @model_validator(mode="after")
    def _shared(self) -> Self:
        if self.width % self.heads:
            raise ValueError(say("models.heads-do-not-divide-width", heads=self.heads, width=self.width))
        return self


class PatchTST(nn.Module):
    """Windows (B,T,F) to forecasts (B, ahead × variables × each)."""

    def __init__(self, spec: SignalSpec, options: Options) -> None:
        super().__init__()
        self.spec, self.stride = spec, options.stride
        self.patch = min(options.patch, spec.past)
        patches = (spec.past + self.stride - self.patch) // self.stride + 1
        self.past = Past(spec)
        self.embed = nn.Linear(self.patch, options.width)
        self.position_ND = nn.Parameter(torch.empty(patches, options.width).uniform_(-0.02, 0.02))
        self.dropout = Dropout(options.dropout)
        self.layers = nn.Sequential(*(_Layer(options) for _ in range(options.layers)))
        self.forecast = nn.Linear(patches * options.width, spec.ahead * spec.each)

    def forward(self, signal: Signal) -> Signal:
        x_BVL = self.past(signal)
        scale = moments(x_BVL)
        padded = F.pad(scale.off(x_BVL), (0, self.stride), mode="replicate")
        x_BVND = self.dropout(self.embed(padded.unfold(2, self.patch, self.stride)) + self.position_ND)
        return numbers(scale.on(self.forecast(self.layers(x_BVND).flatten(2))), self.spec)


class _Layer(nn.Module):
    """Attention among the patches of each variable, then two dense layers at each patch, (B,V,N,D)."""

    def __init__(self, options: Options) -> None:
        super().__init__()
        width = options.width
        self.attention = Attention(width, options.heads)
        self.dense = nn.Sequential(
            nn.Linear(width, options.hidden), nn.GELU(), Dropout(options.dropout), nn.Linear(options.hidden, width)
        )
        self.dropouts = nn.ModuleList(Dropout(options.dropout) for _ in range(2))
        self.norms = nn.ModuleList(nn.BatchNorm1d(width) for _ in range(2))

    def forward(self, x_BVND: Tensor) -> Tensor:
        attended = self.attention(x_BVND.flatten(0, 1)).view_as(x_BVND)
        x_BVND = self._normed(0, x_BVND + self.dropouts[0](attended))
        return self._normed(1, x_BVND + self.dropouts[1](self.dense(x_BVND)))

    def _normed(self, number: int, x_BVND: Tensor) -> Tensor:
        out: Tensor = self.norms[number](x_BVND.flatten(0, 2)).view_as(x_BVND)
        return out


FAMILY = Family(
    name="patchtst",
    accepts=("sequence",),
    options=Options,
    gives=PatchTST,
    sizes={
        "small": {"width": 16, "heads": 4, "hidden": 128, "dropout": 0.3},
        "base": {"width": 64, "heads": 8, "hidden": 128, "dropout": 0.2},
        "large": {"width": 128, "heads": 16, "hidden": 256, "dropout": 0.2},
    },
    forecasts=True,
    reference=(
        "Nie, Nguyen, Sinthong & Kalagnanam 2023, A time series is worth 64 words: long-term forecasting with"
        " Transformers"
    ),
)
