"""Train the network of a run folder to its end, from the start or from its last checkpoint."""

from __future__ import annotations

import json
import signal
from pathlib import Path

from torch import nn

from leadline.data.augment import Augmenter
from leadline.data.dataset import Dataset
from leadline.errors import Interrupted
from leadline.training.feed import Feed
from leadline.training.loop import fit
from leadline.training.plan import Plan, apply, device_for
from leadline.training.signals import catching
from leadline.training.step import Plain
from leadline.training.trials import choose
from leadline.verbs.course import Course, Trained
from leadline.verbs.environment import environment_for, write_environment
from leadline.verbs.job import Job

TICKS = 10  # an epoch: enough for a curve, too few to cost anything


def fit_run(folder: Path, job: Job, dataset: Dataset, network: nn.Module) -> Trained:
    """Train a network to the end and write the weights that ship; goes on from the newest checkpoint where there is one.

    Raises Interrupted after a signal, with a checkpoint written; TrainingFailed where the loss diverges or the disk is full.
    """
    training, world = job.experiment.training, job.world
    assert training.epochs is not None and training.batch is not None
    plan = planned(folder, job, dataset, network)
    with apply(plan), catching() as stopped:
        feed = _feed(job, dataset, plan.device)
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
        )
        course = Course(folder, job, dataset, step, total)
        course.restore()
        ticks = fit(
            step,
            feed,
            lambda tick: course.over or bool(stopped()),
            start=step.step,
            total=step.step if course.over else total,
            every=max(1, feed.steps_per_epoch // TICKS),
            interrupted=stopped,
        )
        for tick in ticks:
            course.take(tick)
        over = world.any(course.over)
        if world.any(bool(stopped())) and step.step < total and not over:
            course.save()
            number = stopped() or signal.SIGTERM  # one process was told, all stop
            raise Interrupted(f"Stopped at step {step.step} of {total}. 'leadline resume {folder}' goes on from here.", number)
        return course.ship()


def planned(folder: Path, job: Job, dataset: Dataset, network: nn.Module) -> Plan:
    """Return the run's execution plan: the recorded one, else one chosen now and recorded before any step."""
    training, world = job.experiment.training, job.world
    environment = environment_for(folder) if world.is_main else {}
    recorded = world.share(json.dumps(environment.get("plan")))
    if recorded != "null":
        device = device_for(training.plan.device, world.local_rank)
        return Plan.model_validate_json(recorded).model_copy(update={"device": str(device)})
    job.shown.note("timing how to execute steps on this machine …")
    feed = _feed(job, dataset, "cpu")
    steps = (training.epochs or 1) * feed.steps_per_epoch
    plan = choose(network, job.objective, feed.at(0), training.plan, steps=steps, deterministic=training.deterministic, world=world)
    if world.is_main:
        write_environment(folder, {**environment, "plan": plan.model_dump(mode="json")})
        job.shown.note(f"plan: {plan.device}, {plan.name}: {plan.because}")
    return plan


def _feed(job: Job, dataset: Dataset, device: str) -> Feed:
    training = job.experiment.training
    assert training.batch is not None
    augment = Augmenter(dataset.schema.inputs)
    return Feed(dataset.parts["train"], training.batch, job.experiment.seed, augment=augment, world=job.world, device=device)
