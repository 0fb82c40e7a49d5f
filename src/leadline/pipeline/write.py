"""Step 8 of a run, write: judge the requirements; report, page, card and, last, the manifest."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from leadline.core.exhibit import store
from leadline.core.report import Report, RunFacts
from leadline.core.requirement import verdicts_on
from leadline.data.dataset import Dataset
from leadline.evaluation.comparison import Comparisons
from leadline.evaluation.declared_metrics import metrics_of
from leadline.evaluation.evaluate import Evaluated
from leadline.evaluation.held_out import held_out, levels_of
from leadline.pipeline import lr_range_test
from leadline.pipeline.begin import Begun
from leadline.pipeline.context import RunContext
from leadline.pipeline.evaluate import EvaluatedRun
from leadline.rendering.html import render
from leadline.rendering.model_card import card
from leadline.run import folder as files


def write_run(begun: Begun, evaluated: EvaluatedRun, compared: Comparisons) -> None:
    """Judge the requirements of a measured run, and write everything that a finished run has."""
    folder, run_context, dataset, _ = begun
    experiment, environment = run_context.experiment, evaluated.record.environment
    write_predictions(folder, dataset, evaluated.found, run_context)
    findings = (*evaluated.found.findings, *compared.findings)
    drafts = (
        *evaluated.found.drafts,
        *compared.drafts,
        *lr_range_test.shown(folder, experiment.training.optimizer),
    )
    started = evaluated.record.trained.started
    report = Report(
        experiment=experiment.model_dump(mode="json"),
        run=RunFacts(
            id=folder.name,
            parent=environment.get("init", {}).get("id"),
            started=started.isoformat(timespec="seconds"),
            seconds=(datetime.now(UTC) - started).total_seconds(),
            test_accesses=evaluated.accesses,
        ),
        environment=dict(environment),
        findings=findings,
        exhibits=tuple(store(draft, folder) for draft in drafts),
        requirements=verdicts_on(evaluated.requirements, findings),
        metrics=metrics_of(findings, run_context.objective),
    )
    write_report(folder, report)


def write_report(folder: Path, report: Report) -> None:
    """Write report.json, the page and the card, and seal the run."""
    # Until all is written anew, the run is not finished, rather than damaged.
    (folder / files.MANIFEST).unlink(missing_ok=True)
    files.write(folder / files.REPORT, report.to_json())
    files.write(folder / files.PAGE, render(report, folder))
    files.write(folder / files.CARD, card(report, folder))
    files.seal(folder)


def write_predictions(folder: Path, dataset: Dataset, measured: Evaluated, run_context: RunContext) -> None:
    """Write the held-out predictions of all splits."""
    levels = levels_of(run_context.experiment)
    found = [
        held_out(dataset.schema, dataset.splits[split], decided, levels)
        for split, decided in measured.decisions.items()
    ]
    notes = [one.note for one in found if one.note is not None]
    for note in notes:
        run_context.shown.note(note)
    if found:
        metadata = {"leadline": "; ".join(notes)} if notes else None
        # Rows may come in groups in one split and not in another.
        rows = pl.concat([one.table for one in found], how="diagonal")
        rows.write_parquet(folder / files.PREDICTIONS, metadata=metadata)
