"""Try a loss of the user's own on the first rows, before anything is written: what it returns, and what it teaches."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from leadline.core import own_code
from leadline.core.catalogue import say
from leadline.data.dataset import Dataset
from leadline.errors import UsageError, first_line
from leadline.nn.batch import Batch
from leadline.nn.rng import Rng
from leadline.objectives.own_loss import Called
from leadline.pipeline.context import RunContext
from leadline.pipeline.execution import data_loader
from leadline.training.steps.loss_module import LossModule

ROWS = 32


def try_loss(run_context: RunContext, dataset: Dataset, network: nn.Module) -> None:
    """Call an experiment's own loss on the first batch that it will meet; the network is only copied.

    Raises UsageError where it fails, returns something else than a value for each example, values that are not finite
    or that no gradient flows from, or where it depends on more than scores and targets.
    """
    objective = run_context.objective
    own = objective.learning.own_loss
    if own is None:
        return
    batch = data_loader(run_context, dataset, "cpu").at(0)
    batch = next(batch.split(-(-len(batch) // ROWS)))
    network = copy.deepcopy(network).train()
    stepped = next(iter(objective.learning.networks(network)))
    module = LossModule(network, objective, stepped)
    scores, target = _seen(module, batch, own.component.name)
    _check(module.own_loss, scores, target)
    run_context.shown.note(say("pipeline.own-loss-in-use", loss=own.component.name, objective=objective.name))


def _seen(module: LossModule, batch: Batch, name: str) -> tuple[Tensor, Tensor]:
    """Return the scores and targets that the loss is called with."""
    seen: list[tuple[Tensor, Tensor]] = []
    handle = module.own_loss.register_forward_pre_hook(lambda _, given: seen.append(given))
    try:
        with torch.no_grad():
            module(batch, Rng(0, 0, batch.row_B))
    except own_code.FAILURES as error:
        if not seen:
            raise  # the network's own, not the loss's
        scores, target = (tuple(x.shape) for x in seen[0])
        raise UsageError(
            say("objectives.own-loss-fails", name=name, scores=scores, target=target, error=first_line(error))
        ) from error
    finally:
        handle.remove()
    return seen[0]


def _check(loss: Called, scores: Tensor, target: Tensor) -> None:
    scores = scores.detach().clone().requires_grad_()
    before = {name: x.clone() for name, x in loss.state_dict().items()}
    with torch.random.fork_rng(devices=[]), torch.enable_grad():
        torch.manual_seed(0)
        value_B = loss(scores, target)
        torch.manual_seed(1)
        again_B = loss(scores, target)
    if not bool(value_B.isfinite().all()):
        raise UsageError(say("objectives.own-loss-not-finite", name=loss.name, what="values", values=_some(value_B)))
    if not torch.equal(value_B, again_B):
        raise UsageError(say("objectives.own-loss-draws", name=loss.name))
    if any(not torch.equal(x, before[name]) for name, x in loss.state_dict().items()):
        raise UsageError(say("objectives.own-loss-buffers-change", name=loss.name))
    if not value_B.requires_grad:
        raise UsageError(say("objectives.own-loss-no-gradient", name=loss.name))
    (slope,) = torch.autograd.grad(value_B.sum(), scores)
    if not bool(slope.isfinite().all()):
        raise UsageError(say("objectives.own-loss-not-finite", name=loss.name, what="gradients", values=_some(slope)))
    if not bool(slope.any()):
        raise UsageError(say("objectives.own-loss-zero-gradient", name=loss.name, rows=len(scores)))


def _some(x: Tensor) -> str:
    return ", ".join(f"{float(value):.3g}" for value in x.detach().flatten()[:4])
