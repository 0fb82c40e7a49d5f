"""What training tells the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import polars as pl

from leadline.core.catalogue import say
from leadline.core.exhibit import ExhibitDraft
from leadline.core.finding import Finding, Reproduction
from leadline.core.metric import Metric
from leadline.machine.energy import Energy

METRICS = (
    Metric("best_epoch", "Best epoch", "epoch whose weights are kept: the best on validation", unit="epochs"),
    Metric(
        "rollbacks",
        "Rollbacks",
        "times training diverged and resumed from a snapshot with half the learning rate",
        better="lower",
    ),
)

FIRST = ("step", "epoch", "epoch_end", "loss")  # columns of the history


class Event(NamedTuple):
    """Something out of the ordinary that happened in training, after so many steps."""

    step: int
    epoch: float
    what: str


class Trained(NamedTuple):
    """What training tells the report: when it began, its seconds, the history, the epoch whose weights ship, energy
    used.

    `calibrated` is what was chosen after training, `events` what was out of the ordinary in it, `rollbacks` how often a
    divergence was gone back from; `seen` and `shown` are what was watched beside losses.
    """

    started: datetime
    seconds: float
    history: pl.DataFrame
    best_epoch: float | None
    energy: Mapping[str, Energy]
    calibrated: Sequence[Finding] = ()
    events: Sequence[Event] = ()
    rollbacks: int = 0
    seen: Sequence[Finding] = ()
    shown: Sequence[ExhibitDraft] = ()

    def findings(self) -> Sequence[Finding]:
        """Return which epoch's weights ship where epochs were compared, and what is counted of the training itself."""
        again = Reproduction(producer="training", repeat="recorded")
        found = list(self.seen)
        if self.best_epoch is not None:
            method = "the epoch after which validation was best, of all epochs"
            found.append(Finding(name="best_epoch", value=self.best_epoch, unit="epochs", method=method, again=again))
        if self.rollbacks:
            method = "times that training diverged and went on from the last sound state with half the learning rate"
            found.append(
                Finding(
                    name="rollbacks", value=self.rollbacks, method=method, better="lower", again=again, section="cost"
                )
            )
        return found

    def drafts(self) -> Sequence[ExhibitDraft]:
        """Return what was watched, and a table of what was out of the ordinary, where something was."""
        rows = [[event.step, round(event.epoch, 2), event.what] for event in self.events]
        content = {"columns": [say("run.step"), say("run.epoch"), say("run.event")], "rows": rows}
        return (
            (*self.shown, ExhibitDraft("events", "table", say("run.training-events"), content, section="training"))
            if rows
            else self.shown
        )
