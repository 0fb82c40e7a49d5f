"""Find the learning rate that an experiment leaves to a range test, before anything is written, and show what it rests
on.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch
from torch import nn

from leadline.core.catalogue import say
from leadline.core.component import Component
from leadline.core.exhibit import ExhibitDraft
from leadline.data.dataset import Dataset
from leadline.pipeline.context import RunContext
from leadline.pipeline.execution import data_loader
from leadline.run import folder as files
from leadline.training.distributed import ALONE
from leadline.training.lr_range_test import LEVEL, LrRangeTest, lr_range_test
from leadline.training.optim import AUTO, without_rate
from leadline.training.plan import ExecutionPlan, device_for

FILE = "range_test.json"  # in the run folder


def with_rate(run_context: RunContext, dataset: Dataset, network: nn.Module) -> tuple[RunContext, LrRangeTest | None]:
    """Return the job with a number where its learning rate is ``auto``, and the test that found it; the network is only
    copied.

    Of several processes the main one tests for all, on whole batches of train rows.
    """
    training = run_context.experiment.training
    if training.optimizer.options.get("lr") != AUTO:
        return run_context, None
    text = run_context.world.share(
        _tested(run_context, dataset, network).model_dump_json() if run_context.world.is_main else None
    )
    found = LrRangeTest.model_validate_json(text)
    rate = found.chosen or without_rate(training.optimizer).lr
    run_context.shown.note(say("pipeline.learning-rate-found", rate=rate, because=found.because))
    settled = Component(name=training.optimizer.name, options={**training.optimizer.options, "lr": rate})
    training = training.model_copy(update={"optimizer": settled})
    return run_context.of(run_context.experiment.model_copy(update={"training": training})), found


def _tested(run_context: RunContext, dataset: Dataset, network: nn.Module) -> LrRangeTest:
    training, seed = run_context.experiment.training, run_context.experiment.seed
    device = str(device_for(training.plan.device, run_context.world.local_rank))
    threads = training.plan.threads or torch.get_num_threads()
    loader = data_loader(replace(run_context, world=ALONE), dataset, device)
    plan = ExecutionPlan(device=device, threads=threads, deterministic=training.deterministic)
    name, shown = say("pipeline.stage-range-test"), run_context.shown
    found = lr_range_test(
        network,
        run_context.objective,
        loader,
        training,
        seed=seed,
        plan=plan,
        progress=lambda done, total: shown.stage(name, done, total),
    )
    shown.stage(name, 1, 1)
    return found


def keep(folder: Path, found: LrRangeTest | None) -> None:
    """Write what a range test found into the run folder."""
    if found is not None:
        files.write(folder / FILE, found.model_dump_json(indent=1))


def shown(folder: Path, chosen: Component) -> list[ExhibitDraft]:
    """Return the exhibit of a run's range test, where it made one: loss against rate, with the settled one marked."""
    if not (folder / FILE).exists():
        return []
    found = LrRangeTest.model_validate_json((folder / FILE).read_text(encoding="utf-8"))
    rate = float(chosen.options["lr"])
    level, lowest = max(found.smoothed[:LEVEL]), min(found.smoothed)
    # what is said once all is lost would leave nothing of the picture
    highest = level + max(level - lowest, abs(level) / 10)
    lines = {say("exhibits.batch-loss"): found.losses, say("exhibits.smoothed"): found.smoothed}
    series = [{"name": name, "values": [x if x <= highest else None for x in values]} for name, values in lines.items()]
    content = {
        "x": {"label": say("exhibits.learning-rate"), "values": list(found.rates), "log": True},
        "panels": [{"label": say("exhibits.loss"), "log": False, "series": series}],
        "mark": {"x": rate, "label": f"{rate:.2g}"},
    }
    caption = say("exhibits.lr-range-test-about", rate=rate, reason=found.because)
    return [ExhibitDraft("range_test", "curves", say("exhibits.lr-range-test"), content, caption, section="training")]
