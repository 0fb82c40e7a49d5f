"""Step 4 of a run, fit: train the network to its end, from the start or from its last checkpoint."""

from __future__ import annotations

import signal
from collections.abc import Callable
from typing import NamedTuple

from torch import nn

from leadline.core.catalogue import say
from leadline.data.dataset import Dataset
from leadline.errors import Interrupted
from leadline.machine import out_of_memory
from leadline.models.build import classical_family
from leadline.pipeline.begin import Begun
from leadline.pipeline.epoch_end import on_epoch_end
from leadline.pipeline.execution import data_loader, execution_plan
from leadline.pipeline.fit_classical import fit_classical_network
from leadline.pipeline.trainer_state import TrainerState
from leadline.run.trained import Trained
from leadline.training.loop import fit as entries_of
from leadline.training.plan import applied
from leadline.training.signals import catching
from leadline.training.state.recovery import Diverged, OutOfMemory
from leadline.training.steps.contract import StepContext, build_step


class Fitted(NamedTuple):
    """A trained network as it will ship, on the CPU, but for what calibration sets; and how training went.

    The network is None in processes that are not the first.
    """

    network: nn.Module | None
    trained: Trained


def fit(begun: Begun) -> Fitted:
    """Train the network of a run that has begun; goes on from the newest checkpoint where there is one.

    Raises Interrupted after a signal, with a checkpoint written; TrainingFailed where the loss diverges or the disk is
    full.
    """
    family = classical_family(begun.run_context.experiment.network, begun.run_context.modules)
    return Fitted(*(fit_classical_network(begun, family) if family else _fit_network(begun)))


def _fit_network(begun: Begun) -> tuple[nn.Module | None, Trained]:
    """Train by gradients: the plan, the batches, the step, and the loop around them."""
    folder, run_context, dataset, network = begun
    training, world = run_context.experiment.training, run_context.world
    assert training.epochs is not None and training.batch is not None
    plan = execution_plan(folder, run_context, dataset, network)
    with applied(plan), catching() as stopped:
        loader = data_loader(run_context, dataset, plan.device)
        total = training.epochs * loader.steps_per_epoch
        step = build_step(
            StepContext(
                network,
                run_context.objective,
                training,
                total=total,
                seed=run_context.experiment.seed,
                plan=plan,
                steps_per_epoch=loader.steps_per_epoch,
                world=world,
            )
        )
        trainer = TrainerState(folder, run_context, dataset, step, loader)
        trainer.begin()
        while (trouble := _stretch(trainer, dataset, stopped)) is not None:
            trainer.recover(trouble)
        over = world.any(trainer.over)
        if world.any(bool(stopped())) and step.progress.step < total and not over:
            trainer.save(whole=True)
            number = stopped() or signal.SIGTERM  # one process was told, all stop
            raise Interrupted(
                say("pipeline.stopped-at-step", step=step.progress.step, total=total, folder=folder),
                number,
            )
        on_epoch_end(trainer, dataset, 1.0)  # for training that a budget ended before its time
        return trainer.ship()


def _stretch(
    trainer: TrainerState, dataset: Dataset, stopped: Callable[[], int | None]
) -> Diverged | OutOfMemory | None:
    """Train to the end, or until something goes wrong that can be gone back from; returns what.

    It is returned rather than handled here, as an error keeps the memory of the step that it was raised in.
    """
    entries = entries_of(
        trainer.step,
        trainer.loader,
        lambda entry: trainer.over or bool(stopped()),
        start=trainer.step.progress.step,
        total=trainer.step.progress.step if trainer.over else trainer.history.total,
        every=trainer.every,
        interrupted=stopped,
        look=trainer.budget.look,
    )
    try:
        for entry in entries:
            if entry.epoch_end:
                on_epoch_end(trainer, dataset, entry.step / trainer.step.progress.total)
            trainer.take(entry)
    except Diverged as error:
        return error.with_traceback(None)
    except (RuntimeError, MemoryError) as error:
        if not out_of_memory.is_out_of_memory(error):
            raise
        rows = -(-trainer.loader.batch // trainer.step.progress.accumulate)
        return OutOfMemory(say("training.out-of-memory", rows=rows))
    return None
