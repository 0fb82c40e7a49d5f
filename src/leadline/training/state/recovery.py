"""Going back to the last state that was sound: after a divergence with half the learning rate, after a lack of memory
in smaller pieces.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from leadline.core.catalogue import say
from leadline.errors import TrainingFailed
from leadline.machine import out_of_memory
from leadline.training.optim import without_rate
from leadline.training.state.checkpoint import below
from leadline.training.state.checkpointing import Resumable
from leadline.training.steps.contract import Step, StepProgress
from leadline.training.weight_average import batch_norms

MOST = 8  # halvings of the learning rate, after which training is given up: by then it is 256 times lower
EARLY = 10  # steps before which nobody knows that the weights are sound
SPACING = 50  # steps at least between snapshots: of dense layers a copy takes as long as a third of a step
# times the size of the first loss by which a later one may exceed it; beyond, the weights are no good state any more
WORSE = 10


class Diverged(TrainingFailed):
    """The loss, the gradient or the weights were no longer finite after `step` steps; `what` says which became what."""

    def __init__(self, what: str, step: int) -> None:
        super().__init__(say("training.diverged", what=what))
        self.what, self.step = what, step


class OutOfMemory(Exception):
    """A step did not fit into memory; nothing of it was kept."""


class Snapshot:
    """A copy of a step's state in memory, taken into the same tensors again; on the device, or beside it where that is
    full.
    """

    def __init__(self, step: Step) -> None:
        self.tensors: dict[str, Tensor] = {}
        self.scalars: dict[str, Any] = {}
        self.take(step)

    @property
    def step(self) -> int:
        """How many steps had been taken."""
        return int(self.scalars["step"])

    def due(self, done: int, *, epoch_end: bool, loss: float, first: float) -> bool:
        """Return whether to take a snapshot after so many steps: not too soon, and not where the loss is climbing away.

        It depends on the step and on losses alone, so that a resumed run goes back to where the uninterrupted one does.
        """
        sound = loss - first <= WORSE * abs(first)
        return sound and done > EARLY and (epoch_end or done - self.step >= SPACING)

    def take(self, step: Step) -> None:
        """Copy the state of now; raises Diverged where it holds numbers that are not finite."""
        tensors, scalars = step.state()
        check(step)
        with torch.no_grad():
            if self.tensors.keys() == tensors.keys():
                torch._foreach_copy_(list(self.tensors.values()), [tensors[name].detach() for name in self.tensors])
            else:
                self.tensors = {name: _copied(x) for name, x in tensors.items()}
        self.scalars = dict(scalars)

    def load(self, tensors: Mapping[str, Tensor], scalars: Mapping[str, Any]) -> None:
        """Take what a checkpoint held of an earlier snapshot."""
        self.tensors, self.scalars = dict(tensors), dict(scalars)

    def put_back(self, step: Step) -> None:
        """Make a step's state that of the snapshot."""
        step.load(self.tensors, self.scalars)


class Recovery:
    """Keeps the last sound state of a step, and goes back to it."""

    def __init__(self, step: Step, feedback: Resumable | None = None) -> None:
        self.step, self.feedback = step, feedback
        self.snapshot = Snapshot(step)
        self._fed = self._feedback()
        # Networks that are trained against each other: their losses alone do not say whether all is well.
        self._against = len(step.context.objective.learning.networks(step.network)) > 1

    def look(self, done: int, *, epoch_end: bool, loss: float, first: float) -> None:
        """Take the state after so many steps where it is due; `first` is the first loss of the training."""
        if self.snapshot.due(done, epoch_end=epoch_end, loss=loss, first=loss if self._against else first):
            self._take()

    def _take(self) -> None:
        self.snapshot.take(self.step)
        self._fed = self._feedback()

    def _feedback(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Return a copy of what the loader keeps of the network, where it keeps anything."""
        if self.feedback is None:
            return {}, {}
        tensors, scalars = self.feedback.state()
        return {name: x.detach().clone() for name, x in tensors.items()}, copy.deepcopy(scalars)

    def go_back(self, trouble: Diverged | OutOfMemory, batch: int) -> str:
        """Go back to the last sound state, with half the learning rate or smaller micro-batches; returns what happened,
        in words.

        Raises TrainingFailed where that was done too often or cannot be done.
        """
        if isinstance(trouble, Diverged):
            what = halved(self.step, self.snapshot, trouble)
        else:
            what = split_up(self.step, self.snapshot, trouble, batch)
        if self.feedback is not None:
            self.feedback.load(*self._fed)
        return what

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Return what a checkpoint holds of it: nothing where the snapshot is of now."""
        if self.snapshot.step == self.step.progress.step:
            return {}, {}
        fed, scalars = self._fed
        tensors = {f"step.{name}": x for name, x in self.snapshot.tensors.items()}
        return {**tensors, **{f"feedback.{name}": x for name, x in fed.items()}}, {
            "step": self.snapshot.scalars,
            "feedback": scalars,
        }

    def load(self, tensors: Mapping[str, Tensor], scalars: Mapping[str, Any]) -> None:
        """Go on from what a checkpoint holds, or else from the state of the step, which has been put back."""
        if scalars:
            self.snapshot.load(below("step.", tensors), scalars["step"])
            self._fed = below("feedback.", tensors), scalars["feedback"]
        else:
            self._take()


def check(step: Step) -> None:
    """Raise Diverged where the state of a step holds numbers that are not finite."""
    floats = [x.detach() for x in step.state()[0].values() if x.is_floating_point() and x.numel()]
    if floats and not math.isfinite(
        float(torch.stack([n.float() for n in torch._foreach_norm(floats, math.inf)]).max())
    ):
        raise Diverged(say("training.weights-not-finite", step=step.progress.step), step.progress.step)


def halved(step: Step, snapshot: Snapshot, trouble: Diverged) -> str:
    """Go back to a snapshot after a divergence, with half the learning rate; returns what happened, in words.

    Raises TrainingFailed after `MOST` times.
    """
    if step.progress.halvings >= MOST:
        raise TrainingFailed(
            say("training.diverged-too-often", times=MOST + 1, what=trouble.what, lr=_base_rate(step, halvings=MOST))
        )
    at = step.progress  # changed by going back: from here on it is that of the snapshot
    _go_back(step, snapshot, replace(at, halvings=at.halvings + 1))
    return say(
        "training.restored-and-halved", what=trouble.what, step=at.step, lr=_base_rate(step, halvings=at.halvings)
    )


def split_up(step: Step, snapshot: Snapshot, trouble: OutOfMemory, batch: int) -> str:
    """Go back to a snapshot after a lack of memory, with micro-batches of half the rows; returns what happened, in
    words.

    Raises TrainingFailed where the loss ties the examples of a batch together, where several processes would have to
    agree, and where a micro-batch cannot be smaller.
    """
    advice = say("training.out-of-memory-advice")
    objective, at = step.context.objective, step.progress
    if objective.supervision.coupled:
        raise TrainingFailed(
            say("training.out-of-memory-coupled", trouble=trouble, objective=objective.name, advice=advice)
        )
    if step.context.world.size > 1:
        raise TrainingFailed(say("training.out-of-memory-several-processes", trouble=trouble, advice=advice))
    norms = batch_norms(step.network)
    most = max(1, batch // (2 if norms else 1))  # batch statistics need two rows
    if at.accumulate >= most:
        rows = 2 if norms else 1
        raise TrainingFailed(say("training.out-of-memory-smallest", trouble=trouble, rows=rows, advice=advice))
    _go_back(step, snapshot, replace(at, accumulate=min(2 * at.accumulate, most)))
    rows = -(-batch // at.accumulate)
    name = "training.split-into-micro-batches-batch-norm" if norms else "training.split-into-micro-batches"
    return say(name, trouble=trouble, step=at.step, count=at.accumulate, rows=rows)


def _go_back(step: Step, snapshot: Snapshot, wanted: StepProgress) -> None:
    snapshot.put_back(step)
    # What was learned since then about memory, pace and plateaus holds on; only the count of steps goes back too.
    step.progress.load({**wanted.state(), "step": snapshot.step})


def _base_rate(step: Step, *, halvings: int) -> float:
    """Return the learning rate that the schedule starts from after so many halvings."""
    rate: float = without_rate(step.context.training.optimizer).lr
    return rate * step.progress.rate * 0.5**halvings


def _copied(x: Tensor) -> Tensor:
    try:
        return x.detach().clone()
    except RuntimeError as error:
        if x.device.type == "cpu" or not out_of_memory.is_out_of_memory(error):
            raise
        return x.detach().cpu()
