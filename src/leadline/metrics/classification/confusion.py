"""Measures that only need to know which class each row has and which it was given.

Shapes: n rows, C classes, G groups. Rows of the matrix are true classes, columns are predicted ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from leadline.core.catalogue import say
from leadline.core.metric import Metric
from leadline.metrics.statistics.intervals import (
    Floats,
    Ints,
    correlation,
    effective_rows,
    mean_of_shares,
    normalised,
    over_all,
    ratio,
    wilson,
)
from leadline.metrics.statistics.measurement import Intervals, Levels, Measurement, absent

ACCURACY = Metric(
    "accuracy", "Accuracy", "share of examples classified correctly", "%", "higher", compared=True, of_right_rows=True
)
BALANCED_ACCURACY = Metric("balanced_accuracy", "Balanced accuracy", "recall averaged over classes", "%", "higher")
PRECISION = Metric("precision", "Precision", "share of predictions of this class that are correct", "%", "higher")
RECALL = Metric("recall", "Recall", "share of examples of this class predicted correctly", "%", "higher")
F1 = Metric("f1", "F1", "harmonic mean of precision and recall", "%", "higher")
PRECISION_MACRO = Metric("precision_macro", "Precision (macro)", "precision averaged over classes", "%", "higher")
RECALL_MACRO = Metric("recall_macro", "Recall (macro)", "recall averaged over classes", "%", "higher")
F1_MACRO = Metric("f1_macro", "F1 (macro)", "F1 averaged over classes", "%", "higher")


class Tally(NamedTuple):
    """Per unit and class: rows that are right, that have the class, that were given it; units are groups, or one for
    all.
    """

    right_GC: Floats
    true_GC: Floats
    given_GC: Floats


@dataclass(frozen=True)
class Confusion:
    """The confusion matrix (C,C) and what precision, recall and F1 are made of, by group where rows come in groups."""

    counts_CC: NDArray[np.int64]
    tally: Tally
    grouped: bool

    @property
    def n(self) -> int:
        """How many rows were counted."""
        return int(self.counts_CC.sum())

    @property
    def units(self) -> float:
        """How many groups there are; infinite where rows are independent."""
        return len(self.tally.right_GC) if self.grouped else np.inf

    @property
    def rows(self) -> float:
        """How many independent rows accuracy rests on."""
        return effective_rows(self.tally.right_GC.sum(1), self.tally.true_GC.sum(1))[0] if self.grouped else self.n


def confusion_of(target_n: Ints, predicted_n: Ints, classes: int, group_n: Ints | None = None) -> Confusion:
    """Count rows by true and predicted class; rows with equal numbers in `group_n` depend on each other."""
    target_n, predicted_n = target_n.astype(np.int64), predicted_n.astype(np.int64)
    counts_CC = np.bincount(target_n * classes + predicted_n, minlength=classes * classes).reshape(classes, classes)
    if group_n is None:
        unit_n, units = np.zeros(len(target_n), dtype=np.int64), 1
    else:
        names, unit_n = np.unique(group_n, return_inverse=True)
        units = len(names)

    def count(class_n: Ints, unit_n: Ints) -> Floats:
        return (
            np.bincount(unit_n * classes + class_n, minlength=units * classes)
            .reshape(units, classes)
            .astype(np.float64)
        )

    hit_n = target_n == predicted_n
    tally = Tally(count(target_n[hit_n], unit_n[hit_n]), count(target_n, unit_n), count(predicted_n, unit_n))
    return Confusion(counts_CC.astype(np.int64), tally, group_n is not None)


def accuracy(confusion: Confusion, levels: Levels) -> Measurement:
    """Return the share of rows that are right."""
    if confusion.n == 0:
        return absent(say("metrics.no-examples"))
    right_GC, true_GC, _ = confusion.tally
    intervals = _share(right_GC.sum(1), true_GC.sum(1), levels, confusion.grouped)
    return Measurement(
        float(np.trace(confusion.counts_CC)) / confusion.n, intervals, confusion.n, _wilson_name(confusion)
    )


def recall(confusion: Confusion, levels: Levels) -> list[Measurement]:
    """Return for each class the share of its rows that are right; absent for a class without rows."""
    tally = confusion.tally
    return _shares(tally.right_GC, tally.true_GC, levels, confusion, say("metrics.class-absent"))


def precision(confusion: Confusion, levels: Levels) -> list[Measurement]:
    """Return for each class the share of rows given it that are right; absent for a class that was never predicted."""
    tally = confusion.tally
    return _shares(tally.right_GC, tally.given_GC, levels, confusion, say("metrics.class-never-predicted"))


def f1(confusion: Confusion, levels: Levels) -> list[Measurement]:
    """Return for each class F1 = 2 right / (rows of the class + rows given it).

    F1 = 2J/(1+J) where J, the Jaccard index, is a plain proportion among the rows that are of the class or were given
    it: its interval is that of J, transformed.
    """
    jaccards = _shares(
        confusion.tally.right_GC,
        _union(confusion.tally),
        levels,
        confusion,
        say("metrics.class-absent-never-predicted"),
    )
    return [
        m
        if m.value is None
        else m._replace(
            value=_f1(m.value),
            intervals=tuple((_f1(a), _f1(b)) for a, b in m.intervals),
            method=f"{m.method} of the Jaccard index",
        )
        for m in jaccards
    ]


def balanced_accuracy(confusion: Confusion, levels: Levels) -> Measurement:
    """Return the mean of the recalls of the classes that have rows; its interval is that of the mean over all
    classes.
    """
    return _mean(confusion, confusion.tally.true_GC, "recall", levels)


def precision_macro(confusion: Confusion, levels: Levels) -> Measurement:
    """Return the mean of the precisions of the classes that occur, its interval that of the mean over all classes;
    absent where one of them was never predicted.
    """
    tally = confusion.tally
    never = int(np.sum((tally.true_GC.sum(0) > 0) & (tally.given_GC.sum(0) == 0)))
    if never:
        classes = "1 class that occurs was" if never == 1 else f"{never} classes that occur were"
        return absent(f"{classes} never predicted, so precision is undefined", confusion.n)
    return _mean(confusion, tally.given_GC, "precision", levels)


def f1_macro(confusion: Confusion, levels: Levels) -> Measurement:
    """Return the mean F1 of the classes that occur or were predicted; its interval is that of the mean over all
    classes.

    F1 varies as a proportion of (rows of the class + rows given it) / (2 - F1) rows would, and a mistake harms two
    classes. Of a class without rows nothing is known, however often it was predicted.
    """
    tally = confusion.tally
    counted_GC, union_GC = tally.true_GC + tally.given_GC, _union(tally)
    held, occurs = counted_GC.sum(0) > 0, tally.true_GC.sum(0) > 0
    if not occurs.any():
        return absent(say("metrics.no-examples"))
    value = float(np.mean(2 * tally.right_GC.sum(0)[held] / counted_GC.sum(0)[held]))
    counted_C = counted_GC.sum(0)[occurs]
    share_C = 2 * tally.right_GC.sum(0)[occurs] / counted_C
    rows_C = counted_C / (2 - share_C)
    if confusion.grouped:
        correlation_CC = _between(2 * tally.right_GC[:, occurs], counted_GC[:, occurs])
        rows_C = rows_C * _rows(tally.right_GC, union_GC)[occurs] / union_GC.sum(0)[occurs]
    else:
        correlation_CC = _f1_correlation(confusion.counts_CC[np.ix_(held, held)])
        correlation_CC = correlation_CC[np.ix_(occurs[held], occurs[held])]
    intervals = mean_of_shares(share_C, rows_C, correlation_CC, levels, most=confusion.rows, units=confusion.units)
    intervals = over_all(intervals, len(share_C), len(occurs))
    return Measurement(value, intervals, confusion.n, _mean_name("F1", held, confusion))


def _f1(jaccard: float) -> float:
    return 2 * jaccard / (1 + jaccard)


def _union(tally: Tally) -> Floats:
    return tally.true_GC + tally.given_GC - tally.right_GC


def _wilson_name(confusion: Confusion) -> str:
    return "Wilson score, effective n of the groups" if confusion.grouped else "Wilson score"


def _share(part_G: Floats, whole_G: Floats, levels: Levels, grouped: bool) -> Intervals:
    return ratio(part_G, whole_G, levels) if grouped else wilson(part_G.sum(), whole_G.sum(), levels)


def _shares(part_GC: Floats, whole_GC: Floats, levels: Levels, confusion: Confusion, why: str) -> list[Measurement]:
    name, whole_C = _wilson_name(confusion), whole_GC.sum(0)
    values_C = np.divide(part_GC.sum(0), whole_C, out=np.zeros(len(whole_C)), where=whole_C > 0)
    return [
        Measurement(
            float(values_C[c]), _share(part_GC[:, c], whole_GC[:, c], levels, confusion.grouped), int(whole_C[c]), name
        )
        if whole_C[c]
        else absent(why)
        for c in range(len(whole_C))
    ]


def _mean(confusion: Confusion, whole_GC: Floats, noun: str, levels: Levels) -> Measurement:
    """Return the mean of the classes' right / whole, over classes where that is defined."""
    right_GC, whole_C = confusion.tally.right_GC, whole_GC.sum(0)
    held = whole_C > 0
    if not held.any():
        return absent(say("metrics.no-examples"))
    share_C = right_GC.sum(0)[held] / whole_C[held]
    rows_C, correlation_CC = whole_C[held], np.eye(int(held.sum()))
    if confusion.grouped:
        rows_C, correlation_CC = _rows(right_GC, whole_GC)[held], _between(right_GC[:, held], whole_GC[:, held])
    intervals = mean_of_shares(share_C, rows_C, correlation_CC, levels, most=confusion.rows, units=confusion.units)
    intervals = over_all(intervals, len(share_C), len(held))
    return Measurement(float(share_C.mean()), intervals, confusion.n, _mean_name(noun, held, confusion))


def _mean_name(noun: str, held: NDArray[np.bool_], confusion: Confusion) -> str:
    some = "" if held.all() else f" of the {int(held.sum())} classes that occur, interval over all {len(held)}"
    return f"mean {noun}{some}; Wilson score, effective n of the classes" + (" and groups" if confusion.grouped else "")


def _rows(part_GC: Floats, whole_GC: Floats) -> Floats:
    return np.array([effective_rows(part_GC[:, c], whole_GC[:, c])[0] for c in range(whole_GC.shape[1])])


def _between(part_GC: Floats, whole_GC: Floats) -> Floats:
    """Return the correlations (C,C) of the classes' ratios, from how they vary together over groups."""
    whole_C = whole_GC.sum(0)
    return correlation((part_GC - part_GC.sum(0) / whole_C * whole_GC) / whole_C)


def _f1_correlation(counts_CC: NDArray[np.int64]) -> Floats:
    """Return the correlations of the classes' F1 under multinomial sampling of rows (delta method, Takahashi et al.
    2022).

    One more row, spread as chance would spread it, says which classes mistakes would tie together where none was made.
    """
    counts = counts_CC + np.outer(counts_CC.sum(1), counts_CC.sum(0)) / counts_CC.sum() ** 2
    right_C = np.diag(counts)
    counted_C = counts.sum(0) + counts.sum(1)
    f1_C = 2 * right_C / counted_C
    pull_C = f1_C / counted_C
    covariance_CC = (counts + counts.T) * pull_C[:, None] * pull_C
    np.fill_diagonal(
        covariance_CC, right_C * (2 - 2 * f1_C) ** 2 / counted_C**2 + (counted_C - 2 * right_C) * pull_C**2
    )
    return normalised(covariance_CC)
