"""Train the network of a run folder to its end, from the start or from its last checkpoint."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from pathlib import Path

from torch import nn

from leadline.data.augmentations.augmenter import Augmenter, augmented_views
from leadline.data.augmentations.mixing import Mixer
from leadline.data.dataset import Dataset
from leadline.errors import Interrupted
from leadline.machine import out_of_memory
from leadline.pipeline.context import RunContext
from leadline.pipeline.epoch_end import on_epoch_end
from leadline.pipeline.trainer_state import TrainerState
from leadline.run.environment import environment_for, write_environment
from leadline.run.trained import Trained
from leadline.training.data_loader import DataLoader
from leadline.training.loop import fit
from leadline.training.plan import ExecutionPlan, applied, device_for
from leadline.training.plan_trials import choose_plan
from leadline.training.recovery import Diverged, OutOfMemory
from leadline.training.signals import catching
from leadline.training.steps.contract import StepContext, build_step, step_options


def fit_network(folder: Path, run_context: RunContext, dataset: Dataset, network: nn.Module) -> Trained:
    """Train a network to the end and write the weights that ship; goes on from the newest checkpoint where there is
    one.

    Raises Interrupted after a signal, with a checkpoint written; TrainingFailed where the loss diverges or the disk is
    full."""
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
                f"Stopped at step {step.progress.step} of {total}. 'leadline resume {folder}' goes on from here.",
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
    entries = fit(
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
        return OutOfMemory(f"a step with {rows} rows at a time did not fit into memory")
    return None


def execution_plan(folder: Path, run_context: RunContext, dataset: Dataset, network: nn.Module) -> ExecutionPlan:
    """Return the run's execution plan: the recorded one, else one chosen now and recorded before any step."""
    training, world = run_context.experiment.training, run_context.world
    environment = environment_for(folder) if world.is_main else {}
    recorded = world.share(json.dumps(environment.get("plan")))
    if recorded != "null":
        device = device_for(training.plan.device, world.local_rank)
        return ExecutionPlan.model_validate_json(recorded).model_copy(update={"device": str(device)})
    if not training.deterministic:
        run_context.shown.note("timing how to execute steps on this machine …")
    loader = data_loader(run_context, dataset, "cpu")
    steps = (training.epochs or 1) * loader.steps_per_epoch
    batch = next(loader.at(0).split(training.accumulate))

    def chosen(rows: int) -> ExecutionPlan:
        few = next(batch.split(-(-len(batch) // rows)))
        return choose_plan(
            network,
            run_context.objective,
            few,
            training.plan,
            steps=steps,
            deterministic=training.deterministic,
            varied=dataset.splits["train"].lengths is not None,
            world=world,
        )

    plan = out_of_memory.retry_with_half(chosen, len(batch))
    if world.is_main:
        write_environment(folder, {**environment, "plan": plan.model_dump(mode="json")})
        run_context.shown.note(f"plan: {plan.device}, {plan.name}: {plan.because}")
    return plan


def data_loader(run_context: RunContext, dataset: Dataset, device: str) -> DataLoader:
    """Return the batches that a resolved experiment trains on, augmented and mixed."""
    training = run_context.experiment.training
    assert training.batch is not None
    inputs = dataset.schema.inputs
    return DataLoader(
        dataset.splits["train"],
        training.batch,
        run_context.experiment.seed,
        augment=Augmenter(inputs, dataset.schema.target),
        mix=Mixer(training.mix, inputs) if training.mix else None,
        views=augmented_views(run_context.objective.supervision.views, inputs),
        labelled_share=run_context.objective.supervision.labelled_share,
        sampling=step_options(training.step).sampling,
        world=run_context.world,
        device=device,
    )
