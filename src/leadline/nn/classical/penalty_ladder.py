"""How strongly a linear model is held back: the penalty with the least validation loss, on a ladder without an end.

A ladder whose last rung is the best says only that the best lies beyond it. So rungs are added on the side of the best
one until one more does no better, or until a bound that is said.
"""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite
from typing import Generic, NamedTuple, TypeVar

from leadline.core.catalogue import say

State = TypeVar("State")

FIRST, FACTOR = 1.0, 10.0  # the rung to begin with, and how far apart rungs are
USUAL = 6  # rungs that are tried, as a rule
LOWEST, HIGHEST = 1e-5, 1e6  # where adding rungs ends
WORTH, LEAST = 1e-3, 1e-5  # what another rung must save to be the better one: of the loss, and of the loss's unit


class BestPenalty(NamedTuple, Generic[State]):
    """The penalty that was chosen, its validation loss, what was fitted with it, and all that were tried, rising.

    `bounded` says that the best was the last that may be tried, `cut_short` that there was no time for all.
    """

    l2: float
    loss: float
    state: State
    tried: tuple[float, ...]
    bounded: bool = False
    cut_short: bool = False

    @property
    def caveats(self) -> tuple[str, ...]:
        """What makes the model weaker than it might be, in words."""
        late = (say("models.penalty-cut-short"),) if self.cut_short else ()
        return (*late, say("models.penalty-bounded", l2=self.l2)) if self.bounded else late

    def note(self, rows: int) -> str:
        """Return how it was chosen, in words."""
        tried = ", ".join(f"{l2:g}" for l2 in self.tried)
        name = "models.penalty-at-bound" if self.bounded else "models.penalty-chosen"
        return say(name, l2=self.l2, rows=rows, tried=tried)


def climb(
    solve: Callable[[float], tuple[float, State]],
    is_over: Callable[[], bool] = lambda: False,
    progress: Callable[[float], None] = lambda share: None,
) -> BestPenalty[State]:
    """Return the best penalty: `solve` fits with one and returns the loss on validation rows, and what was fitted.
    Once time `is_over` no more are tried; `progress` is told about which share has been.

    From the first rung the ladder goes up while stronger penalties do better, else down while weaker ones do; then the
    rungs half-way to both neighbours of the best are tried. A loss that is not finite is never the best.
    """
    found: dict[float, tuple[float, State]] = {FIRST: solve(FIRST)}
    late: list[float] = []

    def better(one: float, other: float) -> bool:
        if one not in found:
            progress(min(len(found) / USUAL, 1.0))
            if is_over():
                late.append(one)
                return False
            found[one] = solve(one)
        mine, theirs = found[one][0], found[other][0]
        return isfinite(mine) and not mine > theirs - max(WORTH * abs(theirs), LEAST)

    best, bounded = FIRST, False
    for factor, bound in ((FACTOR, HIGHEST), (1 / FACTOR, LOWEST)):
        while best == FIRST or not bounded:
            if not better(_rung(best * factor), best):
                break
            best = _rung(best * factor)
            bounded = best == bound
        if best != FIRST:
            break
    if not bounded:
        for one in (_rung(best / FACTOR**0.5), _rung(best * FACTOR**0.5)):
            if better(one, best):
                best = one
                break
    loss, state = found[best]
    return BestPenalty(best, loss, state, tuple(sorted(found)), bounded, bool(late))


def _rung(l2: float) -> float:
    """Return a penalty as people write it: one or two digits."""
    return float(f"{l2:.2g}")
