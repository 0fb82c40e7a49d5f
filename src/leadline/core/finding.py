"""A measured number, or its absence, with everything needed to believe it and to measure it again."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from leadline.core.base import Fact
from leadline.core.catalogue import say

Provenance = Literal["measured", "estimated", "declared", "absent"]
Repeat = Literal["exact", "sampled", "timed", "recorded"]
Interval = tuple[float, float]
VARIOUS = "various units"  # of a mean over several quantities, each in its own unit
LONGEST = 50  # characters of a name in a `repr`


class Reproduction(Fact):
    """How to get a finding again: who produced it, with which options and seed; `tolerance` is in the finding's own
    unit.
    """

    producer: str
    options: Mapping[str, Any] = Field(default_factory=dict)
    seed: int = 0
    repeat: Repeat = "exact"
    tolerance: float = 0.0


class Finding(Fact):
    """One scalar: `value` with `interval` at `level` from `n` examples, or absent with `why`.

    `split` and `group` say what it was measured on (`group` like ``"class=cat"``); `unit` is ``"1"`` for pure numbers;
    `section` names where reports show it (`core.sections`); `method` names how value and interval were obtained.
    `stricter` maps levels above `level` (as text, ``"0.975"``) to intervals, present where several requirements are
    judged together. `unusable` rows of the split could not be used, and the value does not speak of them; `as_errors`
    are the intervals, by level, in which they are errors, where that can be said.
    """

    name: str
    split: str | None = None
    group: str | None = None
    section: str | None = None
    value: float | None = None
    interval: Interval | None = None
    level: float = 0.95
    n: int | None = None
    unit: str = "1"
    method: str | None = None
    provenance: Provenance = "measured"
    why: str | None = None
    better: Literal["higher", "lower"] | None = None
    again: Reproduction | None = None
    stricter: Mapping[str, Interval] = Field(default_factory=dict)
    unusable: int = 0
    as_errors: Mapping[str, Interval] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if (self.value is None) != (self.provenance == "absent"):
            raise ValueError(say("core.finding-without-value", name=self.name))
        if self.provenance == "absent" and not self.why:
            raise ValueError(say("core.absent-finding-without-reason", name=self.name))
        numbers = [v for v in (self.value, *(self.interval or ())) if v is not None]
        if not all(math.isfinite(v) for v in numbers):
            raise ValueError(say("core.not-finite-report-absent", name=self.name))
        if self.interval is not None and self.interval[0] > self.interval[1]:
            raise ValueError(say("core.intervals-ends-swapped", name=self.name))
        return self

    @classmethod
    def absent(cls, name: str, why: str, **rest: Any) -> Finding:
        """Return the finding that says `name` could not be measured, and why."""
        return cls(name=name, why=why, provenance="absent", **rest)

    @property
    def label(self) -> str:
        """The name with its group, as people write it: ``recall(cat)``."""
        return f"{self.name}({self.group.partition('=')[2] or self.group})" if self.group else self.name

    def __repr__(self) -> str:
        """Return name, value, interval, n and provenance in a line; `value` and `interval` have all digits."""
        label = self.label if len(self.label) <= LONGEST else f"{self.label[: LONGEST - 1]}…"
        unit = "" if self.unit == "1" else f" {self.unit[:LONGEST]}"
        parts = [
            f"{label!r} on {self.split}" if self.split else repr(label),
            f"{self.value:.4g}{unit}" if self.value is not None else f"absent, {(self.why or '')[:LONGEST]!r}",
            f"{100 * self.level:.4g} % CI {self.interval[0]:.4g} to {self.interval[1]:.4g}" if self.interval else "",
            f"n = {self.n:,}" if self.n is not None else "",
            self.provenance if self.value is not None else "",
        ]
        return f"Finding({', '.join(part for part in parts if part)})"

    __str__ = __repr__

    def at_level(self, level: float) -> Interval | None:
        """Return the interval at `level`, or the nearest stricter one there is; None where there is none."""
        if self.interval is None or level <= self.level + 1e-12:
            return self.interval
        return _nearest(self.stricter, level)

    def with_errors_at(self, level: float) -> Interval | None:
        """Return the interval at `level`, or the nearest stricter one there is, in which rows that could not be used
        are errors; None where that cannot be said.
        """
        return _nearest(self.as_errors, max(level, self.level))


def _nearest(intervals: Mapping[str, Interval], level: float) -> Interval | None:
    # keys hold six digits
    wider = sorted((float(k), v) for k, v in intervals.items() if float(k) >= level - 1e-6)
    return wider[0][1] if wider else None
