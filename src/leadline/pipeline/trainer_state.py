"""The state of one training: small parts side by side, and the order in which a log entry passes through them."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import polars as pl
from torch import nn

from leadline.core.catalogue import say
from leadline.core.experiment import Experiment
from leadline.core.wording import Wording
from leadline.data.dataset import Dataset
from leadline.objectives.monitoring import monitors
from leadline.pipeline.context import RunContext
from leadline.pipeline.diagnostics import TrainingDiagnostics
from leadline.run import folder as files
from leadline.run.environment import environment_for
from leadline.run.trained import Trained
from leadline.training.loop import Loader, LogEntry
from leadline.training.schedule import schedule
from leadline.training.state.best_weights import BestWeights
from leadline.training.state.budget import Account
from leadline.training.state.budget_control import BudgetControl
from leadline.training.state.checkpointing import Checkpointing, Resumable
from leadline.training.state.history import History
from leadline.training.state.plateau import PlateauWatch
from leadline.training.state.recovery import Diverged, OutOfMemory, Recovery, check
from leadline.training.state.validation import Validation, renew_average
from leadline.training.steps.contract import Step, shipped_network
from leadline.training.trackers import Trackers

ENTRIES = 10  # of the log an epoch: enough for a curve, too few to cost anything
BUDGETS = {"time": "training.time-budget-used-up", "energy": "training.energy-budget-used-up"}  # that end a training
FOR_BASELINES, AT_MOST = 0.1, 60.0  # of a budget of time, and seconds: kept for fitting them after training
WRITING = 200e6  # bytes a second that a first checkpoint is expected to be written with


class TrainerState:
    """Consumes the log entries of a training: each part of it takes from them what is its own, and keeps its state."""

    def __init__(self, folder: Path, run_context: RunContext, dataset: Dataset, step: Step, loader: Loader) -> None:
        training, objective, world = run_context.experiment.training, run_context.objective, run_context.world
        self.folder, self.run_context, self.step, self.loader = folder, run_context, step, loader
        self.history = History(training.epochs or 0, step.context.total)
        known = monitors(objective.decision, dataset.schema)
        named = (getattr(training.early_stopping, "monitor", None), schedule(training.schedule).watches)
        watched = tuple(name for name in named if name is not None)
        self.validation = Validation(dataset.splits.get("validation"), dataset.schema, step, loader, watched)
        stopping = training.early_stopping if self.validation.subset is not None else None
        self._words = Wording(objective.decision.declared_metrics)
        better = known[stopping.monitor] if stopping is not None else "lower"
        title = self._words.metric(stopping.monitor).name_in_text if stopping is not None else ""
        self.best = BestWeights(stopping, better, step, title)
        self.plateau = PlateauWatch(schedule(training.schedule), known, step)
        account = Account(
            max_time=_own_time(run_context.experiment),
            max_energy=training.max_energy,
            gpus=step.context.plan.device.startswith("cuda"),
            processes=world.size,
        )
        self.budget = BudgetControl(account, step)
        self.recovery = Recovery(step, loader.feedback)
        self._last_shown: dict[str, str] = {}
        self.diagnostics = TrainingDiagnostics(objective, dataset.schema, run_context.experiment.seed)
        log = training.log if world.is_main else ()
        self.trackers = Trackers(log, folder, run_context.experiment, run_context.shown.note)
        parts: dict[str, Resumable] = {
            "step": step,
            **({} if loader.feedback is None else {"loader": loader.feedback}),
            "history": self.history,
            "best": self.best,
            "plateau": self.plateau,
            "budget": self.budget,
            "recovery": self.recovery,
            "diagnostics": self.diagnostics,
        }
        self.checkpointing = Checkpointing(folder, parts, training.checkpoint_seconds)

    @property
    def every(self) -> int:
        """After how many steps there is a log entry."""
        return max(1, self.loader.steps_per_epoch // ENTRIES)

    @property
    def over(self) -> bool:
        """True where training ends before its last step."""
        return bool(self.best.ended or self.budget.ended)

    def begin(self) -> None:
        """Go back to the newest intact checkpoint, if there is one, and start the clock."""
        self.checkpointing.restore(self.run_context.shown.note)
        self.trackers.begin(self.step.progress.step)
        self.budget.account.begin(self.step.progress.step)
        if self.budget.account.budgets and not self.over:
            self._probe()

    def _probe(self) -> None:
        """Find out what a validation takes, and guess what a checkpoint will, before there was one."""
        if not self.run_context.world.is_main:
            return
        if self.validation.subset is not None:
            with self.budget.account.noting("validation", self.validation.probed_share):
                self.validation.probe()
        size = sum(x.nbytes for x in self.step.state()[0].values())
        self.budget.account.expect("checkpoint", time=2 * size / WRITING)

    def take(self, entry: LogEntry) -> None:
        """Log an entry; at the end of an epoch or a budget, validate; by the clock and at the end, write a
        checkpoint.
        """
        self.budget.account.seen(entry.step, entry.seconds)
        self.budget.plan(entry.step, stopped=bool(self.best.ended))
        measures, ending = self._validate() if entry.epoch_end or self.over else ({}, None)
        if entry.epoch_end:
            self.plateau.look(measures)
        # Validation took more or less than was kept back for it.
        self.budget.plan(entry.step, stopped=bool(self.best.ended))
        if self.budget.ended:
            self.happened(
                say(
                    BUDGETS[self.budget.ended],
                    epoch=round(self.history.epoch(entry.step), 2),
                    epochs=self.history.epochs,
                )
            )
        if entry.epoch_end or entry.step % self.every == 0:
            loss, rows = entry.losses["loss"], self.history.rows
            first = rows[0]["loss"] if rows else loss
            self.recovery.look(entry.step, epoch_end=entry.epoch_end, loss=loss, first=first)
        self._log(entry, {f"val_{name}": value for name, value in measures.items()})
        if ending is not None:
            self.happened(ending)
        end = self.over or entry.step == self.history.total
        self._diagnose(entry, end)
        if end:
            check(self.step)
        if end or (self.checkpointing.due and self.budget.account.room_for_another()):
            self.save(whole=end)

    def _validate(self) -> tuple[dict[str, float], str | None]:
        """Return the measures on validation rows, in the first process, and in words why training ends here, if so;
        keep the weights that are best by them.
        """
        if not (self.run_context.world.is_main and self.validation.measurable):
            return {}, None
        with self.budget.account.noting("validation"):
            measures = self.validation.measure()
        at = self.step.progress
        over = self.over or at.step >= at.total
        return measures, self.best.look(measures, self.history.epoch(at.total), over=over)

    def _log(self, entry: LogEntry, measures: dict[str, float]) -> None:
        row = {
            "step": entry.step,
            "epoch": self.history.epoch(entry.step),
            "epoch_end": entry.epoch_end,
            **entry.losses,
            "lr": entry.lr,
            "gradient_norm": entry.gradient_norm,
            "examples_per_second": entry.examples_per_second,
            "seconds": self.budget.account.seconds,
            **measures,
        }
        self.history.rows.append(row)
        self.trackers.log(row)
        shown, progress = self._shown(entry.losses["loss"], measures), self.run_context.shown
        total = self.history.total if self.over else self.step.progress.total
        epoch = {say("pipeline.epoch"): f"{entry.epoch}/{self.history.epochs}"}
        progress.train(entry.step, total, entry.examples_per_second, {**epoch, **self._last_shown, **shown})
        if measures:
            self._last_shown = shown
        if entry.epoch_end:
            progress.epoch(entry.epoch, self.history.epochs, shown)

    def _shown(self, loss: float, measures: dict[str, float]) -> dict[str, str]:
        """Return the train loss and the validation metrics as the terminal says them, the watched metric first."""
        watched = None if self.best.stopping is None else f"val_{self.best.stopping.monitor}"
        ordered = sorted(measures.items(), key=lambda one: one[0] != watched)
        return {
            say("pipeline.loss"): self._words.progress("loss", loss),
            **{
                say("pipeline.validation-metric", metric=self._words.metric(name).name_in_text): self._words.progress(
                    name, value
                )
                for name, value in ((name.removeprefix("val_"), value) for name, value in ordered)
            },
        }

    def _diagnose(self, entry: LogEntry, end: bool) -> None:
        if self.run_context.world.is_main:
            at_end = entry.epoch_end or end
            for what in self.diagnostics.take(self.history.rows, self.step, at_end=at_end, last=end):
                self.happened(what)

    def happened(self, what: str) -> None:
        """Note something out of the ordinary, and show it."""
        self.history.happened(self.step.progress.step, what)
        self.run_context.shown.note(what)

    def recover(self, trouble: Diverged | OutOfMemory) -> None:
        """Go back to the last sound state, with half the learning rate or smaller micro-batches.

        Raises TrainingFailed where that was done too often or cannot be done.
        """
        what = self.recovery.go_back(trouble, self.loader.batch)
        at = self.step.progress.step
        self.history.forget(after=at)
        self.diagnostics.forget(after=self.history.epoch(at))
        self.happened(what)
        self.trackers.begin(at)
        if self.run_context.world.is_main:
            self.checkpointing.forget(after=at)
        self.save()

    def save(self, *, whole: bool = False) -> None:
        """Write a checkpoint of everything that the rest of the run depends on, in the first process.

        `whole` says that training pauses or ends here, so that nothing is used which the checkpoint does not know of.
        """
        if self.run_context.world.is_main:
            self.budget.whole = whole
            with self.budget.account.noting("checkpoint"):
                self.checkpointing.save(self.step.progress.step)

    def ship(self) -> tuple[nn.Module | None, Trained]:
        """Return the network that ships, with the best weights on validation or the last, in the first process; write
        the history, and say how training went.
        """
        seconds, energy = self.budget.account.seconds, self.budget.energy()
        self.best.put_back()
        network, frame = None, pl.DataFrame()
        if self.run_context.world.is_main:
            if not self.best.tensors:
                renew_average(self.step, self.loader)
            network = shipped_network(self.step).to("cpu")
            frame = self.history.frame()
            frame.write_parquet(self.folder / files.HISTORY)
        self.trackers.close()
        best, at = self.best.best, self.step.progress
        best_epoch = round(self.history.epoch(best.step), 2) if best is not None and best.step else None
        if self.best.tensors and best is not None and best.step != at.step:
            self.run_context.shown.note(say("training.restored-best-weights", epoch=best_epoch))
        trained = Trained(
            datetime.fromisoformat(environment_for(self.folder)["started"]),
            seconds,
            frame,
            best_epoch,
            energy,
            events=tuple(self.history.events),
            rollbacks=at.halvings,
            seen=self.diagnostics.findings(self.history.rows),
            shown=self.diagnostics.drafts(),
        )
        return network, trained


def _own_time(experiment: Experiment) -> float | None:
    """Return the seconds that training may take: what the budget leaves where baselines are to be fitted within it."""
    budget = experiment.training.max_time
    return budget if budget is None or not experiment.baselines else budget - min(FOR_BASELINES * budget, AT_MOST)
