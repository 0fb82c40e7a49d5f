"""Which epoch was best so far, and when to stop waiting for a better one."""

from __future__ import annotations

import math
from typing import Literal

from leadline.core.base import Fact

PATIENCE = 10  # epochs at least without a better value, unless told otherwise


class Best(Fact):
    """The best value of a measure so far, the step it was seen after, and how many evaluations have passed since."""

    better: Literal["lower", "higher"]
    value: float | None = None
    step: int | None = None
    since: int = 0

    def seen(self, value: float, step: int, tolerance: float = 0.0) -> Best:
        """Return what is best after another look; a value is better when it is finite and better by more than
        `tolerance`.
        """
        sign = 1 if self.better == "higher" else -1
        if math.isfinite(value) and (self.value is None or sign * value > sign * self.value + tolerance):
            return self.model_copy(update={"value": value, "step": step, "since": 0})
        return self.model_copy(update={"since": self.since + 1})

    @property
    def is_new(self) -> bool:
        """True when the last look was the best so far."""
        return self.value is not None and self.since == 0

    def reaches(self, value: float, target: float | None) -> bool:
        """Return whether a value is as good as a target, where there is one."""
        return target is not None and (value >= target if self.better == "higher" else value <= target)

    def gave_up(self, patience: int) -> bool:
        """Return whether `patience` evaluations have passed without a better value (Prechelt 1998)."""
        return self.since >= patience
