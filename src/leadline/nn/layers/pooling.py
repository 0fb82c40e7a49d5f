"""From features of all steps of a row to one vector; what lies beyond a row's end has no part in it.

A mask (B,T) is True up to a row's end. The first step always counts: a row whose mask is False throughout gives
features too.

Shapes in names: B rows, T steps, F features.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

PoolName = Literal["first", "last", "mean", "max", "attention"]


def with_first(mask_BT: Tensor) -> Tensor:
    """Return a mask of which the first step is True, whatever it was."""
    return mask_BT | (torch.arange(mask_BT.shape[1], device=mask_BT.device) == 0)


def silenced(x_BTF: Tensor, mask_BT: Tensor | None) -> Tensor:
    """Return features that are zero beyond a row's end, where layers that look around would meet them."""
    return x_BTF if mask_BT is None else x_BTF.masked_fill(~mask_BT[:, :, None], 0.0)


class Pooling(nn.Module):
    """Features (B,T,F) and a mask (B,T), or None, to (B,F): those of the `first` or `last` step, their `mean` or `max`
    over time, or a mean weighted by `attention`, the softmax of a learned linear score (Bahdanau, Cho & Bengio 2015).

    The last `backward` of the features are of a network that reads from the end: its last step is the first one.
    """

    def __init__(self, kind: PoolName, width: int, backward: int = 0) -> None:
        super().__init__()
        self.kind, self.forward_width, self.backward_width = kind, width - backward, backward
        self.score = nn.Linear(width, 1, bias=False) if kind == "attention" else None

    def forward(self, x_BTF: Tensor, mask_BT: Tensor | None = None) -> Tensor:
        if self.kind == "first":
            return x_BTF[:, 0]
        mask_BT = None if mask_BT is None else with_first(mask_BT)
        if self.kind == "last":
            end_BF = _last(x_BTF[:, :, : self.forward_width], mask_BT)
            return torch.cat([end_BF, x_BTF[:, 0, self.forward_width :]], 1) if self.backward_width else end_BF
        if self.kind == "max":
            return (x_BTF if mask_BT is None else x_BTF.masked_fill(~mask_BT[:, :, None], -torch.inf)).amax(1)
        if self.score is not None:
            score_BT = self.score(x_BTF).squeeze(2)
            share_BT = (score_BT if mask_BT is None else score_BT.masked_fill(~mask_BT, -torch.inf)).softmax(1)
            return torch.einsum("bt,btf->bf", share_BT, x_BTF)
        if mask_BT is None:
            return x_BTF.mean(1)
        return torch.einsum("bt,btf->bf", mask_BT.to(x_BTF.dtype), x_BTF) / mask_BT.sum(1, keepdim=True)


def _last(x_BTF: Tensor, mask_BT: Tensor | None) -> Tensor:
    if mask_BT is None:
        return x_BTF[:, -1]
    at_B = mask_BT.sum(1) - 1
    return x_BTF.gather(1, at_B[:, None, None].expand(-1, 1, x_BTF.shape[2])).squeeze(1)
