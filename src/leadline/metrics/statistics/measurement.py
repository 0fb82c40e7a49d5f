"""What every measure gives back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from leadline.core.finding import Interval

Levels = Sequence[float]
Intervals = tuple[Interval, ...]


class Measurement(NamedTuple):
    """A value with one interval per level asked for, or None with `why`; `intervals` is empty where none can be given.

    `n` counts the examples the value was computed from and `method` names how value and intervals were obtained.
    """

    value: float | None
    intervals: Intervals
    n: int
    method: str
    why: str | None = None


def absent(why: str, n: int = 0, method: str = "") -> Measurement:
    """Return the measure that has no value, and why."""
    return Measurement(None, (), n, method, why)
