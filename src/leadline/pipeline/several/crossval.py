"""A cross-validation: a run for each fold, and what they say together.

`verbs/crossval.py` calls it, and `verbs/resume.py` goes on with it. Each fold is an ordinary run in a folder below.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import polars as pl

from leadline.core import wording
from leadline.core.catalogue import say
from leadline.core.exhibit import store
from leadline.core.experiment import Experiment
from leadline.core.report import Report, RunFacts
from leadline.core.requirement import Requirement, verdicts_on
from leadline.errors import UsageError
from leadline.evaluation.evaluate import levels_for
from leadline.evaluation.folds import over_folds, side_by_side
from leadline.pipeline.context import RunContext
from leadline.pipeline.several.run_group import GroupedRun, one_of_several, train_all
from leadline.pipeline.write import artifacts, write_report
from leadline.run import folder as files
from leadline.run.declared import written
from leadline.run.environment import environment_for
from leadline.run.parquet import read_parquet
from leadline.run.run import Run

FOLDS = 5
MOST = 1_000


class Crossval(NamedTuple):
    """A finished cross-validation: its folder, what the folds say together, and the run of each fold in order."""

    folder: Path
    report: Report
    runs: tuple[Run, ...]

    def __repr__(self) -> str:
        """Return in a line where the folds lie, and what they say together."""
        main = next((f for f in self.report.findings if f.value is not None and f.group is None), None)
        measured = "nothing measured" if main is None else self.report.wording.brief(main)
        folds = wording.count(len(self.runs), "fold")
        return f"Crossval({wording.shortened(str(self.folder), 50)!r}: {folds}, {measured})"


def all_folds(run_context: RunContext, folder: Path) -> Crossval | None:
    """Bring the cross-validation in a folder to its end, from wherever it stopped."""
    count = run_context.experiment.data.split.folds
    assert count is not None
    began = datetime.now(UTC)
    first, *others = [_fold(run_context, folder, number, count) for number in range(1, count + 1)]
    # what is wrong with all of them shows in the first
    runs = [*train_all([first], folder), *train_all(others, folder)]
    if not run_context.world.is_main:
        return None
    done = tuple(run for run in runs if run is not None)
    if not (folder / files.MANIFEST).exists():
        _report(folder, run_context.experiment, done, began)
    return Crossval(folder, Report.read(folder / files.REPORT), done)


def in_folds(experiment: Experiment, folds: int) -> Experiment:
    """Return the experiment of a cross-validation with so many folds; raises UsageError where its split is another."""
    split = experiment.data.split
    if not 2 <= folds <= MOST:
        raise UsageError(say("pipeline.folds-out-of-range", folds=folds, most=MOST))
    if split.by == "column":
        raise UsageError(say("pipeline.folds-with-split-column", column=split.column))
    if split.spans is not None:
        raise UsageError(say("pipeline.folds-with-spans"))
    if experiment.repeats > 1:
        raise UsageError(say("pipeline.folds-with-repeats"))
    # a series is split by its time
    by = "random" if split.by == "auto" and experiment.data.series is None else split.by
    spec = split.model_copy(update={"by": by, "folds": folds, "fold": None})
    return experiment.model_copy(update={"data": experiment.data.model_copy(update={"split": spec})})


def _fold(run_context: RunContext, folder: Path, number: int, count: int) -> GroupedRun:
    data = run_context.experiment.data
    split = data.split.model_copy(update={"fold": number})
    experiment = one_of_several(run_context.experiment, data=data.model_copy(update={"split": split}))
    words = say("pipeline.fold", number=number, count=count)
    return GroupedRun(words, run_context.of(experiment), fold(folder, number))


def fold(folder: Path, number: int) -> Path:
    """Return the folder of a fold of a cross-validation, the first of which is 1."""
    return folder / files.FOLDS / f"fold-{number}"


def _report(folder: Path, experiment: Experiment, runs: Sequence[Run], began: datetime) -> None:
    """Write what the folds say together: report, page, card, the predictions of all rows, manifest."""
    reports = [run.report for run in runs]
    requirements = tuple(Requirement.parse(text) for text in experiment.require)
    findings = tuple(over_folds(reports, levels_for(len(requirements))))
    pooled([run.folder for run in runs]).write_parquet(folder / files.PREDICTIONS)
    accesses = [report.run.test_accesses for report in reports if report.run.test_accesses is not None]
    report = Report(
        experiment=experiment.model_dump(mode="json"),
        run=RunFacts(
            id=folder.name,
            started=min(report.run.started for report in reports),
            seconds=max((datetime.now(UTC) - began).total_seconds(), sum(report.run.seconds for report in reports)),
            test_accesses=max(accesses, default=None),
            required=written(folder),
            test_read=min((one.run.test_read for one in reports if one.run.test_read), default=None),
        ),
        environment={**environment_for(runs[0].folder), "files": artifacts(folder)},
        findings=findings,
        exhibits=(store(side_by_side(reports), folder),),
        requirements=verdicts_on(requirements, findings),
        metrics=reports[0].metrics,
    )
    write_report(folder, report)


def pooled(folds: Sequence[Path]) -> pl.DataFrame:
    """Return the predictions of all rows, each by the network that never saw it; `folds` are the folders of the runs,
    in order.
    """
    tables = [
        read_parquet(fold / files.PREDICTIONS)
        .filter(pl.col("split") == "test")
        .drop("split")
        .select(pl.lit(number).alias("fold"), pl.all())
        for number, fold in enumerate(folds, start=1)
    ]
    return pl.concat(tables, how="diagonal_relaxed")
