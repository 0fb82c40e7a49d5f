"""The ordinary update: loss, gradient, clipping, optimizer; each network of the objective in turn.

Shapes in names: B rows of this process's share, K quantities that are logged.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from leadline.core.catalogue import say
from leadline.errors import RunError, UsageError
from leadline.nn.batch import Batch, Loss
from leadline.nn.ensemble import member_ndim
from leadline.nn.rng import Rng
from leadline.training import optim
from leadline.training import schedule as schedules
from leadline.training import weight_average as averages
from leadline.training.parameter_groups import ParameterGroups, freeze_batch_norms, hidden_matrices
from leadline.training.plan import autocast, batch_on, network_on
from leadline.training.state.checkpoint import below
from leadline.training.steps.contract import StepContext, StepOptions, StepProgress, StepTotals
from leadline.training.steps.loss_module import TINY, LossModule, compiled
from leadline.training.weight_average import AveragedNetwork


class TrainedNetwork:
    """One part of the network that is stepped: its loss, its parameters and their optimizer."""

    def __init__(
        self,
        name: str,
        part: nn.Module,
        network: nn.Module,
        options: optim.Optimizer,
        groups: ParameterGroups,
        every: int = 1,
    ) -> None:
        self.name, self.options, self.every = name, options, every
        self.names = {p: n for n, p in part.named_parameters() if p.requires_grad}
        self.parameters = list(self.names)
        if not self.parameters:
            raise UsageError(say("training.freeze-leaves-network-nothing", name=name))
        self.running = options.over(self.parameters, groups.factors(network), hidden_matrices(network))
        self.loss: nn.Module
        self.quantities: tuple[str, ...] = ()  # that an update logs, known after the first

    def set_rate(self, factor: float) -> None:
        """Give every group of parameters its share of the learning rate, multiplied by a factor."""
        for group in self.running.param_groups:
            group["lr"] = self.options.lr * factor * group["rate"]

    @torch.no_grad()
    def penalised(self, l1: float) -> Tensor:
        """Add the gradient of l1·Σ|w| over weights (not biases, not norms) to theirs, l1·sign(w); returns l1·Σ|w|."""
        weights: list[Tensor] = [p for p in self.parameters if member_ndim(p) > 1 and p.grad is not None]
        if not weights:  # only biases and norms are trained
            return self.parameters[0].new_zeros(())
        torch._foreach_add_([p.grad for p in weights if p.grad is not None], torch._foreach_sign(weights), alpha=l1)
        return torch.stack(torch._foreach_norm(weights, 1)).sum().float() * l1

    def unsynchronised(self) -> AbstractContextManager[None]:
        """Return the context of a backward pass whose gradients other processes need not see yet."""
        return self.loss.no_sync() if isinstance(self.loss, DistributedDataParallel) else nullcontext()


class PlainStep:
    """One update after another; each network of the objective is stepped in turn, by its own optimizer.

    The network is moved to the plan's device. A step that changes the gradient before it is used extends `gradient`.
    Raises UsageError where micro-batches would change a loss that ties examples together.
    """

    def __init__(self, context: StepContext) -> None:
        training, objective, network = context.training, context.objective, context.network
        if training.accumulate > 1 and objective.supervision.coupled:
            raise UsageError(say("training.coupled-accumulate", objective=objective.name))
        self.context = context
        self.network = network_on(network, context.plan)
        self.progress = StepProgress(context.total, accumulate=training.accumulate)
        average = training.average
        self.averaged = AveragedNetwork(self.network, averages.weight_average(average)) if average else None
        self._least = 2 if averages.batch_norms(self.network) else 1  # rows of a micro-batch: batch statistics need two
        self._schedule = schedules.schedule(training.schedule)
        device = context.plan.device
        self._zero, self._one = torch.zeros((), device=device), torch.ones((), device=device)
        self._groups = ParameterGroups.of(training)
        self._groups.freeze_in(network)
        freeze_batch_norms(network)
        parts = objective.learning.networks(network).items()
        self._networks = tuple(
            TrainedNetwork(
                name,
                part,
                network,
                optim.optimizer(training.optimizers.get(name, training.optimizer)),
                self._groups,
                objective.defaults.update_frequency.get(name, 1),
            )
            for name, part in parts
        )
        self.lr = self._networks[0].options.lr * self._schedule.multiplier(0, context.total)
        for trained in self._networks:
            self._turn(trained)
            trained.loss = self._loss_module(trained.name)

    def _loss_module(self, stepped: str) -> nn.Module:
        loss: nn.Module = LossModule(self.network, self.context.objective, stepped)
        loss = compiled(loss) if self.context.plan.compile else loss
        return DistributedDataParallel(loss) if self.context.world.size > 1 else loss

    def __call__(self, batch: Batch, *, norm: bool = False) -> StepTotals:
        """Update every network once; with `norm` the norm of the gradient is among what comes back."""
        if not self.network.training:
            self.network.train()
            freeze_batch_norms(self.network)
        at = self.progress
        factor = self._schedule.multiplier(at.step, at.total) * at.rate * 0.5**at.halvings
        self.lr = self._networks[0].options.lr * factor
        batch = batch_on(batch, self.context.plan)
        seen = [
            self._update(trained, batch, factor, norm) if at.step % trained.every == 0 else self._rested(trained)
            for trained in self._networks
        ]
        at.step += 1
        if self.averaged is not None:
            self.averaged.seen(at.step, at.total, at.step % self.context.steps_per_epoch == 0)
        if len(seen) == 1:
            return seen[0]
        names = tuple(
            f"{trained.name}.{name}" for trained, one in zip(self._networks, seen, strict=True) for name in one.names
        )
        return StepTotals(names, torch.cat([one.sums_2K for one in seen], dim=1))

    def _turn(self, trained: TrainedNetwork) -> None:
        """Let gradients reach this network's parameters and no other's."""
        if len(self._networks) > 1:
            for other in self._networks:
                for p in other.parameters:
                    p.requires_grad_(False)
            for p in trained.parameters:
                p.requires_grad_(True)

    def _rested(self, trained: TrainedNetwork) -> StepTotals:
        """Return what a network saw that was not updated in this step: nothing, which weighs nothing."""
        return StepTotals(trained.quantities, self._zero.expand(2, len(trained.quantities)).clone())

    def _update(self, trained: TrainedNetwork, batch: Batch, factor: float, norm: bool) -> StepTotals:
        self._turn(trained)
        names, sums, weight = self.gradient(trained, batch)
        if self._groups.l1:
            names, sums = (*names, "l1"), [*sums, trained.penalised(self._groups.l1) * weight]
        length = self._clipped(trained, norm)
        trained.set_rate(factor)
        trained.running.step()
        for p in trained.parameters:
            p.grad = None
        if length is None:
            last, last_weight = self._zero, self._zero
        else:
            last, last_weight = length, self._one
        table = torch.stack([*sums, last, *[weight] * len(sums), last_weight])
        trained.quantities = (*names, "gradient_norm")
        return StepTotals(trained.quantities, table.view(2, -1))

    def gradient(self, trained: TrainedNetwork, batch: Batch) -> tuple[tuple[str, ...], list[Tensor], Tensor]:
        """Put the gradient of the mean loss over the global batch into ``p.grad`` of the network's parameters, which
        hold none; returns the names, weighted sums and weight of the loss and its parts.
        """
        return self._backward(trained, batch) if self.progress.accumulate == 1 else self._accumulated(trained, batch)

    def _backward(self, trained: TrainedNetwork, batch: Batch) -> tuple[tuple[str, ...], list[Tensor], Tensor]:
        """Add the gradient of a batch; returns the names, weighted sums and weight of the loss and its parts."""
        at, plan, accumulated = self.progress, self.context.plan, self.progress.accumulate > 1
        done = torch.full((), at.step / at.total, device=batch.row_B.device)
        rng = Rng(self.context.seed, at.step, batch.row_B, done)
        if plan.compile:
            rng.state_B  # noqa: B018  made here, or the compiled loss would see the number of the step
        with autocast(plan):
            loss: Loss = trained.loss(batch, rng)
        total, weight = torch.dot(loss.value_B.float(), loss.weight_B), loss.weight_B.sum()
        # Micro-batches are scaled when all have been seen: only then is the weight of the whole batch known.
        total.backward(None if accumulated else self._scale(weight))  # type: ignore[no-untyped-call]
        sums = [total.detach(), *((part.detach() * loss.weight_B).sum() for part in loss.terms.values())]
        return ("loss", *loss.terms), sums, weight

    def _accumulated(self, trained: TrainedNetwork, batch: Batch) -> tuple[tuple[str, ...], list[Tensor], Tensor]:
        micros = tuple(batch.split(min(self.progress.accumulate, max(1, len(batch) // self._least))))
        names: tuple[str, ...] = ()
        rows = []
        for number, micro in enumerate(micros, start=1):
            with trained.unsynchronised() if number < len(micros) else nullcontext():
                names, sums, weight = self._backward(trained, micro)
            rows.append(torch.stack([*sums, weight]))
        *sums, weight = torch.stack(rows).sum(0).unbind()
        scale = self._scale(weight)
        for p in trained.parameters:
            if p.grad is not None:
                p.grad.mul_(scale)
        return names, sums, weight

    def _scale(self, weight: Tensor) -> Tensor:
        """Return what turns a sum over this process's rows into its share of the mean over the global batch."""
        # Gradients are averaged over processes, hence the number of them.
        world = self.context.world
        if world.size == 1:
            return weight.clamp_min(TINY).reciprocal()
        return world.sum_(weight.clone()).clamp_min(TINY).reciprocal() * world.size

    def _clipped(self, trained: TrainedNetwork, norm: bool) -> Tensor | None:
        """Clip the gradient where the run clips; returns its norm before that, where it was needed."""
        if self.context.training.clip is not None:
            return nn.utils.clip_grad_norm_(trained.parameters, self.context.training.clip)
        return nn.utils.get_total_norm([p.grad for p in trained.parameters if p.grad is not None]) if norm else None

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Return all that the next step depends on: live tensors by name, and plain numbers."""
        tensors = {f"network.{name}": x for name, x in self.network.state_dict().items()}
        for trained in self._networks:
            state = optim.state_of(trained.running, trained.names)
            tensors |= {f"optimizer.{trained.name}.{name}": x for name, x in state.items()}
        scalars = self.progress.state()
        if len(self._networks) > 1:
            scalars["quantities"] = {trained.name: trained.quantities for trained in self._networks}
        numbers = {trained.name: trained.options.numbers(trained.running, trained.names) for trained in self._networks}
        if any(numbers.values()):
            scalars["optimizers"] = numbers
        if self.averaged is not None:
            mean, scalars["average"] = self.averaged.state()
            tensors |= {f"average.{name}": x for name, x in mean.items()}
        return tensors, scalars

    def load(self, tensors: Mapping[str, Tensor], scalars: Mapping[str, Any]) -> None:
        """Put a state back, bit for bit; entries of other names are left to others. Raises RunError where it does not
        fit.
        """
        try:
            self.network.load_state_dict(below("network.", tensors))
        except RuntimeError as error:
            raise RunError(say("training.checkpoint-does-not-fit", error=error)) from None
        for trained in self._networks:
            trained.quantities = tuple(scalars.get("quantities", {}).get(trained.name, ()))
            optim.load_state(trained.running, trained.names, below(f"optimizer.{trained.name}.", tensors))
            if trained.name in scalars.get("optimizers", {}):
                trained.options.load_numbers(trained.running, trained.names, scalars["optimizers"][trained.name])
            for p in trained.parameters:
                p.grad = None  # of a step that was not finished
        if self.averaged is not None:
            self.averaged.load(below("average.", tensors), scalars["average"])
        self.progress.load(scalars)


class Plain(StepOptions):
    """The gradient of the mean loss, bounded where the run clips, given to the optimizer."""

    def build(self, context: StepContext) -> PlainStep:
        return PlainStep(context)


STEP = Plain
