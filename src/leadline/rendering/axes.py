"""Axes of charts: a range of values, where each stands in per cent, and ticks at round numbers."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

from leadline.core import wording


class Tick(NamedTuple):
    """A mark on an axis: its place in per cent, and its label."""

    at: float
    label: str


class Axis(NamedTuple):
    """A range of values, on a linear or a logarithmic scale, with ticks at round numbers."""

    low: float
    high: float
    log: bool
    ticks: tuple[Tick, ...]

    def place(self, value: float) -> float:
        """Return where a value stands, in per cent from the low end; values beyond an end stand at it."""
        return _place(value, self.low, self.high, self.log)


def axis(
    values: Iterable[float],
    *,
    log: bool = False,
    bounds: tuple[float, float] | None = None,
    pad: float = 0.0,
    ticks: int = 4,
) -> Axis:
    """Return an axis that holds all values (subnormal ones as 0), with about `ticks` ticks; `bounds` are never
    crossed.
    """
    known = [v if abs(v) > 1e-300 else 0.0 for v in values if math.isfinite(v)] or [0.0, 1.0]
    low, high = min(known), max(known)
    if log and low > 0 and high / low > 5:
        return Axis(low, high, True, _log_ticks(low, high))
    if low == high:
        low, high = low - (abs(low) or 1) / 20, high + (abs(high) or 1) / 20
    room = (high - low) * pad
    low, high = low - room, high + room
    if bounds:
        low, high = max(low, bounds[0]), min(high, bounds[1])
    step = _step((high - low) / ticks)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    places = max(0, -math.floor(math.log10(step) + 1e-9))
    marks = tuple(Tick(_place(k * step, low, high, False), _label(k * step, places)) for k in range(first, last + 1))
    return Axis(low, high, False, marks)


def _place(value: float, low: float, high: float, log: bool) -> float:
    if log:
        value, low, high = math.log(max(value, low)), math.log(low), math.log(high)
    return min(max(100 * (value - low) / (high - low), 0.0), 100.0)


def _step(rough: float) -> float:
    power: float = 10.0 ** math.floor(math.log10(rough))
    return next((m * power for m in (1, 2, 5) if m * power >= rough * 0.75), 10 * power)


def _log_ticks(low: float, high: float) -> tuple[Tick, ...]:
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for digits in ((1,), (1, 3), (1, 2, 5)):
        values = [d * 10.0**k for k in decades for d in digits if low <= d * 10.0**k <= high]
        if len(values) >= 3:
            break
    values = values[:: math.ceil(len(values) / 6)]
    return tuple(Tick(_place(v, low, high, True), _label(v, max(0, -math.floor(math.log10(v) + 1e-9)))) for v in values)


def _label(value: float, places: int) -> str:
    size = abs(value)
    if size and (places > 4 or size >= 1e6):
        exponent = math.floor(math.log10(size) + 1e-9)
        return wording.power(f"{value / 10.0**exponent:.3g}", exponent)
    return f"{value:,.{places}f}".replace("-", wording.MINUS) if round(value, places) else "0"
