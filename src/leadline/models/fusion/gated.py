"""Fusion by gates: of each input as much as a gate lets through, feature by feature.

B rows, K inputs, W features of the width that all inputs are brought to.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from leadline.nn.fusion import Fusion, FusionMethod, WidthOptions, weights_over


class Gated(Fusion):
    """Each input brought to W features, of which a gate says how much counts, learned from all inputs.

    The gated multimodal unit (Arevalo et al. 2017): tanh of a linear map of each input, weighted feature by feature.
    The gates of a feature are a softmax over the inputs that are there, which for two inputs is the paper's z and 1 -
    z.
    """

    def __init__(self, widths: Sequence[int], options: WidthOptions, media: Sequence[bool] = ()) -> None:
        super().__init__(options, options.width, media)
        self.ways = nn.ModuleList(nn.Linear(width, options.width) for width in widths)
        self.gates = nn.Linear(sum(widths), len(widths) * options.width)

    def fused(self, parts: Sequence[Tensor], present_BK: Tensor) -> Tensor:
        there = [part.masked_fill(~present_BK[:, k, None], 0.0) for k, part in enumerate(parts)]
        ways_BKW = torch.stack([torch.tanh(way(part)) for way, part in zip(self.ways, there, strict=True)], 1)
        gates_BKW = self.gates(torch.cat(there, 1)).view_as(ways_BKW)
        return (weights_over(gates_BKW, present_BK[..., None]) * ways_BKW).sum(1)


FUSION = FusionMethod(WidthOptions, Gated)
