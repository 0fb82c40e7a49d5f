"""Blocks of time: rows near each other in time resemble each other, so that what is measured on them is resampled block
by block.

Shapes: N rows of the dataset, M rows of a part, G different times.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

FEWEST = 20  # blocks, where there are as many different times
NAME = "splits.time-blocks"  # the name of the sentence that names them


def time_blocks(time_N: np.ndarray, splits: Iterable[np.ndarray], least: int = 1) -> np.ndarray:
    """Return the block of each row (N,) int64 of some parts (each the numbers of its rows), -1 for rows that are in
    none.

    Each part is cut into max(20, M^(1/3)) stretches of about as many rows, in order of time; rows of one time stay
    together, so that there may be fewer. Few blocks are enough for Student's t, and the longer they are, the less one
    depends on the next (Ibragimov & Müller 2010, "t-statistic based correlation and heterogeneity robust inference"):
    dependence that reaches further than a block still makes intervals too narrow. So a block has at least so many
    different times as `least` says, which windows that reach as far ahead need, though there are never fewer than two
    blocks.
    """
    block_N = np.full(len(time_N), -1, dtype=np.int64)
    first = 0
    for rows in splits:
        if not len(rows):
            continue
        _, time_M, count_G = np.unique(time_N[rows], return_inverse=True, return_counts=True)
        wanted = max(FEWEST, round(len(rows) ** (1 / 3)))
        if least > 1:
            wanted = max(min(wanted, len(count_G) // least), 2)
        middle_G = np.cumsum(count_G) - count_G / 2
        block_G = np.floor(middle_G * wanted / len(rows)).astype(np.int64)
        block_N[rows] = first + block_G[time_M]
        first += wanted
    return block_N
