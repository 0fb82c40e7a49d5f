"""Learning-rate schedules: pure functions from how far training is to a factor of the learning rate."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from leadline.core.base import Fact
from leadline.core.component import Component
from leadline.core.registry import lookup
from leadline.training.options import read_options
from leadline.training.state.early_stopping import Best


class Schedule(Fact):
    """`warmup` is the share of all steps over which the factor climbs to 1.

    In formulas x is how far training is after that, from 0 in the first step to 1 in the last.
    """

    warmup: float = Field(default=0.0, ge=0, lt=1, description="share of all steps with linear warm-up")

    def multiplier(self, step: int, total: int) -> float:
        """Return what the learning rate is multiplied by in step `step` (from 0) of `total`."""
        rise = self.warmup * total
        return self.climb((step + 1) / (rise + 1)) if step < rise else self.after(step, total)

    def after(self, step: int, total: int) -> float:
        """Return the factor of a step that follows the warm-up."""
        rise = self.warmup * total
        # The last step is the end of the way down, so that the final value is reached and not only approached.
        return self.descend(min((step - rise) / max(total - 1 - rise, 1), 1.0))

    def over(self, epochs: int) -> Schedule:
        """Return the schedule for a training of so many epochs, where it counts in them."""
        return self

    @property
    def watches(self) -> str | None:
        """The validation measure that it goes by; None where it is a function of how far training is alone."""
        return None

    def remembered(self, better: str) -> dict[str, Any]:
        """Return what is known of the measure before any validation, as plain values; `better` is ``lower`` or
        ``higher``.
        """
        return {}

    def seen(self, past: Mapping[str, Any], value: float, step: int) -> dict[str, Any]:
        """Return what is known once the measure has had a value after a step."""
        return {}

    def lowered(self, past: Mapping[str, Any]) -> float:
        """Return by what the learning rate is multiplied, beside the factor of the step, for what is known so far."""
        return 1.0

    def climb(self, way: float) -> float:
        """Return the factor after a share `way` in (0, 1) of the warm-up: a straight line (Goyal et al. 2017)."""
        return way

    @abstractmethod
    def descend(self, way: float) -> float:
        """Return the factor after a share `way` in [0, 1] of what follows the warm-up."""


class Constant(Schedule):
    """The same learning rate throughout, once warm: the factor is 1."""

    def descend(self, way: float) -> float:
        return 1.0


def _half_cosine(start: float, end: float, way: float) -> float:
    return end + (start - end) * 0.5 * (1 + math.cos(math.pi * way))


class Cosine(Schedule):
    """Half a cosine from 1 down to `end_factor`: end_factor + (1 − end_factor)·(1 + cos πx)/2 (Loshchilov & Hutter
    2017, without restarts).
    """

    end_factor: float = Field(default=0.0, ge=0, le=1, description="final factor of the learning rate")

    def descend(self, way: float) -> float:
        return _half_cosine(1.0, self.end_factor, way)


class Linear(Schedule):
    """A straight line from 1 down to `end_factor`: 1 − (1 − end_factor)·x."""

    end_factor: float = Field(default=0.0, ge=0, le=1, description="final factor of the learning rate")

    def descend(self, way: float) -> float:
        return 1.0 - (1.0 - self.end_factor) * way


class Exponential(Schedule):
    """The same share of the learning rate is lost in every step, down to `end_factor`: end_factorˣ.

    Above 1 it rises, as in a learning-rate range test.
    """

    end_factor: float = Field(default=0.01, gt=0, description="final factor of the learning rate")

    def descend(self, way: float) -> float:
        return float(self.end_factor**way)


class Step(Schedule):
    """Drops by a factor: `gamma` to the power of how many of the moments `milestones`, shares of all steps, have
    passed.

    `step_size` gives the moments in epochs: 30 is after 30, 60, 90 … epochs. It never falls below `end_factor`.
    """

    gamma: float = Field(default=0.1, gt=0, lt=1, description="factor of each drop")
    milestones: tuple[Annotated[float, Field(gt=0, lt=1)], ...] = Field(
        default=(0.5, 0.75), description="milestones, as shares of training"
    )
    step_size: int | None = Field(default=None, ge=1, description="epochs between drops, instead of milestones")
    end_factor: float = Field(default=0.0, ge=0, le=1, description="lowest factor of the learning rate")

    def over(self, epochs: int) -> Schedule:
        if self.step_size is None:
            return self
        return self.model_copy(
            update={
                "milestones": tuple(n / epochs for n in range(self.step_size, epochs, self.step_size)),
                "step_size": None,
            }
        )

    def after(self, step: int, total: int) -> float:
        return self.descend(step / total)

    def descend(self, way: float) -> float:
        passed = sum(moment <= way for moment in self.milestones)
        return max(float(self.gamma**passed), self.end_factor)


class Plateau(Schedule):
    """Drops by `factor` whenever `patience` epochs have passed without a better value of `monitor` on validation.

    A value counts as better when it is so by more than `min_delta`. How often it has dropped is no function of how far
    training is: it belongs to what is remembered. It never falls below `end_factor`.
    """

    monitor: str = Field(default="loss", description="validation metric to monitor")
    factor: float = Field(default=0.1, gt=0, lt=1, description="factor of each drop")
    patience: int = Field(default=5, ge=1, description="epochs without improvement before a drop")
    min_delta: float = Field(default=0.0, ge=0, description="smallest change that counts as an improvement")
    end_factor: float = Field(default=1e-4, ge=0, le=1, description="lowest factor of the learning rate")

    @property
    def watches(self) -> str | None:
        return self.monitor

    def descend(self, way: float) -> float:
        return 1.0

    def remembered(self, better: str) -> dict[str, Any]:
        return {"best": Best.model_validate({"better": better}).model_dump(), "drops": 0}

    def seen(self, past: Mapping[str, Any], value: float, step: int) -> dict[str, Any]:
        best, drops = Best.model_validate(past["best"]).seen(value, step, tolerance=self.min_delta), past["drops"]
        if best.gave_up(self.patience):
            best, drops = best.model_copy(update={"since": 0}), drops + 1
        return {"best": best.model_dump(), "drops": drops}

    def lowered(self, past: Mapping[str, Any]) -> float:
        return max(float(self.factor ** past["drops"]), self.end_factor)


class OneCycle(Schedule):
    """Half a cosine up from `start_factor`, another down to `end_factor` (Smith & Topin 2018); momentum stays as it is.

    start_factor + (1 − start_factor)·(1 − cos πy)/2 over the warm-up, of which y is the share that is done, then as
    `Cosine`.
    """

    warmup: float = Field(default=0.3, ge=0, lt=1, description="share of all steps in which the learning rate rises")
    start_factor: float = Field(default=0.04, ge=0, le=1, description="initial factor of the learning rate")
    end_factor: float = Field(default=1e-4, ge=0, le=1, description="final factor of the learning rate")

    def climb(self, way: float) -> float:
        return _half_cosine(self.start_factor, 1.0, way)

    def descend(self, way: float) -> float:
        return _half_cosine(1.0, self.end_factor, way)


def schedule(component: Component) -> Schedule:
    """Return a schedule by name; raises UsageError where the name or an option is unknown or wrong."""
    kind: type[Schedule] = lookup("schedules", component.name)
    return read_options("schedule", component, kind)


def resolved_schedule(component: Component, epochs: int) -> Component:
    """Return the component with every default written out, for a training of so many epochs."""
    return Component(name=component.name, options=schedule(component).over(epochs).model_dump(mode="json"))
