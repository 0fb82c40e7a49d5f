from __future__ import annotations

import math
import re

import pytest

from leadline.core.catalogue import say
from leadline.nn.classical import penalty_ladder
from leadline.nn.classical.penalty_ladder import HIGHEST, LOWEST, climb
from sentences import says


def valley(at: float) -> tuple[list[float], penalty_ladder.BestPenalty[float]]:
    """Climb where the loss is least at one penalty, and rises evenly on both sides of it."""
    asked: list[float] = []

    def solve(l2: float) -> tuple[float, float]:
        asked.append(l2)
        return 1 + abs(math.log10(l2 / at)), l2

    return asked, climb(solve)


@pytest.mark.parametrize("at", [2e-4, 0.003, 0.03, 0.32, 1.0, 3.2, 100.0, 40_000.0])
def test_the_end_of_the_ladder_is_never_the_choice(at: float) -> None:
    asked, chosen = valley(at)
    assert abs(math.log10(chosen.l2 / at)) <= 0.26  # half a rung, of those half-way
    assert chosen.tried[0] < chosen.l2 < chosen.tried[-1]
    assert chosen.state == chosen.l2 and not chosen.bounded
    assert len(asked) == len(set(asked)) == len(chosen.tried)
    assert re.fullmatch(says("models.penalty-chosen", l2=chosen.l2, rows=40), chosen.note(40))


@pytest.mark.parametrize(("at", "bound"), [(1e-9, LOWEST), (1e9, HIGHEST)])
def test_where_the_best_lies_beyond_the_bound_that_is_said(at: float, bound: float) -> None:
    _, chosen = valley(at)
    assert chosen.l2 == bound and chosen.bounded
    assert chosen.caveats == (say("models.penalty-bounded", l2=bound),)
    assert re.fullmatch(says("models.penalty-at-bound", l2=bound), chosen.note(40))


def test_a_rung_that_does_as_well_is_not_climbed_to() -> None:
    asked: list[float] = []

    def flat(l2: float) -> tuple[float, None]:
        asked.append(l2)
        return 0.5 - 1e-6 * math.log10(l2), None

    assert climb(flat).l2 == 1
    assert sorted(asked) == [0.1, 0.32, 1, 3.2, 10]


def test_a_loss_that_is_not_finite_is_never_the_best() -> None:
    chosen = climb(lambda l2: (math.nan if l2 < 10 else 1 + abs(math.log10(l2 / 100)), l2))
    assert chosen.l2 == 100
    assert climb(lambda l2: (math.nan, l2)).l2 == 1


def test_once_time_is_over_the_best_so_far_is_taken_and_that_is_said() -> None:
    asked: list[float] = []
    shares: list[float] = []

    def solve(l2: float) -> tuple[float, float]:
        asked.append(l2)
        return 1 + abs(math.log10(l2 / 1000)), l2

    chosen = climb(solve, lambda: len(asked) >= 3, shares.append)
    assert asked == [1, 10, 100] and chosen.l2 == 100 and chosen.cut_short
    assert chosen.caveats == (say("models.penalty-cut-short"),)
    assert shares == sorted(shares) and 0 < shares[0] <= shares[-1] <= 1
    assert climb(solve).caveats == ()
