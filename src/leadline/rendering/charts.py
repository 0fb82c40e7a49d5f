"""Where everything in a chart stands, in per cent of the plot area; `templates/charts.svg.j2` draws it.

Positions are percentages and text is text, so that a chart fits any width, follows the page's colours, and shows any script.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from leadline.rendering import words
from leadline.rendering.outline import SPLITS, Noted

MOST_POINTS = 400  # of one line or scatter: more cannot be told apart on a page
COLOURS = 6


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


class Line(NamedTuple):
    """A polyline in a 100 × 100 box whose y runs downwards; `end` is where its last point stands."""

    name: str
    look: str
    points: str
    end: tuple[float, float]


class Dot(NamedTuple):
    """A point; `low` and `high` are the ends of its interval (y, per cent from the top), or None."""

    x: float
    y: float
    radius: float
    title: str
    low: float | None = None
    high: float | None = None


class Plot(NamedTuple):
    """One panel: axes, lines, dots, perhaps a diagonal and a marked x."""

    label: str
    x: Axis
    y: Axis
    x_label: str
    y_label: str
    summary: str
    lines: tuple[Line, ...] = ()
    dots: tuple[Dot, ...] = ()
    diagonal: bool = False
    mark: Tick | None = None


class Row(NamedTuple):
    """One finding as a dot with its interval, in per cent."""

    label: str
    look: str
    noted: Noted
    at: float
    low: float | None
    high: float | None


class Strip(NamedTuple):
    """Several findings of one measure on one axis; `unit` stands in the heading where it would not fit beside each number."""

    name: str
    better: str | None
    unit: str
    axis: Axis
    rows: tuple[Row, ...]


class Cell(NamedTuple):
    """How often one class was called another: the number, its share of the true class in per cent, and what that says."""

    number: int
    share: int
    right: bool
    title: str


class Matrix(NamedTuple):
    """A confusion matrix and the confusions that happen most; `size` is that of its cells, `long` labels stand upright."""

    labels: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    totals: tuple[int, ...]
    worst: tuple[tuple[str, str, int, int], ...]
    size: str
    long: bool


def axis(
    values: Iterable[float], *, log: bool = False, bounds: tuple[float, float] | None = None, pad: float = 0.0, ticks: int = 4
) -> Axis:
    """Return an axis that holds all values (subnormal ones as 0), with about `ticks` ticks; `bounds` are never crossed."""
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


def curves(content: Mapping[str, Any]) -> tuple[Plot, ...]:
    """Return a plot for each panel of a ``curves`` exhibit."""
    x_values = content["x"]["values"]
    x_axis = axis(x_values)
    mark = content.get("mark")
    at = Tick(x_axis.place(mark["x"]), mark["label"]) if mark else None
    plots = []
    for panel in content["panels"]:
        series = [
            (s["name"], [(x, y) for x, y in zip(x_values, s["values"], strict=True) if y is not None]) for s in panel["series"]
        ]
        series = [(name, points) for name, points in series if points]
        y_axis = axis((y for _, points in series for _, y in points), log=panel["log"], pad=0.04)
        lines = tuple(_line(name, n, points, x_axis, y_axis) for n, (name, points) in enumerate(series))
        told = [f"{name} from {words.number(points[0][1])} to {words.number(points[-1][1])}" for name, points in series]
        summary = f"{panel['label']} by {content['x']['label']}: " + "; ".join(told)
        plots.append(Plot(panel["label"], x_axis, y_axis, content["x"]["label"], "", summary, lines, mark=at))
    return tuple(plots)


def reliability(content: Mapping[str, Any]) -> Plot:
    """Return the plot of a ``reliability`` exhibit: a dot a bin, larger where there are more rows, with its interval."""
    bins = [b for b in content["bins"] if b["count"]]
    ends = [100 * v for b in bins for v in (b["confidence"], b["accuracy"], b["low"], b["high"])]
    span = axis([*ends, 100.0], bounds=(0.0, 100.0), pad=0.03)
    most = max((b["count"] for b in bins), default=1)
    dots = tuple(
        Dot(
            _round(span.place(100 * b["confidence"])),
            _round(100 - span.place(100 * b["accuracy"])),
            2.5 + 4 * math.sqrt(b["count"] / most),
            _bin(b),
            _round(100 - span.place(100 * b["low"])),
            _round(100 - span.place(100 * b["high"])),
        )
        for b in bins
    )
    summary = "Share right against claimed confidence. " + "; ".join(d.title for d in dots)
    return Plot("", span, span, "claimed confidence, %", "right, %", summary, dots=dots, diagonal=True)


def scatter(content: Mapping[str, Any]) -> Plot:
    """Return the plot of a ``scatter`` exhibit; of more points than can be told apart, evenly spaced ones."""
    x_values, y_values = content["x"]["values"], content["y"]["values"]
    shared = [*x_values, *y_values] if content["diagonal"] else None
    x_axis, y_axis = axis(shared or x_values, pad=0.03), axis(shared or y_values, pad=0.03)
    dots = tuple(
        Dot(_round(x_axis.place(x)), _round(100 - y_axis.place(y)), 2.5, f"{words.number(x)}, {words.number(y)}")
        for x, y in _thin(list(zip(x_values, y_values, strict=True)))
    )
    summary = f"{content['y']['label']} against {content['x']['label']}, {words.count(len(x_values), 'point')}"
    return Plot("", x_axis, y_axis, content["x"]["label"], content["y"]["label"], summary, dots=dots, diagonal=content["diagonal"])


def strips(measures: Mapping[str, Sequence[Noted]], labels: Mapping[int, str]) -> tuple[Strip, ...]:
    """Return a strip a measure; those in per cent of which more is better share one axis, so that they can be compared.

    `labels` says what stands before each finding, by its place in the report.
    """
    known = {name: [one for one in found if one.finding.value is not None] for name, found in measures.items()}
    known = {name: found for name, found in known.items() if found}
    alike = [name for name, found in known.items() if words.unit(found[0].finding) == "%" and found[0].finding.better == "higher"]
    shared = _strip_axis([one for name in alike for one in known[name]]) if alike else None
    result = []
    for name, found in known.items():
        on = shared if shared and name in alike else _strip_axis(found)
        rows = tuple(_row(one, labels[one.at], on) for one in found)
        first = found[0].finding
        unit = words.unit(first) or first.unit
        result.append(Strip(name, first.better, "" if unit in ("%", "1") else unit, on, rows))
    return tuple(result)


def matrix(content: Mapping[str, Any]) -> Matrix:
    """Return the cells of a ``matrix`` exhibit, with the confusions that happen most."""
    labels = tuple(str(label) for label in content["labels"])
    counts: Sequence[Sequence[int]] = content["counts"]
    totals = tuple(sum(row) for row in counts)
    rows = tuple(tuple(_cell(labels, t, p, n, totals[t]) for p, n in enumerate(row)) for t, row in enumerate(counts))
    wrong = sorted(
        ((n, t, p) for t, row in enumerate(counts) for p, n in enumerate(row) if n and t != p), key=lambda w: (-w[0], w[1:])
    )
    worst = tuple((labels[t], labels[p], n, totals[t]) for n, t, p in wrong[:8])
    size = "large" if len(labels) <= 14 else "medium" if len(labels) <= 40 else "small"
    return Matrix(labels, rows, totals, worst, size, any(len(label) > 3 for label in labels))


def _bin(b: Mapping[str, Any]) -> str:
    rows = words.count(b["count"], "row")
    return f"{rows} at {b['confidence']:.1%} confidence: {b['accuracy']:.1%} right ({b['low']:.1%} to {b['high']:.1%})"


def _cell(labels: Sequence[str], true: int, said: int, n: int, total: int) -> Cell:
    what = f"{labels[true]}, named right" if true == said else f"{labels[true]}, taken for {labels[said]}"
    title = f"{what}: {n:,} of {total:,} ({100 * n / total:.3g} %)" if n else ""
    return Cell(n, max(1, round(100 * n / total)) if n else 0, true == said, title)


def _strip_axis(found: Sequence[Noted]) -> Axis:
    values = []
    for one in found:
        by = words.scale(one.finding)
        values += [by * v for v in (one.finding.value, *(one.finding.interval or ())) if v is not None]
    bounds = (0.0, 100.0) if all(words.unit(one.finding) == "%" for one in found) else None
    drawn = axis(values, bounds=bounds, pad=0.08, ticks=3)
    if sum(len(tick.label) for tick in drawn.ticks) <= 12:
        return drawn
    # A strip is narrow: long labels would run into each other, so that only the ends keep theirs.
    last = len(drawn.ticks) - 1
    return drawn._replace(ticks=tuple(t if k in (0, last) else Tick(t.at, "") for k, t in enumerate(drawn.ticks)))


def _row(one: Noted, label: str, on: Axis) -> Row:
    finding = one.finding
    assert finding.value is not None
    by = words.scale(finding)
    low, high = (_round(on.place(by * v)) for v in finding.interval) if finding.interval else (None, None)
    look = finding.split if finding.split in SPLITS else "other"
    return Row(label, look, one, _round(on.place(by * finding.value)), low, high)


def _line(name: str, number: int, points: Sequence[tuple[float, float]], x: Axis, y: Axis) -> Line:
    placed = [(_round(x.place(a)), _round(100 - y.place(b))) for a, b in _thin(points)]
    look = name if name in SPLITS else f"c{number % COLOURS}"
    return Line(name, look, " ".join(f"{a:g},{b:g}" for a, b in placed), placed[-1])


def _thin(points: Sequence[tuple[float, float]]) -> Sequence[tuple[float, float]]:
    if len(points) <= MOST_POINTS:
        return points
    last = len(points) - 1
    return [points[round(k * last / (MOST_POINTS - 1))] for k in range(MOST_POINTS)]


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
        return words.power(f"{value / 10.0**exponent:.3g}", exponent)
    return f"{value:,.{places}f}".replace("-", words.MINUS) if round(value, places) else "0"


def _round(value: float) -> float:
    return round(value, 2)
