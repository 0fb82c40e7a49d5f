"""What a schedule knows of the validation measure it watches: the one part of a schedule that has a past."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from torch import Tensor

from leadline.training.schedule import Schedule
from leadline.training.steps.contract import Step


class PlateauWatch:
    """Lowers a step's learning rate when the measure its schedule watches no longer gets better; idle for schedules
    that watch none.

    `monitors` says of each measure whether lower or higher is better.
    """

    def __init__(self, schedule: Schedule, monitors: Mapping[str, str], step: Step) -> None:
        self.schedule, self.step = schedule, step
        watches = schedule.watches
        self.past = None if watches is None else schedule.remembered(monitors[watches])

    def look(self, measures: Mapping[str, float]) -> None:
        """Take the measures of a validation (by name; only the main process has them), and lower the learning rate in
        all.

        Epochs that end in the warm-up do not count: the learning rate still climbs.
        """
        schedule, at, world = self.schedule, self.step.progress, self.step.context.world
        if self.past is None or schedule.watches is None or at.step <= schedule.warmup * at.total:
            return
        if world.is_main:
            self.past = schedule.seen(self.past, measures[schedule.watches], at.step)
        self.past = json.loads(world.share(json.dumps(self.past)))
        at.rate = schedule.lowered(self.past)

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Return what a checkpoint holds of it: what has been seen, where something is watched."""
        return {}, dict(self.past or {})

    def load(self, tensors: Mapping[str, Tensor], scalars: Mapping[str, Any]) -> None:
        """Put back what `state` returned."""
        if self.past is not None:
            self.past = dict(scalars)
            self.step.progress.rate = self.schedule.lowered(self.past)
