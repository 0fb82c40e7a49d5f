"""Train the network of a run folder to its end, from the start or from its last checkpoint."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from pathlib import Path

from torch import nn

from leadline.data.augment import Augmenter, augmented_views
from leadline.data.dataset import Dataset
from leadline.data.mix import Mixer
from leadline.errors import Interrupted
from leadline.machine import shortage
from leadline.training.feed import Feed
from leadline.training.groups import Groups
from leadline.training.loop import fit
from leadline.training.plan import Plan, apply, device_for
from leadline.training.rollback import Diverged, OutOfMemory
from leadline.training.signals import catching
from leadline.training.step import Plain
from leadline.training.trials import choose
from leadline.verbs.between import between
from leadline.verbs.course import Course
from leadline.verbs.environment import environment_for, write_environment
from leadline.verbs.job import Job
from leadline.verbs.trained import Trained


def fit_run(folder: Path, job: Job, dataset: Dataset, network: nn.Module) -> Trained:
    """Train a network to the end and write the weights that ship; goes on from the newest checkpoint where there is one.

    Raises Interrupted after a signal, with a checkpoint written; TrainingFailed where the loss diverges or the disk is full.
    """
    training, world = job.experiment.training, job.world
    assert training.epochs is not None and training.batch is not None
    plan = planned(folder, job, dataset, network)
    with apply(plan), catching() as stopped:
        feed = feed_for(job, dataset, plan.device)
        total = training.epochs * feed.steps_per_epoch
        step = Plain(
            network,
            job.objective,
            optimizer=training.optimizer,
            schedule=training.schedule,
            total=total,
            seed=job.experiment.seed,
            plan=plan,
            clip=training.clip,
            accumulate=training.accumulate,
            world=world,
            groups=Groups.of(training),
            average=training.average,
            steps_per_epoch=feed.steps_per_epoch,
            players=training.players,
        )
        course = Course(folder, job, dataset, step, feed)
        course.begin()
        while (trouble := _stretch(course, dataset, stopped)) is not None:
            course.recover(trouble)
        over = world.any(course.over)
        if world.any(bool(stopped())) and step.step < total and not over:
            course.save(whole=True)
            number = stopped() or signal.SIGTERM  # one process was told, all stop
            raise Interrupted(f"Stopped at step {step.step} of {total}. 'leadline resume {folder}' goes on from here.", number)
        between(course, dataset, 1.0)  # for training that a budget ended before its time
        return course.ship()


def _stretch(course: Course, dataset: Dataset, stopped: Callable[[], int | None]) -> Diverged | OutOfMemory | None:
    """Train to the end, or until something goes wrong that can be gone back from; returns what.

    It is returned rather than handled here, as an error keeps the memory of the step that it was raised in.
    """
    ticks = fit(
        course.step,
        course.feed,
        lambda tick: course.over or bool(stopped()),
        start=course.step.step,
        total=course.step.step if course.over else course.total,
        every=course.every,
        interrupted=stopped,
        look=course.look,
    )
    try:
        for tick in ticks:
            if tick.epoch_end:
                between(course, dataset, tick.step / course.step.total)
            course.take(tick)
    except Diverged as error:
        return error.with_traceback(None)
    except (RuntimeError, MemoryError) as error:
        if not shortage.is_one(error):
            raise
        rows = -(-course.feed.batch // course.step.accumulate)
        return OutOfMemory(f"a step with {rows} rows at a time did not fit into memory")
    return None


def planned(folder: Path, job: Job, dataset: Dataset, network: nn.Module) -> Plan:
    """Return the run's execution plan: the recorded one, else one chosen now and recorded before any step."""
    training, world = job.experiment.training, job.world
    environment = environment_for(folder) if world.is_main else {}
    recorded = world.share(json.dumps(environment.get("plan")))
    if recorded != "null":
        device = device_for(training.plan.device, world.local_rank)
        return Plan.model_validate_json(recorded).model_copy(update={"device": str(device)})
    if not training.deterministic:
        job.shown.note("timing how to execute steps on this machine …")
    feed = feed_for(job, dataset, "cpu")
    steps = (training.epochs or 1) * feed.steps_per_epoch
    batch = next(feed.at(0).split(training.accumulate))

    def chosen(rows: int) -> Plan:
        few = next(batch.split(-(-len(batch) // rows)))
        return choose(
            network,
            job.objective,
            few,
            training.plan,
            steps=steps,
            deterministic=training.deterministic,
            varied=dataset.parts["train"].lengths is not None,
            world=world,
        )

    plan = shortage.halving(chosen, len(batch))
    if world.is_main:
        write_environment(folder, {**environment, "plan": plan.model_dump(mode="json")})
        job.shown.note(f"plan: {plan.device}, {plan.name}: {plan.because}")
    return plan


def feed_for(job: Job, dataset: Dataset, device: str) -> Feed:
    """Return the batches that a resolved job trains on, augmented and mixed."""
    training = job.experiment.training
    assert training.batch is not None
    inputs = dataset.schema.inputs
    return Feed(
        dataset.parts["train"],
        training.batch,
        job.experiment.seed,
        augment=Augmenter(inputs),
        mix=Mixer(training.mix, inputs) if training.mix else None,
        views=augmented_views(job.objective.views, inputs),
        labelled_share=job.objective.labelled_share,
        world=job.world,
        device=device,
    )
