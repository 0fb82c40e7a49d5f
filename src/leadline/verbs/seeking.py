"""Find the learning rate that an experiment leaves to a range test, before anything is written, and show what it rests on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch
from torch import nn

from leadline.data.dataset import Dataset
from leadline.facts.component import Component
from leadline.facts.exhibit import Draft
from leadline.run import folder as files
from leadline.training.distributed import ALONE
from leadline.training.optim import AUTO, optimizer
from leadline.training.plan import Plan, device_for
from leadline.training.range_test import LEVEL, RangeTest, range_test
from leadline.verbs.fitting import feed_for
from leadline.verbs.job import Job

FILE = "range_test.json"  # in the run folder


def with_rate(job: Job, dataset: Dataset, network: nn.Module) -> tuple[Job, RangeTest | None]:
    """Return the job with a number where its learning rate is ``auto``, and the test that found it; the network is only copied.

    Of several processes the main one tests for all, on whole batches of train rows.
    """
    training = job.experiment.training
    if training.optimizer.options.get("lr") != AUTO:
        return job, None
    text = job.world.share(_tested(job, dataset, network).model_dump_json() if job.world.is_main else None)
    found = RangeTest.model_validate_json(text)
    rate = found.chosen or optimizer(Component(name=training.optimizer.name)).lr
    job.shown.note(f"learning rate {rate:.2g}: {found.because}")
    settled = Component(name=training.optimizer.name, options={**training.optimizer.options, "lr": rate})
    training = training.model_copy(update={"optimizer": settled})
    return job.of(job.experiment.model_copy(update={"training": training})), found


def _tested(job: Job, dataset: Dataset, network: nn.Module) -> RangeTest:
    training, seed = job.experiment.training, job.experiment.seed
    device = str(device_for(training.plan.device, job.world.local_rank))
    threads = training.plan.threads or torch.get_num_threads()
    job.shown.note("trying learning rates on a copy of the network …")
    feed = feed_for(replace(job, world=ALONE), dataset, device)
    plan = Plan(device=device, threads=threads, deterministic=training.deterministic)
    return range_test(network, job.objective, feed, training, seed=seed, plan=plan)


def keep(folder: Path, found: RangeTest | None) -> None:
    """Write what a range test found into the run folder."""
    if found is not None:
        files.write(folder / FILE, found.model_dump_json(indent=1))


def shown(folder: Path, settled: Component) -> list[Draft]:
    """Return the exhibit of a run's range test, where it made one: loss against rate, with the settled one marked."""
    if not (folder / FILE).exists():
        return []
    found = RangeTest.model_validate_json((folder / FILE).read_text(encoding="utf-8"))
    rate = float(settled.options["lr"])
    level, lowest = max(found.smoothed[:LEVEL]), min(found.smoothed)
    highest = level + max(level - lowest, abs(level) / 10)  # what is said once all is lost would leave nothing of the picture
    lines = {"loss of a batch": found.losses, "smoothed": found.smoothed}
    series = [{"name": name, "values": [x if x <= highest else None for x in values]} for name, values in lines.items()]
    content = {
        "x": {"label": "learning rate", "values": list(found.rates), "log": True},
        "panels": [{"label": "loss", "log": False, "series": series}],
        "mark": {"x": rate, "label": f"{rate:.2g}"},
    }
    caption = f"A short training of a copy on train rows, at ever higher learning rates. Taken: {rate:.2g}, {found.because}."
    return [Draft("range_test", "curves", "Learning-rate range test", content, caption)]
