"""Axes of charts: a range of values, where each stands in per cent, and ticks at round numbers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
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
    whole: bool = False,
) -> Axis:
    """Return an axis that holds all values (subnormal ones as 0), with about `ticks` ticks, at whole numbers alone
    where it is `whole`; `bounds` are never crossed.
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
    step = max(_step((high - low) / ticks), 1.0 if whole else 0.0)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    places = max(0, -math.floor(math.log10(step) + 1e-9))
    marks = tuple(Tick(_place(k * step, low, high, False), _label(k * step, places)) for k in range(first, last + 1))
    return Axis(low, high, False, marks)


def counts(values: Sequence[float]) -> bool:
    """Say whether values are numbers of something, such as epochs, of which the last may have ended early."""
    return all(float(value).is_integer() for value in values[:-1])


def spaced(drawn: Axis, room: int) -> Axis:
    """Return an axis whose labels, which stand side by side, fit so many characters with one between: where they do
    not, every other loses its label, and last only the ends keep theirs.
    """
    labelled = [k for k, tick in enumerate(drawn.ticks) if tick.label]
    while len(labelled) > 2 and sum(len(drawn.ticks[k].label) + 1 for k in labelled) - 1 > room:
        labelled = labelled[::2] if len(labelled) % 2 else [labelled[0], labelled[-1]]
    ticks = tuple(tick if k in labelled else Tick(tick.at, "") for k, tick in enumerate(drawn.ticks))
    return drawn._replace(ticks=ticks)


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
