"""The repeats of a run with other seeds, and the spread of its measures over them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from leadline.facts.exhibit import Draft, store
from leadline.facts.experiment import Experiment
from leadline.facts.report import Report
from leadline.measuring.summary import spread
from leadline.run import folder as files
from leadline.run.run import Run
from leadline.verbs.job import Job
from leadline.verbs.once import drop_checkpoints
from leadline.verbs.reporting import write_report
from leadline.verbs.several import One, train_all

NAME = "repeats"


def with_repeats(job: Job, run: Run | None) -> Run | None:
    """Train what is left of the repeats of a finished run, with the next seeds, and add the spread to its report.

    Random splits change with the seed; given ones do not. Requirements are judged on the first run, and baselines and what takes
    time are measured there alone. None in processes that are not the first.
    """
    main, count = job.world.is_main, job.experiment.repeats
    folder = Path(job.world.share(str(run.folder) if run is not None else None))
    if count == 1 or job.world.any(run is not None and has_spread(run.report)):
        return run
    experiment = Experiment.read(folder / files.EXPERIMENT)
    ones = []
    for number in range(1, count):
        seed = experiment.seed + number
        one = experiment.model_copy(update={"seed": seed, "require": (), "repeats": 1, "baselines": ()})
        ones.append(One(f"repeat {number + 1} of {count}, seed {seed}", job.of(one), folder / "repeats" / f"seed-{seed}"))
    others = train_all(ones, folder)
    if run is None or not main:
        return None
    write_report(folder, with_spread(run.report, [other.report for other in others if other is not None], folder))
    drop_checkpoints(folder)
    return Run(folder, modules=job.modules or None)


def has_spread(report: Report) -> bool:
    """Say whether the spread over repeats has been added to a report."""
    return any(exhibit.name == NAME for exhibit in report.exhibits)


def with_spread(report: Report, others: Sequence[Report], folder: Path) -> Report:
    """Return a report with the spread over its run and others added: a finding a measure, and an exhibit of every value."""
    reports = [report, *others]
    spreads, rows = [], []
    for finding in report.quality():
        values = [found.value for one in reports if (found := one.find(finding.name, split="test")) and found.value is not None]
        if len(values) == len(reports):
            spreads.append(spread(finding.name, values, finding.unit, finding.better))
            rows.append([finding.name, *values])
    content: dict[str, Any] = {"columns": ["measure", *(f"seed {one.experiment['seed']}" for one in reports)], "rows": rows}
    exhibit = store(Draft(NAME, "table", "Repeats with different seeds", content), folder)
    return report.model_copy(update={"findings": (*report.findings, *spreads), "exhibits": (*report.exhibits, exhibit)})
