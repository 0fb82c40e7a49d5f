"""Train again with other seeds and report the spread."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from leadline.facts.exhibit import Draft
from leadline.measuring.summary import spread
from leadline.run.run import Run
from leadline.verbs.job import Job
from leadline.verbs.once import train_once
from leadline.verbs.reporting import repeated


def repeat(job: Job, first: Run | None, repeats: int) -> Run | None:
    """Train `repeats` - 1 more runs with the next seeds, into ``<first>/repeats``, and add the spread to the first's report.

    Random splits change with the seed; given ones do not. Requirements are judged on the first run.
    """
    parent = Path(job.world.share(str(first.folder) if first else None))
    more = []
    for number in range(1, repeats):
        seed = job.experiment.seed + number
        job.shown.note(f"repeat {number + 1} of {repeats}, seed {seed}")
        again = job.experiment.model_copy(update={"seed": seed, "require": ()})
        more.append(train_once(job.of(again), parent / "repeats" / f"seed-{seed}"))
    if first is None:
        return None
    runs = [first, *(run for run in more if run is not None)]
    spreads, rows = [], []
    for finding in first.report.quality():
        values = [found.value for run in runs if (found := run.report.find(finding.name, split="test")) and found.value is not None]
        if len(values) == len(runs):
            spreads.append(spread(finding.name, values, finding.unit, finding.better))
            rows.append([finding.name, *values])
    content: dict[str, Any] = {"columns": ["measure", *(f"seed {run.experiment.seed}" for run in runs)], "rows": rows}
    repeated(first.report, spreads, Draft("repeats", "table", "Repeats with different seeds", content), first.folder)
    return Run(first.folder, modules=first.modules)
