"""Attention of each step to all steps of its row, in several heads (Vaswani et al. 2017).

Attention weights are not dropped, as the paper drops features of what comes out: draws that belong to rows would be one
for each pair of steps and head, and the fused kernels that never hold these pairs at once draw their own.

Shapes in names: B rows, T steps, F features, H heads, D features of a head.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

from leadline.core.catalogue import say
from leadline.nn.layers.positions import rotated
from leadline.nn.transforms import in_transform


class Attention(nn.Module):
    """softmax(Q Kᵀ / √D) V in each head, put together and mapped once more: (B,T,F) to (B,T,F), F being `width`.

    With `rotary` queries and keys are turned by their places. Raises ValueError where heads cannot share the width.
    """

    def __init__(self, width: int, heads: int, rotary: bool = False) -> None:
        super().__init__()
        if width % heads:
            raise ValueError(say("nn.heads-do-not-divide-width", heads=heads, width=width))
        self.heads, self.rotary = heads, rotary
        self.inside = nn.Linear(width, 3 * width)
        self.outside = nn.Linear(width, width)
        for dense in (self.inside, self.outside):
            nn.init.xavier_uniform_(dense.weight)
            nn.init.zeros_(dense.bias)

    def forward(self, x_BTF: Tensor, mask_BT: Tensor | None = None, causal: bool = False) -> Tensor:
        """Return what each step makes of those it sees: of all where the mask is True, with `causal` up to itself.

        What comes out where the mask is False is finite and means nothing.
        """
        q, k, v = self.inside(x_BTF).unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)  # each (B,H,T,D)
        if self.rotary:
            q, k = rotated(q), rotated(k)
        if in_transform(q):
            mixed_BHTD = _unfused(q, k, v, mask_BT, causal)
        elif mask_BT is None:
            mixed_BHTD = scaled_dot_product_attention(q, k, v, is_causal=causal)
        else:
            mixed_BHTD = scaled_dot_product_attention(q, k, v, attn_mask=_seen(mask_BT, causal)[:, None])
        out_BTF: Tensor = self.outside(mixed_BHTD.transpose(1, 2).flatten(2))
        return out_BTF


def _unfused(q: Tensor, k: Tensor, v: Tensor, mask_BT: Tensor | None, causal: bool) -> Tensor:
    """Return what the fused kernels give, by products that gradients of single rows can be taken of."""
    score_BHTT = q @ k.transpose(2, 3) / math.sqrt(q.shape[3])
    if mask_BT is None and causal:
        mask_BT = q.new_ones(q.shape[0], q.shape[2], dtype=torch.bool)
    if mask_BT is not None:
        score_BHTT = score_BHTT.masked_fill(~_seen(mask_BT, causal)[:, None], -torch.inf)
    return score_BHTT.softmax(3) @ v


def _seen(mask_BT: Tensor, causal: bool) -> Tensor:
    """Return which steps each step sees, (B,T,T) or (B,1,T) where all see the same; none sees nothing, lest softmax
    divide by 0.
    """
    if not causal:
        return (mask_BT | ~mask_BT.any(1, keepdim=True))[:, None]
    steps = mask_BT.shape[1]
    square_TT = mask_BT.new_ones(steps, steps)
    return (mask_BT[:, None] & square_TT.tril()) | torch.eye(steps, dtype=torch.bool, device=mask_BT.device)
