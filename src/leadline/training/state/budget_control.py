"""Ends a training where its budget of time or energy does, and fits the schedule to what is left of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from torch import Tensor

from leadline.core.catalogue import say
from leadline.machine.energy import Energy
from leadline.training.state.budget import Account
from leadline.training.steps.contract import Step


def interrupted() -> dict[str, Energy]:
    """Return the energy of a run that was interrupted, which is unknown."""
    return {"cpu": Energy(None, why=say("training.energy-unknown-interrupted"))}


class BudgetControl:
    """What training uses, by its `account`, and what follows from it; all processes learn it from the first.

    `ended` says which budget ended training: ``time``, ``energy`` or nothing. `whole` is to be true where training
    pauses or ends, so that nothing is used of which its checkpoint does not know.
    """

    def __init__(self, account: Account, step: Step) -> None:
        self.account, self.step = account, step
        self.ended = ""
        self.whole = False
        self._known = True  # whether all the energy that was used is

    def plan(self, done: int, *, stopped: bool) -> None:
        """End where a budget does, unless training has `stopped` by itself; else fit the schedule to what is left."""
        if not self.account.budgets:
            return
        at, world = self.step.progress, self.step.context.world
        if world.is_main and not stopped:
            at.total, self.ended = self.account.plan(done, self.step.context.total, ended=self.ended)
        # Processes take the same learning rate and log together.
        at.total, self.account.look_at = json.loads(world.share(json.dumps([at.total, self.account.look_at])))

    def look(self, done: int) -> bool:
        """Return whether the budgets want to be looked at after so many steps."""
        alone = self.step.context.world.size == 1
        return done >= self.account.look_at or (alone and self.account.no_time_left())

    def energy(self) -> Mapping[str, Energy]:
        """Return the energy of training so far by device, absent where some of it is not known."""
        return self.account.energy() if self._known else interrupted()

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Return what a checkpoint holds of it."""
        known = {"known": self._known, "whole": self.whole}
        return {}, {"account": self.account.state(), "ended": self.ended, **known}

    def load(self, tensors: Mapping[str, Tensor], scalars: Mapping[str, Any]) -> None:
        """Count on from what a checkpoint holds."""
        self.account.load(scalars["account"])
        self.ended = scalars["ended"]
        self._known = scalars["known"] and scalars["whole"]
