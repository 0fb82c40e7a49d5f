"""Trials of execution plans: each candidate is run once and checked against fp32, then those that are sound are timed.

A candidate that does not run, or strays too far, is noted with why, and never taken.
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from leadline.core.catalogue import say
from leadline.errors import UsageError, first_line
from leadline.nn.batch import Batch
from leadline.nn.rng import Rng
from leadline.objectives.contract import BoundObjective
from leadline.training.plan import ExecutionPlan, Precision, Trial, applied, autocast, batch_on, network_on
from leadline.training.steps.loss_module import TINY, LossModule, compiled

# How far a candidate may stray from fp32, relative to the loss and to the norm of the gradient. Rounding is harmless
# where it drowns in what the choice of a batch does to the gradient: at half of that it adds a quarter to the variance.
# (bf16 autocast puts the gradient of a fresh ResNet-20 a third off, and of a plain CNN a tenth, where the batch puts it
# one off.) From GRADIENT_CEILING on a candidate is called wrong whatever the noise.
LOSS_TOLERANCE = 0.02
GRADIENT_FLOOR, GRADIENT_CEILING = 0.15, 0.5
NOISE_SHARE = 0.5
GAIN = 0.95  # less precise arithmetic must take at most this share of the time of fp32
ROUNDS = 25
PATIENCE = 30.0  # seconds of first runs after which no further candidate is tried
SAMPLE = (
    0.002  # seconds; shorter steps are timed several at once, as the clock and the scheduler are too coarse for one
)


class Outcome(NamedTuple):
    """What one forward and backward pass gave: the loss of each stepped network, the gradient of every parameter."""

    loss: Tensor
    gradients: list[Tensor]


class PlanTrials:
    """Where candidates run: copies of the network, one per memory format, and the trials made, by candidate."""

    def __init__(
        self,
        network: nn.Module,
        objective: BoundObjective,
        batch: Batch,
        device: torch.device,
        trusted: Precision | None,
    ) -> None:
        self.network, self.objective, self.trusted = network, objective, trusted
        self.device, self.batch = device, batch.to(device)
        self.modules: dict[tuple[bool, bool], list[tuple[nn.Module, list[nn.Parameter]]]] = {}
        self.made: dict[str, Trial] = {}
        self.progress: Callable[[int, int], None] = lambda done, total: None
        self.plain = ExecutionPlan(device=str(device), threads=torch.get_num_threads())
        self.reference = self.run(self.plain)
        self.noise = 0.0 if objective.supervision.coupled or len(batch) < 4 else self.halves()
        self.tolerance = min(max(GRADIENT_FLOOR, NOISE_SHARE * self.noise), GRADIENT_CEILING)

    def ms(self, plan: ExecutionPlan) -> float:
        """Return the milliseconds of a step under a plan, infinitely many of one that was not timed."""
        return (self.made[plan.name].ms if plan.name in self.made else None) or math.inf

    def race(self, plans: Sequence[ExecutionPlan], budget: float) -> ExecutionPlan:
        """Time sound plans in turn, round after round, and return the fastest; raises UsageError where none of them
        runs.
        """
        live: list[ExecutionPlan] = []
        patient = time.perf_counter() + PATIENCE
        for number, plan in enumerate(plans):
            self.progress(number, len(plans))
            if (not live or time.perf_counter() < patient) and self.sound(plan):
                live.append(plan)
        if not live:
            why = "; ".join(f"{plan.name}: {self.made[plan.name].why}" for plan in plans)
            raise UsageError(say("training.no-plan-works", why=why))
        samples: dict[str, list[float]] = {plan.name: [] for plan in live}
        began = time.perf_counter()
        for _ in range(ROUNDS):
            for plan in live:
                samples[plan.name].append(self.sample(plan))
            fastest = min(typical(samples[plan.name]) for plan in live)
            live = [plan for plan in live if typical(samples[plan.name]) < 2 * fastest]
            if time.perf_counter() - began > budget:
                break
        self.progress(len(plans), len(plans))
        for name, seconds in samples.items():
            self.made[name] = self.made[name].model_copy(update={"ms": float(f"{typical(seconds) * 1000:.4g}")})
        best = min(live, key=self.ms)
        exact = [plan for plan in live if plan.precision == "fp32"]
        return min(exact, key=self.ms) if exact and self.ms(best) > GAIN * min(map(self.ms, exact)) else best

    def sound(self, plan: ExecutionPlan) -> bool:
        """Run a plan once and note how far it is from fp32; returns whether it may be used."""
        if plan.name in self.made:
            return self.made[plan.name].why is None
        trial = Trial(candidate=plan.name, ms=None)
        try:
            seen = self.run(plan)
        except (RuntimeError, OSError) as error:
            first = first_line(error)
            self.made[plan.name] = trial.model_copy(update={"why": say("training.plan-does-not-run", error=first)})
            return False
        loss_error, gradient_error = deviation(seen, self.reference)
        near = loss_error <= LOSS_TOLERANCE and gradient_error <= self.tolerance  # which NaN is not
        why = None
        if not near:
            why = say("training.plan-too-imprecise", loss=LOSS_TOLERANCE, gradient=self.tolerance)
        self.made[plan.name] = trial.model_copy(
            update={
                "loss_error": rounded(loss_error),
                "gradient_error": rounded(gradient_error),
                "why": None if plan.precision == self.trusted else why,
            }
        )
        return self.made[plan.name].why is None

    def sample(self, plan: ExecutionPlan) -> float:
        """Return the seconds of a pass under a plan."""
        count, seconds = 0, 0.0
        with applied(plan):
            began = time.perf_counter()
            while seconds < SAMPLE:
                self.once(plan)
                if self.device.type == "cuda":
                    torch.cuda.synchronize(self.device)
                count, seconds = count + 1, time.perf_counter() - began
        return seconds / count

    def run(self, plan: ExecutionPlan) -> Outcome:
        """Make one pass whose random numbers are those of every other plan's."""
        torch.manual_seed(0)
        with applied(plan):
            loss = self.once(plan)
        gradients = [p.grad for p in self.copies(plan)[0][0].parameters() if p.grad is not None]
        return Outcome(loss, [gradient.clone() for gradient in gradients])

    def halves(self) -> float:
        """Return how far the choice of its rows puts the gradient of the batch off: half the distance between its
        halves'.
        """
        whole = self.batch
        gradients = []
        for self.batch in whole.split(2):
            gradients.append(self.run(self.plain).gradients)
        self.batch = whole
        differences = [a - b for a, b in zip(*gradients, strict=True)]
        return (
            float(
                nn.utils.get_total_norm(differences) / nn.utils.get_total_norm(self.reference.gradients).clamp_min(TINY)
            )
            / 2
        )

    def once(self, plan: ExecutionPlan) -> Tensor:
        """Compute the losses and the gradients of all networks, each its own, as a step would; returns the losses."""
        for p in self.copies(plan)[0][0].parameters():
            p.grad = None
        batch = batch_on(self.batch, plan)
        rng = Rng(0, 0, batch.row_B)
        rng.state_B  # noqa: B018  as in a step
        losses = []
        for module, own in self.copies(plan):
            with autocast(plan):
                loss = module(batch, rng)
            mean = torch.dot(loss.value_B.float(), loss.weight_B) / loss.weight_B.sum()
            mean.backward(inputs=own)
            losses.append(mean.detach())
        return torch.stack(losses)

    def copies(self, plan: ExecutionPlan) -> list[tuple[nn.Module, list[nn.Parameter]]]:
        """Return the loss of each network, over a copy arranged as the plan says, and its parameters there."""
        key = plan.channels_last, plan.compile
        if key not in self.modules:
            network = network_on(copy.deepcopy(self.network), plan).train()
            parts = self.objective.learning.networks(network).items()
            own = [[p for p in part.parameters() if p.requires_grad] for _, part in parts]
            losses: list[nn.Module] = [LossModule(network, self.objective, name) for name, _ in parts]
            self.modules[key] = list(zip(map(compiled, losses) if plan.compile else losses, own, strict=True))
        return self.modules[key]

    def reason(self, best: ExecutionPlan) -> str:
        """Say why a plan was taken."""
        tested, took = sum(trial.ms is not None for trial in self.made.values()), self.ms(best)
        if not math.isfinite(took):
            return say("training.plan-as-asked")
        return say("training.plan-fastest", tested=tested, ms=float(f"{took:.3g}"))


def typical(seconds: list[float]) -> float:
    """Return the lower quartile: whatever else the machine does only ever adds to a time."""
    return sorted(seconds)[len(seconds) // 4]


def deviation(seen: Outcome, reference: Outcome) -> tuple[float, float]:
    """Return how far a loss and a gradient are from a reference, relative to its size; NaN where one is not finite."""
    loss = (seen.loss - reference.loss).norm() / reference.loss.norm().clamp_min(TINY)
    if len(seen.gradients) != len(reference.gradients):
        return float(loss), math.nan
    differences = [a - b for a, b in zip(seen.gradients, reference.gradients, strict=True)]
    size = nn.utils.get_total_norm(reference.gradients).clamp_min(TINY)
    return float(loss), float(nn.utils.get_total_norm(differences) / size)


def rounded(number: float) -> float | None:
    """Return a number with three digits, None where it is not finite."""
    return float(f"{number:.3g}") if math.isfinite(number) else None
