"""Choosing the execution plan: candidates are timed on the real network and a real batch, and checked against fp32."""

from __future__ import annotations

import copy
import importlib.util
import math
import shutil
import time
from collections.abc import Callable, Sequence
from functools import partial
from itertools import product
from typing import NamedTuple

import torch
from pydantic import ValidationError
from torch import Tensor, nn

from leadline.core.base import canonical_json, digest
from leadline.core.catalogue import say
from leadline.core.training_spec import PlanSpec
from leadline.data.cache import remember
from leadline.errors import UsageError, first_line
from leadline.machine.environment import cores, cpu_model
from leadline.nn.batch import Batch
from leadline.nn.rng import Rng
from leadline.objectives.contract import BoundObjective
from leadline.training.distributed import ALONE, World
from leadline.training.plan import ExecutionPlan, Precision, Trial, applied, autocast, batch_on, device_for, network_on
from leadline.training.steps.loss_module import TINY, LossModule, compiled

# How far a candidate may stray from fp32, relative to the loss and to the norm of the gradient. Rounding is harmless
# where it drowns in what the choice of a batch does to the gradient: at half of that it adds a quarter to the variance.
# (bf16 autocast puts the gradient of a fresh ResNet-20 a third off, and of a plain CNN a tenth, where the batch puts it
# one off.) From GRADIENT_CEILING on a candidate is called wrong whatever the noise.
LOSS_TOLERANCE = 0.02
GRADIENT_FLOOR, GRADIENT_CEILING = 0.15, 0.5
NOISE_SHARE = 0.5
GAIN = 0.95  # less precise arithmetic must take at most this share of the time of fp32
BUDGET = 1.5  # seconds of timing, after one run of each candidate
ROUNDS = 25
PATIENCE = 30.0  # seconds of first runs after which no further candidate is tried
SAMPLE = (
    0.002  # seconds; shorter steps are timed several at once, as the clock and the scheduler are too coarse for one
)
WORTH_COMPILING = 600.0  # seconds of expected training below which compiling, a minute or so, is not even tried


class Outcome(NamedTuple):
    """What one forward and backward pass gave: the loss of each stepped network, the gradient of every parameter."""

    loss: Tensor
    gradients: list[Tensor]


def choose_plan(
    network: nn.Module,
    objective: BoundObjective,
    batch: Batch,
    spec: PlanSpec,
    *,
    steps: int,
    deterministic: bool = False,
    varied: bool = False,
    budget: float = BUDGET,
    world: World = ALONE,
    progress: Callable[[int, int], None] | None = None,
) -> ExecutionPlan:
    """Return the plan for training `steps` steps like `batch`: what the user fixed as it is, the rest as it runs
    fastest here.

    The network is only copied. The choice is kept per network, batch shape, machine and PyTorch; of several processes
    the main one chooses for all. With `deterministic` nothing is timed; `varied` batch shapes are compiled for only
    where that is asked for. `progress` is told how many plans were tried of how many.

    Raises UsageError where the machine has no such device.
    """
    device = device_for(spec.device, world.local_rank)
    if not world.is_main:
        plan = ExecutionPlan.model_validate_json(world.share(None))
    elif deterministic:
        plan = _fixed(spec, device, deterministic=True)
    else:
        spec = spec.model_copy(update={"compile": False}) if varied and spec.compile is None else spec
        key = _signature(network, objective, batch, spec, device, steps)
        timed = partial(_timed, network, objective, batch, spec, device, steps, budget, progress)
        text = remember(key, lambda: timed().model_dump_json())
        try:
            plan = ExecutionPlan.model_validate_json(text)
        except ValidationError:  # kept by another version, or edited
            plan = timed()
    if world.is_main:
        world.share(plan.model_dump_json())
    return plan.model_copy(update={"device": str(device)})


def _fixed(spec: PlanSpec, device: torch.device, *, deterministic: bool = False) -> ExecutionPlan:
    return ExecutionPlan(
        device=str(device),
        precision=spec.precision or "fp32",
        channels_last=spec.channels_last or False,
        compile=spec.compile or False,
        threads=spec.threads or torch.get_num_threads(),
        deterministic=deterministic,
        because=say("training.plan-deterministic" if deterministic else "training.plan-as-asked"),
    )


def _signature(
    network: nn.Module, objective: BoundObjective, batch: Batch, spec: PlanSpec, device: torch.device, steps: int
) -> str:
    return canonical_json(
        {
            "plan": 2,
            "network": digest([repr(network), [[name, list(p.shape)] for name, p in network.named_parameters()]]),
            "objective": objective.name,
            **({"loss": own.component.model_dump(mode="json")} if (own := objective.learning.own_loss) else {}),
            "batch": {name: [str(x.dtype), list(x.shape)] for name, x in batch.inputs.items()},
            "spec": spec.model_dump(),
            "device": torch.cuda.get_device_name(device) if device.type == "cuda" else device.type,
            "cpu": [cpu_model(), cores(), torch.get_num_threads()],
            "torch": torch.__version__,
            "steps": len(str(steps)),
        }
    )


def _candidates(network: nn.Module, spec: PlanSpec, device: torch.device) -> list[ExecutionPlan]:
    """Return the plans to be timed, plain fp32 first."""
    precisions: Sequence[Precision] = (spec.precision,) if spec.precision else ("fp32", "bf16-matmul", "bf16")
    has_images = any(p.ndim == 4 for p in network.parameters())
    layouts = (False, True) if spec.channels_last is None and has_images else (spec.channels_last or False,)
    return [
        ExecutionPlan(
            device=str(device),
            precision=precision,
            channels_last=layout,
            threads=spec.threads or torch.get_num_threads(),
        )
        for precision, layout in product(precisions, layouts)
    ]


def _timed(
    network: nn.Module,
    objective: BoundObjective,
    batch: Batch,
    spec: PlanSpec,
    device: torch.device,
    steps: int,
    budget: float,
    progress: Callable[[int, int], None] | None,
) -> ExecutionPlan:
    candidates = _candidates(network, spec, device)
    if len(candidates) == 1 and (spec.threads or device.type != "cpu") and spec.compile is not None:
        return _fixed(spec, device)
    with torch.random.fork_rng():
        course = _Course(network, objective, batch, device, trusted=spec.precision)
        course.progress = progress or course.progress
        best = course.race(candidates, budget)
        if spec.threads is None and device.type == "cpu" and best.threads > 1:
            best = course.race([best, best.model_copy(update={"threads": 1})], budget / 3)
        expected = steps * course.ms(best) / 1000
        if spec.compile:
            best = best.model_copy(update={"compile": True})
        elif spec.compile is None and expected > WORTH_COMPILING and _can_compile(device):
            best = course.race([best, best.model_copy(update={"compile": True})], budget)
    found = {
        "trials": tuple(course.trials.values()),
        "because": course.reason(best),
        "gradient_noise": _plain(course.noise),
    }
    return best.model_copy(update=found)


def _can_compile(device: torch.device) -> bool:
    found = (
        importlib.util.find_spec("triton")
        if device.type == "cuda"
        else any(map(shutil.which, ("c++", "g++", "clang++", "cl")))
    )
    return bool(found)


class _Course:
    """Where candidates run: copies of the network, one per memory format, and what each candidate did."""

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
        self.trials: dict[str, Trial] = {}
        self.progress: Callable[[int, int], None] = lambda done, total: None
        self.plain = ExecutionPlan(device=str(device), threads=torch.get_num_threads())
        self.reference = self.run(self.plain)
        self.noise = 0.0 if objective.supervision.coupled or len(batch) < 4 else self.halves()
        self.tolerance = min(max(GRADIENT_FLOOR, NOISE_SHARE * self.noise), GRADIENT_CEILING)

    def ms(self, plan: ExecutionPlan) -> float:
        """Return the milliseconds of a step under a plan, infinitely many of one that was not timed."""
        return (self.trials[plan.name].ms if plan.name in self.trials else None) or math.inf

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
            why = "; ".join(f"{plan.name}: {self.trials[plan.name].why}" for plan in plans)
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
            self.trials[name] = self.trials[name].model_copy(update={"ms": float(f"{typical(seconds) * 1000:.4g}")})
        best = min(live, key=self.ms)
        exact = [plan for plan in live if plan.precision == "fp32"]
        return min(exact, key=self.ms) if exact and self.ms(best) > GAIN * min(map(self.ms, exact)) else best

    def sound(self, plan: ExecutionPlan) -> bool:
        """Run a plan once and note how far it is from fp32; returns whether it may be used."""
        if plan.name in self.trials:
            return self.trials[plan.name].why is None
        trial = Trial(candidate=plan.name, ms=None)
        try:
            seen = self.run(plan)
        except (RuntimeError, OSError) as error:
            first = first_line(error)
            self.trials[plan.name] = trial.model_copy(update={"why": say("training.plan-does-not-run", error=first)})
            return False
        loss_error, gradient_error = deviation(seen, self.reference)
        near = loss_error <= LOSS_TOLERANCE and gradient_error <= self.tolerance  # which NaN is not
        why = None
        if not near:
            why = say("training.plan-too-imprecise", loss=LOSS_TOLERANCE, gradient=self.tolerance)
        self.trials[plan.name] = trial.model_copy(
            update={
                "loss_error": _plain(loss_error),
                "gradient_error": _plain(gradient_error),
                "why": None if plan.precision == self.trusted else why,
            }
        )
        return self.trials[plan.name].why is None

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
        tested, took = sum(trial.ms is not None for trial in self.trials.values()), self.ms(best)
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


def _plain(number: float) -> float | None:
    return float(f"{number:.3g}") if math.isfinite(number) else None
