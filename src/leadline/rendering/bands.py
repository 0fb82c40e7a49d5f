"""Lines with bands around them: forecasts, errors by step ahead; where each point stands, in per cent of the plot
area.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from leadline.core.catalogue import say
from leadline.core.safe_text import visible
from leadline.rendering.axes import Axis, Tick, axis, counts, spaced
from leadline.rendering.charts import COLOURS, MOST_POINTS, PANEL, Band, Line, Plot, curve_in_words

Points = Sequence[tuple[float, float, float | None, float | None]]  # x, y, and the ends of the band there, if any


def panels(content: Mapping[str, Any]) -> tuple[Plot, ...]:
    """Return a plot for each panel of a ``bands`` exhibit."""
    return tuple(
        _panel(panel, content["x"]["label"], log=content["x"].get("log", False)) for panel in content["panels"]
    )


def _panel(panel: Mapping[str, Any], x_label: str, *, log: bool) -> Plot:
    stretches = [(series["name"], _stretches(series)) for series in panel["series"]]
    stretches = [(name, found) for name, found in stretches if found]
    points = [point for _, found in stretches for stretch in found for point in stretch]
    mark = panel.get("mark")
    x_values = [point[0] for point in points]
    x_axis = axis(x_values + ([mark["x"]] if mark else []), log=log, whole=counts(x_values))
    x_axis = spaced(x_axis, PANEL)
    y_axis = axis((value for point in points for value in point[1:] if value is not None), pad=0.04)
    lines, bands, told = [], [], []
    for number, (name, found) in enumerate(stretches):
        look = f"c{number % COLOURS}"
        for place, stretch in enumerate(found):
            lines.append(_line(visible(name) if place == 0 else "", look, stretch, x_axis, y_axis))
            if stretch[0][2] is not None:
                bands.append(Band(look, _around(stretch, x_axis, y_axis)))
        told.append(curve_in_words(visible(name), found[0][0][1], found[-1][-1][1]))
    label = visible(panel["label"])
    at = Tick(x_axis.place(mark["x"]), mark["label"]) if mark else None
    summary = say("page.plot", label=label, across=x_label, curves="; ".join(told))
    return Plot(label, x_axis, y_axis, x_label, "", summary, tuple(lines), mark=at, bands=tuple(bands))


def _stretches(series: Mapping[str, Any]) -> list[Points]:
    """Return the points of a series, thinned, in stretches between which something is missing."""
    count = len(series["x"])
    columns = [series["x"], series["y"], series.get("low", [None] * count), series.get("high", [None] * count)]
    rows = list(zip(*columns, strict=True))
    if count > MOST_POINTS:
        rows = [rows[round(k * (count - 1) / (MOST_POINTS - 1))] for k in range(MOST_POINTS)]
    return [list(found) for known, found in groupby(rows, key=lambda row: row[1] is not None) if known]


def _line(name: str, look: str, stretch: Points, x_axis: Axis, y_axis: Axis) -> Line:
    placed = [_placed(point[0], point[1], x_axis, y_axis) for point in stretch]
    return Line(name, look, _told(placed), placed[-1])


def _around(stretch: Points, x_axis: Axis, y_axis: Axis) -> str:
    low = [_placed(x, y, x_axis, y_axis) for x, _, y, _ in stretch if y is not None]
    high = [_placed(x, y, x_axis, y_axis) for x, _, _, y in stretch if y is not None]
    return _told([*low, *reversed(high)])


def _placed(x: float, y: float, x_axis: Axis, y_axis: Axis) -> tuple[float, float]:
    return round(x_axis.place(x), 2), round(100 - y_axis.place(y), 2)


def _told(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:g},{y:g}" for x, y in points)
