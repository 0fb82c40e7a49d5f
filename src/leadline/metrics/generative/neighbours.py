"""Rows as points: how far they are from each other, which are nearest, and what their neighbours say.

Distances are Euclidean, computed a block of rows at a time as matrix products. Shapes: q rows asked about, n rows
asked, F features, k neighbours.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from leadline.core.catalogue import say
from leadline.metrics.statistics.intervals import Floats, Ints, proportion
from leadline.metrics.statistics.measurement import Levels, Measurement, absent

VALUES = 1 << 22  # squared distances that are held at a time


class Nearest(NamedTuple):
    """The nearest rows of each one, nearest first: which (q,k), and how far away (q,k)."""

    at_qk: Ints
    distance_qk: Floats


def squared_distances(query_qF: Floats, rows_nF: Floats) -> Iterator[tuple[slice, Floats]]:
    """Yield blocks of squared distances (b,n) with the rows they are of."""
    centre_F = rows_nF.mean(0) if len(rows_nF) else 0.0  # far from the origin, squares would drown the differences
    query_qF, rows_nF = query_qF - centre_F, rows_nF - centre_F
    query_q, rows_n = np.square(query_qF).sum(1), np.square(rows_nF).sum(1)
    block = max(1, VALUES // max(len(rows_nF), 1))
    for start in range(0, len(query_qF), block):
        part = slice(start, start + block)
        square_bn = query_q[part, None] + rows_n - 2 * (query_qF[part] @ rows_nF.T)
        yield part, np.maximum(square_bn, 0.0)


def nearest(query_qF: Floats, rows_nF: Floats, k: int = 1, *, own: bool = False) -> Nearest:
    """Return the `k` nearest rows of each; with `own` both are the same rows, and none is its own neighbour.

    There must be as many rows. Distances are computed anew for those found, so that equal rows are exactly 0 apart.
    """
    at_qk = np.empty((len(query_qF), k), dtype=np.int64)
    distance_qk = np.empty((len(query_qF), k))
    for part, square_bn in squared_distances(query_qF, rows_nF):
        if own:
            square_bn[np.arange(len(square_bn)), np.arange(len(query_qF))[part]] = np.inf
        found_bk = np.argpartition(square_bn, k - 1, axis=1)[:, :k]
        exact_bk = np.sqrt(np.square(query_qF[part][:, None] - rows_nF[found_bk]).sum(2))
        order_bk = np.argsort(exact_bk, axis=1, kind="stable")
        at_qk[part] = np.take_along_axis(found_bk, order_bk, 1)
        distance_qk[part] = np.take_along_axis(exact_bk, order_bk, 1)
    return Nearest(at_qk, distance_qk)


def voted(query_qF: Floats, rows_nF: Floats, class_n: Ints, k: int) -> Ints:
    """Return the class (q,) that most of the `k` nearest rows have; of several as frequent ones, that of the
    nearest.
    """
    found_qk = class_n[nearest(query_qF, rows_nF, min(k, len(rows_nF))).at_qk]
    votes_qk = (found_qk[:, :, None] == found_qk[:, None, :]).sum(2)
    chosen: Ints = found_qk[np.arange(len(found_qk)), votes_qk.argmax(1)]
    return chosen


def agreement(
    query_qF: Floats,
    class_q: Ints,
    rows_nF: Floats,
    class_n: Ints,
    levels: Levels,
    *,
    k: int,
    group_q: Ints | None = None,
) -> Measurement:
    """Return the share of rows whose class is that which most of their nearest rows have."""
    if not len(query_qF) or not len(rows_nF):
        return absent(say("metrics.no-labelled-examples"), len(query_qF))
    right_q = voted(query_qF, rows_nF, class_n, k) == class_q
    method = f"majority class of the {min(k, len(rows_nF))} nearest of {len(rows_nF):,} training examples; Wilson score"
    method += "" if group_q is None else ", effective n of the groups"
    return Measurement(float(right_q.mean()), proportion(right_q, levels, group_q), len(right_q), method)
