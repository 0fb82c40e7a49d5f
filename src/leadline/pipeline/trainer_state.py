"""The course of one training: what is kept from tick to tick, and what of it survives in a checkpoint."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from torch import Tensor

from leadline.core.finding import Finding
from leadline.core.training_spec import EarlyStopping
from leadline.data.dataset import Dataset
from leadline.machine.energy import Energy
from leadline.pipeline.calibrate import calibrate
from leadline.pipeline.context import RunContext
from leadline.pipeline.diagnostics import TrainingDiagnostics
from leadline.pipeline.resolving.stopping import PATIENCE
from leadline.run import folder as files
from leadline.run.environment import environment_for
from leadline.run.inference import predict_subset
from leadline.run.run import save_weights
from leadline.run.trained import FIRST, Event, Trained
from leadline.training.budget import Account
from leadline.training.checkpoint import Checkpoints, below
from leadline.training.data_loader import DataLoader
from leadline.training.early_stopping import Best
from leadline.training.loop import LogEntry
from leadline.training.plan import autocast
from leadline.training.plateau import PlateauWatch
from leadline.training.recovery import Diverged, OutOfMemory, Snapshot, check, halved, split_up
from leadline.training.schedule import schedule
from leadline.training.steps.contract import Step, evaluated_network, shipped_network
from leadline.training.trackers import Trackers
from leadline.training.weight_average import renewal

INTERRUPTED = {
    "cpu": Energy(None, why="the run was interrupted, and what was used since its last checkpoint is not known")
}
TICKS = 10  # an epoch: enough for a curve, too few to cost anything
PROBE = 512  # validation rows that are decided before training, to know how long all of them take
WRITING = 200e6  # bytes a second that a first checkpoint is expected to be written with


class TrainerState:
    """Consumes the ticks of a training: logs, validates, stops early and at the end of a budget, writes checkpoints,
    goes back.
    """

    def __init__(self, folder: Path, run_context: RunContext, dataset: Dataset, step: Step, loader: DataLoader) -> None:
        self.folder, self.run_context, self.step, self.loader = folder, run_context, step, loader
        self.training, self.objective, self.shown = (
            run_context.experiment.training,
            run_context.objective,
            run_context.shown,
        )
        self.total, self.every = step.progress.total, max(1, loader.steps_per_epoch // TICKS)
        self.schema = dataset.schema
        self.checkpoints = Checkpoints(folder / files.CHECKPOINTS)
        stopping = self.training.early_stopping
        watched = dataset.splits.get("validation")
        self.validation = watched if watched is not None and len(watched) else None
        self.best: Best | None = None
        if stopping is not None and self.validation is not None:
            self.best = Best.model_validate({"better": self.objective.decision.monitors[stopping.on]})
        self.schedule = schedule(self.training.schedule)
        self.plateau = PlateauWatch(self.schedule, self.objective.decision.monitors, step)
        self.best_tensors: dict[str, Tensor] = {}
        self.rows: list[dict[str, Any]] = []
        self.events: list[Event] = []
        self.ended = ""  # by what, if not by the last step
        self.known = True  # whether all the energy that was used is
        self.account = Account(
            max_time=self.training.max_time,
            max_energy=self.training.max_energy,
            gpus=step.context.plan.device.startswith("cuda"),
            processes=step.context.world.size,
        )
        self.against = len(self.objective.learning.networks(step.network)) > 1  # each other: a loss alone says little
        self.snapshot = Snapshot(step)
        self.watching = TrainingDiagnostics(self.objective, self.schema, run_context.experiment.seed)
        self.saved_at = time.monotonic()
        log = self.training.log if step.context.world.is_main else ()
        self.trackers = Trackers(log, folder, run_context.experiment, self.shown.note)

    @property
    def over(self) -> bool:
        """True where training ends before its last step."""
        return bool(self.ended)

    def begin(self) -> None:
        """Go back to the newest intact checkpoint, if there is one, and start the clock."""
        saved = self.checkpoints.latest()
        if saved is not None:
            for note in saved.notes:
                self.shown.note(note)
            self._restore(saved.tensors, saved.scalars)
            self.shown.note(f"going on from step {saved.step}")
        self.trackers.begin(self.step.progress.step)
        self.account.begin(self.step.progress.step)
        if self.account.budgets and not self.ended:
            self._probe()

    def _restore(self, tensors: Mapping[str, Tensor], scalars: Mapping[str, Any]) -> None:
        self.step.load(tensors, scalars["state"])
        self.best_tensors = below("best.", tensors)
        self.best = Best.model_validate(scalars["best"]) if scalars["best"] else None
        self.rows = scalars["rows"]
        self.events = [Event(*event) for event in scalars["events"]]
        self.ended = scalars["ended"]
        self.account.load(scalars["account"])
        self.known = scalars["known"] and scalars["whole"]
        self.plateau.load(scalars["plateau"])
        self.watching.load(tensors, scalars["watching"])
        if scalars["snapshot"]:
            self.snapshot.load(below("snapshot.", tensors), scalars["snapshot"])
        else:
            self.snapshot.take(self.step)

    def take(self, entry: LogEntry) -> None:
        """Log a tick; at the end of an epoch or a budget, validate; by the clock and at the end, write a checkpoint."""
        main = self.step.context.world.is_main
        self.account.seen(entry.step, entry.seconds)
        self._plan_ahead(entry.step)
        measures = self._validate() if (entry.epoch_end or self.over) and main else {}
        if entry.epoch_end:
            self.plateau.look({name.removeprefix("val_"): value for name, value in measures.items()})
        self._plan_ahead(entry.step)  # validation took more or less than was kept back for it
        if self.ended in self.account.budgets:
            of = f"{self.epochs(entry.step):.3g} of {self.training.epochs}"
            self._happened(f"the {self.ended} budget ended training in epoch {of}")
        regular = entry.epoch_end or entry.step % self.every == 0
        first = self.rows[0]["loss"] if self.rows and not self.against else entry.losses["loss"]
        if regular and self.snapshot.due(entry.step, epoch_end=entry.epoch_end, loss=entry.losses["loss"], first=first):
            self.snapshot.take(self.step)
        self._log(entry, measures)
        end = self.over or entry.step == self.total
        for what in self.watching.take(self.rows, self.step, at_end=entry.epoch_end or end, last=end) if main else ():
            self._happened(what)
        if end:
            check(self.step)
        due = time.monotonic() - self.saved_at > self.training.checkpoint_seconds and self.account.room_for_another()
        if end or due:
            self.save(whole=end)

    def _log(self, entry: LogEntry, measures: Mapping[str, float]) -> None:
        row = {
            "step": entry.step,
            "epoch": self.epochs(entry.step),
            "epoch_end": entry.epoch_end,
            **entry.losses,
            "lr": entry.lr,
            "gradient_norm": entry.gradient_norm,
            "examples_per_second": entry.examples_per_second,
            "seconds": self.account.seconds,
            **measures,
        }
        self.rows.append(row)
        self.trackers.log(row)
        shown = {"loss": entry.losses["loss"], **measures}
        self.shown.train(
            entry.step, self.total if self.over else self.step.progress.total, entry.examples_per_second, shown
        )
        if entry.epoch_end:
            self.shown.epoch(entry.epoch, self.training.epochs or 0, shown)

    def _plan_ahead(self, done: int) -> None:
        """End where a budget does; else fit the schedule to what is left of it."""
        if not self.account.budgets:
            return
        if self.step.context.world.is_main and self.ended in ("", *self.account.budgets):
            self.step.progress.total, self.ended = self.account.plan(done, self.total, ended=self.ended)
        told = self.step.context.world.share(json.dumps([self.step.progress.total, self.account.look_at]))
        self.step.progress.total, self.account.look_at = json.loads(
            told
        )  # processes take the same learning rate and tick together

    def look(self, done: int) -> bool:
        """Return whether the budgets want to be looked at after so many steps."""
        return done >= self.account.look_at or (self.step.context.world.size == 1 and self.account.no_time_left())

    def _validate(self) -> dict[str, float]:
        if self.validation is None or self.validation.target is None:
            return {}
        step, stopping = self.step, self.training.early_stopping
        with self.account.noting("validation"):
            self._renew()
            autocasting: Any = partial(autocast, step.context.plan)
            decided = predict_subset(
                evaluated_network(step),
                self.objective,
                self.validation,
                device=step.context.plan.device,
                autocast=autocasting,
            )
            measures = self.objective.decision.monitor(decided, self.validation.target, self.schema)
        if self.best is not None and stopping is not None:
            value = measures[stopping.on]
            reached = self.best.reaches(value, stopping.target)
            # A network that is best while the learning rate still climbs is best by luck of a small validation split;
            # and one that was not averaged yet is not what was asked for.
            counts = step.progress.step > self.schedule.warm_up * step.progress.total and (
                step.averaged is None or step.averaged.count > 0
            )
            if counts or reached:
                self.best = self.best.seen(value, step.progress.step, tolerance=0.0 if reached else stopping.tolerance)
                if self.best.is_new:
                    self.best_tensors = {
                        name: x.detach().clone() for name, x in evaluated_network(step).state_dict().items()
                    }
            self._stop_early(stopping, self.best, reached)
        return {f"val_{name}": value for name, value in measures.items()}

    def _stop_early(self, stopping: EarlyStopping, best: Best, reached: bool) -> None:
        if self.over:
            return
        # Without a number, patience is half of the epochs that there will be, as far as a budget lets one know.
        patience = stopping.patience or max(PATIENCE, round(self.epochs(self.step.progress.total) / 2))
        if reached:
            self.ended = "target"
            self._happened(f"stopped early: {stopping.on} reached {stopping.target:g}")
        elif best.gave_up(patience):
            self.ended = "patience"
            self._happened(f"stopped early: {patience} epochs without a better {stopping.on}")

    def _renew(self) -> None:
        if self.step.averaged is not None:
            batches = map(self.loader.at, renewal(self.loader.steps_per_epoch))
            self.step.averaged.renew(self.objective, batches, self.step.context.plan)

    def _probe(self) -> None:
        """Find out what a validation takes, and guess what a checkpoint will, before there was one."""
        if not self.step.context.world.is_main:
            return
        if self.validation is not None:
            few = self.validation.subset(np.arange(min(len(self.validation), PROBE)))
            with self.account.noting("validation", len(few) / len(self.validation)):
                predict_subset(evaluated_network(self.step), self.objective, few, device=self.step.context.plan.device)
        self.account.expect("checkpoint", time=2 * sum(x.nbytes for x in self.step.state()[0].values()) / WRITING)

    def recover(self, trouble: Diverged | OutOfMemory) -> None:
        """Go back to the last sound state, with half the learning rate or smaller micro-batches.

        Raises TrainingFailed where that was done too often or cannot be done.
        """
        if isinstance(trouble, Diverged):
            what = halved(self.step, self.snapshot, trouble)
        else:
            what = split_up(self.step, self.snapshot, trouble, self.training.batch or 1)
        self.rows = [row for row in self.rows if row["step"] <= self.step.progress.step]
        self.watching.forget(after=self.epochs(self.step.progress.step))
        self._happened(what)
        self.trackers.begin(self.step.progress.step)
        if self.step.context.world.is_main:
            self.checkpoints.forget(after=self.step.progress.step)
        self.save()

    def _happened(self, what: str) -> None:
        self.events.append(Event(self.step.progress.step, self.epochs(self.step.progress.step), what))
        self.shown.note(what)

    def save(self, *, whole: bool = False) -> None:
        """Write a checkpoint of everything that the rest of the run depends on, in the first process.

        `whole` says that training pauses or ends here, so that nothing is used which the checkpoint does not know of.
        """
        if not self.step.context.world.is_main:
            return
        tensors, state = self.step.state()
        made, watching = self.watching.state()
        tensors |= {f"best.{name}": x for name, x in self.best_tensors.items()} | made
        scalars = {
            "state": state,
            "best": self.best.model_dump() if self.best else None,
            "rows": self.rows,
            "events": self.events,
            "ended": self.ended,
            "account": self.account.state(),
            "known": self.known,
            "whole": whole,
            "plateau": self.plateau.state(),
            "watching": watching,
            "snapshot": None,
        }
        if self.snapshot.step != self.step.progress.step and not self.over:
            tensors |= {f"snapshot.{name}": x for name, x in self.snapshot.tensors.items()}
            scalars["snapshot"] = self.snapshot.scalars
        with self.account.noting("checkpoint"):
            self.checkpoints.save(self.step.progress.step, tensors, scalars)
        self.saved_at = time.monotonic()

    def ship(self) -> Trained:
        """Write the weights that ship, the best on validation or the last, and the history; say how training went."""
        seconds, energy = self.account.seconds, self.account.energy() if self.known else INTERRUPTED
        if self.best_tensors:
            evaluated_network(self.step).load_state_dict(self.best_tensors)
        history, settled = pl.DataFrame(), tuple[Finding, ...]()
        if self.step.context.world.is_main:
            if not self.best_tensors:
                self._renew()
            network = shipped_network(self.step).to("cpu")
            settled = calibrate(network, self.objective, self.schema, self.validation, self.shown)
            save_weights(network, self.folder / files.WEIGHTS)
            history = pl.DataFrame(self.rows, infer_schema_length=None)
            history = history.select(*FIRST, *sorted(set(history.columns) - set(FIRST)))  # checkpoints keep no order
            history.write_parquet(self.folder / files.HISTORY)
        self.trackers.close()
        started = datetime.fromisoformat(environment_for(self.folder)["started"])
        best = round(self.epochs(self.best.step), 2) if self.best is not None and self.best.step else None
        if self.over and best is not None:
            self.shown.note(
                f"stopped after epoch {self.epochs(self.step.progress.step):.3g}: the weights of epoch {best:.3g} ship"
            )
        watched = self.watching.findings(self.rows), self.watching.drafts()
        return Trained(
            started, seconds, history, best, energy, settled, tuple(self.events), self.step.progress.halvings, *watched
        )

    def epochs(self, step: int) -> float:
        """Return how many epochs so many steps are."""
        return (
            step * (self.training.epochs or 0) / self.total
        )  # multiplied first, the end of an epoch is a whole number
