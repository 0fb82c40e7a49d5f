"""Points of two quantities, and maps of rows, each in the colour of its class; where they stand, in per cent of the
plot area.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from leadline.core import wording
from leadline.core.catalogue import say
from leadline.core.safe_text import visible
from leadline.rendering.axes import axis, spaced
from leadline.rendering.charts import COLOURS, MOST_POINTS, PANEL, Dot, Line, Plot, thin

MOST_MAPPED = 2_000  # points of a map, where each can be asked which row it is


def scatter(content: Mapping[str, Any]) -> Plot:
    """Return the plot of a ``scatter`` exhibit; of more points than can be told apart, evenly spaced ones.

    Colours tell more of them apart. Which class and which row a point is stands in its title.
    """
    x_values, y_values, classes = content["x"]["values"], content["y"]["values"], content.get("classes")
    shared = [*x_values, *y_values] if content["diagonal"] else None
    x_axis, y_axis = spaced(axis(shared or x_values, pad=0.03), PANEL), axis(shared or y_values, pad=0.03)
    if content.get("bare"):
        x_axis, y_axis = x_axis._replace(ticks=()), y_axis._replace(ticks=())
    titles = content.get("titles") or [
        f"{wording.number(x)}, {wording.number(y)}" for x, y in zip(x_values, y_values, strict=True)
    ]
    looks = [f"c{number % COLOURS}" for number in classes["values"]] if classes else [""] * len(x_values)
    points = list(zip(x_values, y_values, titles, looks, strict=True))
    mapped = "titles" in content
    dots = tuple(
        Dot(_round(x_axis.place(x)), _round(100 - y_axis.place(y)), 2.5, visible(title), look=look)
        for x, y, title, look in thin(points, MOST_MAPPED if mapped else MOST_POINTS)
    )
    named = (
        tuple(
            Line(visible(name), f"c{number % COLOURS}", "", (0.0, 0.0)) for number, name in enumerate(classes["names"])
        )
        if classes
        else ()
    )
    labels = content["x"]["label"], content["y"]["label"]
    count = f"{len(x_values):,}"
    what = (
        say("page.points", up=labels[1], across=labels[0], count=count) if any(labels) else say("page.map", count=count)
    )
    return Plot(
        "",
        x_axis,
        y_axis,
        *labels,
        what,
        dots=dots,
        diagonal=content["diagonal"],
        names=named,
    )


def _round(value: float) -> float:
    return round(value, 2)
