"""What a test split of some size can prove at all."""

from __future__ import annotations

from typing import Literal

import numpy as np

from leadline.metrics.statistics.intervals import quantiles, wilson_ends


def rows_needed(n: int, bound: float, op: Literal[">=", ">", "<=", "<"], level: float = 0.95) -> int | None:
    """Return how many of n rows must be right for Wilson's interval of the share to clear the bound; None where none
    can.

    That is the fewest for ``>=`` and ``>``, the most for ``<=`` and ``<`` (of errors, say).
    """
    if n < 1:
        return None
    low_k, high_k = wilson_ends(np.arange(n + 1) / n, n, quantiles((level,)))
    clears_k = {">=": low_k >= bound, ">": low_k > bound, "<=": high_k <= bound, "<": high_k < bound}[op]
    enough = np.flatnonzero(clears_k)
    if len(enough) == 0:
        return None
    return int(enough[0] if op in (">=", ">") else enough[-1])
