"""The course of one training: what is kept from tick to tick, and what of it survives in a checkpoint."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
from torch import Tensor

from leadline.data.dataset import Dataset
from leadline.machine.energy import Energy, Meter
from leadline.measuring.decisions import decide
from leadline.run import folder as files
from leadline.run.run import save_weights
from leadline.training.checkpoint import Checkpoints
from leadline.training.loop import Tick
from leadline.training.plan import autocast
from leadline.training.schedule import schedule
from leadline.training.step import Plain
from leadline.training.stopping import Best
from leadline.verbs.environment import environment_for
from leadline.verbs.job import Job


class Trained(NamedTuple):
    """What training tells the report: when it began, its seconds, the history, the epoch whose weights ship, energy used."""

    started: datetime
    seconds: float
    history: pl.DataFrame
    best_epoch: int | None
    energy: Mapping[str, Energy]


FIRST = ("step", "epoch", "epoch_end", "loss")  # columns of the history
INTERRUPTED = {"cpu": Energy(None, why="the run was interrupted, and what was used before that is not known")}


class Course:
    """Consumes the ticks of a training: logs, validates, stops early, writes checkpoints."""

    def __init__(self, folder: Path, job: Job, dataset: Dataset, step: Plain, total: int) -> None:
        self.folder, self.job, self.step, self.total = folder, job, step, total
        self.training, self.objective, self.shown = job.experiment.training, job.objective, job.shown
        self.schema = dataset.schema
        self.checkpoints = Checkpoints(folder / files.CHECKPOINTS)
        stopping = self.training.early_stopping
        watched = dataset.parts.get("validation")
        self.validation = watched if watched is not None and len(watched) else None
        self.best: Best | None = None
        if stopping is not None and self.validation is not None:
            self.best = Best.model_validate({"better": self.objective.monitors[stopping.on]})
        # A network that is best while the learning rate still climbs is best by luck of a small validation split.
        self.warm = schedule(self.training.schedule).warm_up * total
        self.best_tensors: dict[str, Tensor] = {}
        self.rows: list[dict[str, Any]] = []
        self.seconds_before = 0.0
        self.seconds = 0.0
        self.interrupted = False
        self.over = False
        self.meter = Meter(gpus=step.plan.device.startswith("cuda"))
        self.saved_at = time.monotonic()

    def restore(self) -> None:
        """Go back to the newest intact checkpoint, if there is one."""
        saved = self.checkpoints.latest()
        if saved is None:
            return
        for note in saved.notes:
            self.shown.note(note)
        self.step.load(saved.tensors, saved.scalars["state"])
        self.best_tensors = {name.removeprefix("best."): x for name, x in saved.tensors.items() if name.startswith("best.")}
        self.best = Best.model_validate(saved.scalars["best"]) if saved.scalars["best"] else None
        self.rows = saved.scalars["rows"]
        self.seconds_before = self.seconds = saved.scalars["seconds"]
        self.over = saved.scalars["over"]
        self.interrupted = True
        self.shown.note(f"going on from step {saved.step}")

    def take(self, tick: Tick) -> None:
        """Log a tick; at the end of an epoch, validate; by the clock and at the end, write a checkpoint."""
        main = self.step.world.is_main
        measures = self._validate() if tick.epoch_end and self.validation is not None and main else {}
        self.seconds = self.seconds_before + tick.seconds
        row = {
            "step": tick.step,
            "epoch": self._epochs(tick.step),
            "epoch_end": tick.epoch_end,
            **tick.losses,
            "lr": tick.lr,
            "gradient_norm": tick.gradient_norm,
            "examples_per_second": tick.examples_per_second,
            "seconds": self.seconds,
        }
        self.rows.append({**row, **measures})
        shown = {"loss": tick.losses["loss"], **measures}
        self.shown.train(tick.step, self.total, tick.examples_per_second, shown)
        if tick.epoch_end:
            self.shown.epoch(tick.epoch, self.training.epochs or 0, shown)
        self.meter.read()
        due = time.monotonic() - self.saved_at > self.training.checkpoint_seconds
        if due or self.over or tick.step == self.total:
            self.save()

    def _validate(self) -> dict[str, float]:
        assert self.validation is not None and self.validation.target is not None
        began = time.perf_counter()
        autocasting: Any = partial(autocast, self.step.plan)
        decided = decide(self.step.network, self.objective, self.validation, device=self.step.plan.device, autocast=autocasting)
        measures = self.objective.monitor(decided, self.validation.target, self.schema)
        stopping = self.training.early_stopping
        if self.best is not None and stopping is not None and self.step.step > self.warm:
            self.best = self.best.seen(measures[stopping.on], self.step.step)
            if self.best.is_new:
                self.best_tensors = {name: x.detach().clone() for name, x in self.step.network.state_dict().items()}
            self.over = self.best.gave_up(stopping.patience or sys.maxsize)
        self.seconds_before += time.perf_counter() - began
        return {f"val_{name}": value for name, value in measures.items()}

    def save(self) -> None:
        """Write a checkpoint of everything that the rest of the run depends on, in the first process."""
        if not self.step.world.is_main:
            return
        tensors, state = self.step.state()
        scalars = {
            "state": state,
            "best": self.best.model_dump() if self.best else None,
            "rows": self.rows,
            "seconds": self.seconds,
            "over": self.over,
        }
        self.checkpoints.save(self.step.step, {**tensors, **{f"best.{n}": x for n, x in self.best_tensors.items()}}, scalars)
        self.saved_at = time.monotonic()

    def ship(self) -> Trained:
        """Write the weights that ship, the best on validation or the last, and the history; say how training went."""
        network, best = self.step.network, self.best
        if self.best_tensors:
            network.load_state_dict(self.best_tensors)
        if self.step.world.is_main:
            save_weights(self.step.shipped().to("cpu"), self.folder / files.WEIGHTS)
            history = pl.DataFrame(self.rows, infer_schema_length=None)
            history = history.select(*FIRST, *sorted(set(history.columns) - set(FIRST)))  # checkpoints keep no order
            history.write_parquet(self.folder / files.HISTORY)
        else:
            history = pl.DataFrame()
        started = datetime.fromisoformat(environment_for(self.folder)["started"])
        best_epoch = round(self._epochs(best.step)) if best is not None and best.step else None
        if self.over:
            self.shown.note(f"stopped early after epoch {self._epochs(self.step.step):.0f}: the weights of epoch {best_epoch} ship")
        return Trained(started, self.seconds, history, best_epoch, INTERRUPTED if self.interrupted else self.meter.read())

    def _epochs(self, step: int) -> float:
        return step * (self.training.epochs or 0) / self.total  # multiplied first, the end of an epoch is a whole number
