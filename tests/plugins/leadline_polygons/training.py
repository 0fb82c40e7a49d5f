"""How a network is trained: an optimizer, a step, and a tracker that is told how it goes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from pydantic import Field
from torch import Tensor

from leadline.core.experiment import Experiment
from leadline.nn.batch import Batch
from leadline.training.optim.contract import Memory, Optimizer, RuleOptimizer
from leadline.training.steps.contract import StepContext, StepOptions, StepTotals
from leadline.training.steps.plain import PlainStep
from leadline.training.trackers import Tracker, TrackerOptions


class SignSgd(Optimizer):
    """Steps of one size in the direction of the gradient's sign (Bernstein et al. 2018): w ← w − lr·sign(g)."""

    lr: float = Field(default=0.001, gt=0)

    def build(self, groups: list[dict[str, Any]]) -> torch.optim.Optimizer:
        """Return the rule over groups of parameters."""
        return RuleOptimizer(groups, self._rule)

    def _rule(self, w: list[Tensor], g: list[Tensor], memory: Memory, lr: float) -> None:
        torch._foreach_add_(w, torch._foreach_sign(g), alpha=-lr)


class BoundedStep(PlainStep):
    """The ordinary update, after which no weight is further from 0 than `bound`."""

    def __init__(self, context: StepContext, bound: float) -> None:
        super().__init__(context)
        self.bound = bound

    def __call__(self, batch: Batch, *, norm: bool = False) -> StepTotals:
        totals = super().__call__(batch, norm=norm)
        with torch.no_grad():
            for p in self.network.parameters():
                p.clamp_(-self.bound, self.bound)
        return totals


class Bounded(StepOptions):
    """Weights that stay within `bound` of 0, as of a discriminator that must not change fast (Arjovsky et al. 2017)."""

    bound: float = Field(default=1.0, gt=0)

    def build(self, context: StepContext) -> BoundedStep:
        """Return the step."""
        return BoundedStep(context, self.bound)


class JsonLines(TrackerOptions):
    """A line of JSON for each row of the history, in the run's folder."""

    file: str = "lines.jsonl"

    def tracker(self, folder: Path, experiment: Experiment) -> Tracker:
        """Return the tracker of a run."""
        return _Lines(folder / self.file)


class _Lines(Tracker):
    def __init__(self, file: Path) -> None:
        self.file = file

    def begin(self, step: int) -> None:
        """Keep what was logged up to a step: training may have gone back to it."""
        lines = self.file.read_text(encoding="utf-8").splitlines() if self.file.exists() else []
        kept = [line for line in lines if json.loads(line)["step"] <= step]
        self.file.write_text("".join(f"{line}\n" for line in kept), encoding="utf-8")

    def log(self, step: int, values: Mapping[str, float]) -> None:
        """Add a line."""
        with self.file.open("a", encoding="utf-8") as out:
            out.write(json.dumps({"step": step, **values}) + "\n")

    def close(self) -> None:
        """Leave everything as it is: each line is written at once."""
