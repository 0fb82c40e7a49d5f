"""One update of the weights.

Shapes in names: B rows of this process's share, K quantities that are logged.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from types import MappingProxyType
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from leadline.core.component import Component
from leadline.errors import RunError, TrainingFailed, UsageError
from leadline.nn import rng as rng_module
from leadline.nn.batch import Batch, Loss
from leadline.nn.rng import Rng, using_rng
from leadline.objectives.contract import Objective
from leadline.training import optim
from leadline.training import schedule as schedules
from leadline.training import weight_average as averages
from leadline.training.checkpoint import below
from leadline.training.distributed import ALONE, World
from leadline.training.parameter_groups import ALIKE, ParameterGroups, freeze_batch_norms, hidden_matrices
from leadline.training.plan import ExecutionPlan, autocast, batch_on, network_on
from leadline.training.weight_average import AveragedNetwork

TINY = torch.finfo(
    torch.float32
).tiny  # keeps a batch whose weights are all zero from dividing by zero: its gradient is zero


class StepTotals(NamedTuple):
    """What a step saw, on the device: for each name the weighted sum, and the weight it is to be divided by."""

    names: tuple[str, ...]
    sums_2K: Tensor


class LossModule(nn.Module):
    """A module whose forward *is* the loss of one player: what data parallelism, compilation and vmap wrap."""

    def __init__(self, network: nn.Module, objective: Objective, player: str) -> None:
        super().__init__()
        self.network, self.objective, self.player = network, objective, player

    def forward(self, batch: Batch, rng: Rng) -> Loss:
        with using_rng(rng):
            return self.objective.loss(self.network, batch, self.player, rng)


def compiled(module: nn.Module) -> nn.Module:
    """Return the module compiled for each batch size apart, so that a size's arithmetic never depends on which came
    before it.
    """
    # A hash of names, which the compiler cannot look into.
    torch.compiler.assume_constant_result(rng_module.seed_for)  # type: ignore[no-untyped-call]
    return cast(nn.Module, torch.compile(module, dynamic=False))


class _Player:
    """One part that is stepped: its loss, its parameters and their optimizer."""

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
            raise UsageError(f"training.freeze leaves nothing to train of the {name}.")
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
        weights: list[Tensor] = [p for p in self.parameters if p.ndim > 1 and p.grad is not None]
        if not weights:  # only biases and norms are trained
            return self.parameters[0].new_zeros(())
        torch._foreach_add_([p.grad for p in weights if p.grad is not None], torch._foreach_sign(weights), alpha=l1)
        return torch.stack(torch._foreach_norm(weights, 1)).sum().float() * l1

    def unsynchronised(self) -> AbstractContextManager[None]:
        """Return the context of a backward pass whose gradients other processes need not see yet."""
        return self.loss.no_sync() if isinstance(self.loss, DistributedDataParallel) else nullcontext()


class PlainStep:
    """The ordinary step: loss, gradient, clipping, update; each player of the objective in turn.

    `total` is the number of steps the schedules stretch over, `clip` bounds the norm of a player's gradient,
    `accumulate` splits the batch into that many micro-batches, `groups` sets some parameters apart, `average` keeps a
    mean of the weights along the way, for which an epoch has `steps_per_epoch`; `players` have their own optimizers.
    The network is moved to the plan's device. Nothing here waits for the device: what was seen comes back as tensors.
    Raises UsageError where micro-batches would change a loss that ties examples together."""

    def __init__(
        self,
        network: nn.Module,
        objective: Objective,
        *,
        optimizer: Component,
        schedule: Component,
        total: int,
        seed: int,
        plan: ExecutionPlan,
        clip: float | None = None,
        accumulate: int = 1,
        world: World = ALONE,
        groups: ParameterGroups = ALIKE,
        average: Component | None = None,
        steps_per_epoch: int = 1,
        players: Mapping[str, Component] = MappingProxyType({}),
    ) -> None:
        if accumulate > 1 and objective.coupled:
            raise UsageError(f"{objective.name} ties the examples of a batch together: training.accumulate must be 1.")
        self.network = network_on(network, plan)
        self.objective, self.plan, self.world = objective, plan, world
        self.total, self.seed, self.clip, self.accumulate = total, seed, clip, accumulate
        self.step, self.halvings = 0, 0  # of the learning rate, each after a divergence
        self.averaged = AveragedNetwork(self.network, averages.weight_average(average)) if average else None
        self._steps_per_epoch = steps_per_epoch
        self._least = 2 if averages.batch_norms(self.network) else 1  # rows of a micro-batch: batch statistics need two
        self._schedule, self._optimizer = schedules.schedule(schedule), optim.optimizer(optimizer)
        self.rate = (
            1.0  # what the learning rate is multiplied by beside the schedule's factor: what a plateau leaves of it
        )
        self._zero, self._one = torch.zeros((), device=plan.device), torch.ones((), device=plan.device)
        self.groups = groups
        groups.freeze_in(network)
        freeze_batch_norms(network)
        parts = objective.players(network).items()
        self._players = tuple(
            _Player(
                name,
                part,
                network,
                optim.optimizer(players[name]) if name in players else self._optimizer,
                groups,
                objective.update_frequency.get(name, 1),
            )
            for name, part in parts
        )
        self.lr = self._players[0].options.lr * self._schedule.factor(0, total)  # of several players, the first one's
        self.against = len(self._players) > 1  # each other: their losses alone do not say whether all is well
        for player in self._players:
            self._turn(player)
            player.loss = self._loss_module(player.name)

    def _loss_module(self, player: str) -> nn.Module:
        loss: nn.Module = LossModule(self.network, self.objective, player)
        loss = compiled(loss) if self.plan.compile else loss
        return DistributedDataParallel(loss) if self.world.size > 1 else loss

    def __call__(self, batch: Batch, *, norm: bool = False) -> StepTotals:
        """Update every player once; with `norm` the norm of the gradient is among what comes back."""
        if not self.network.training:
            self.network.train()
            freeze_batch_norms(self.network)
        factor = self._schedule.factor(self.step, self.total) * self.rate * 0.5**self.halvings
        self.lr = self._players[0].options.lr * factor
        batch = batch_on(batch, self.plan)
        seen = [
            self._update(player, batch, factor, norm) if self.step % player.every == 0 else self._rested(player)
            for player in self._players
        ]
        self.step += 1
        if self.averaged is not None:
            self.averaged.seen(self.step, self.total, self.step % self._steps_per_epoch == 0)
        if len(seen) == 1:
            return seen[0]
        names = tuple(
            f"{player.name}.{name}" for player, one in zip(self._players, seen, strict=True) for name in one.names
        )
        return StepTotals(names, torch.cat([one.sums_2K for one in seen], dim=1))

    def _turn(self, player: _Player) -> None:
        """Let gradients reach this player's parameters and no other's."""
        if len(self._players) > 1:
            for other in self._players:
                for p in other.parameters:
                    p.requires_grad_(False)
            for p in player.parameters:
                p.requires_grad_(True)

    def _rested(self, player: _Player) -> StepTotals:
        """Return what a player saw that was not updated in this step: nothing, which weighs nothing."""
        return StepTotals(player.quantities, self._zero.expand(2, len(player.quantities)).clone())

    def _update(self, player: _Player, batch: Batch, factor: float, norm: bool) -> StepTotals:
        self._turn(player)
        names, sums, weight = (
            self._backward(player, batch) if self.accumulate == 1 else self._accumulated(player, batch)
        )
        if self.groups.l1:
            names, sums = (*names, "l1"), [*sums, player.penalised(self.groups.l1) * weight]
        length = self._clipped(player, norm)
        player.set_rate(factor)
        player.running.step()
        for p in player.parameters:
            p.grad = None
        if length is None:
            last, last_weight = self._zero, self._zero
        else:
            last, last_weight = length, self._one
        table = torch.stack([*sums, last, *[weight] * len(sums), last_weight])
        player.quantities = (*names, "gradient_norm")
        return StepTotals(player.quantities, table.view(2, -1))

    def _backward(self, player: _Player, batch: Batch) -> tuple[tuple[str, ...], list[Tensor], Tensor]:
        """Add the gradient of a batch; returns the names, weighted sums and weight of the loss and its parts."""
        rng = Rng(self.seed, self.step, batch.row_B, torch.full((), self.step / self.total, device=batch.row_B.device))
        if self.plan.compile:
            rng.state_B  # noqa: B018  made here, or the compiled loss would see the number of the step
        with autocast(self.plan):
            loss: Loss = player.loss(batch, rng)
        total, weight = torch.dot(loss.value_B.float(), loss.weight_B), loss.weight_B.sum()
        # Micro-batches are scaled when all have been seen: only then is the weight of the whole batch known.
        total.backward(None if self.accumulate > 1 else self._scale(weight))  # type: ignore[no-untyped-call]
        sums = [total.detach(), *((part.detach() * loss.weight_B).sum() for part in loss.terms.values())]
        return ("loss", *loss.terms), sums, weight

    def _accumulated(self, player: _Player, batch: Batch) -> tuple[tuple[str, ...], list[Tensor], Tensor]:
        micros = tuple(batch.split(min(self.accumulate, max(1, len(batch) // self._least))))
        names: tuple[str, ...] = ()
        rows = []
        for number, micro in enumerate(micros, start=1):
            with player.unsynchronised() if number < len(micros) else nullcontext():
                names, sums, weight = self._backward(player, micro)
            rows.append(torch.stack([*sums, weight]))
        *sums, weight = torch.stack(rows).sum(0).unbind()
        scale = self._scale(weight)
        for p in player.parameters:
            if p.grad is not None:
                p.grad.mul_(scale)
        return names, sums, weight

    def _scale(self, weight: Tensor) -> Tensor:
        """Return what turns a sum over this process's rows into its share of the mean over the global batch."""
        # Gradients are averaged over processes, hence the number of them.
        if self.world.size == 1:
            return weight.clamp_min(TINY).reciprocal()
        return self.world.sum_(weight.clone()).clamp_min(TINY).reciprocal() * self.world.size

    def _clipped(self, player: _Player, norm: bool) -> Tensor | None:
        """Clip the gradient where the run clips; returns its norm before that, where it was needed."""
        if self.clip is not None:
            return nn.utils.clip_grad_norm_(player.parameters, self.clip)
        return nn.utils.get_total_norm([p.grad for p in player.parameters if p.grad is not None]) if norm else None

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Return all that the next step depends on: live tensors by name, and plain numbers."""
        tensors = {f"network.{name}": x for name, x in self.network.state_dict().items()}
        for player in self._players:
            state = optim.state_of(player.running, player.names)
            tensors |= {f"optimizer.{player.name}.{name}": x for name, x in state.items()}
        scalars: dict[str, Any] = {
            "step": self.step,
            "total": self.total,
            "halvings": self.halvings,
            "rate": self.rate,
            "accumulate": self.accumulate,
        }
        if len(self._players) > 1:
            scalars["quantities"] = {player.name: player.quantities for player in self._players}
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
            raise RunError(f"The checkpoint does not fit the network: {error}") from None
        for player in self._players:
            player.quantities = tuple(scalars.get("quantities", {}).get(player.name, ()))
            optim.load_state(player.running, player.names, below(f"optimizer.{player.name}.", tensors))
            for p in player.parameters:
                p.grad = None  # of a step that was not finished
        if self.averaged is not None:
            self.averaged.load(below("average.", tensors), scalars["average"])
        self.step, self.total, self.halvings = scalars["step"], scalars["total"], scalars["halvings"]
        self.rate, self.accumulate = scalars["rate"], scalars["accumulate"]

    @property
    def judged(self) -> nn.Module:
        """The network whose weights count, for validation and for what ships: the averaged one, once there is an
        average.
        """
        return self.averaged.network if self.averaged is not None and self.averaged.count else self.network

    def shipped(self) -> nn.Module:
        """Return what is kept after training; raises TrainingFailed where its weights are not all finite."""
        network = self.objective.ship(self.judged)
        for name, x in network.state_dict().items():
            if x.is_floating_point() and not bool(x.isfinite().all()):
                raise TrainingFailed(
                    f"Training diverged: after step {self.step} {name} holds values that are not finite. A lower"
                    " learning rate (option lr of training.optimizer) or a bound on the gradient (training.clip=1)"
                    " usually helps."
                )
        return network
