from __future__ import annotations

import math

import pytest

from leadline.training.state.early_stopping import Best


@pytest.mark.parametrize("sign", [1, -1])
def test_the_best_is_kept_and_patience_runs_out(sign: int) -> None:
    best = Best(better="lower" if sign == 1 else "higher")
    new = []
    for step, value in enumerate([5.0, 3.0, 4.0, 3.0, 6.0], start=1):
        best = best.seen(sign * value, step)
        new.append(best.is_new)
    assert new == [True, True, False, False, False]
    assert (best.value, best.step, best.since) == (sign * 3.0, 2, 3)
    assert best.gave_up(3) and not best.gave_up(4)


def test_what_is_not_finite_is_never_best() -> None:
    best = Best(better="higher").seen(math.nan, 1).seen(math.inf, 2)
    assert best.value is None and not best.is_new and best.since == 2


def test_a_better_value_within_the_tolerance_does_not_count_but_small_gains_add_up() -> None:
    best = Best(better="lower")
    for step, value in enumerate([1.0, 0.95, 0.91, 0.89], start=1):
        best = best.seen(value, step, tolerance=0.1)
    assert (best.value, best.step, best.since) == (0.89, 4, 0)
    assert best.seen(0.8, 5, tolerance=0.1).since == 1


@pytest.mark.parametrize(
    ("better", "target", "reached"), [("lower", 0.5, [True, True, False]), ("higher", 0.5, [False, True, True])]
)
def test_a_target_is_reached_at_equality(better: str, target: float, reached: list[bool]) -> None:
    best = Best.model_validate({"better": better})
    assert [best.reaches(value, target) for value in (0.4, 0.5, 0.6)] == reached
    assert not best.reaches(0.5, None)


def test_it_survives_json() -> None:
    best = Best(better="lower").seen(0.1, 7).seen(0.2, 8)
    assert Best.model_validate_json(best.model_dump_json()) == best
