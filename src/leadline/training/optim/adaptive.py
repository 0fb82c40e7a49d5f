"""Optimizers that give every weight a learning rate of its own, from the size of its past gradients."""

from __future__ import annotations

from typing import Any, Literal

import torch
from pydantic import Field
from torch import Tensor

from leadline.training.optim.contract import Memory, Optimizer, RuleOptimizer

Epsilon = Literal["outside", "inside"]


def _root(s: list[Tensor], eps: float, epsilon: Epsilon) -> list[Tensor]:
    """Return √s + ε, or √(s + ε), as new tensors."""
    if epsilon == "inside":
        root = list(torch._foreach_add(s, eps))
        torch._foreach_sqrt_(root)
    else:
        root = list(torch._foreach_sqrt(s))
        torch._foreach_add_(root, eps)
    return root


class Adagrad(Optimizer):
    """AdaGrad (Duchi, Hazan & Singer 2011): s ← s + g², then w ← w − lr·g / (√s + ε).

    `epsilon` says where ε stands: ``outside`` of the root, as in PyTorch, or ``inside``, w ← w − lr·g / √(s + ε), as in
    Keras. `initial_accumulator` is what s starts from (0 in the paper and PyTorch, 0.1 in Keras).
    """

    eps: float = Field(default=1e-10, gt=0, description="added to the denominator for numerical stability")
    epsilon: Epsilon = Field(default="outside", description="eps outside or inside the square root")
    initial_accumulator: float = Field(
        default=0.0, ge=0, description="initial value of the accumulated squared gradients"
    )

    def build(self, groups: list[dict[str, Any]]) -> torch.optim.Optimizer:
        return RuleOptimizer(groups, self._rule)

    def _rule(self, w: list[Tensor], g: list[Tensor], memory: Memory, lr: float) -> None:
        s = memory("sum", self.initial_accumulator)
        torch._foreach_addcmul_(s, g, g)
        torch._foreach_addcdiv_(w, g, _root(s, self.eps, self.epsilon), value=-lr)


class RmsProp(Optimizer):
    """RMSprop (Tieleman & Hinton 2012): s ← ρs + (1 − ρ)g², then w ← w − lr·g / (√s + ε).

    `epsilon` says where ε stands: ``outside`` of the root, as in PyTorch, or ``inside``, √(s + ε), as in Keras.
    With `centered` the mean is taken off: m ← ρm + (1 − ρ)g, and s − m² stands for s under the root (Graves 2013).
    With a `momentum` β the step is remembered: v ← βv + g / (√s + ε), then w ← w − lr·v.
    """

    lr: float = Field(default=1e-3, gt=0, description="learning rate")
    rho: float = Field(default=0.9, ge=0, lt=1, description="decay rate of the moving average of squared gradients")
    eps: float = Field(default=1e-8, gt=0, description="added to the denominator for numerical stability")
    epsilon: Epsilon = Field(default="outside", description="eps outside or inside the square root")
    centered: bool = Field(default=False, description="divide by the gradient's estimated standard deviation")
    momentum: float = Field(default=0.0, ge=0, lt=1, description="momentum")

    def build(self, groups: list[dict[str, Any]]) -> torch.optim.Optimizer:
        return RuleOptimizer(groups, self._rule)

    def _rule(self, w: list[Tensor], g: list[Tensor], memory: Memory, lr: float) -> None:
        s = memory("square_avg")
        torch._foreach_mul_(s, self.rho)
        torch._foreach_addcmul_(s, g, g, value=1 - self.rho)
        spread = s
        if self.centered:
            m = memory("grad_avg")
            torch._foreach_lerp_(m, g, 1 - self.rho)
            spread = list(torch._foreach_addcmul(s, m, m, value=-1))
            torch._foreach_clamp_min_(spread, 0.0)  # rounding may leave less than nothing of a variance
        root = _root(spread, self.eps, self.epsilon)
        if self.momentum == 0:
            torch._foreach_addcdiv_(w, g, root, value=-lr)
            return
        v = memory("momentum_buffer")
        torch._foreach_mul_(v, self.momentum)
        torch._foreach_addcdiv_(v, g, root)
        torch._foreach_add_(w, v, alpha=-lr)


class Adam(Optimizer):
    """Adam (Kingma & Ba 2015): m ← β₁m + (1 − β₁)g and v ← β₂v + (1 − β₂)g², then w ← w − lr·m̂ / (√v̂ + ε).

    m̂ = m / (1 − β₁ᵗ) and v̂ = v / (1 − β₂ᵗ) in step t (from 1) undo that both start at zero. ε stands outside of the
    root, and after the correction, as in the paper's algorithm. With `amsgrad` the largest v so far stands for v under
    the root, so that no rate ever rises (Reddi, Kale & Kumar 2018); as in PyTorch, the largest is corrected like v,
    which the paper leaves out.
    """

    lr: float = Field(default=1e-3, gt=0, description="learning rate")
    beta1: float = Field(default=0.9, ge=0, lt=1, description="decay rate of the first moment")
    beta2: float = Field(default=0.999, ge=0, lt=1, description="decay rate of the second moment")
    eps: float = Field(default=1e-8, gt=0, description="added to the denominator for numerical stability")
    amsgrad: bool = Field(default=False, description="AMSGrad variant: the second moment never decreases")

    def build(self, groups: list[dict[str, Any]]) -> torch.optim.Optimizer:
        betas = (self.beta1, self.beta2)
        return torch.optim.Adam(groups, lr=self.lr, betas=betas, eps=self.eps, amsgrad=self.amsgrad, fused=True)


class AdamW(Adam):
    """Adam with weight decay apart from the gradient: w ← (1 − lr·λ)w first (Loshchilov & Hutter 2019)."""

    weight_decay: float = Field(default=0.01, ge=0, description="decoupled weight decay")

    def build(self, groups: list[dict[str, Any]]) -> torch.optim.Optimizer:
        betas = (self.beta1, self.beta2)
        return torch.optim.AdamW(groups, lr=self.lr, betas=betas, eps=self.eps, amsgrad=self.amsgrad, fused=True)
