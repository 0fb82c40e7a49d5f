"""Train and measure once for each fold, so that every row is tested by a network that never saw it."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from leadline.core.exhibit import store
from leadline.core.experiment import Experiment
from leadline.core.report import Report, RunFacts
from leadline.core.requirement import Requirement, verdicts_on
from leadline.errors import DataError, UsageError
from leadline.evaluation.evaluate import levels_for
from leadline.evaluation.folds import over_folds, side_by_side
from leadline.pipeline.context import RunContext
from leadline.pipeline.progress import progress
from leadline.pipeline.resolving.compose import compose
from leadline.pipeline.run_group import One, train_all
from leadline.pipeline.write import write_report
from leadline.run import folder as files
from leadline.run.environment import environment_for
from leadline.run.run import Run
from leadline.training import distributed

FOLDS = 5
MOST = 1_000


class Crossval(NamedTuple):
    """A finished cross-validation: its folder, what the folds say together, and the run of each fold in order."""

    folder: Path
    report: Report
    runs: tuple[Run, ...]


def crossval(
    source: object, *, folds: int | None = None, out: str | Path | None = None, quiet: bool = False, **options: Any
) -> Crossval | None:
    """Train on all folds but one and test on that one, for each of `folds` (5) in turn; `options` are those of `train`.

    Folds are stratified by class; ``split="group:COL"`` keeps groups whole, and ``split="time:COL"`` tests each fold on
    networks trained on what came before it, as those of a series are. A split that the source gives is put aside.
    Validation rows are taken from each fold's train rows. Under torchrun only the first process returns the result, the
    others None.

    Raises UsageError and DataError before anything is written, TrainingFailed and Interrupted with what is left on
    disk."""
    experiment, memory, modules = compose(source, **options)
    experiment = _in_folds(experiment, folds or experiment.data.split.folds or FOLDS)
    where = Path(out).expanduser() if out is not None else None
    with distributed.joined(experiment.training.plan.device) as world, progress(quiet or not world.is_main) as shown:
        if world.is_main:
            files.check_writable(where)
        run_context = RunContext(experiment, memory, modules, world, shown)
        name = experiment.name or (Path(experiment.data.source).stem if experiment.data.source else "data")
        folder = Path(world.share(str(files.create(where, f"{name}-folds")) if world.is_main else None))
        if world.is_main:
            files.write(folder / files.EXPERIMENT, experiment.to_yaml())
        try:
            return all_folds(run_context, folder)
        except (UsageError, DataError):
            if world.is_main and not (folder / "folds").exists():
                shutil.rmtree(folder)  # bad input leaves nothing behind
            raise


def all_folds(run_context: RunContext, folder: Path) -> Crossval | None:
    """Bring the cross-validation in a folder to its end, from wherever it stopped."""
    count = run_context.experiment.data.split.folds
    assert count is not None
    began = datetime.now(UTC)
    first, *others = [_fold(run_context, folder, number, count) for number in range(1, count + 1)]
    runs = [
        *train_all([first], folder),
        *train_all(others, folder),
    ]  # what is wrong with all of them shows in the first
    if not run_context.world.is_main:
        return None
    done = tuple(run for run in runs if run is not None)
    if not (folder / files.MANIFEST).exists():
        _report(folder, run_context.experiment, done, began)
    return Crossval(folder, Report.read(folder / files.REPORT), done)


def _in_folds(experiment: Experiment, folds: int) -> Experiment:
    split = experiment.data.split
    if not 2 <= folds <= MOST:
        raise UsageError(f"--folds is {folds}: a cross-validation has between 2 and {MOST:,} folds.")
    if split.by == "column":
        raise UsageError(
            f"The column {split.column!r} names one split, and cross-validation makes its own: leave --split out, or"
            " say random, group:COL or time:COL."
        )
    if split.spans is not None:
        raise UsageError("The spans of --split make one split, and cross-validation makes its own: leave them out.")
    if experiment.repeats > 1:
        raise UsageError(
            "A cross-validation trains once a fold; run it again with another --seed instead of --repeats."
        )
    by = (
        "random" if split.by == "auto" and experiment.data.series is None else split.by
    )  # a series is split by its time
    spec = split.model_copy(update={"by": by, "folds": folds, "fold": None})
    return experiment.model_copy(update={"data": experiment.data.model_copy(update={"split": spec})})


def _fold(run_context: RunContext, folder: Path, number: int, count: int) -> One:
    data = run_context.experiment.data
    split = data.split.model_copy(update={"fold": number})
    alone = {"baselines": (), "alone": bool(run_context.experiment.alone), "label_efficiency": ()}
    experiment = run_context.experiment.model_copy(update={"data": data.model_copy(update={"split": split}), **alone})
    return One(f"fold {number} of {count}", run_context.of(experiment), folder / "folds" / f"fold-{number}")


def _report(folder: Path, experiment: Experiment, runs: Sequence[Run], began: datetime) -> None:
    """Write what the folds say together: report, page, card, the predictions of all rows, manifest."""
    reports = [run.report for run in runs]
    requirements = tuple(Requirement.parse(text) for text in experiment.require)
    findings = tuple(over_folds(reports, levels_for(len(requirements))))
    _pool(folder, runs)
    looks = [report.run.test_looks for report in reports if report.run.test_looks is not None]
    report = Report(
        experiment=experiment.model_dump(mode="json"),
        run=RunFacts(
            id=folder.name,
            started=min(report.run.started for report in reports),
            seconds=max((datetime.now(UTC) - began).total_seconds(), sum(report.run.seconds for report in reports)),
            test_looks=max(looks, default=None),
        ),
        environment=environment_for(runs[0].folder),
        findings=findings,
        exhibits=(store(side_by_side(reports), folder),),
        requirements=verdicts_on(requirements, findings),
        metrics=reports[0].metrics,
    )
    write_report(folder, report)


def _pool(folder: Path, runs: Sequence[Run]) -> None:
    """Write the predictions of all rows, each by the network that never saw it."""
    tables = [
        pl.read_parquet(run.folder / files.PREDICTIONS, glob=False)
        .filter(pl.col("split") == "test")
        .drop("split")
        .select(pl.lit(number).alias("fold"), pl.all())
        for number, run in enumerate(runs, start=1)
    ]
    pl.concat(tables, how="diagonal_relaxed").write_parquet(folder / files.PREDICTIONS)
