"""Measure a run's network again, on its own test rows or on others."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from leadline.data.dataset import prepare
from leadline.errors import DataError
from leadline.facts.finding import Finding
from leadline.facts.requirement import Verdict, judge
from leadline.measuring.evaluate import levels_for, measure_rows
from leadline.run import ledger
from leadline.run.run import Run
from leadline.verbs.predict import other_rows
from leadline.verbs.progress import progress
from leadline.verbs.resolve import check_requirements


class Evaluation(NamedTuple):
    """Findings on some rows, the verdicts on them, how many rows were set aside and how often the rows have been looked at."""

    findings: tuple[Finding, ...]
    verdicts: tuple[Verdict, ...]
    set_aside: int
    looks: int | None


def evaluate(run: Run | str | Path, source: object = None, *, require: Sequence[str] = (), quiet: bool = False) -> Evaluation:
    """Return a run's measures on `source` (all its rows; its test rows if it has splits), or on the run's own test rows.

    Requirements are the run's own where none are given. Raises RunError, DataError or UsageError.
    """
    run = run if isinstance(run, Run) else Run(run)
    experiment = run.experiment.model_copy(update={"require": tuple(require)} if require else {})
    requirements = tuple(
        r for r in check_requirements(experiment, run.objective, run.schema) if require or r.base in _own_names(run)
    )
    with progress(quiet) as shown:
        # the run's own rows must fall into the same splits; of other rows all are measured, or the test rows where they have splits
        data, memory = (experiment.data, None) if source is None else other_rows(experiment.data, source)
        dataset = prepare(data, memory, seed=experiment.seed, schema=run.schema, resplit=source is None, progress=shown.stage)
        part = dataset.parts.get("test", dataset.parts.get("all"))
        if part is None or len(part) == 0:
            raise DataError("There are no test rows to measure on.")
        if part.target is None:
            name = run.schema.target.name if run.schema.target else "target"
            raise DataError(f"The rows have no column {name!r} to compare predictions with; 'leadline predict' needs none.")
        looks = ledger.look(dataset.fingerprint, str(run.folder))
        measured = measure_rows(
            run.network,
            run.objective,
            dataset,
            part,
            levels=levels_for(len(requirements)),
            seed=experiment.seed,
            progress=lambda done, total: shown.stage("measuring", done, total),
        )
        findings = tuple(measured)
    return Evaluation(findings, judge(requirements, findings), dataset.set_aside.height, looks)


def _own_names(run: Run) -> set[str]:
    return {name.partition("(")[0] for name in run.objective.names(run.schema)}
