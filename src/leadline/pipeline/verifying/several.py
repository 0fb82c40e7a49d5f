"""What repeats and folds say together, computed again from the report of each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars as pl

from leadline.core.catalogue import say
from leadline.core.exhibit import ExhibitDraft
from leadline.core.experiment import Experiment
from leadline.core.report import Report
from leadline.errors import LeadlineError
from leadline.evaluation.agreement import agreement
from leadline.evaluation.evaluate import levels_for
from leadline.evaluation.folds import over_folds, side_by_side
from leadline.evaluation.proportions import OVER
from leadline.pipeline.several.crossval import fold, pooled
from leadline.pipeline.several.repeats import repeat, spread_over
from leadline.pipeline.verifying.records import exhibit_checked
from leadline.run import folder as files
from leadline.run.parquet import read_parquet
from leadline.run.verification import Check


def parts_of(folder: Path, experiment: Experiment) -> Iterator[tuple[str, Path]]:
    """Yield the place and the folder of each run that a run is made of: its folds, or its repeats with other seeds."""
    if experiment.data.split.every_fold:
        ones = [fold(folder, number) for number in range(1, (experiment.data.split.folds or 0) + 1)]
    else:
        ones = [repeat(folder, experiment.seed + number) for number in range(1, experiment.repeats)]
    yield from ((one.relative_to(folder).as_posix(), one) for one in ones)


def together(folder: Path, report: Report, experiment: Experiment) -> Iterator[Check]:
    """Yield whether what folds or repeats say together follows from what each says."""
    parts = [part for _, part in parts_of(folder, experiment)]
    if not parts:
        return
    try:
        reports = [Report.read(part / files.REPORT) for part in parts]
        if experiment.data.split.every_fold:
            stored, found = report.findings, tuple(over_folds(reports, levels_for(len(experiment.require))))
            table = side_by_side(reports)
            yield _pool(folder, parts)
        else:
            stored = tuple(one for one in report.findings if one.name.endswith(OVER))
            found, table = spread_over((report, *reports))
    except (LeadlineError, OSError, pl.exceptions.PolarsError, StopIteration, ArithmeticError) as error:
        yield Check(subject="finding", name=files.REPORT, outcome="differs", why=str(error))
        return
    yield from agreement(stored, found, {}, "")
    yield from _table(folder, report, table)


def _pool(folder: Path, parts: list[Path]) -> Check:
    holds = read_parquet(folder / files.PREDICTIONS).equals(pooled(parts))
    why = None if holds else say("verify.exhibit-differs")
    return Check(subject="predictions", name=files.PREDICTIONS, outcome="holds" if holds else "differs", why=why)


def _table(folder: Path, report: Report, table: ExhibitDraft) -> Iterator[Check]:
    for exhibit in report.exhibits:
        if exhibit.name == table.name:
            yield from exhibit_checked(folder, exhibit, table.content)
