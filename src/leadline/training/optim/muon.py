"""Muon: momentum whose steps are made orthogonal, for the matrices between layers of features."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal

import torch
from pydantic import Field
from torch import Tensor

from leadline.training.optim.adaptive import AdamW
from leadline.training.optim.contract import Memory, RuleOptimizer

# `torch.optim.Muon` is the same rule, to which tests/reference/test_update_rules.py holds this one. It does not replace
# it: it refuses the kernels of convolutions; it takes one matrix after the other, 0.8 to 2 times as long on two cores
# (512 columns to 128); and on CPUs too it computes in bfloat16, a tenth of a step off after 15 steps.

# Jordan's quintic: steep at zero rather than exact at one, so that five rounds bring all singular values near one.
COEFFICIENTS = (3.4445, -4.7750, 2.0315)
TINY = 1e-7  # keeps the direction of a gradient that is all zero from being 0/0


def orthogonalised(x_NAB: Tensor, rounds: int) -> Tensor:
    """Return matrices with the singular vectors of (N,A,B) and all singular values near one, by the Newton–Schulz
    iteration.

    X ← X/‖X‖, then `ns_steps` times X ← aX + (bS + cS²)X with S = XXᵀ, which turns each singular value s into as + bs³
    + cs⁵. On a GPU in bfloat16, as the values need not be exact; elsewhere in the precision of the input. Jordan et al.
    2024, Muon: an optimizer for hidden layers in neural networks; the iteration after Bernstein & Newhouse 2024.
    """
    a, b, c = COEFFICIENTS
    dtype = x_NAB.dtype
    x = x_NAB.bfloat16() if x_NAB.is_cuda else x_NAB
    tall = x.shape[-2] > x.shape[-1]
    x = x.mT if tall else x  # S is then the smaller of the two squares
    x = x / x.flatten(1).norm(dim=1).clamp_min(TINY)[:, None, None]
    for _ in range(rounds):
        s = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(s, s, s, beta=b, alpha=c), x, beta=a)
    return (x.mT if tall else x).to(dtype)


class _Several(torch.optim.Optimizer):
    """Optimizers over groups of their own, as one: with one state and one list of groups."""

    def __init__(self, parts: Sequence[torch.optim.Optimizer]) -> None:
        super().__init__([group for part in parts for group in part.param_groups], {})
        self.parts = parts
        for part in parts:
            part.state = self.state

    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Update every parameter that has a gradient."""
        for part in self.parts:
            part.step()


class Muon(AdamW):
    """Muon for hidden matrices, AdamW for all else: embeddings, the head, biases and other vectors.

    v ← βv + (1 − β)g; u = (1 − β)g + βv with `nesterov`, else v; then w ← (1 − lr·λ)w − lr·k·O(u), where O replaces a
    matrix by the nearest orthogonal one (`orthogonalised`). A convolution's kernels (out, in, height, width) are one
    matrix, out × rest. k by `scale`: ``adamw`` is 0.2·√max(rows, columns), which makes steps as large as AdamW's, so
    that one learning rate and one decay serve both (Liu et al. 2025); ``original`` is √max(1, rows / columns) (Jordan
    et al. 2024), where lr is usually 0.02. `rest` is what the learning rate is multiplied by for what AdamW steps;
    `beta1`, `beta2`, `eps`, `amsgrad` are AdamW's.
    """

    momentum: float = Field(default=0.95, gt=0, lt=1, description="momentum of hidden weight matrices")
    nesterov: bool = Field(default=True, description="Nesterov momentum")
    ns_steps: int = Field(default=5, ge=1, le=20, description="Newton–Schulz iterations")
    scale: Literal["adamw", "original"] = Field(
        default="adamw", description="scaling of updates: to match AdamW's size, or as first published"
    )
    rest: float = Field(
        default=1.0, gt=0, description="learning rate of the parameters left to AdamW, as a multiple of lr"
    )

    @property
    def tells_hidden(self) -> bool:
        return True

    def build(self, groups: list[dict[str, Any]]) -> torch.optim.Optimizer:
        matrices = [g for g in groups if g["hidden"]]
        rest = [{**g, "lr": g["lr"] * self.rest, "rate": g["rate"] * self.rest} for g in groups if not g["hidden"]]
        running = [RuleOptimizer(matrices, self._rule, apart=True)] if matrices else []
        return _Several([*running, super().build(rest)] if rest else running)

    def _rule(self, w: list[Tensor], g: list[Tensor], memory: Memory, lr: float) -> None:
        v = memory("momentum_buffer")
        torch._foreach_lerp_(v, g, 1 - self.momentum)
        u = list(torch._foreach_lerp(g, v, self.momentum)) if self.nesterov else v
        alike: dict[tuple[int, int], list[int]] = {}
        for at, p in enumerate(w):
            alike.setdefault((p.shape[0], p[0].numel()), []).append(at)
        for (rows, columns), places in alike.items():  # matrices of one shape are made orthogonal together
            o_NAB = orthogonalised(torch.stack([u[at].reshape(rows, columns) for at in places]), self.ns_steps)
            k = math.sqrt(max(1, rows / columns)) if self.scale == "original" else 0.2 * math.sqrt(max(rows, columns))
            steps = [o.view(w[at].shape) for at, o in zip(places, o_NAB, strict=True)]
            torch._foreach_add_([w[at] for at in places], steps, alpha=-lr * k)
