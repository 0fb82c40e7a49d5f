"""Fusion by concatenation: the features of all inputs side by side. W features of the fused vector."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from leadline.nn.fusion import Fusion, FusionMethod, FusionOptions


class Concat(Fusion):
    """Features side by side; those of an absent input are learned numbers, zero to begin with."""

    def __init__(self, widths: Sequence[int], options: FusionOptions, media: Sequence[bool] = ()) -> None:
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


FUSION = FusionMethod(FusionOptions, Concat)
