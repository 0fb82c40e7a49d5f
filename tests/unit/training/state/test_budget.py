"""Budgets: how many steps they are worth at the pace seen."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import pytest

from leadline.machine.energy import Energy
from leadline.training.state.budget import MARKS, Account, Budget


class Clock:
    """Seconds that pass when told to, and a meter that reads watts times them."""

    def __init__(self, watts: float = 100.0) -> None:
        self.now, self.watts = 1000.0, watts

    def __call__(self) -> float:
        return self.now

    def meter(self, *, gpus: bool, processes: int) -> Clock:
        self.since = self.now
        return self

    def read(self) -> Mapping[str, Energy]:
        return {"cpu": Energy((self.now - self.since) * self.watts / 3600, "fake")}

    def account(self, **limits: float) -> Account:
        return Account(**limits, clock=self, meter=self.meter)  # type: ignore[arg-type]


def trained(
    clock: Clock, account: Account, step_seconds: Callable[[int], float], *, total: int, epoch: int, validation: float
) -> tuple[list[int], int]:
    """Train as a course does, on a fake clock; returns the horizon at each look, and the steps taken."""
    horizons, stepping, step, spent = [], 0.0, 0, ""
    account.begin()
    account.expect("validation", time=validation, energy=validation * clock.watts / 3600)
    while step < total and not spent:
        clock.now += step_seconds(step)
        stepping += step_seconds(step)
        step += 1
        if step >= account.look_at or step % epoch == 0 or account.no_time_left():
            account.seen(step, stepping)
            horizon, spent = account.plan(step, total)
            if step % epoch == 0 or spent:
                with account.noting("validation"):
                    clock.now += validation
                if not spent:
                    horizon, spent = account.plan(step, total)
            horizons.append(horizon)
    return horizons, step


@pytest.mark.parametrize("limit", [10.0, 600.0])
@pytest.mark.parametrize("step_ms", [2.0, 90.0])
@pytest.mark.parametrize("epoch", [7, 50, 100_000])
@pytest.mark.parametrize("what", ["time", "energy"])
def test_budgets_hold_within_two_percent(limit: float, step_ms: float, epoch: int, what: str) -> None:
    clock = Clock()
    limits = {"max_time": limit} if what == "time" else {"max_energy": limit * clock.watts / 3600}
    account = clock.account(**limits)

    def seconds(step: int) -> float:  # the first one is slow, and the pace drifts
        return 0.5 if step == 0 else step_ms / 1000 * (1 + 0.2 * math.sin(step / 300))

    horizons, steps = trained(clock, account, seconds, total=10**7, epoch=epoch, validation=0.1)
    used = account.seconds / limit if what == "time" else account.energy()["cpu"].wh / limits["max_energy"]
    assert 0.98 < used <= 1.02
    assert horizons[-1] == steps
    assert horizons[-2] <= steps + max(1, 0.02 * steps)  # the schedule had come to its end
    assert len(horizons) < 60 + steps / epoch  # looks are few


def test_where_much_less_was_used_than_kept_back_training_goes_on() -> None:
    clock = Clock()
    account = clock.account(max_time=100.0)
    account.begin()
    account.expect("validation", time=50.0)
    clock.now += 48.0
    account.seen(48, 48.0)
    horizon, ended = account.plan(48, 1000)
    assert (horizon, ended) == (48, "time")
    with account.noting("validation"):
        clock.now += 1.0
    assert account.plan(48, 1000, ended=ended)[1] == ""
    with account.noting("validation"):
        clock.now += 24.0
    assert account.plan(48, 1000, ended=ended)[1] == "time"  # what is left is not worth another validation


def test_what_is_enough_for_all_steps_shrinks_nothing() -> None:
    clock = Clock()
    horizons, steps = trained(
        clock, clock.account(max_time=1e6), lambda step: 0.01, total=500, epoch=100, validation=0.1
    )
    assert steps == 500
    assert set(horizons) == {500}


def test_a_step_that_would_end_too_late_is_not_begun() -> None:
    clock = Clock()
    account = clock.account(max_time=20.0)
    _, steps = trained(clock, account, lambda step: 3.0, total=100, epoch=100, validation=1.0)
    assert steps == 6
    assert account.seconds == pytest.approx(19.0)


def test_the_first_of_two_budgets_ends_training() -> None:
    clock = Clock(watts=3600.0)
    account = clock.account(max_time=100.0, max_energy=40.0)
    trained(clock, account, lambda step: 0.1, total=10**6, epoch=10**6, validation=0.0)
    assert account.seconds == pytest.approx(40.0, rel=0.02)
    assert account.spent(10**6) == "energy"


def test_seconds_and_watt_hours_before_an_interruption_count() -> None:
    clock = Clock(watts=3600.0)
    first = clock.account(max_time=100.0)
    first.begin()
    clock.now += 60.0
    state = first.state()
    clock.now += 500.0  # a pause
    second = clock.account(max_time=100.0)
    second.load(state)
    trained(clock, second, lambda step: 0.1, total=10**6, epoch=10**6, validation=0.0)
    assert second.seconds == pytest.approx(100.0, rel=0.01)
    assert second.energy()["cpu"].wh == pytest.approx(100.0, rel=0.01)


def test_a_meter_that_falls_silent_ends_an_energy_budget() -> None:
    clock = Clock()
    account = clock.account(max_energy=1.0)
    account.begin()
    clock.read = lambda: {"cpu": Energy(None, why="gone")}  # type: ignore[method-assign]
    assert account.plan(3, 100) == (3, "energy")


def test_without_a_budget_nothing_is_looked_at() -> None:
    account = Account()
    assert account.look_at == math.inf
    assert not account.no_time_left()
    assert account.room_for_another()


def test_the_pace_is_that_of_the_later_half() -> None:
    budget = Budget(limit=100.0).seen(1, 10.0).seen(11, 20.0).seen(31, 40.0).seen(51, 50.0)
    assert budget.last_step(50.0) == pytest.approx(51 + 50 / (30 / 40))
    assert Budget(limit=1.0).last_step(0.0) == math.inf
    assert budget.last_step(50.0, reserve=50.0) == 51


def test_marks_are_few() -> None:
    budget = Budget(limit=1e9)
    for step in range(10_000):
        budget = budget.seen(step, float(step))
    assert len(budget.marks) <= MARKS
    assert budget.marks[0] == (0, 0.0)
    assert budget.last_step(9_999.0) == pytest.approx(1e9, rel=1e-6)
