"""The weights that were best on validation, which ship, and the end of a training that finds no better ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from leadline.core.catalogue import say
from leadline.core.training_spec import EarlyStopping
from leadline.training.state.early_stopping import PATIENCE, Best
from leadline.training.steps.contract import Step, evaluated_network


class BestWeights:
    """Keeps the weights that were best on validation, which then ship, and ends training where no better ones come.

    `better` says of the watched metric whether lower or higher is so, and `title` what it is called; without `stopping`
    nothing is kept. `ended` says by what training ended: ``target``, ``patience`` or, while it goes on, nothing.
    """

    def __init__(self, stopping: EarlyStopping | None, better: str, step: Step, title: str = "") -> None:
        self.stopping, self.step = stopping, step
        self.title = title or (stopping.monitor if stopping is not None else "")
        self.best = Best.model_validate({"better": better}) if stopping is not None else None
        self.tensors: dict[str, Tensor] = {}
        self.ended = ""

    def look(self, measures: Mapping[str, float], epochs: float, *, over: bool) -> str | None:
        """Take the measures of a validation; returns in words why training ends here, where it does and is not `over`
        anyway. `epochs` are how many there will be in all.
        """
        stopping, step = self.stopping, self.step
        if stopping is None or self.best is None or not measures:
            return None
        value, at = measures[stopping.monitor], step.progress
        reached = self.best.reaches(value, stopping.stopping_threshold)
        # Weights that were not averaged yet are not what was asked for.
        counts = step.averaged is None or step.averaged.count > 0
        if counts or reached:
            self.best = self.best.seen(value, at.step, tolerance=0.0 if reached else stopping.min_delta)
            if self.best.is_new:
                tensors = evaluated_network(step).state_dict()
                self.tensors = {name: x.detach().clone() for name, x in tensors.items()}
        # Without a number, patience is half of the epochs that there will be, as far as a budget lets one know.
        patience = stopping.patience or max(PATIENCE, round(epochs / 2))
        if over:
            return None
        if reached:
            self.ended = "target"
            return say("training.early-stopping-target-reached", metric=self.title, target=stopping.stopping_threshold)
        if self.best.gave_up(patience):
            self.ended = "patience"
            return say("training.early-stopping-no-improvement", epochs=patience, metric=self.title)
        return None

    def restart(self) -> None:
        """Forget what was best: the network has been changed, and is another one from here on."""
        if self.best is not None:
            self.best, self.tensors = Best.model_validate({"better": self.best.better}), {}

    def put_back(self) -> None:
        """Give the best weights to the network that ships, where some were kept."""
        if self.tensors:
            evaluated_network(self.step).load_state_dict(self.tensors)

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Return what a checkpoint holds of it."""
        return self.tensors, {"best": self.best.model_dump() if self.best else None, "ended": self.ended}

    def load(self, tensors: Mapping[str, Tensor], scalars: Mapping[str, Any]) -> None:
        """Go on from what a checkpoint holds."""
        self.tensors = dict(tensors)
        self.best = Best.model_validate(scalars["best"]) if scalars["best"] else None
        self.ended = scalars["ended"]
