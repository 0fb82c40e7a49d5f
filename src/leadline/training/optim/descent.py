"""Gradient descent: on batches or on all rows at once, with and without momentum."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from pydantic import Field, model_validator
from torch import Tensor

from leadline.core.catalogue import say
from leadline.training.optim.contract import Memory, Optimizer, RuleOptimizer

FULL_BATCH_RATE = 0.1


class Sgd(Optimizer):
    """Stochastic gradient descent (Robbins & Monro 1951): w ← w − lr·g, g being the gradient of a batch.

    With `momentum` β (Polyak 1964): v ← βv + g, then w ← w − lr·v. With `averaged` v is a mean of past gradients: v ←
    βv + (1 − β)g. As both start at v = 0, the averaged v is (1 − β) times the other, and its learning rate must be
    1/(1 − β) times as high for the same steps. With `nesterov` the step goes ahead of v: w ← w − lr·(g + βv), averaged
    w ← w − lr·((1 − β)g + βv). That is Nesterov's method written in the point at which the gradient is taken, w' = w −
    lr·βv (Nesterov 1983; Sutskever et al. 2013). With `full_batch` it is gradient descent (Cauchy 1847): a batch is the
    whole train split, and lr is 0.1 unless it is given.
    """

    momentum: float = Field(default=0.0, ge=0, lt=1, description="momentum β")
    averaged: bool = Field(default=False, description="momentum as a moving average: new gradients weigh 1 − β")
    nesterov: bool = Field(default=False, description="Nesterov momentum")
    full_batch: bool = Field(default=False, description="use the whole training set in every step")

    @model_validator(mode="before")
    @classmethod
    def _rate(cls, given: Any) -> Any:
        if isinstance(given, Mapping) and given.get("full_batch") is True:
            return {"lr": FULL_BATCH_RATE, **given}
        return given

    @model_validator(mode="after")
    def _momentum_there(self) -> Sgd:
        for name in ("averaged", "nesterov"):
            if getattr(self, name) and not self.momentum:
                raise ValueError(say("training.momentum-missing", name=name))
        return self

    @property
    def takes_all_rows(self) -> bool:
        return self.full_batch

    def build(self, groups: list[dict[str, Any]]) -> torch.optim.Optimizer:
        if self.averaged:
            return RuleOptimizer(groups, self._averaged)
        return torch.optim.SGD(groups, lr=self.lr, momentum=self.momentum, nesterov=self.nesterov, fused=True)

    def _averaged(self, w: list[Tensor], g: list[Tensor], memory: Memory, lr: float) -> None:
        # PyTorch's dampening multiplies g by 1 - β too, but starts with v = g.
        v = memory("momentum_buffer")
        torch._foreach_lerp_(v, g, 1 - self.momentum)
        torch._foreach_add_(w, torch._foreach_lerp(g, v, self.momentum) if self.nesterov else v, alpha=-lr)
