"""What one update of the weights must be able to do, and how it is chosen by name.

A file of this folder, or a plugin, declares ``STEP``, a class of options (`StepOptions`); the training loop, recovery,
checkpoints and logs know a running step by the protocol `Step` alone.

Shapes in names: K quantities that are logged.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, NamedTuple, Protocol

from torch import Tensor, nn

from leadline.core.base import Fact
from leadline.core.catalogue import say
from leadline.core.component import Component
from leadline.core.registry import lookup
from leadline.core.training_spec import TrainingSpec
from leadline.errors import TrainingFailed, UsageError
from leadline.nn.batch import Batch
from leadline.objectives.contract import BoundObjective
from leadline.training.data_loader import Sampling
from leadline.training.distributed import ALONE, World
from leadline.training.options import read_options
from leadline.training.plan import ExecutionPlan
from leadline.training.weight_average import AveragedNetwork


class StepTotals(NamedTuple):
    """What a step saw, on the device: for each name the weighted sum, and the weight it is to be divided by."""

    names: tuple[str, ...]
    sums_2K: Tensor


@dataclass
class StepProgress:
    """Where training is: `step` updates of `total` are done.

    The learning rate was halved `halvings` times, each after a divergence, and `rate` is what it is multiplied by
    beside the schedule's factor: what a plateau leaves of it. `accumulate` is into how many micro-batches a batch is
    split. Whoever drives the step changes these between two updates.
    """

    total: int
    step: int = 0
    halvings: int = 0
    rate: float = 1.0
    accumulate: int = 1

    def state(self) -> dict[str, Any]:
        """Return the numbers by name, for a checkpoint."""
        return asdict(self)

    def load(self, scalars: Mapping[str, Any]) -> None:
        """Put back what `state` returned; other entries are left to others."""
        for name in asdict(self):
            setattr(self, name, scalars[name])


@dataclass(frozen=True)
class StepContext:
    """What a step is built from: the network, what it is trained for and how, on what, by how many processes.

    `training` is that of a resolved experiment; the schedule stretches over `total` steps, and an epoch has
    `steps_per_epoch`. All random numbers of a step are drawn by `seed`, its number and the rows.
    """

    network: nn.Module
    objective: BoundObjective
    training: TrainingSpec
    total: int
    seed: int
    plan: ExecutionPlan
    steps_per_epoch: int = 1
    world: World = ALONE


class Step(Protocol):
    """One update of the weights, again and again; nothing in it waits for the device."""

    context: StepContext
    network: nn.Module  # what is trained, where the plan puts it
    progress: StepProgress
    lr: float  # of the last update, of several networks the first one's
    averaged: AveragedNetwork | None  # the mean of the weights along the way, where one is kept

    def __call__(self, batch: Batch, *, norm: bool = False) -> StepTotals:
        """Update the weights once, and count it; with `norm` the norm of the gradient is among what comes back."""

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Return all that the next update depends on: live tensors by name, and plain numbers, those of `progress`
        among them.
        """

    def load(self, tensors: Mapping[str, Tensor], scalars: Mapping[str, Any]) -> None:
        """Put a state back, bit for bit; entries of other names are left to others. Raises RunError where it does not
        fit.
        """


class StepOptions(Fact):
    """Options of a step, and how it is built; `sampling` says which batches it wants."""

    sampling: ClassVar[Sampling] = "shuffled"

    def unsuitable(self, objective: BoundObjective) -> str | None:
        """Say why a network cannot be trained for an objective in this way, or None."""
        return None

    @abstractmethod
    def build(self, context: StepContext) -> Step:
        """Return the step; raises UsageError where what it is built from does not go together."""


def step_options(component: Component) -> StepOptions:
    """Return a step's options by name; raises UsageError where the name or an option is unknown or wrong."""
    kind: type[StepOptions] = lookup("steps", component.name)
    return read_options("step", component, kind)


def resolved_step(component: Component, objective: BoundObjective) -> Component:
    """Return the component with every default written out; raises UsageError where it does not fit the objective."""
    options = step_options(component)
    reason = options.unsuitable(objective)
    if reason:
        raise UsageError(
            say("training.step-does-not-fit", step=component.name, objective=objective.name, reason=reason)
        )
    return Component(name=component.name, options=options.model_dump(mode="json"))


def build_step(context: StepContext) -> Step:
    """Return the step that an experiment asks for."""
    return step_options(context.training.step).build(context)


def evaluated_network(step: Step) -> nn.Module:
    """Return the network whose weights count, for validation and for what ships: the averaged one, once there is an
    average.
    """
    return step.averaged.network if step.averaged is not None and step.averaged.count else step.network


def shipped_network(step: Step) -> nn.Module:
    """Return what is kept after training; raises TrainingFailed where its weights are not all finite."""
    network = step.context.objective.learning.ship(evaluated_network(step))
    for name, x in network.state_dict().items():
        if x.is_floating_point() and not bool(x.isfinite().all()):
            raise TrainingFailed(say("training.weights-diverged", step=step.progress.step, name=name))
    return network
