"""Where in a sequence a step stands: turned features of queries and keys, or a learned vector for each place.

Shapes in names: B rows, H heads, T steps, D features of a head, F features.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

SLOWEST = 10_000.0  # steps, divided by 2π: the longest wave is that of Vaswani et al. (2017)
SPREAD = 0.02  # the standard deviation that learned positions start with


def rotated(x_BHTD: Tensor) -> Tensor:
    """Return features turned by angles that grow with the step, so that products of two depend on how far apart they
    stand.

    Features i and i + D/2 are a point in the plane, which step t turns by t · 10000^(−2i/D); of an odd D the last one
    stays. Su et al. 2021, RoFormer: enhanced Transformer with rotary position embedding; which features make a pair is
    left to training.
    """
    steps, half = x_BHTD.shape[2], x_BHTD.shape[3] // 2
    # Angles of late steps are large, and bf16 would leave nothing of them.
    exact = torch.float64 if x_BHTD.dtype == torch.float64 else torch.float32
    speed_D = SLOWEST ** -(torch.arange(half, device=x_BHTD.device, dtype=exact) / max(half, 1))
    angle_TD = torch.arange(steps, device=x_BHTD.device, dtype=exact)[:, None] * speed_D
    cos_TD, sin_TD = angle_TD.cos().to(x_BHTD.dtype), angle_TD.sin().to(x_BHTD.dtype)
    a_BHTD, b_BHTD, rest = x_BHTD[..., :half], x_BHTD[..., half : 2 * half], x_BHTD[..., 2 * half :]
    return torch.cat([a_BHTD * cos_TD - b_BHTD * sin_TD, a_BHTD * sin_TD + b_BHTD * cos_TD, rest], -1)


class LearnedPositions(nn.Module):
    """Add to each of at most `steps` steps of (B,T,F) a vector of its place; padding beyond them gets the last one."""

    def __init__(self, steps: int, width: int) -> None:
        super().__init__()
        self.position_TF = nn.Parameter(torch.empty(steps, width))
        nn.init.normal_(self.position_TF, std=SPREAD)

    def forward(self, x_BTF: Tensor) -> Tensor:
        place_T = torch.arange(x_BTF.shape[1], device=x_BTF.device).clamp(max=self.position_TF.shape[0] - 1)
        return x_BTF + self.position_TF.index_select(0, place_T)
