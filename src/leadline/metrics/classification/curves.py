"""The curves behind two measures: ROC (the area under it) and precision–recall (average precision), as exhibits hold
them.

Shapes: n rows, C classes, T different scores from high to low.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leadline.core.catalogue import say
from leadline.metrics.classification.confusion import confusion_of, precision, recall
from leadline.metrics.classification.precision_recall import steps
from leadline.metrics.statistics.intervals import Floats, Ints

MOST_CLASSES = 10  # one-vs-rest curves that can be told apart
MOST_POINTS = 300  # of a curve


def roc(positive_n: NDArray[np.bool_], score_n: Floats) -> tuple[Floats, Floats]:
    """Return false and true positive rates (T+1,), from calling nothing positive to calling everything so."""
    rows_T, positives_T, _ = steps(positive_n, score_n)
    negatives_T = rows_T - positives_T
    return tuple(np.concatenate([[0.0], side_T / side_T[-1]]) for side_T in (negatives_T, positives_T))  # type: ignore[return-value]


def precision_recall(positive_n: NDArray[np.bool_], score_n: Floats) -> tuple[Floats, Floats]:
    """Return recall and precision (T,) at each different score, from the highest down."""
    rows_T, positives_T, _ = steps(positive_n, score_n)
    return positives_T / positives_T[-1], positives_T / rows_T


def content(
    target_n: Ints,
    probability_nC: Floats,
    predicted_n: Ints,
    classes: Sequence[str],
    positive: int | None,
    group_n: Ints | None = None,
) -> dict[str, Mapping[str, Any]]:
    """Return the contents of the exhibits ``roc`` and ``precision_recall``; none where there are too many classes, or
    only one.

    With two classes it is the curve of `positive`, with the decisions that were made as a point and its 95 % intervals;
    with more one of each class that has rows against the rest.
    """
    some = [positive] if positive is not None else list(range(len(classes)))
    held = [c for c in some if 0 < np.sum(target_n == c) < len(target_n)]
    if not held or len(some) > MOST_CLASSES:
        return {}
    labels = [classes[c] for c in held]
    curves = [
        (roc(target_n == c, probability_nC[:, c]), precision_recall(target_n == c, probability_nC[:, c])) for c in held
    ]
    x_y = {
        "roc": (say("exhibits.false-positive-rate"), say("exhibits.true-positive-rate")),
        "precision_recall": (say("exhibits.recall"), say("exhibits.precision")),
    }
    points: Mapping[str, list[Any]] = {"roc": [], "precision_recall": []}
    if positive is not None:
        points = _decided(target_n, predicted_n, positive, group_n)
    level = float(np.mean(target_n == positive)) if positive is not None else None
    return {
        name: {
            "x": {"label": x, "bounds": [0.0, 1.0]},
            "y": {"label": y, "bounds": [0.0, 1.0]},
            "series": [_series(label, *curve[at]) for label, curve in zip(labels, curves, strict=True)],
            "points": points[name],
            "diagonal": name == "roc",
            "level": {"y": level, "label": say("exhibits.chance")}
            if name == "precision_recall" and level is not None
            else None,
        }
        for at, (name, (x, y)) in enumerate(x_y.items())
    }


def _series(name: str, x: Floats, y: Floats) -> dict[str, Any]:
    at = _thinned(x, y)
    return {"name": name, "x": x[at].tolist(), "y": y[at].tolist()}


def _thinned(x: Floats, y: Floats) -> Ints:
    """Return the positions of points that are evenly spaced along a curve: steep parts keep as many as flat ones."""
    if len(x) <= MOST_POINTS:
        return np.arange(len(x))
    way = np.concatenate([[0.0], np.cumsum(np.abs(np.diff(x)) + np.abs(np.diff(y)))])
    at = np.searchsorted(way, np.linspace(0, way[-1], MOST_POINTS))
    return np.unique(np.concatenate([[0], at.clip(max=len(x) - 1), [len(x) - 1]]))


def _decided(target_n: Ints, predicted_n: Ints, positive: int, group_n: Ints | None) -> Mapping[str, list[Any]]:
    """Return where the decisions that were made stand on both curves; no point where a rate is not defined."""
    counted = confusion_of(target_n, predicted_n, 2, group_n)
    found, kept = recall(counted, (0.95,))[positive], recall(counted, (0.95,))[1 - positive]
    right = precision(counted, (0.95,))[positive]
    points: dict[str, list[Any]] = {"roc": [], "precision_recall": []}
    if found.value is None or kept.value is None:
        return points
    low, high = kept.intervals[0]
    name = say("exhibits.at-threshold")
    sensitive = _place("y", found.value, *found.intervals[0])
    points["roc"] = [{"name": name, **_place("x", 1 - kept.value, 1 - high, 1 - low), **sensitive}]
    if right.value is not None:
        recalled = _place("x", found.value, *found.intervals[0])
        points["precision_recall"] = [{"name": name, **recalled, **_place("y", right.value, *right.intervals[0])}]
    return points


def _place(axis: str, value: float, low: float, high: float) -> dict[str, float]:
    return {axis: value, f"{axis}_low": low, f"{axis}_high": high}
