"""Where things stand in charts: exact positions, round ticks, and nothing outside of the axes."""

from __future__ import annotations

import pytest
from declared import WORDS
from hypothesis import given
from hypothesis import strategies as st

from leadline.core.catalogue import say
from leadline.core.finding import Finding
from leadline.rendering import axes, charts
from leadline.rendering.outline import Noted
from leadline.rendering.scatter import MOST_MAPPED, scatter

finite = st.floats(-1e9, 1e9)


@given(st.lists(finite, min_size=1, max_size=20), st.booleans())
def test_an_axis_holds_its_values_and_its_ticks(values: list[float], log: bool) -> None:
    axis = axes.axis(values, log=log, pad=0.05)
    assert axis.low <= min(values)
    assert axis.high >= max(values)
    assert all(0 <= tick.at <= 100 for tick in axis.ticks)
    assert [t.at for t in axis.ticks] == sorted(t.at for t in axis.ticks)
    assert len(axis.ticks) <= 8


def test_ticks_are_round() -> None:
    assert [t.label for t in axes.axis([0.0, 100.0]).ticks] == ["0", "20", "40", "60", "80", "100"]
    assert [t.label for t in axes.axis([0.001, 2.0], log=True).ticks] == ["0.001", "0.01", "0.1", "1"]
    assert [t.label for t in axes.axis([0.0, 4e6]).ticks] == ["0", "1×10⁶", "2×10⁶", "3×10⁶", "4×10⁶"]
    assert axes.axis([-1.0, 1.0]).ticks[0].label == "−1.0"


def test_labels_that_would_touch_are_left_out() -> None:
    drawn = axes.axis([0.55, 0.65], ticks=3)
    assert [t.label for t in drawn.ticks] == ["0.55", "0.60", "0.65"]
    assert [t.label for t in axes.spaced(drawn, charts.STRIP).ticks] == ["0.55", "", "0.65"]
    wide = axes.axis([0.0, 50_000.0])
    assert [t.label for t in axes.spaced(wide, charts.PANEL).ticks] == ["0", "", "", "", "", "50,000"]
    assert axes.spaced(axes.axis([0.0, 100.0]), charts.PANEL) == axes.axis([0.0, 100.0])


def test_axes_of_counts_have_whole_numbers_alone() -> None:
    assert [t.label for t in axes.axis([1.0, 2.0, 3.0], whole=True).ticks] == ["1", "2", "3"]
    assert [t.label for t in axes.axis([0.1, 2.5], whole=True).ticks] == ["1", "2"]
    assert axes.counts([1.0, 2.0, 2.4]) and not axes.counts([0.5, 1.0])
    panel = {"label": "Loss", "log": False, "series": [{"name": "train", "values": [2.0, 1.0]}]}
    (plot,) = charts.curves({"x": {"label": "epoch", "values": [1.0, 2.0]}, "panels": [panel]})
    assert [t.label for t in plot.x.ticks] == ["1", "2"]


def test_bounds_are_never_crossed_and_a_constant_has_an_axis() -> None:
    axis = axes.axis([60.0, 99.9], bounds=(0.0, 100.0), pad=0.2)
    assert axis.high == 100.0
    assert axes.axis([5.0, 5.0]).place(5.0) == pytest.approx(50.0)
    assert axes.axis([]).place(0.5) == 50.0


def test_log_falls_back_to_linear_where_there_are_values_without_a_logarithm() -> None:
    assert not axes.axis([0.0, 10.0], log=True).log
    assert axes.axis([0.1, 10.0], log=True).place(1.0) == pytest.approx(50.0)


def test_curves_leave_out_what_was_not_measured() -> None:
    content = {
        "x": {"label": "epoch", "values": [1.0, 2.0, 3.0]},
        "mark": {"x": 2.0, "label": "shipped"},
        "panels": [
            {"label": "loss", "log": False, "series": [
                {"name": "train", "values": [3.0, 2.0, 1.0]},
                {"name": "validation", "values": [None, 2.0, None]},
                {"name": "nothing", "values": [None, None, None]},
            ]}
        ],
    }  # fmt: skip
    (plot,) = charts.curves(content)
    assert [line.name for line in plot.lines] == ["train", "validation"]
    assert [line.look for line in plot.lines] == ["train", "validation"]
    assert plot.lines[0].points.split()[0].startswith("0,")
    assert plot.lines[1].points == "50,50"
    assert plot.mark == axes.Tick(50.0, "shipped")
    assert plot.summary == "loss by epoch: train from 3 to 1; validation from 2 to 2"


def test_curves_of_metrics_have_their_titles() -> None:
    series = [{"name": "validation", "values": [1.0, 2.0]}]
    panels = [{"label": name, "log": False, "series": series} for name in ("loss", "mse_scaled")]
    content = {"x": {"label": "epoch", "values": [1.0, 2.0]}, "panels": panels}
    first, second = charts.curves(content, {"mse_scaled": "normalised MSE"})
    assert (first.label, second.label) == ("loss", "normalised MSE")
    assert "mse_scaled" not in second.summary


def test_long_curves_are_thinned_but_keep_their_ends() -> None:
    values = [float(k) for k in range(10_000)]
    content = {
        "x": {"label": "step", "values": values},
        "panels": [{"label": "y", "log": False, "series": [{"name": "a", "values": values}]}],
    }
    line = charts.curves(content)[0].lines[0]
    points = line.points.split()
    assert len(points) == charts.MOST_POINTS
    assert points[0].startswith("0,")
    assert points[-1].startswith("100,")


CONFUSED = say("page.confusion", actual="a", predicted="b", n=2, total=10, share="20\u202f%")


def test_the_confusion_matrix_counts_shares_of_the_true_class() -> None:
    matrix = charts.matrix({"labels": ["a", "b", "c"], "counts": [[8, 2, 0], [0, 5, 0], [0, 0, 0]]})
    assert matrix.totals == (10, 5, 0)
    assert matrix.rows[0][1] == charts.Cell(2, 20, False, CONFUSED)
    assert matrix.rows[1][1].right
    assert matrix.rows[2][2] == charts.Cell(0, 0, True, "")
    assert matrix.worst == (("a", "b", 2, 10),)
    assert matrix.size == "large"
    labels = [str(k) for k in range(100)]
    assert charts.matrix({"labels": labels, "counts": [[1] * 100] * 100}).size == "small"


def test_reliability_leaves_out_empty_bins_and_draws_the_diagonal_on_equal_axes() -> None:
    bins = [
        {"confidence": 0.0, "accuracy": 0.0, "low": 0.0, "high": 0.0, "count": 0},
        {"confidence": 0.75, "accuracy": 0.5, "low": 0.4, "high": 0.6, "count": 40},
    ]
    plot = charts.reliability({"bins": bins})
    assert plot.x == plot.y
    assert plot.diagonal
    (dot,) = plot.dots
    assert dot.x == pytest.approx(plot.x.place(75), abs=0.01)
    assert dot.low is not None
    assert dot.high is not None
    assert dot.high < dot.y < dot.low


def test_scatter_thins_and_shares_axes_with_a_diagonal() -> None:
    content = {
        "x": {"label": "true", "values": [float(k) for k in range(5000)]},
        "y": {"label": "said", "values": [0.0] * 5000},
        "diagonal": True,
    }
    plot = scatter(content)
    assert len(plot.dots) == charts.MOST_POINTS
    assert (plot.x.low, plot.x.high) == (plot.y.low, plot.y.high)
    assert "5,000 points" in plot.summary


def test_a_map_has_colours_for_classes_and_says_which_row_a_point_is() -> None:
    rows = MOST_MAPPED + 100
    content = {
        "x": {"label": "", "values": [float(k) for k in range(rows)]},
        "y": {"label": "", "values": [float(k % 7) for k in range(rows)]},
        "diagonal": False,
        "bare": True,
        "titles": [f"cat: row {k}" for k in range(rows)],
        "classes": {"names": ["cat", "d\u202eog"], "values": [k % 2 for k in range(rows)]},
    }
    plot = scatter(content)
    assert len(plot.dots) == MOST_MAPPED
    assert plot.dots[0].title == "cat: row 0"
    assert {dot.look for dot in plot.dots} == {"c0", "c1"}
    assert [(line.name, line.look) for line in plot.names] == [("cat", "c0"), ("dog", "c1")]
    assert plot.x.ticks == plot.y.ticks == ()
    assert plot.summary == f"Map of {rows:,} points"


def noted(at: int, name: str, value: float | None, interval: tuple[float, float] | None, better: str) -> Noted:
    if value is None:
        return Noted(at, Finding.absent(name, "why not", split="test"))
    return Noted(at, Finding(name=name, split="test", value=value, interval=interval, better=better))  # type: ignore[arg-type]


def test_strips_share_a_scale_where_they_can_be_compared() -> None:
    measures = {
        "accuracy": [noted(0, "accuracy", 0.9, (0.8, 0.95), "higher")],
        "recall_macro": [noted(1, "recall_macro", 0.5, (0.4, 0.6), "higher")],
        "ece": [noted(2, "ece", 0.01, (0.005, 0.02), "lower")],
        "nll": [noted(3, "nll", 0.3, None, "lower")],
        "gone": [noted(4, "gone", None, None, "lower")],
    }
    first, second, ece, nll = charts.strips(measures, dict.fromkeys(range(5), "test"), WORDS)
    assert first.axis == second.axis
    assert ece.axis != first.axis
    assert ece.axis.low >= 0
    assert (nll.rows[0].low, nll.rows[0].high) == (None, None)
    low, at, high = first.rows[0].low, first.rows[0].at, first.rows[0].high
    assert low is not None
    assert high is not None
    assert low < at < high


def test_lines_have_points_of_their_own_and_dots_intervals_both_ways() -> None:
    content = {
        "x": {"label": "false positive rate", "bounds": [0.0, 1.0]},
        "y": {"label": "true positive rate", "bounds": [0.0, 1.0]},
        "series": [
            {"name": "a", "x": [0.0, 0.5, 1.0], "y": [0.0, 0.9, 1.0]},
            {"name": "b", "x": [0.0, 1.0], "y": [0.0, 1.0]},
        ],
        "points": [
            {"name": "as decided", "x": 0.25, "x_low": 0.2, "x_high": 0.3, "y": 0.75, "y_low": 0.6, "y_high": 0.8}
        ],
        "diagonal": True,
        "level": {"y": 0.4, "label": "guessing"},
    }
    plot = charts.lines(content)
    assert (plot.x.low, plot.x.high, plot.y.low, plot.y.high) == (0, 1, 0, 1)
    assert [line.points for line in plot.lines] == ["0,100 50,10 100,0", "0,100 100,0"]
    (dot,) = plot.dots
    assert (dot.x, dot.y, dot.left, dot.right, dot.low, dot.high) == (25, 25, 20, 30, 40, 20)
    assert plot.level == axes.Tick(60, "guessing")
    assert "as decided: true positive rate 0.750 (0.600 to 0.800), false positive rate 0.250" in plot.summary
    assert charts.lines({**content, "points": [], "level": None}).level is None
