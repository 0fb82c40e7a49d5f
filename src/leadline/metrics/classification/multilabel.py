"""Everything that predicted sets of labels are judged by, from true and predicted sets as 0 and 1, and probabilities
(n,L).

Shapes: n rows, L labels, G units: groups of rows that depend on each other, or rows.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from leadline.core.catalogue import say
from leadline.core.metric import Metric
from leadline.metrics.classification.confusion import F1, F1_MACRO, PRECISION, RECALL
from leadline.metrics.classification.precision_recall import AVERAGE_PRECISION, mean_precision
from leadline.metrics.classification.roc_auc import ROC_AUC, mean_area
from leadline.metrics.statistics.intervals import (
    Floats,
    Ints,
    correlation,
    effective_rows,
    group_sums,
    mean_of_shares,
    over_all,
    proportion,
    ratio,
    wilson,
)
from leadline.metrics.statistics.means import mean_of
from leadline.metrics.statistics.measurement import Levels, Measurement, absent

METRICS = (
    Metric(
        "subset_accuracy",
        "Subset accuracy (exact match)",
        "share of examples whose set of labels is entirely correct",
        "%",
        "higher",
        compared=True,
        of_right_rows=True,
    ),
    Metric("hamming_loss", "Hamming loss", "share of label decisions that are wrong", "%", "lower", compared=True),
    Metric("f1_micro", "F1 (micro)", "F1 over all label decisions pooled", "%", "higher", compared=True),
    F1_MACRO,
    AVERAGE_PRECISION,
    ROC_AUC,
    PRECISION,
    RECALL,
    F1,
)

Key = str | tuple[str, int]
Sets = NDArray[np.bool_]


class Tally(NamedTuple):
    """By unit and label: rows that have it and were given it, that have it, that were given it; and how many rows there
    are.
    """

    right_GL: Floats
    true_GL: Floats
    given_GL: Floats
    rows: int


def measure_all(
    target_nL: Sets, predicted_nL: Sets, probability_nL: Floats, *, levels: Levels = (0.95,), group: Ints | None = None
) -> dict[Key, Measurement]:
    """Return every measure by name, and those of one label by (name, label number).

    Rows with equal numbers in `group` (n,) depend on each other; the labels of a row always do.
    """
    target_nL, predicted_nL = target_nL.astype(bool), predicted_nL.astype(bool)
    labels = target_nL.shape[1]
    if len(target_nL) == 0:
        names: list[Key] = ["subset_accuracy", "hamming_loss", "f1_micro", "f1_macro", "average_precision", "roc_auc"]
        names += [(name, at) for name in ("precision", "recall", "f1") for at in range(labels)]
        return dict.fromkeys(names, absent(say("metrics.no-examples")))
    tally = tally_of(target_nL, predicted_nL, group)
    whole_n = (target_nL == predicted_nL).all(1)
    clustered = group is not None
    name = "Wilson score" + (", effective n of the groups" if clustered else "")
    results: dict[Key, Measurement] = {
        "subset_accuracy": Measurement(float(whole_n.mean()), proportion(whole_n, levels, group), len(whole_n), name),
        "hamming_loss": mean_of((target_nL != predicted_nL).mean(1), levels, group, low=0.0, high=1.0),
        "f1_micro": f1_micro(tally, levels, grouped=clustered),
        "f1_macro": f1_macro(tally, levels, grouped=clustered),
        "average_precision": average_precision(target_nL, probability_nL, levels, group),
        "roc_auc": roc_auc(target_nL, probability_nL, levels, group),
    }
    union_GL = tally.true_GL + tally.given_GL - tally.right_GL
    for at in range(labels):
        right_G = tally.right_GL[:, at]
        given_G, true_G, union_G = tally.given_GL[:, at], tally.true_GL[:, at], union_GL[:, at]
        results["precision", at] = share_of(
            right_G, given_G, levels, say("metrics.label-never-predicted"), clustered=clustered
        )
        results["recall", at] = share_of(right_G, true_G, levels, say("metrics.label-absent"), clustered=clustered)
        jaccard = share_of(right_G, union_G, levels, say("metrics.label-absent-never-predicted"), clustered=clustered)
        results["f1", at] = f1_of(jaccard)
    return results


def tally_of(target_nL: Sets, predicted_nL: Sets, group_n: Ints | None) -> Tally:
    """Count labels by row, or by group of rows that depend on each other."""

    def count(held_nL: Sets) -> Floats:
        return np.stack([group_sums(column.astype(np.float64), group_n) for column in held_nL.T], axis=1)

    return Tally(count(target_nL & predicted_nL), count(target_nL), count(predicted_nL), len(target_nL))


def share_of(
    part_G: Floats, whole_G: Floats, levels: Levels, why: str, *, clustered: bool, of: str = "groups"
) -> Measurement:
    """Return a proportion that was counted in units, which depend on each other where they are `clustered`; `why` there
    is none.
    """
    rows = float(whole_G.sum())
    if not rows:
        return absent(why)
    intervals = ratio(part_G, whole_G, levels) if clustered else wilson(part_G.sum(), rows, levels)
    method = "Wilson score" + (f", effective n of the {of}" if clustered else "")
    return Measurement(float(part_G.sum()) / rows, intervals, int(rows), method)


def f1_of(jaccard: Measurement) -> Measurement:
    """Return F1 = 2J / (1 + J) of a Jaccard index J, which is a proportion; its interval is that of J, transformed."""
    if jaccard.value is None:
        return jaccard
    intervals = tuple((2 * a / (1 + a), 2 * b / (1 + b)) for a, b in jaccard.intervals)
    return jaccard._replace(
        value=2 * jaccard.value / (1 + jaccard.value),
        intervals=intervals,
        method=f"{jaccard.method} of the Jaccard index",
    )


def f1_micro(tally: Tally, levels: Levels, *, grouped: bool) -> Measurement:
    """Return F1 over all labels of all rows together; the labels of a row are one unit."""
    right_G, union_G = tally.right_GL.sum(1), (tally.true_GL + tally.given_GL - tally.right_GL).sum(1)
    of = "groups" if grouped else "rows"
    jaccard = share_of(right_G, union_G, levels, say("metrics.no-labels-no-predictions"), clustered=True, of=of)
    return f1_of(jaccard)._replace(n=tally.rows)


def f1_macro(tally: Tally, levels: Levels, *, grouped: bool) -> Measurement:
    """Return the mean F1 of the labels that occur or were given, with the labels' correlation over units.

    The interval is that of the mean over all labels: of those that no row has nothing is known.
    """
    counted_GL = tally.true_GL + tally.given_GL
    held, occurs = counted_GL.sum(0) > 0, tally.true_GL.sum(0) > 0
    if not held.any():
        return absent(say("metrics.no-labels-no-predictions"), tally.rows)
    value = float(np.mean(2 * tally.right_GL.sum(0)[held] / counted_GL.sum(0)[held]))
    some = "" if held.all() else f" of the {int(held.sum())} labels that occur, interval over all {len(held)}"
    method = f"mean F1{some}; Wilson score, effective n of the labels" + (" and groups" if grouped else "")
    if not occurs.any():
        return Measurement(value, ((0.0, 1.0),) * len(levels), tally.rows, method)
    right_GL, counted_GL = tally.right_GL[:, occurs], counted_GL[:, occurs]
    counted_L = counted_GL.sum(0)
    share_L = 2 * right_GL.sum(0) / counted_L
    # F1 varies as a proportion of (rows of the label + rows given it) / (2 - F1) rows would.
    rows_L = counted_L / (2 - share_L)
    if grouped:
        union_GL = counted_GL - right_GL
        independent_L = np.array([effective_rows(right_GL[:, at], union_GL[:, at])[0] for at in range(len(share_L))])
        rows_L = rows_L * independent_L / union_GL.sum(0)
    correlation_LL = correlation((2 * right_GL - share_L * counted_GL) / counted_L)
    units = len(right_GL) if grouped else np.inf
    intervals = mean_of_shares(share_L, rows_L, correlation_LL, levels, most=max(float(rows_L.sum()), 1.0), units=units)
    return Measurement(value, over_all(intervals, len(share_L), len(held)), tally.rows, method)


def roc_auc(target_nL: Sets, probability_nL: Floats, levels: Levels, group_n: Ints | None = None) -> Measurement:
    """Return the mean ROC-AUC of the labels that some rows have and some lack."""
    times_L = target_nL.sum(0)
    held = (times_L > 0) & (times_L < len(target_nL))
    if not held.any():
        return absent(say("metrics.labels-constant"), len(target_nL))
    return _named(mean_area(_ranked(target_nL, probability_nL, held), levels, group_n), "ROC-AUC", held)


def average_precision(
    target_nL: Sets, probability_nL: Floats, levels: Levels, group_n: Ints | None = None
) -> Measurement:
    """Return the mean average precision of the labels that some rows have."""
    held = target_nL.sum(0) > 0
    if not held.any():
        return absent(say("metrics.no-labels"), len(target_nL))
    return _named(mean_precision(_ranked(target_nL, probability_nL, held), levels, group_n), "average precision", held)


def _ranked(target_nL: Sets, probability_nL: Floats, held: Sets) -> list[tuple[Sets, Floats]]:
    return [(target_nL[:, at], np.asarray(probability_nL[:, at], dtype=np.float64)) for at in np.flatnonzero(held)]


def _named(measured: Measurement, noun: str, held: Sets) -> Measurement:
    some = "" if held.all() else f" of the {int(held.sum())} labels that occur, interval over all {len(held)}"
    intervals = over_all(measured.intervals, int(held.sum()), len(held))
    return measured._replace(intervals=intervals, method=f"mean {noun}{some}; {measured.method}")
