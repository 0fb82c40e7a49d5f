"""What training may use, of time and of energy, and how many steps that is worth at the pace seen.

A schedule that is cut in its middle is useless, so the steps over which it stretches follow what the budget allows (Li,
Yumer & Ramanan 2020, "Budgeted training"): the learning rate reaches its end when the budget does.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

from leadline.core.base import Fact
from leadline.machine.energy import Energy, Meter, added, total_wh

MARGIN = 1.1  # how much longer than the last time validation and checkpoint may take
WORTH = 0.02  # of a budget that must be left for training to go on after it had seemed to be over
MARKS = 64  # of the pace that are kept; every other one goes when there are more


class Budget(Fact):
    """A limit on one thing that training uses, and how much of it was used after how many steps, oldest first."""

    limit: float
    marks: tuple[tuple[int, float], ...] = ()

    def seen(self, step: int, used: float) -> Budget:
        """Return the budget after another look."""
        marks = (*self.marks[::2], (step, used)) if len(self.marks) >= MARKS else (*self.marks, (step, used))
        return self.model_copy(update={"marks": marks})

    def last_step(self, used: float, reserve: float = 0.0) -> float:
        """Return after how many steps the budget will be used up but for a `reserve`; infinite while the pace is not
        known.

        The pace is that of the later half of what was used, so that what happens once in a while (a validation, a
        checkpoint) is in it, and a slow first step is soon out of it.
        """
        step, last = self.marks[-1] if self.marks else (0, 0.0)
        if used + reserve >= self.limit:
            return step
        if not self.marks:
            return math.inf
        half = (self.marks[0][1] + last) / 2
        first, before = next(mark for mark in reversed(self.marks) if mark[1] <= half or mark == self.marks[0])
        if step == first or last <= before:
            return math.inf
        return step + (self.limit - reserve - used) * (step - first) / (last - before)


class Account:
    """Seconds and watt-hours that training has used, before an interruption too, and the budgets on them.

    Both count from `begin`, just before the first step, and include validation and checkpoints. `look_at` is the step
    after which to look again. `clock` gives seconds.
    """

    def __init__(
        self,
        *,
        max_time: float | None = None,
        max_energy: float | None = None,
        gpus: bool = False,
        processes: int = 1,
        clock: Callable[[], float] = time.perf_counter,
        meter: Callable[..., Meter] = Meter,
    ) -> None:
        limits = {"time": max_time, "energy": max_energy}
        self.budgets = {what: Budget(limit=limit) for what, limit in limits.items() if limit is not None}
        self.look_at: float = 1 if self.budgets else math.inf
        self._parts: dict[str, Mapping[str, float]] = {}
        self._clock, self._new_meter = clock, partial(meter, gpus=gpus, processes=processes)
        self._began: float | None = None
        self._seconds = 0.0
        self._energy: Mapping[str, Energy] = {}
        self._step_seconds = 0.0
        self._stepped = (0, 0.0)

    def begin(self, step: int = 0) -> None:
        """Start the clock and the meter, after so many steps."""
        self._stepped = (step, 0.0)
        self._meter = self._new_meter()
        self._began = self._clock()

    @property
    def seconds(self) -> float:
        """Seconds of training so far."""
        return self._seconds + (0.0 if self._began is None else self._clock() - self._began)

    def energy(self) -> Mapping[str, Energy]:
        """Return the energy of training so far, by device."""
        if self._began is None:
            return self._energy
        now = self._meter.read()
        return added(self._energy, now) if self._energy else now

    def seen(self, step: int, stepping: float) -> None:
        """Note how much was used after so many steps, `stepping` seconds of it in them."""
        used = self._used()
        self.budgets = {what: budget.seen(step, used[what]) for what, budget in self.budgets.items()}
        steps, seconds = self._stepped
        self._step_seconds = (stepping - seconds) / max(step - steps, 1)
        self._stepped = step, stepping

    @contextmanager
    def noting(self, part: str, share: float = 1.0) -> Iterator[None]:
        """Note what a part of what must still happen after the last step takes, of which the block is a share, and keep
        as much back from the budgets.
        """
        before = self._used()
        yield
        self.expect(part, **{what: (used - before[what]) / share for what, used in self._used().items()})

    def expect(self, part: str, **used: float) -> None:
        """Keep back from the budgets what a part of what must still happen after the last step will use, by budget."""
        self._parts[part] = used

    def plan(self, done: int, total: int, ended: str = "") -> tuple[int, str]:
        """Return how many of `total` steps the budgets allow, and which of them ends training now, after `done`, or
        nothing.

        The next look is at twice the steps as long as the pace is hardly known, and half-way to the end later, where
        every step counts. What had `ended` training may not do so any more, where much less was used since than had
        been kept back.
        """
        spent = self.spent(done) or (ended if self._left() < WORTH else "")
        last = min((self._last_step(what) for what in self.budgets), default=math.inf)
        horizon = done if spent else min(max(done + 1, math.floor(min(last, total))), total)
        self.look_at = done + max(1, min(done, (horizon - done) // 2))
        return horizon, spent

    def room_for_another(self) -> bool:
        """Return whether the time budget leaves room for another checkpoint before the last one."""
        return "time" not in self.budgets or self.seconds + 2 * self._reserve("time") < self.budgets["time"].limit

    def no_time_left(self) -> bool:
        """Return whether another step like the last ones would end after the time budget; a look at the clock, no
        more.
        """
        budget = self.budgets.get("time")
        return budget is not None and self.seconds + self._step_seconds + self._reserve("time") > budget.limit

    def spent(self, step: int) -> str:
        """Return which budget has no more room for a step after so many of them: ``time``, ``energy``, or nothing."""
        if self.no_time_left():
            return "time"
        return "energy" if "energy" in self.budgets and self._last_step("energy") < step + 1 else ""

    def _left(self) -> float:
        """Return what share of the budgets is left, and not kept back."""
        used = self._used()
        return min(
            (1 - (used[what] + self._reserve(what)) / one.limit for what, one in self.budgets.items()), default=1.0
        )

    def _last_step(self, what: str) -> float:
        return self.budgets[what].last_step(self._used()[what], self._reserve(what))

    def _reserve(self, what: str) -> float:
        return MARGIN * sum(used.get(what, 0.0) for used in self._parts.values())

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint holds of it."""
        return {
            "seconds": self.seconds,
            "energy": {device: energy._asdict() for device, energy in self.energy().items()},
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Count on from what a checkpoint holds."""
        self._seconds = state["seconds"]
        self._energy = {device: Energy(**energy) for device, energy in state["energy"].items()}

    def _used(self) -> dict[str, float]:
        used = {"time": self.seconds}
        if "energy" in self.budgets:
            wh = total_wh(self.energy())
            used["energy"] = math.inf if wh is None else wh  # a meter that fell silent may hide any amount
        return used
