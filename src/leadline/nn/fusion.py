"""How the features of several inputs become one vector a row, and what becomes of inputs that a row lacks.

B rows, K inputs, F features, W features of the width that all inputs are brought to.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from pydantic import Field, ValidationError
from torch import Tensor, nn

from leadline.core.base import Fact
from leadline.core.catalogue import say
from leadline.core.component import Component
from leadline.core.entries.shapes import shaped
from leadline.core.entries.wrong_values import explained
from leadline.core.registry import lookup, registered
from leadline.errors import UsageError, did_you_mean
from leadline.nn.layers.dropout import Dropout
from leadline.nn.rng import Rng, current_rng

PURPOSE = "inputs left out"


class FusionOptions(Fact):
    """`modality_dropout` is the probability with which, in training, a row is shown without an input that it has; never
    without all.

    `feature_dropout` is that with which each feature of a medium is dropped: beside a table, networks of pictures,
    sounds and texts soon know train rows by heart, and what all inputs have in common is no longer learned from the
    others.
    """

    modality_dropout: float = Field(
        default=0.1, ge=0, lt=1, description="share of inputs dropped in training (modality dropout)"
    )
    feature_dropout: float = Field(default=0.5, ge=0, lt=1, description="dropout rate of the fused features")


class WidthOptions(FusionOptions):
    """`width` is how many features every input is brought to."""

    width: int = Field(default=128, ge=1, description="dimension that each input is projected to")


class Fusion(nn.Module, ABC):
    """Features (B,F) of each of K inputs to one vector (B,`width`); what is absent of a row has no effect on it.

    In training each input of a row is left out with probability `modality_dropout`, but one of those that the row has
    always stays: so the network learns to do without (modality dropout, Neverova et al. 2016). `media` says of each
    input whether it is one: then its features are dropped, each with probability `feature_dropout`.
    """

    def __init__(self, options: FusionOptions, width: int, media: Sequence[bool] = ()) -> None:
        super().__init__()
        self.dropout, self.width = options.modality_dropout, width
        self.drops = nn.ModuleList(Dropout(options.feature_dropout if medium else 0.0) for medium in media)

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
    last_B1 = torch.where(present_BK, u_BK, -1.0).argmax(1, keepdim=True)
    last_BK = (last_B1 == torch.arange(present_BK.shape[1], device=present_BK.device)) & present_BK
    return torch.where(kept_BK.any(1, keepdim=True), kept_BK, last_BK)


class SideBySide(Fusion):
    """Features side by side, NaN where the input is absent: for models that are fitted, which know what to make of
    that.
    """

    def __init__(self, widths: Sequence[int]) -> None:
        super().__init__(FusionOptions(modality_dropout=0), sum(widths))

    def fused(self, parts: Sequence[Tensor], present_BK: Tensor) -> Tensor:
        return torch.cat([part.masked_fill(~present_BK[:, k, None], torch.nan) for k, part in enumerate(parts)], 1)


def weights_over(scores: Tensor, present: Tensor) -> Tensor:
    """Return the softmax over axis 1 of what is present; all zero for a row that has nothing."""
    masked = scores.masked_fill(~present, torch.finfo(scores.dtype).min)
    return masked.softmax(1) * present


Fuse = Callable[[Sequence[int]], Fusion]  # from the widths of the inputs' features


class FusionMethod(NamedTuple):
    """A way of fusing inputs. Each ``models/fusion/<name>.py`` declares one ``FUSION``, and so may a plugin.

    `build(widths, options, media)` returns the module, from the width of each input's features and whether it is a
    medium.
    """

    options: type[FusionOptions]
    build: Callable[[Sequence[int], Any, Sequence[bool]], Fusion]


def checked_fusion(component: Component) -> FusionOptions:
    """Return all options of a fusion; raises UsageError for a name or an option that is unknown or wrong."""
    known = _method(component).options
    try:
        return known.model_validate(shaped(component.options, known))
    except ValidationError as error:
        raise UsageError(explained(error, known, component.options, "network.fusion", component.name)) from None


def fuse_by(component: Component, media: Sequence[bool] = ()) -> Fuse:
    """Return what makes the module of a fusion with fresh weights; `media` says which inputs are media, none if empty.

    Raises as `checked_fusion` does.
    """
    options, build = checked_fusion(component), _method(component).build
    return lambda widths: build(widths, options, media)


def _method(component: Component) -> FusionMethod:
    known = registered("fusions")
    if component.name not in known:
        raise UsageError(say("nn.unknown-fusion", name=component.name, suggestion=did_you_mean(component.name, known)))
    found: FusionMethod = lookup("fusions", component.name)
    return found
