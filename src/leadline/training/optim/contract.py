"""What every optimizer has in common: its options, its groups of parameters, and how a rule of our own is written."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Collection, Iterable, Mapping
from types import MappingProxyType
from typing import Any

import torch
from pydantic import Field
from torch import Tensor, nn

from leadline.core.base import Fact
from leadline.nn.ensemble import member_ndim

NONE: Mapping[nn.Parameter, float] = MappingProxyType({})


class Optimizer(Fact):
    """`lr` is the highest learning rate, which the schedule scales; `weight_decay` shrinks weights.

    With a decay λ the gradient is g + λw, that of the loss plus λ/2·Σw² (L2), unless the optimizer says that its decay
    is apart. Biases, norm parameters and other vectors are not decayed unless `decay_vectors` is set: shrinking them
    does not regularise (Loshchilov & Hutter 2019; Goyal et al. 2017).
    """

    lr: float = Field(default=0.01, gt=0, description="learning rate")
    weight_decay: float = Field(default=0.0, ge=0, description="weight decay")
    decay_vectors: bool = Field(default=False, description="decay biases and normalisation parameters too")

    def over(
        self,
        parameters: Iterable[nn.Parameter],
        rates: Mapping[nn.Parameter, float] = NONE,
        hidden: Collection[nn.Parameter] | None = None,
    ) -> torch.optim.Optimizer:
        """Return a PyTorch optimizer for those of `parameters` that are trained.

        `rates` are factors of the learning rate, where they are not 1; a group of parameters carries its own as
        ``rate``. `hidden` are the matrices between layers of features, None all matrices.
        """
        groups: dict[tuple[float, float, bool], list[nn.Parameter]] = {}
        for p in parameters:
            if p.requires_grad:
                decay = self.weight_decay if member_ndim(p) > 1 or self.decay_vectors else 0.0
                inner = member_ndim(p) > 1 and (hidden is None or p in hidden)
                groups.setdefault((decay, rates.get(p, 1.0), inner and self.tells_hidden), []).append(p)
        return self.build(
            [
                {"params": members, "lr": self.lr * rate, "weight_decay": decay, "rate": rate, "hidden": inner}
                for (decay, rate, inner), members in groups.items()
            ]
        )

    @property
    def tells_hidden(self) -> bool:
        """True where hidden matrices are stepped by another rule than the rest."""
        return False

    @property
    def takes_all_rows(self) -> bool:
        """True where every step goes by the gradient over all train rows."""
        return False

    def numbers(self, running: torch.optim.Optimizer, names: Mapping[nn.Parameter, str]) -> dict[str, Any]:
        """Return what a running one keeps from step to step beside the tensors of its state, as plain values."""
        return {}

    def load_numbers(
        self, running: torch.optim.Optimizer, names: Mapping[nn.Parameter, str], numbers: Mapping[str, Any]
    ) -> None:
        """Put back what `numbers` returned."""

    @abstractmethod
    def build(self, groups: list[dict[str, Any]]) -> torch.optim.Optimizer:
        """Return a PyTorch optimizer over groups of parameters, each with its ``lr`` and ``weight_decay``."""


class Memory:
    """What a rule remembers of some parameters, by name: lists of tensors like them, zero at first."""

    def __init__(self, running: torch.optim.Optimizer, parameters: list[Tensor]) -> None:
        self._states = [running.state[p] for p in parameters]
        self._parameters = parameters

    def __call__(self, name: str, first: float = 0.0) -> list[Tensor]:
        """Return a remembered quantity, one tensor a parameter, which the rule changes in place."""
        for state, p in zip(self._states, self._parameters, strict=True):
            if name not in state:
                state[name] = torch.full_like(p, first, requires_grad=False)
        return [state[name] for state in self._states]


Rule = Callable[[list[Tensor], list[Tensor], Memory, float], None]


class RuleOptimizer(torch.optim.Optimizer):
    """A PyTorch optimizer for an update rule that PyTorch has not, or has only in another convention.

    ``rule(w, g, memory, lr)`` changes the weights in place, given lists of tensors: all of a group are updated by a few
    calls over the whole list, which a GPU runs as a few kernels. `apart` decays weights by themselves, w ← (1 − lr·λ)w,
    and not by way of g.
    """

    def __init__(self, groups: list[dict[str, Any]], rule: Rule, *, apart: bool = False) -> None:
        super().__init__(groups, {})
        self.rule, self.apart = rule, apart

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]  # no rule here evaluates the loss again
        """Update every parameter that has a gradient."""
        for group in self.param_groups:
            weights: list[Tensor] = [p for p in group["params"] if p.grad is not None]
            if not weights:
                continue
            gradients = [p.grad for p in weights if p.grad is not None]
            if group["weight_decay"] and self.apart:
                torch._foreach_mul_(weights, 1 - group["lr"] * group["weight_decay"])
            elif group["weight_decay"]:
                gradients = list(torch._foreach_add(gradients, weights, alpha=group["weight_decay"]))
            self.rule(weights, gradients, Memory(self, weights), group["lr"])
