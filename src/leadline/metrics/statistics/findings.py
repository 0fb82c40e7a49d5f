"""From a measured value to the fact that a report holds."""

from __future__ import annotations

import math
from typing import Any, Literal

from leadline.core.catalogue import say
from leadline.core.finding import Finding, Reproduction
from leadline.metrics.statistics.measurement import Levels, Measurement


def finding(
    name: str,
    measured: Measurement,
    *,
    split: str,
    levels: Levels,
    group: str | None = None,
    unit: str = "1",
    better: Literal["higher", "lower"] | None = None,
    again: Reproduction | None = None,
    section: str | None = None,
) -> Finding:
    """Return a measure as a finding: its interval at the first of `levels`, further ones under `stricter`.

    A value that is not finite (a diverged network's predictions) becomes an absent finding that says so.
    """
    value, why = measured.value, measured.why
    if value is not None and not math.isfinite(value):
        value, why = None, say("metrics.predictions-not-finite")
    rest: dict[str, Any] = {
        "split": split,
        "group": group,
        "unit": unit,
        "better": better,
        "again": again,
        "section": section,
        "level": levels[0],
    }
    rest |= {"n": measured.n, "method": measured.method or None}
    if value is None:
        return Finding.absent(name, why or say("metrics.not-measured"), **rest)
    sound = measured.intervals if all(math.isfinite(end) for interval in measured.intervals for end in interval) else ()
    stricter = {f"{level:.6g}": interval for level, interval in zip(levels[1:], sound[1:], strict=False)}
    return Finding(name=name, value=value, interval=sound[0] if sound else None, stricter=stricter, **rest)
