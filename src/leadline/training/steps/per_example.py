"""The gradient of each example's loss: what private training clips, and what tells which rows pull where.

A row is looked at as a batch of itself, with the random numbers that it has in its batch; all rows are computed at
once (`torch.func.vmap`). Gradients are those of the weighted loss, value times weight: summed over the rows, and
divided by the weight of the batch, they are the gradient that an ordinary step takes.

Shapes in names: B rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Literal

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, vmap

from leadline.core.catalogue import say
from leadline.errors import UsageError
from leadline.nn.batch import Batch, Loss
from leadline.nn.rng import Rng
from leadline.training.steps.loss_module import LossModule
from leadline.training.weight_average import batch_norms

BatchNorm = Literal["refuse", "running"]


def per_example_gradients(
    loss: LossModule, batch: Batch, rng: Rng, *, batch_norm: BatchNorm = "refuse"
) -> dict[str, Tensor]:
    """Return for each trained parameter of a loss's network, by its name there, the gradients of all rows (B, *shape).

    Batch norm ties rows together: networks with it are refused, or their running statistics are used and left as they
    are (``running``). Raises UsageError for these, and for objectives whose loss ties rows together.
    """
    norms = [norm for norm in batch_norms(loss.network) if norm.training]
    if loss.objective.supervision.coupled:
        raise UsageError(say("training.coupled-per-example-gradients", objective=loss.objective.name))
    if norms and batch_norm == "refuse":
        raise UsageError(say("training.batch-norm-per-example-gradients"))
    prefix = "network."
    trained = {prefix + name: p.detach() for name, p in loss.network.named_parameters() if p.requires_grad}
    fixed = {prefix + name: p.detach() for name, p in loss.network.named_parameters() if not p.requires_grad}
    state_B, progress = rng.state_B, rng.progress  # made here, for all rows at once

    def weighted(parameters: Mapping[str, Tensor], row: Batch, state_B: Tensor) -> Tensor:
        own = Rng(0, 0, row.row_B, progress, state_B)
        found: Loss = functional_call(loss, {**parameters, **fixed}, (row, own))
        return torch.dot(found.value_B, found.weight_B.to(found.value_B.dtype))

    def of_row(tensors: Sequence[Tensor], state: Tensor) -> dict[str, Tensor]:
        left = iter(tensors)
        row = batch.map(lambda _: next(left)[None])
        gradients: dict[str, Tensor] = grad(weighted)(trained, row, state[None])
        return gradients

    with _evaluating(norms):
        made: dict[str, Tensor] = vmap(of_row)(_tensors(batch), state_B)
    return {name.removeprefix(prefix): x for name, x in made.items()}


def _tensors(batch: Batch) -> list[Tensor]:
    """Return the tensors of a batch in the order in which `Batch.map` meets them."""
    found: list[Tensor] = []

    def meet(x: Tensor) -> Tensor:
        found.append(x)
        return x

    batch.map(meet)
    return found


@contextmanager
def _evaluating(norms: Sequence[nn.Module]) -> Iterator[None]:
    """Let batch norms use their running statistics within the block."""
    for norm in norms:
        norm.eval()
    try:
        yield
    finally:
        for norm in norms:
            norm.train()
