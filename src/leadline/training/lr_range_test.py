"""A learning-rate range test (Smith 2017): a short training whose learning rate climbs from tiny to huge, and what it
proposes.

While the learning rate is too small to matter the loss stays level; while it is good the loss falls; once it is too
large the loss rises again, and blows up. The rule: a tenth of the rate at which the smoothed loss was lowest. There
training is already about to become unstable; a tenth of it is the usual safe distance.
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Sequence

from torch import nn

from leadline.core.base import Fact
from leadline.core.catalogue import say
from leadline.core.component import Component
from leadline.core.training_spec import TrainingSpec
from leadline.errors import UsageError
from leadline.objectives.contract import BoundObjective
from leadline.training.loop import Loader
from leadline.training.plan import ExecutionPlan, applied
from leadline.training.steps.contract import Step, StepContext, build_step

LOWEST, HIGHEST = 1e-6, 10.0
STEPS = 140  # twenty to a factor of ten
LEVEL = 20  # steps whose mean loss is that of the network before it learns: their rates are too small to matter
SECONDS = 60.0  # after which the climb ends where it is
SMOOTHING = 0.9  # share of the smoothed loss that is kept from step to step
BLOWN_UP = 3.0  # times as far as the loss has fallen: what it rises above its lowest before the climb ends
# what is said by whether a rate was found, and whether time ran out
BECAUSE = {
    (True, False): "training.range-test-chosen",
    (True, True): "training.range-test-chosen-cut-short",
    (False, False): "training.range-test-default",
    (False, True): "training.range-test-default-cut-short",
}
SHARE = 0.1  # of the rate with the lowest loss


class LrRangeTest(Fact):
    """The rate of each step of a climb, the loss of its batch and that loss smoothed over steps; and the rate that
    follows.

    `chosen` is None where the loss never fell.
    """

    rates: tuple[float, ...]
    losses: tuple[float, ...]
    smoothed: tuple[float, ...]
    chosen: float | None
    because: str


def lr_range_test(
    network: nn.Module,
    objective: BoundObjective,
    loader: Loader,
    training: TrainingSpec,
    *,
    seed: int,
    plan: ExecutionPlan,
    steps: int = STEPS,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> LrRangeTest:
    """Train a copy of the network on `steps` batches, each at a higher learning rate than the last, and propose a rate.

    A function of the seed alone, unless it takes more than a minute: then it ends where it is, and `because` says so.
    `progress` is told how many steps were taken. Raises UsageError for objectives of several networks, which have no
    one loss.
    """
    names = list(objective.learning.networks(network))
    if len(names) > 1:
        raise UsageError(say("training.range-test-needs-one-loss", objective=objective.name, names=" and ".join(names)))
    with applied(plan):
        climbing = training.model_copy(
            update={
                "optimizer": Component(
                    name=training.optimizer.name, options={**training.optimizer.options, "lr": LOWEST}
                ),
                "schedule": Component(name="exponential", options={"end_factor": HIGHEST / LOWEST}),
                "optimizers": {},
                "average": None,
            }
        )
        step = build_step(StepContext(copy.deepcopy(network), objective, climbing, total=steps, seed=seed, plan=plan))
        rates, losses, cut = _climb(step, loader, steps, progress)
    smoothed = smooth(losses)
    chosen = choose(rates, smoothed)
    why = say(BECAUSE[chosen is not None, cut], steps=len(rates), seconds=SECONDS)
    return LrRangeTest(rates=tuple(rates), losses=tuple(losses), smoothed=tuple(smoothed), chosen=chosen, because=why)


def _climb(
    step: Step, loader: Loader, steps: int, progress: Callable[[int, int], None]
) -> tuple[list[float], list[float], bool]:
    """Take steps until the loss blows up; returns rates, losses, and whether time ran out."""
    rates: list[float] = []
    losses: list[float] = []
    until = time.monotonic() + SECONDS
    for at in range(steps):
        progress(at, steps)
        names, sums_2K = step(loader.at(at))
        total, weight = sums_2K[:, names.index("loss")].tolist()
        loss = total / weight if weight else 0.0
        if not math.isfinite(loss):
            break
        rates.append(step.lr)
        losses.append(loss)
        if blown_up(smooth(losses)):
            break
        if time.monotonic() > until:
            return rates, losses, True
    return rates, losses, False


def smooth(losses: Sequence[float]) -> list[float]:
    """Return the exponential moving average m ← sm + (1 − s)·loss of losses, divided by 1 − sᵗ, as it starts at
    zero.
    """
    result, mean = [], 0.0
    for t, loss in enumerate(losses, start=1):
        mean = SMOOTHING * mean + (1 - SMOOTHING) * loss
        result.append(mean / (1 - SMOOTHING**t))
    return result


def blown_up(smoothed: Sequence[float]) -> bool:
    """Return whether the loss has risen much further above its lowest than that lies below the level it began at."""
    if len(smoothed) <= LEVEL:
        return False
    level, lowest = smoothed[LEVEL - 1], min(smoothed[LEVEL - 1 :])
    return smoothed[-1] - lowest > BLOWN_UP * max(level - lowest, abs(level) / 10)


def choose(rates: Sequence[float], smoothed: Sequence[float]) -> float | None:
    """Return the rate that a climb proposes, to two digits; None where the loss never fell below the level it began
    at.
    """
    if len(smoothed) <= LEVEL:
        return None
    lowest = min(range(LEVEL - 1, len(smoothed)), key=smoothed.__getitem__)
    return float(f"{SHARE * rates[lowest]:.2g}") if lowest >= LEVEL else None
