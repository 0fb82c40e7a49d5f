"""Numbers of a table, each embedded in several features of its own (Gorishniy, Rubachev & Babenko 2022).

Shapes: B rows, Q numbers, T intervals or frequencies, D features of each number.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

INTERVALS = 16_384  # of all numbers together: of a thousand columns each has fewer


class PiecewiseLinearEmbedding(nn.Module):
    """Standardised numbers (B,Q) to (B, Q × D): a function of each that is linear between its `edges`, and constant
    beyond them.

    Each interval says how much of it lies below the number, from 0 to 1; a matrix for each number maps that to D
    features. Edges are in ascending order; a number with one edge only is constant.
    """

    def __init__(self, edges: Sequence[Sequence[float]], width: int) -> None:
        super().__init__()
        most = max(INTERVALS // len(edges), 2)
        thinned = [one[:: -(-len(one) // most)] for one in edges]
        intervals = max(max(len(one) for one in thinned) - 1, 1)
        lower_QT, inverse_QT = torch.zeros(len(edges), intervals), torch.zeros(len(edges), intervals)
        for q, one in enumerate(thinned):
            ends = torch.tensor(one, dtype=torch.float64)
            lower_QT[q, : len(one) - 1] = ends[:-1]
            inverse_QT[q, : len(one) - 1] = ends.diff().reciprocal().nan_to_num(posinf=0.0)
        self.lower_QT: Tensor
        self.inverse_QT: Tensor
        self.register_buffer("lower_QT", lower_QT, persistent=False)
        self.register_buffer("inverse_QT", inverse_QT, persistent=False)
        bound = intervals**-0.5
        self.weight_QTD = nn.Parameter(torch.empty(len(edges), intervals, width).uniform_(-bound, bound))
        self.bias_QD = nn.Parameter(torch.empty(len(edges), width).uniform_(-bound, bound))

    def forward(self, x_BQ: Tensor) -> Tensor:
        share_QBT = ((x_BQ.t()[:, :, None] - self.lower_QT[:, None]) * self.inverse_QT[:, None]).clamp(0, 1)
        return _side_by_side(torch.baddbmm(self.bias_QD[:, None], share_QBT, self.weight_QTD))


class PeriodicEmbedding(nn.Module):
    """Standardised numbers (B,Q) to (B, Q × D): ReLU of a matrix for each number over sines and cosines of it.

    The T frequencies of each number are learned; they start normally distributed with standard deviation `scale`, in
    turns a standard deviation of the number.
    """

    def __init__(self, numbers: int, frequencies: int, scale: float, width: int) -> None:
        super().__init__()
        self.frequency_QT = nn.Parameter(torch.randn(numbers, frequencies) * scale)
        bound = (2 * frequencies) ** -0.5
        self.weight_QTD = nn.Parameter(torch.empty(numbers, 2 * frequencies, width).uniform_(-bound, bound))
        self.bias_QD = nn.Parameter(torch.empty(numbers, width).uniform_(-bound, bound))

    def forward(self, x_BQ: Tensor) -> Tensor:
        angle_QBT = 2 * math.pi * x_BQ.t()[:, :, None] * self.frequency_QT[:, None]
        waves_QBT = torch.cat([angle_QBT.cos(), angle_QBT.sin()], -1)
        return _side_by_side(torch.baddbmm(self.bias_QD[:, None], waves_QBT, self.weight_QTD).relu())


def _side_by_side(features_QBD: Tensor) -> Tensor:
    return features_QBD.transpose(0, 1).flatten(1)
