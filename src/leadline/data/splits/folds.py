"""Which fold of a cross-validation each row is tested in.

Shapes: N rows, G groups or times.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.model_selection import GroupKFold, KFold, StratifiedGroupKFold, StratifiedKFold

from leadline.core.catalogue import say
from leadline.core.experiment import SplitSpec
from leadline.errors import DataError
from leadline.nn.rng import seed_for


def assign(
    rows: int, spec: SplitSpec, number_N: np.ndarray, class_N: np.ndarray | None, seed: int
) -> tuple[np.ndarray, str]:
    """Return the fold of each row (N,), from 1, and in words how folds were made; with a split by time 0 is only ever
    trained on.

    `number_N` are the rows' groups or times, where `spec` splits by these; with `class_N` every fold keeps the shares
    of the classes as far as it can. Raises DataError where there are too few rows, groups, times or rows of the rarest
    class.
    """
    assert spec.folds is not None
    if rows < spec.folds:
        raise DataError(say("splits.folds-more-than-rows", folds=spec.folds, rows=rows))
    if spec.by == "time":
        return _by_time(number_N, spec.folds), say("splits.folds-by-time", column=spec.column)
    state = seed_for(seed, "folds") % 2**32
    if spec.by == "group":
        _check_enough(len(np.unique(number_N)), spec.folds, say("splits.units-groups", column=spec.column))
        grouped: Any = (
            GroupKFold(spec.folds, shuffle=True, random_state=state)
            if class_N is None
            else StratifiedGroupKFold(spec.folds, shuffle=True, random_state=state)
        )
        return _numbered(grouped, rows, class_N, number_N), say("splits.folds-by-group", column=spec.column)
    if class_N is None:
        return _numbered(KFold(spec.folds, shuffle=True, random_state=state), rows, None, None), say("splits.random")
    # scikit-learn refuses where even the largest class is smaller than the folds, and warns where the smallest is.
    counts = np.bincount(class_N)
    _check_enough(int(counts.max()), spec.folds, say("splits.units-class-rows"))
    common_N = np.where(counts[class_N] < spec.folds, -1, class_N)  # the rare classes are dealt out together
    if 0 < np.sum(common_N == -1) < spec.folds:
        plain = KFold(spec.folds, shuffle=True, random_state=state)
        return _numbered(plain, rows, None, None), say("splits.folds-random-rare-class")
    stratified = StratifiedKFold(spec.folds, shuffle=True, random_state=state)
    return _numbered(stratified, rows, common_N, None), say("splits.folds-stratified")


def _check_enough(count: int, folds: int, what: str) -> None:
    if count < folds:
        raise DataError(say("splits.folds-too-many", folds=folds, units=what, count=count))


def _numbered(splitter: Any, rows: int, class_N: np.ndarray | None, group_N: np.ndarray | None) -> np.ndarray:
    fold_N = np.zeros(rows, dtype=np.int64)
    for number, (_, test) in enumerate(splitter.split(np.empty((rows, 1)), class_N, group_N), start=1):
        fold_N[test] = number
    return fold_N


def _by_time(number_N: np.ndarray, folds: int) -> np.ndarray:
    """Return folds of about as many rows each, in order of time, the first part (0) being there to begin with."""
    _, time_N, rows_G = np.unique(number_N, return_inverse=True, return_counts=True)
    _check_enough(len(rows_G) - 1, folds, say("splits.units-times"))
    # The middle of each time's rows decides, so that rows of one time stay together; every fold then gets at least one
    # time.
    middle_G = (np.cumsum(rows_G) - rows_G / 2) / rows_G.sum()
    fold_G = np.floor(middle_G * (folds + 1)).astype(np.int64)
    order_G = np.arange(len(rows_G))
    fold_G[0] = 0
    fold_G = np.minimum.accumulate(fold_G - order_G) + order_G  # no fold is skipped
    fold_G = np.maximum(fold_G, folds - (len(rows_G) - 1 - order_G))  # and the last one is reached
    return np.asarray(fold_G[time_N], dtype=np.int64)
