"""The training loop: it takes steps and yields what was seen, every few steps; whoever consumes it decides what
follows.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from torch import Tensor, nn

from leadline.core.catalogue import say
from leadline.core.wording import capitalised
from leadline.nn.batch import Batch
from leadline.training.state.recovery import Diverged
from leadline.training.steps.contract import Step


class Feedback(Protocol):
    """What a loader makes of the network that is trained, as rollouts and replays do, and what it keeps of that."""

    def with_network(self, network: nn.Module) -> None:
        """Take the network whose weights of the moment are to be used from here on."""

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Return what the batches to come depend on beside the step and the network."""

    def load(self, tensors: Mapping[str, Tensor], scalars: Mapping[str, Any]) -> None:
        """Put a state back, bit for bit."""


class Loader(Protocol):
    """Where batches come from; see `leadline.training.data_loader.DataLoader`.

    Without `feedback` a batch is a function of the step alone. With it, batches are asked for in the order of their
    steps, each once.
    """

    batch: int  # rows of an update over all processes
    steps_per_epoch: int

    @property
    def feedback(self) -> Feedback | None:
        """What it makes of the network, where it makes anything of it."""

    def at(self, step: int) -> Batch:
        """Return the batch of a step."""

    def size(self, step: int) -> int:
        """Return how many rows it has over all processes."""


@dataclass(frozen=True)
class LogEntry:
    """What was seen since the last entry, after `step` steps in all.

    `epoch` counts from 1; `losses` are the means of the loss and its parts over the examples since then, over all
    processes; `gradient_norm` is that of the last step, or the mean before clipping since the last entry where the
    run clips; `seconds` are of training since `fit` began, what the consumer does between entries left out.
    """

    step: int
    epoch: int
    epoch_end: bool
    losses: Mapping[str, float]
    lr: float
    gradient_norm: float
    examples_per_second: float
    seconds: float


def fit(
    step: Step,
    loader: Loader,
    until: Callable[[LogEntry], bool],
    *,
    start: int = 0,
    total: int,
    every: int,
    interrupted: Callable[[], object] = lambda: None,
    look: Callable[[int], bool] = lambda done: False,
) -> Iterator[LogEntry]:
    """Take steps `start` to `total`; yield an entry every `every` steps, at each end of an epoch and after the last.

    `until` is asked once the consumer is done with an entry; when it says yes in any process, all stop. While
    `interrupted` returns something true, every step of a single process yields one, so that a signal is answered at
    once. `look` is asked how many steps are done after each of them and may want an entry, in all processes alike.
    Nothing waits for the device between entries. Raises Diverged where the loss or the gradient is no longer finite.
    """
    if loader.feedback is not None:
        loader.feedback.with_network(step.network)
    sums_2K: Tensor | None = None
    world = step.context.world
    examples, seconds = 0, 0.0
    began = time.perf_counter()
    for at in range(start, total):
        done = at + 1
        epoch_end = done % loader.steps_per_epoch == 0
        # Several processes must log together, as they add up what they saw: a signal waits for the next entry of all.
        due = epoch_end or done % every == 0 or done == total or look(done) or (world.size == 1 and bool(interrupted()))
        names, seen_2K = step(loader.at(at), norm=due)
        sums_2K = seen_2K if sums_2K is None else sums_2K.add_(seen_2K)
        examples += loader.size(at)
        if not due:
            continue
        means = _means(names, world.sum_(sums_2K))
        took = time.perf_counter() - began
        seconds += took
        # of several networks
        means.setdefault("loss", math.fsum(mean for name, mean in means.items() if name.endswith(".loss")))
        norm = math.hypot(*(means.pop(name) for name in names if name.endswith("gradient_norm")))
        _check_finite({**means, "gradient norm": norm}, done)
        entry = LogEntry(
            done, at // loader.steps_per_epoch + 1, epoch_end, means, step.lr, norm, examples / took, seconds
        )
        yield entry
        if world.any(until(entry)):
            return
        sums_2K, examples = None, 0
        began = time.perf_counter()


def _means(names: tuple[str, ...], sums_2K: Tensor) -> dict[str, float]:
    sums, weights = sums_2K.tolist()  # the one place that waits for the device
    return {name: total / weight if weight else 0.0 for name, total, weight in zip(names, sums, weights, strict=True)}


def _check_finite(seen: Mapping[str, float], done: int) -> None:
    for name, value in seen.items():
        if not math.isfinite(value):
            raise Diverged(say("training.not-finite", name=capitalised(name), step=done), done)
