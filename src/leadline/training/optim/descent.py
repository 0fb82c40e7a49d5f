"""Gradient descent, with and without momentum."""

from __future__ import annotations

from typing import Any, Literal

import torch
from pydantic import Field
from torch import Tensor

from leadline.training.optim.contract import Memory, Optimizer, RuleOptimizer


class Sgd(Optimizer):
    """Stochastic gradient descent (Robbins & Monro 1951): w ← w − lr·g, g being the gradient of a batch."""

    def build(self, groups: list[dict[str, Any]]) -> torch.optim.Optimizer:
        return torch.optim.SGD(groups, lr=self.lr, fused=True)


class Gd(Sgd):
    """Gradient descent (Cauchy 1847): w ← w − lr·g, g being the gradient of the mean loss over all train rows.

    It is `Sgd` whose batch is the whole train split, which resolving the experiment sets.
    """

    lr: float = Field(default=0.1, gt=0)


class Momentum(Optimizer):
    """Gradient descent with momentum (Polyak 1964): v ← βv + g, then w ← w − lr·v.

    With `averaged` v is a mean of past gradients: v ← βv + (1 − β)g. As both start at v = 0, the averaged v is (1 − β)
    times the other, and its learning rate must be 1/(1 − β) times as high for the same steps. With `nesterov` the step
    goes ahead of v: w ← w − lr·(g + βv), averaged w ← w − lr·((1 − β)g + βv). That is Nesterov's method written in the
    point at which the gradient is taken, w' = w − lr·βv (Nesterov 1983; Sutskever et al. 2013)."""

    momentum: float = Field(default=0.9, gt=0, lt=1)
    averaged: bool = False
    nesterov: bool = False

    def build(self, groups: list[dict[str, Any]]) -> torch.optim.Optimizer:
        if self.averaged:
            return RuleOptimizer(groups, self._averaged)
        return torch.optim.SGD(groups, lr=self.lr, momentum=self.momentum, nesterov=self.nesterov, fused=True)

    def _averaged(self, w: list[Tensor], g: list[Tensor], memory: Memory, lr: float) -> None:
        # PyTorch's dampening multiplies g by 1 - β too, but starts with v = g.
        v = memory("momentum_buffer")
        torch._foreach_lerp_(v, g, 1 - self.momentum)
        torch._foreach_add_(w, torch._foreach_lerp(g, v, self.momentum) if self.nesterov else v, alpha=-lr)


class Nesterov(Momentum):
    """Nesterov's accelerated gradient: v ← βv + g, then w ← w − lr·(g + βv); `Momentum` says where that comes from."""

    nesterov: Literal[True] = True
