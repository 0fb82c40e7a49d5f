"""What a plateau schedule has seen of the validation measure it watches: the one part of a schedule that has a past."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from leadline.training.early_stopping import Best
from leadline.training.schedule import Plateau, Schedule
from leadline.training.steps.contract import Step


class PlateauWatch:
    """Lowers a step's learning rate when the measure its schedule watches no longer gets better; idle for other
    schedules.

    `monitors` says of each measure whether lower or higher is better.
    """

    def __init__(self, schedule: Schedule, monitors: Mapping[str, str], step: Step) -> None:
        self.schedule, self.step = schedule, step
        self.drops = 0
        self.best: Best | None = None
        if isinstance(schedule, Plateau):
            self.best = Best.model_validate({"better": monitors[schedule.on]})

    def look(self, measures: Mapping[str, float]) -> None:
        """Take the measures of a validation (by name; only the main process has them), and lower the learning rate in
        all.

        Epochs that end in the warm-up do not count: the learning rate still climbs.
        """
        schedule, at, world = self.schedule, self.step.progress, self.step.context.world
        if not isinstance(schedule, Plateau) or self.best is None or at.step <= schedule.warm_up * at.total:
            return
        if world.is_main:
            self.best = self.best.seen(measures[schedule.on], at.step, tolerance=schedule.tolerance)
            if self.best.gave_up(schedule.patience):
                self.drops += 1
                self.best = self.best.model_copy(update={"since": 0})
        self.drops = int(world.share(str(self.drops)))
        at.rate = schedule.dropped(self.drops)

    def state(self) -> dict[str, Any] | None:
        """Return what has been seen, as plain values for a checkpoint."""
        return {"best": self.best.model_dump(), "drops": self.drops} if self.best else None

    def load(self, state: Mapping[str, Any] | None) -> None:
        """Put back what `state` returned."""
        if state is not None and isinstance(self.schedule, Plateau):
            self.best, self.drops = Best.model_validate(state["best"]), state["drops"]
            self.step.progress.rate = self.schedule.dropped(self.drops)
