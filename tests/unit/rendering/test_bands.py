"""Lines with bands: gaps stay gaps, points lie within the plot, names are shown in any script."""

from __future__ import annotations

import itertools

from leadline.core.wording import Wording
from leadline.rendering import bands
from leadline.rendering.charts import MOST_POINTS
from leadline.rendering.templating import environment


def content(**series: object) -> dict[str, object]:
    came = {"name": "what came", "x": [-1, 0, 1, 2], "y": [5.0, None, 7.0, 6.0]}
    forecast = {"name": "forecast", "x": [1, 2], "y": [6.0, 6.5], "low": [4.0, 3.0], "high": [8.0, 10.0], **series}
    panel = {"label": "温度 <b>, row 7", "series": [came, forecast], "mark": {"x": 0.5, "label": "forecast from here"}}
    return {"x": {"label": "steps of 1h"}, "panels": [panel]}


def test_a_missing_value_is_a_gap_and_the_name_stands_once() -> None:
    (plot,) = bands.panels(content())
    assert [line.name for line in plot.lines] == ["what came", "", "forecast"]
    assert [line.look for line in plot.lines] == ["c0", "c0", "c1"]
    assert [len(line.points.split()) for line in plot.lines] == [1, 2, 2]
    assert plot.mark is not None and plot.mark.at == 50.0


def test_a_band_goes_along_the_low_ends_and_back_along_the_high_ones() -> None:
    (plot,) = bands.panels(content())
    (band,) = plot.bands
    points = [tuple(map(float, point.split(","))) for point in band.points.split()]
    assert [x for x, _ in points] == [66.67, 100.0, 100.0, 66.67]
    assert points[0][1] > points[3][1]  # y runs downwards
    every = itertools.chain(
        points, *([tuple(map(float, p.split(","))) for p in line.points.split()] for line in plot.lines)
    )
    assert all(0 <= x <= 100 and 0 <= y <= 100 for x, y in every)


def test_long_lines_are_thinned_and_bands_with_them() -> None:
    steps = list(range(5000))
    low, high = [s - 1.0 for s in steps], [s + 1.0 for s in steps]
    series = {"name": "error", "x": steps, "y": [float(s) for s in steps], "low": low, "high": high}
    (plot,) = bands.panels({"x": {"label": "steps"}, "panels": [{"label": "v", "series": [series]}]})
    assert len(plot.lines[0].points.split()) == MOST_POINTS
    assert len(plot.bands[0].points.split()) == 2 * MOST_POINTS


def test_nothing_known_draws_nothing() -> None:
    (plot,) = bands.panels(
        {"x": {"label": "steps"}, "panels": [{"label": "v", "series": [{"name": "a", "x": [1], "y": [None]}]}]}
    )
    assert plot.lines == () and plot.bands == ()


def test_the_page_draws_polygons_and_escapes_names() -> None:
    template = environment(Wording()).from_string(
        "{% from 'macros.html.j2' import plot %}{% for p in plots %}{{ plot(p) }}{% endfor %}"
    )
    html = template.render(plots=bands.panels(content()))
    assert html.count("<polygon") == 1 and html.count("<polyline") == 3
    assert "<bdi>温度 &lt;b&gt;, row 7</bdi>" in html
    assert html.count("<i></i>") == 2  # of two series, though one is in two pieces
