"""Centres of clusters among codes, and how much of a code belongs to each (van der Maaten & Hinton 2008; Xie et al.
2016).

B rows, L numbers of a code, K centres.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Centres(nn.Module):
    """Room for K centres of codes (B,L), which pass through as they are.

    Until they are placed there is one, at zero. `unit` is the squared distance at which a code belongs half as much to
    a centre as one that lies on it.
    """

    def __init__(self, most: int, code: int) -> None:
        super().__init__()
        self.centre_KL = nn.Parameter(torch.zeros(most, code))
        self.unit: Tensor
        self.there_K: Tensor
        self.placed: Tensor
        self.register_buffer("unit", torch.ones(()))
        self.register_buffer("there_K", torch.arange(most) == 0)
        self.register_buffer("placed", torch.tensor(False))

    def forward(self, code_BL: Tensor) -> Tensor:
        return code_BL

    @torch.no_grad()
    def place(self, centre_kL: Tensor, unit: float) -> None:
        """Put as many centres as are given, at most K, in their places."""
        count = len(centre_kL)
        self.centre_KL.zero_()
        self.centre_KL[:count] = centre_kL.to(self.centre_KL)
        self.there_K.copy_(torch.arange(len(self.there_K)) < count)
        self.unit.fill_(unit)
        self.placed.fill_(True)

    def squares(self, code_BL: Tensor) -> Tensor:
        """Return squared distances of codes to centres (B,K); infinite where there is no centre."""
        square_BK = (code_BL[:, None] - self.centre_KL).square().sum(2)
        return square_BK.masked_fill(~self.there_K, torch.inf)

    def shares(self, code_BL: Tensor) -> Tensor:
        """Return the logarithms of how much of each code belongs to each centre (B,K): by Student's t with one degree
        of freedom, 1 / (1 + d² / unit), over their sum; the lowest number where there is no centre.
        """
        square_BK = (code_BL[:, None] - self.centre_KL).square().sum(2)
        lowest = torch.finfo(square_BK.dtype).min
        log_BK = (-torch.log1p(square_BK / self.unit)).masked_fill(~self.there_K, lowest)
        return log_BK.log_softmax(1)


def sharpened(log_BK: Tensor) -> Tensor:
    """Return what shares are drawn to (B,K): their squares, over how much each centre has in the batch, over the sum of
    these.

    Centres that have much count less, so that one of them does not take all (Xie et al. 2016).
    """
    share_BK = log_BK.exp()
    return _over_sum(share_BK.square() / share_BK.sum(0).clamp_min(torch.finfo(share_BK.dtype).tiny))


def _over_sum(x_BK: Tensor) -> Tensor:
    return x_BK / x_BK.sum(1, keepdim=True).clamp_min(torch.finfo(x_BK.dtype).tiny)
