"""Where everything in a chart stands, in per cent of the plot area; `templates/macros.html.j2` draws it.

Positions are percentages and text is text, so that a chart fits any width, follows the page's colours, and shows any
script.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar

from leadline.core import wording
from leadline.core.catalogue import say
from leadline.core.safe_text import apart, visible
from leadline.rendering.axes import Axis, Tick, axis, counts, spaced
from leadline.rendering.outline import SPLITS, Noted

MOST_POINTS = 400  # of one line or scatter: more cannot be told apart on a page
COLOURS = 10
STRIP, PANEL = 12, 30  # characters that labels of an axis have room for where it is narrowest
P = TypeVar("P")


class Line(NamedTuple):
    """A polyline in a 100 × 100 box whose y runs downwards; `end` is where its last point stands."""

    name: str
    look: str
    points: str
    end: tuple[float, float]


class Band(NamedTuple):
    """What lies between two lines, as a polygon in the same box as a `Line`."""

    look: str
    points: str


class Dot(NamedTuple):
    """A point; `low` and `high` are the ends of its interval in y (per cent from the top), `left` and `right` in x, or
    None.
    """

    x: float
    y: float
    radius: float
    title: str
    low: float | None = None
    high: float | None = None
    left: float | None = None
    right: float | None = None
    look: str = ""


class Plot(NamedTuple):
    """One panel: axes, lines, bands around some, dots, perhaps a diagonal, a marked x and a marked y (per cent from the
    top).

    `names` says what the colours of dots stand for.
    """

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
    level: Tick | None = None
    bands: tuple[Band, ...] = ()
    names: tuple[Line, ...] = ()


class Row(NamedTuple):
    """One finding as a dot with its interval, in per cent."""

    label: str
    look: str
    noted: Noted
    at: float
    low: float | None
    high: float | None


class Strip(NamedTuple):
    """Several findings of one measure on one axis; `unit` stands in the heading where it would not fit beside each
    number.
    """

    name: str
    better: str | None
    unit: str
    axis: Axis
    rows: tuple[Row, ...]


class Cell(NamedTuple):
    """How often one class was called another: the number, its share of the true class in per cent, and what that
    says.
    """

    number: int
    share: int
    right: bool
    title: str


class Matrix(NamedTuple):
    """A confusion matrix and the confusions that happen most; `size` is that of its cells, `long` labels stand
    upright.
    """

    labels: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    totals: tuple[int, ...]
    worst: tuple[tuple[str, str, int, int], ...]
    size: str
    long: bool


def curves(content: Mapping[str, Any], titles: Mapping[str, str] = MappingProxyType({})) -> tuple[Plot, ...]:
    """Return a plot for each panel of a ``curves`` exhibit; `titles` say what metrics are called, by their names."""
    x_values = content["x"]["values"]
    x_axis = spaced(axis(x_values, log=content["x"].get("log", False), whole=counts(x_values)), PANEL)
    mark = content.get("mark")
    at = Tick(x_axis.place(mark["x"]), mark["label"]) if mark else None
    plots = []
    for panel in content["panels"]:
        series = [
            (s["name"], [(x, y) for x, y in zip(x_values, s["values"], strict=True) if y is not None])
            for s in panel["series"]
        ]
        series = [(name, points) for name, points in series if points]
        y_axis = axis((y for _, points in series for _, y in points), log=panel["log"], pad=0.04)
        lines = tuple(_line(name, n, points, x_axis, y_axis) for n, (name, points) in enumerate(series))
        told = [curve_in_words(name, points[0][1], points[-1][1]) for name, points in series]
        label = titles.get(panel["label"], panel["label"])
        summary = say("page.plot", label=label, across=content["x"]["label"], curves="; ".join(told))
        plots.append(Plot(label, x_axis, y_axis, content["x"]["label"], "", summary, lines, mark=at))
    return tuple(plots)


def reliability(content: Mapping[str, Any]) -> Plot:
    """Return the plot of a ``reliability`` exhibit: a dot a bin, larger where there are more rows, with its
    interval.
    """
    bins = [b for b in content["bins"] if b["count"]]
    claimed, seen = content.get("claimed", say("page.confidence")), content.get("seen", say("page.correct"))
    ends = [100 * v for b in bins for v in (b["confidence"], b["accuracy"], b["low"], b["high"])]
    span = axis([*ends, 100.0], bounds=(0.0, 100.0), pad=0.03)
    most = max((b["count"] for b in bins), default=1)
    dots = tuple(
        Dot(
            _round(span.place(100 * b["confidence"])),
            _round(100 - span.place(100 * b["accuracy"])),
            2.5 + 4 * math.sqrt(b["count"] / most),
            _bin(b, claimed, seen),
            _round(100 - span.place(100 * b["low"])),
            _round(100 - span.place(100 * b["high"])),
        )
        for b in bins
    )
    summary = "; ".join(d.title for d in dots)
    x_label, y_label = say("page.share-of", label=claimed), say("page.share-of", label=seen)
    return Plot("", span, span, x_label, y_label, summary, dots=dots, diagonal=True)


def lines(content: Mapping[str, Any]) -> Plot:
    """Return the plot of a ``lines`` exhibit: each line with its own points, dots with intervals both ways."""
    x, y, level = content["x"], content["y"], content["level"]
    x_values = [v for s in content["series"] for v in s["x"]] + x["bounds"]
    x_axis = spaced(axis(x_values, bounds=tuple(x["bounds"])), PANEL)
    y_axis = axis([v for s in content["series"] for v in s["y"]] + y["bounds"], bounds=tuple(y["bounds"]))
    drawn = tuple(
        _line(s["name"], n, list(zip(s["x"], s["y"], strict=True)), x_axis, y_axis)
        for n, s in enumerate(content["series"])
    )
    dots = tuple(
        Dot(
            _round(x_axis.place(p["x"])),
            _round(100 - y_axis.place(p["y"])),
            4.5,
            f"{p['name']}: {_between(y['label'], p, 'y')}, {_between(x['label'], p, 'x')}",
            _round(100 - y_axis.place(p["y_low"])),
            _round(100 - y_axis.place(p["y_high"])),
            _round(x_axis.place(p["x_low"])),
            _round(x_axis.place(p["x_high"])),
        )
        for p in content["points"]
    )
    named = ", ".join(line.name for line in drawn)
    summary = say("page.points-of", up=y["label"], across=x["label"], names=named)
    summary = " ".join((summary, "; ".join(d.title for d in dots)))
    at = Tick(_round(100 - y_axis.place(level["y"])), level["label"]) if level else None
    return Plot("", x_axis, y_axis, x["label"], y["label"], summary.strip(), drawn, dots, content["diagonal"], level=at)


def _between(label: str, point: Mapping[str, Any], key: str) -> str:
    value, low, high = (point[name] for name in (key, f"{key}_low", f"{key}_high"))
    return say("page.with-interval", label=label, value=f"{value:.3f}", low=f"{low:.3f}", high=f"{high:.3f}")


def curve_in_words(name: str, first: float, last: float) -> str:
    """Return where a curve begins and where it ends."""
    return say("page.curve", name=name, first=wording.number(first), last=wording.number(last))


def strips(
    measures: Mapping[str, Sequence[Noted]], labels: Mapping[int, str], words: wording.Wording
) -> tuple[Strip, ...]:
    """Return a strip a measure; those in per cent of which more is better share one axis, so that they can be compared.

    `labels` says what stands before each finding, by its place in the report.
    """
    known = {name: [one for one in found if one.finding.value is not None] for name, found in measures.items()}
    known = {name: found for name, found in known.items() if found}
    alike = [
        name
        for name, found in known.items()
        if words.unit(found[0].finding) == "%" and found[0].finding.better == "higher"
    ]
    shared = _strip_axis([one for name in alike for one in known[name]], words) if alike else None
    result = []
    for name, found in known.items():
        on = shared if shared and name in alike else _strip_axis(found, words)
        rows = tuple(_row(one, labels[one.at], on, words) for one in found)
        first = found[0].finding
        unit = words.unit(first) or first.unit
        result.append(Strip(name, first.better, "" if unit in ("%", "1") else unit, on, rows))
    return tuple(result)


def matrix(content: Mapping[str, Any]) -> Matrix:
    """Return the cells of a ``matrix`` exhibit, with the confusions that happen most."""
    labels = tuple(visible(str(label)) for label in content["labels"])
    counts: Sequence[Sequence[int]] = content["counts"]
    totals = tuple(sum(row) for row in counts)
    rows = tuple(tuple(_cell(labels, t, p, n, totals[t]) for p, n in enumerate(row)) for t, row in enumerate(counts))
    wrong = sorted(
        ((n, t, p) for t, row in enumerate(counts) for p, n in enumerate(row) if n and t != p),
        key=lambda w: (-w[0], w[1:]),
    )
    worst = tuple((apart(labels[t]), apart(labels[p]), n, totals[t]) for n, t, p in wrong[:8])
    size = "large" if len(labels) <= 14 else "medium" if len(labels) <= 40 else "small"
    return Matrix(labels, rows, totals, worst, size, any(len(label) > 3 for label in labels))


def _bin(b: Mapping[str, Any], claimed: str, seen: str) -> str:
    confidence, value, low, high = (f"{100 * b[key]:.1f}" for key in ("confidence", "accuracy", "low", "high"))
    return say(
        "page.bin",
        claimed=claimed,
        confidence=f"{confidence}{wording.SPACE}%",
        seen=seen,
        value=f"{value}{wording.SPACE}%",
        low=low,
        high=f"{high}{wording.SPACE}%",
        n=f"{b['count']:,}",
    )


def _cell(labels: Sequence[str], true: int, said: int, n: int, total: int) -> Cell:
    title = ""
    if n:
        share = f"{100 * n / total:.3g}{wording.SPACE}%"
        names = {"actual": apart(labels[true]), "predicted": apart(labels[said])}
        title = say("page.confusion", n=f"{n:,}", total=f"{total:,}", share=share, **names)
    return Cell(n, max(1, round(100 * n / total)) if n else 0, true == said, title)


def _strip_axis(found: Sequence[Noted], words: wording.Wording) -> Axis:
    values = []
    for one in found:
        by = words.scale(one.finding)
        values += [by * v for v in (one.finding.value, *(one.finding.interval or ())) if v is not None]
    bounds = (0.0, 100.0) if all(words.unit(one.finding) == "%" for one in found) else None
    return spaced(axis(values, bounds=bounds, pad=0.08, ticks=3), STRIP)


def _row(one: Noted, label: str, on: Axis, words: wording.Wording) -> Row:
    finding = one.finding
    assert finding.value is not None
    by = words.scale(finding)
    low, high = (_round(on.place(by * v)) for v in finding.interval) if finding.interval else (None, None)
    look = finding.split if finding.split in SPLITS else "other"
    return Row(label, look, one, _round(on.place(by * finding.value)), low, high)


def _line(name: str, number: int, points: Sequence[tuple[float, float]], x: Axis, y: Axis) -> Line:
    placed = [(_round(x.place(a)), _round(100 - y.place(b))) for a, b in thin(points)]
    look = name if name in SPLITS else f"c{number % COLOURS}"
    return Line(name, look, " ".join(f"{a:g},{b:g}" for a, b in placed), placed[-1])


def thin(points: Sequence[P], most: int = MOST_POINTS) -> Sequence[P]:
    """Return points, of more than `most` evenly spaced ones."""
    if len(points) <= most:
        return points
    last = len(points) - 1
    return [points[round(k * last / (most - 1))] for k in range(most)]


def _round(value: float) -> float:
    return round(value, 2)
