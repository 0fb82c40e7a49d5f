"""How a run is executed: the plan that was found fastest on this machine, and the batches that it trains on.

Used by the range test before a run begins, and by step 4, fit.
"""

from __future__ import annotations

import json
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path

from torch import nn

from leadline.core.catalogue import say
from leadline.data.augmentations.augmenter import Augmenter, augmented_views
from leadline.data.augmentations.mixing import Mixer
from leadline.data.dataset import Dataset
from leadline.machine import out_of_memory
from leadline.pipeline.context import RunContext
from leadline.run.environment import environment_for, write_environment
from leadline.training.data_loader import DataLoader
from leadline.training.plan import ExecutionPlan, applied, device_for, device_title
from leadline.training.plan_trials import choose_plan
from leadline.training.steps.contract import step_options


def execution_plan(folder: Path, run_context: RunContext, dataset: Dataset, network: nn.Module) -> ExecutionPlan:
    """Return the run's execution plan: the recorded one, else one chosen now and recorded before any step."""
    training, world = run_context.experiment.training, run_context.world
    environment = environment_for(folder) if world.is_main else {}
    recorded = world.share(json.dumps(environment.get("plan")))
    if recorded != "null":
        device = device_for(training.plan.device, world.local_rank)
        return ExecutionPlan.model_validate_json(recorded).model_copy(update={"device": str(device)})
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
            progress=partial(run_context.shown.stage, say("pipeline.stage-timing-plans")),
        )

    plan = out_of_memory.retry_with_half(chosen, len(batch))
    if world.is_main:
        write_environment(folder, {**environment, "plan": plan.model_dump(mode="json")})
        run_context.shown.note(
            say("pipeline.using-plan", device=device_title(plan.device), plan=plan.name, because=plan.because)
        )
    return plan


def as_planned(folder: Path) -> AbstractContextManager[None]:
    """Return the context in which threads and precision are those of a run's recorded plan; classical models have
    none.
    """
    recorded = environment_for(folder).get("plan")
    return nullcontext() if recorded is None else applied(ExecutionPlan.model_validate(recorded))


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
