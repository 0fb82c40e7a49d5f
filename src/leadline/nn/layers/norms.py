"""Normalisation by name: γ·(x − μ)/√(σ² + ε) + β, and what the mean μ and the variance σ² are taken over.

- ``batch`` (Ioffe & Szegedy 2015): each feature, or each channel of a map, over all rows of the batch (and all places
  of the map). In training σ² is the mean of (x − μ)²; the statistics that are used after training are moving averages,
  r ← 0.9r + 0.1·now, for which σ² is divided by one less than the count.
- ``layer`` (Ba, Kiros & Hinton 2016): all that one row has; γ and β are a feature's, or a channel's, own.
- ``group`` (Wu & He 2018): the features or channels of a row in groups, each over its group (and all places of the
  map). One group is ``layer``.

γ starts at 1, β at 0; ε is 1e-5. `layer` and `group` do the same in training and after it.
"""

from __future__ import annotations

from typing import Literal

from torch import nn

from leadline.core.catalogue import say

NormName = Literal["batch", "layer", "group"]

GROUPS = 32  # at most, as in the paper


def make_norm(name: NormName, channels: int, *, maps: bool, groups: int | None = None) -> nn.Module:
    """Return the module for features (B,F), or for `maps` (B,C,H,W), of so many features or channels.

    Without a number of `groups` there are the most, up to 32, that the channels can be shared among with two or more
    each. Raises ValueError where they cannot be shared among that many.
    """
    if name == "batch":
        return nn.BatchNorm2d(channels) if maps else nn.BatchNorm1d(channels)
    if name == "group":
        if groups is not None and channels % groups:
            raise ValueError(say("nn.groups-do-not-divide-channels", channels=channels, groups=groups))
        return nn.GroupNorm(groups or default_groups(channels), channels)
    return nn.GroupNorm(1, channels) if maps else nn.LayerNorm(channels)


def default_groups(channels: int) -> int:
    """Return the largest number of groups, up to 32, that divides the channels and leaves each group two of them or
    more.
    """
    return max((n for n in range(1, min(GROUPS, channels // 2) + 1) if channels % n == 0), default=1)
