"""Optimizers by name, their options, and their state as named tensors."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any

import torch
from pydantic import Field
from torch import Tensor, nn

from leadline.errors import RunError
from leadline.facts.base import Fact
from leadline.facts.component import Component
from leadline.training.options import read_options


class Optimizer(Fact):
    """`lr` is the highest learning rate, which the schedule scales; `weight_decay` shrinks weights.

    Biases, norm parameters and other vectors are not decayed unless `decay_vectors` is set: shrinking them does not regularise
    (Loshchilov & Hutter 2019; Goyal et al. 2017).
    """

    lr: float = Field(default=0.01, gt=0)
    weight_decay: float = Field(default=0.0, ge=0)
    decay_vectors: bool = False

    def over(self, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
        """Return a PyTorch optimizer for those of `parameters` that are trained."""
        trained = [p for p in parameters if p.requires_grad]
        if self.weight_decay == 0 or self.decay_vectors:
            return self.build([{"params": trained, "weight_decay": self.weight_decay}])
        matrices, vectors = [p for p in trained if p.ndim > 1], [p for p in trained if p.ndim <= 1]
        groups = [{"params": matrices, "weight_decay": self.weight_decay}, {"params": vectors, "weight_decay": 0.0}]
        return self.build([group for group in groups if group["params"]])

    @abstractmethod
    def build(self, groups: list[dict[str, Any]]) -> torch.optim.Optimizer:
        """Return a PyTorch optimizer over groups of parameters."""


class Sgd(Optimizer):
    """Gradient descent: w ← w − lr·g."""

    def build(self, groups: list[dict[str, Any]]) -> torch.optim.Optimizer:
        return torch.optim.SGD(groups, lr=self.lr, fused=True)


class Momentum(Optimizer):
    """Gradient descent with momentum: v ← βv + g, w ← w − lr·v; with `nesterov` w ← w − lr·(g + βv) (Sutskever et al. 2013)."""

    momentum: float = Field(default=0.9, gt=0, lt=1)
    nesterov: bool = False

    def build(self, groups: list[dict[str, Any]]) -> torch.optim.Optimizer:
        return torch.optim.SGD(groups, lr=self.lr, momentum=self.momentum, nesterov=self.nesterov, fused=True)


class Adam(Optimizer):
    """Adam (Kingma & Ba 2015); weight decay is added to the gradient."""

    lr: float = Field(default=1e-3, gt=0)
    beta1: float = Field(default=0.9, ge=0, lt=1)
    beta2: float = Field(default=0.999, ge=0, lt=1)
    eps: float = Field(default=1e-8, gt=0)

    def build(self, groups: list[dict[str, Any]]) -> torch.optim.Optimizer:
        return torch.optim.Adam(groups, lr=self.lr, betas=(self.beta1, self.beta2), eps=self.eps, fused=True)


class AdamW(Adam):
    """Adam with weight decay apart from the gradient: w ← (1 − lr·λ)w first (Loshchilov & Hutter 2019)."""

    weight_decay: float = Field(default=0.01, ge=0)

    def build(self, groups: list[dict[str, Any]]) -> torch.optim.Optimizer:
        return torch.optim.AdamW(groups, lr=self.lr, betas=(self.beta1, self.beta2), eps=self.eps, fused=True)


OPTIMIZERS: Mapping[str, type[Optimizer]] = {"sgd": Sgd, "momentum": Momentum, "adam": Adam, "adamw": AdamW}


def optimizer(component: Component) -> Optimizer:
    """Return an optimizer's options by name; raises UsageError where the name or an option is unknown or wrong."""
    return read_options("optimizer", component, OPTIMIZERS)


def resolved_optimizer(component: Component) -> Component:
    """Return the component with every default written out."""
    return Component(name=component.name, options=optimizer(component).model_dump(mode="json"))


def state_of(running: torch.optim.Optimizer, names: Mapping[nn.Parameter, str]) -> dict[str, Tensor]:
    """Return the live state tensors as ``<parameter>.<key>``."""
    kept = ((name, running.state[p]) for p, name in names.items() if p in running.state)
    return {f"{name}.{key}": value for name, state in kept for key, value in state.items() if isinstance(value, Tensor)}


def load_state(running: torch.optim.Optimizer, names: Mapping[nn.Parameter, str], tensors: Mapping[str, Tensor]) -> None:
    """Put back what `state_of` returned, bit for bit; raises RunError where a tensor belongs to no parameter.

    Tensors take the memory layout and device of their parameter, which fused updates rely on.
    """
    parameters = {name: p for p, name in names.items()}
    running.state.clear()
    for full, saved in tensors.items():
        name, _, key = full.rpartition(".")
        if name not in parameters:
            raise RunError(
                f"The checkpoint holds optimizer state for {name!r}, which the network has not: it is another network's."
            )
        p = parameters[name]
        fits = saved.shape == p.shape and key != "step"
        value = torch.empty_like(p, dtype=saved.dtype, requires_grad=False) if fits else torch.empty_like(saved, device=p.device)
        running.state[p][key] = value.copy_(saved)
