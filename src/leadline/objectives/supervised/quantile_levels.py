"""Levels of quantiles: which are sound, and which stands for the prediction."""

from __future__ import annotations

from collections.abc import Sequence

from leadline.core.catalogue import say


def check_levels(levels: Sequence[float]) -> None:
    """Raise ValueError where levels are not two different numbers or more between 0 and 1, from low to high."""
    if not all(0 < level < 1 for level in levels) or list(levels) != sorted(set(levels)) or len(levels) < 2:
        raise ValueError(say("objectives.quantile-levels"))


def middle_of(levels: Sequence[float]) -> int:
    """Return which of the levels is nearest to 0.5."""
    return min(range(len(levels)), key=lambda k: abs(levels[k] - 0.5))
