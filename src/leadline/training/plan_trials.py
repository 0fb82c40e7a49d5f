"""Choosing the execution plan: candidates are timed on the real network and a real batch, and checked against fp32.

The trials themselves are in `leadline.training.timed_trials`; what is chosen is kept on this machine.
"""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Callable, Sequence
from functools import partial
from itertools import product

import torch
from pydantic import ValidationError
from torch import nn

from leadline.core.base import canonical_json, digest
from leadline.core.catalogue import say
from leadline.core.training_spec import PlanSpec
from leadline.data.cache import remember
from leadline.machine.environment import cores, cpu_model
from leadline.nn.batch import Batch
from leadline.objectives.contract import BoundObjective
from leadline.training.distributed import ALONE, World
from leadline.training.plan import ExecutionPlan, Precision, device_for
from leadline.training.timed_trials import PlanTrials, rounded

BUDGET = 1.5  # seconds of timing, after one run of each candidate
WORTH_COMPILING = 600.0  # seconds of expected training below which compiling, a minute or so, is not even tried


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
        trials = PlanTrials(network, objective, batch, device, trusted=spec.precision)
        trials.progress = progress or trials.progress
        best = trials.race(candidates, budget)
        if spec.threads is None and device.type == "cpu" and best.threads > 1:
            best = trials.race([best, best.model_copy(update={"threads": 1})], budget / 3)
        expected = steps * trials.ms(best) / 1000
        if spec.compile:
            best = best.model_copy(update={"compile": True})
        elif spec.compile is None and expected > WORTH_COMPILING and _can_compile(device):
            best = trials.race([best, best.model_copy(update={"compile": True})], budget)
    found = {
        "trials": tuple(trials.made.values()),
        "because": trials.reason(best),
        "gradient_noise": rounded(trials.noise),
    }
    return best.model_copy(update=found)


def _can_compile(device: torch.device) -> bool:
    found = (
        importlib.util.find_spec("triton")
        if device.type == "cuda"
        else any(map(shutil.which, ("c++", "g++", "clang++", "cl")))
    )
    return bool(found)
