"""The repeats of a run with other seeds, and the spread of its measures over them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from leadline.core.catalogue import say
from leadline.core.exhibit import ExhibitDraft, store
from leadline.core.experiment import Experiment
from leadline.core.finding import Finding
from leadline.core.report import Report
from leadline.evaluation.proportions import OVER, spread
from leadline.pipeline.context import RunContext
from leadline.pipeline.several.run_group import GroupedRun, one_of_several, train_all
from leadline.pipeline.train import drop_checkpoints
from leadline.pipeline.write import write_report
from leadline.run import folder as files
from leadline.run.run import Run

NAME = "repeats"


def with_repeats(run_context: RunContext, run: Run | None) -> Run | None:
    """Train what is left of the repeats of a finished run, with the next seeds, and add the spread to its report.

    All are split as the first one is, unless the experiment says that splits follow the seed. Requirements are judged
    on the first run, and baselines and what takes time are measured there alone; so are inputs alone, unless
    `single_input_ablation` asks for them everywhere. None in processes that are not the first.
    """
    main, count = run_context.world.is_main, run_context.experiment.repeats
    folder = Path(run_context.world.share(str(run.folder) if run is not None else None))
    if count == 1 or run_context.world.any(run is not None and has_spread(run.report)):
        return run
    experiment = Experiment.read(folder / files.EXPERIMENT)
    ones = []
    for number in range(1, count):
        seed = experiment.seed + number
        one = one_of_several(experiment, seed=seed, require=(), repeats=1)
        ones.append(
            GroupedRun(
                say("pipeline.repeat", number=number + 1, count=count, seed=seed),
                run_context.of(one),
                repeat(folder, seed),
            )
        )
    others = train_all(ones, folder)
    if run is None or not main:
        return None
    write_report(folder, with_spread(run.report, [other.report for other in others if other is not None], folder))
    drop_checkpoints(folder)
    return Run(folder, modules=run_context.modules or None)


def repeat(folder: Path, seed: int) -> Path:
    """Return the folder of the repeat of a run with another seed."""
    return folder / files.REPEATS / f"seed-{seed}"


def _of_inputs(report: Report) -> Iterator[Finding]:
    """Yield the measure by which inputs were compared, of each alone, and how it differs from that of all."""
    gain = report.get("fusion_gain", split="test")
    measure = gain.again.options.get("measure") if gain is not None and gain.again is not None else None
    for finding in report.findings:
        told = (finding.group or "").endswith(" alone") and finding.value is not None
        if told and measure is not None and finding.name in (measure, f"{measure}_difference"):
            yield finding


def has_spread(report: Report) -> bool:
    """Say whether the spread over repeats has been added to a report."""
    return any(exhibit.name == NAME for exhibit in report.exhibits)


class Spread(NamedTuple):
    """The spread of measures over runs with several seeds, and a table of every value."""

    findings: tuple[Finding, ...]
    table: ExhibitDraft


def spread_over(reports: Sequence[Report]) -> Spread:
    """Return the spread of each measure over a run, the first of `reports`, and its repeats."""
    report, spreads, rows = reports[0], list[Finding](), list[list[Any]]()
    for finding in (*report.quality(), *_of_inputs(report)):
        if finding.name.endswith(OVER):
            continue
        found = [one.get(finding.name, split="test", group=finding.group) for one in reports]
        values = [one.value for one in found if one is not None and one.value is not None]
        if len(values) == len(reports):
            own = spread(finding.name, values, finding.unit, finding.better)
            spreads.append(
                own.model_copy(update={"group": finding.group, "section": "per_class" if finding.group else "metrics"})
            )
            rows.append([finding.label, *values])
    content: dict[str, Any] = {
        "columns": [say("exhibits.metric"), *(f"seed {one.experiment['seed']}" for one in reports)],
        "rows": rows,
    }
    return Spread(tuple(spreads), ExhibitDraft(NAME, "table", say("exhibits.repeats"), content, section="other"))


def with_spread(report: Report, others: Sequence[Report], folder: Path) -> Report:
    """Return a report with the spread over its run and others added: a finding a measure, and an exhibit of every
    value.
    """
    found = spread_over((report, *others))
    exhibits = (*report.exhibits, store(found.table, folder))
    return report.model_copy(update={"findings": (*report.findings, *found.findings), "exhibits": exhibits})
