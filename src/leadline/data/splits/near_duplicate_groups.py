"""Keeping rows that are nearly the same in one part of a random split.

Shapes: N rows, K classes, F families (rows that are nearly the same; most have one row).
"""

from __future__ import annotations

import numpy as np

from leadline.core.catalogue import say

_TRAIN = 0


def in_one_fold(fold_N: np.ndarray, family_N: np.ndarray) -> np.ndarray:
    """Return the folds (N,) of rows after all of a family have followed its first row."""
    _, first_F, family_N = np.unique(family_N, return_index=True, return_inverse=True)
    return fold_N[first_F[family_N]]


def keep_together(
    part_N: np.ndarray, family_N: np.ndarray, class_N: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return parts (N,) int8, 0 for train, in which no family is torn, and notes for the user.

    All rows of a family follow the first; rows without a family then change places so that every class has as many rows
    in each part as before, as far as there are enough of them. Train keeps a row of every class. Families larger than
    the smallest part that was drawn are torn all the same, and a note says so.
    """
    _, first_F, family_N, size_F = np.unique(family_N, return_index=True, return_inverse=True, return_counts=True)
    if size_F.max(initial=1) == 1:
        return part_N, ()
    drawn = [p for p in np.unique(part_N).tolist() if p != _TRAIN]
    most = min(int((part_N == p).sum()) for p in drawn)
    whole_N = ((size_F > 1) & (size_F <= most))[family_N]
    before_KP = _counted(class_N, part_N)
    moved_N = np.where(whole_N, part_N[first_F[family_N]], part_N)
    _refill(moved_N, class_N, whole_N, before_KP, drawn, rng)
    lost_K = (_counted(class_N, moved_N)[:, _TRAIN] == 0) & (before_KP[:, _TRAIN] > 0)
    if lost_K.any():
        back_F = np.zeros(len(size_F), dtype=bool)
        back_F[family_N[lost_K[class_N]]] = True
        moved_N[back_F[family_N]] = _TRAIN
    for part in drawn:
        if not (moved_N == part).any():  # of rows that all have near-identical ones: the smallest family goes there
            held_F = np.bincount(family_N, (moved_N == _TRAIN) & whole_N, len(size_F))
            moved_N[family_N == np.where(held_F > 0, held_F, np.inf).argmin()] = part
    return moved_N, _notes(size_F, most)


def _counted(class_N: np.ndarray, part_N: np.ndarray) -> np.ndarray:
    """Return how many rows of each class are in each part, (K,P)."""
    splits = 3
    counts: np.ndarray = np.bincount(class_N * splits + part_N, minlength=(class_N.max() + 1) * splits).reshape(
        -1, splits
    )
    return counts


def _refill(
    part_N: np.ndarray,
    class_N: np.ndarray,
    whole_N: np.ndarray,
    wanted_KP: np.ndarray,
    drawn: list[int],
    rng: np.random.Generator,
) -> None:
    """Move rows without a family between train and the parts drawn, until each has its rows of every class."""
    shuffled_N = rng.permutation(len(part_N))
    for part in drawn:
        surplus_K = _counted(class_N, part_N)[:, part] - wanted_KP[:, part]
        for held, goal, count_K in ((part, _TRAIN, surplus_K), (_TRAIN, part, -surplus_K)):
            free_M = shuffled_N[(part_N[shuffled_N] == held) & ~whole_N[shuffled_N]]
            free_M = free_M[np.argsort(class_N[free_M], kind="stable")]
            rows_K = np.bincount(class_N[free_M], minlength=len(count_K))
            rank_M = np.arange(len(free_M)) - np.repeat(np.cumsum(rows_K) - rows_K, rows_K)
            part_N[free_M[rank_M < count_K[class_N[free_M]]]] = goal


def _notes(size_F: np.ndarray, most: int) -> tuple[str, ...]:
    kept_F, torn_F = size_F[(size_F > 1) & (size_F <= most)], size_F[size_F > most]
    notes = []
    if len(kept_F):
        notes.append(say("splits.near-duplicates-together", rows=int(kept_F.sum()), groups=len(kept_F)))
    if len(torn_F):
        notes.append(say("splits.near-duplicates-torn", rows=int(torn_F.sum()), groups=len(torn_F)))
    return tuple(notes)
