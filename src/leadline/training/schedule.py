"""Learning-rate schedules: pure functions from how far training is to a factor of the learning rate."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Mapping

from pydantic import Field

from leadline.facts.base import Fact
from leadline.facts.component import Component
from leadline.training.options import read_options


class Schedule(Fact):
    """`warm_up` is the share of all steps over which the factor climbs to 1."""

    warm_up: float = Field(default=0.0, ge=0, lt=1)

    def factor(self, step: int, total: int) -> float:
        """Return what the learning rate is multiplied by in step `step` (from 0) of `total`."""
        rise = self.warm_up * total
        if step < rise:
            return self.climb((step + 1) / (rise + 1))
        # The last step is the end of the way down, so that the final value is reached and not only approached.
        way = (step - rise) / max(total - 1 - rise, 1)
        return self.descend(min(way, 1.0))

    def climb(self, way: float) -> float:
        """Return the factor after a share `way` in (0, 1) of the warm-up: a straight line (Goyal et al. 2017)."""
        return way

    @abstractmethod
    def descend(self, way: float) -> float:
        """Return the factor after a share `way` in [0, 1] of what follows the warm-up."""


class Constant(Schedule):
    """The same learning rate throughout, once warm."""

    def descend(self, way: float) -> float:
        return 1.0


def _half_cosine(start: float, end: float, way: float) -> float:
    return end + (start - end) * 0.5 * (1 + math.cos(math.pi * way))


class Cosine(Schedule):
    """Half a cosine from 1 down to `final` (Loshchilov & Hutter 2017, without restarts)."""

    final: float = Field(default=0.0, ge=0, le=1)

    def descend(self, way: float) -> float:
        return _half_cosine(1.0, self.final, way)


class OneCycle(Schedule):
    """Half a cosine up from `start`, another down to `final` (Smith & Topin 2018); momentum stays as it is."""

    warm_up: float = Field(default=0.3, ge=0, lt=1)
    start: float = Field(default=0.04, ge=0, le=1)
    final: float = Field(default=1e-4, ge=0, le=1)

    def climb(self, way: float) -> float:
        return _half_cosine(self.start, 1.0, way)

    def descend(self, way: float) -> float:
        return _half_cosine(1.0, self.final, way)


SCHEDULES: Mapping[str, type[Schedule]] = {"constant": Constant, "cosine": Cosine, "one_cycle": OneCycle}


def schedule(component: Component) -> Schedule:
    """Return a schedule by name; raises UsageError where the name or an option is unknown or wrong."""
    return read_options("schedule", component, SCHEDULES)


def resolved_schedule(component: Component) -> Component:
    """Return the component with every default written out."""
    return Component(name=component.name, options=schedule(component).model_dump(mode="json"))
