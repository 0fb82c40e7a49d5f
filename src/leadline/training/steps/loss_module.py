"""The loss of one network as a module of its own: what every step, the compiler and other processes wrap."""

from __future__ import annotations

from typing import cast

import torch
from torch import nn

from leadline.core.catalogue import say
from leadline.errors import UsageError
from leadline.nn import rng as rng_module
from leadline.nn.batch import Batch, Loss
from leadline.nn.rng import Rng, using_rng
from leadline.objectives.contract import BoundObjective

# Keeps a batch whose weights are all zero from dividing by zero: its gradient is zero.
TINY = torch.finfo(torch.float32).tiny


class LossModule(nn.Module):
    """A module whose forward *is* the loss of one network: what data parallelism, compilation and vmap wrap."""

    def __init__(self, network: nn.Module, objective: BoundObjective, stepped: str) -> None:
        super().__init__()
        self.network, self.objective, self.stepped = network, objective, stepped
        own = objective.learning.own_loss
        if own is not None:  # a part of this module: processes and the compiler see its buffers
            self.own_loss = own.on(next(network.parameters()).device)

    def forward(self, batch: Batch, rng: Rng) -> Loss:
        with using_rng(rng):
            loss = self.objective.learning.loss(self.network, batch, self.stepped, rng)
        if loss.value_B.ndim != 1 or loss.value_B.shape != loss.weight_B.shape:
            raise UsageError(
                say(
                    "training.loss-shape-wrong",
                    objective=self.objective.name,
                    values=tuple(loss.value_B.shape),
                    weights=tuple(loss.weight_B.shape),
                    rows=len(batch),
                )
            )
        return loss


def compiled(module: nn.Module) -> nn.Module:
    """Return the module compiled for each batch size apart, so that a size's arithmetic never depends on which came
    before it.
    """
    # A hash of names, which the compiler cannot look into.
    torch.compiler.assume_constant_result(rng_module.seed_for)  # type: ignore[no-untyped-call]
    return cast(nn.Module, torch.compile(module, dynamic=False))
