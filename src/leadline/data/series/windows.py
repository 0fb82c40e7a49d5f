"""Where windows begin: what is forecast lies wholly in one split, what is looked back on in no later one, and neither
has a gap.

Shapes: N rows, in order of item and time; M windows.
"""

from __future__ import annotations

import numpy as np


def origins(segment_N: np.ndarray, part_N: np.ndarray, part: int, past: int, ahead: int) -> np.ndarray:
    """Return the rows (M,) int64 that are the first to be forecast of a window of a part.

    The window is the `past` rows before, which may be in the part or in one before it (of a smaller number, from 0),
    and `ahead` rows from there on, which are in the part; all are of one segment.
    """
    rows = np.arange(len(segment_N))
    seen_N = (part_N >= 0) & (part_N <= part)
    before_N = rows - _start(segment_N, seen_N)
    left_N = _stop(segment_N, part_N == part) - rows
    return np.flatnonzero((part_N == part) & (before_N >= past) & (left_N >= ahead))


def longest(segment_N: np.ndarray, there_N: np.ndarray | None = None) -> int:
    """Return how many rows the longest stretch has of those that are there."""
    there_N = np.ones(len(segment_N), dtype=bool) if there_N is None else there_N
    length_N = (_stop(segment_N, there_N) - np.arange(len(segment_N)))[there_N]
    return int(length_N.max(initial=0))


def known(known_N: np.ndarray, row_M: np.ndarray, past: int, ahead: int) -> np.ndarray:
    """Return for which windows (M,) bool a row that is `known` is among those looked back on, and among those to be
    forecast.
    """
    sum_N1 = np.concatenate([[0], np.cumsum(known_N)])
    return np.asarray((sum_N1[row_M] > sum_N1[row_M - past]) & (sum_N1[row_M + ahead] > sum_N1[row_M]))


def _changes(segment_N: np.ndarray, there_N: np.ndarray) -> np.ndarray:
    """Return at which rows (N,) bool another stretch begins."""
    new_N = np.ones(len(segment_N), dtype=bool)
    new_N[1:] = (np.diff(segment_N) != 0) | (np.diff(there_N.astype(np.int8)) != 0)
    return new_N


def _start(segment_N: np.ndarray, there_N: np.ndarray) -> np.ndarray:
    """Return the first row (N,) of the stretch that each row is in."""
    return np.asarray(np.maximum.accumulate(np.where(_changes(segment_N, there_N), np.arange(len(segment_N)), 0)))


def _stop(segment_N: np.ndarray, there_N: np.ndarray) -> np.ndarray:
    """Return the row (N,) after the last one of the stretch that each row is in."""
    first = np.flatnonzero(_changes(segment_N, there_N))
    ends = np.append(first[1:], len(segment_N))
    return np.repeat(ends, np.diff(np.append(first, len(segment_N))))
