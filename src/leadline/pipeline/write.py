"""Step 8 of a run, write: judge the requirements; report, page, card and, last, the manifest."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import polars as pl

from leadline.core.exhibit import store
from leadline.core.experiment import Experiment
from leadline.core.report import Report, RunFacts
from leadline.core.requirement import verdicts_on
from leadline.data.dataset import Dataset
from leadline.evaluation.comparison import Comparisons
from leadline.evaluation.declared_metrics import metrics_of
from leadline.evaluation.evaluate import Evaluated
from leadline.evaluation.held_out import held_out, levels_of
from leadline.evaluation.stored_predictions import StoredPredictions, Targets
from leadline.pipeline import lr_range_test
from leadline.pipeline.begin import Begun
from leadline.pipeline.compare import Competitors
from leadline.pipeline.context import RunContext
from leadline.pipeline.evaluate import EvaluatedRun
from leadline.rendering.html import render
from leadline.rendering.model_card import card
from leadline.run import folder as files
from leadline.run.declared import written


def write_run(begun: Begun, evaluated: EvaluatedRun, competitors: Competitors, compared: Comparisons) -> None:
    """Judge the requirements of a measured run, and write everything that a finished run has."""
    folder, run_context, dataset, _ = begun
    experiment, environment = run_context.experiment, evaluated.record.environment
    write_predictions(folder, dataset, evaluated.found, run_context)
    store_predictions(folder, evaluated, competitors)
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
            required=written(folder),
            test_read=evaluated.test_read,
        ),
        environment={**environment, "files": artifacts(folder)},
        findings=findings,
        exhibits=tuple(store(draft, folder) for draft in drafts),
        requirements=verdicts_on(evaluated.requirements, findings),
        metrics=metrics_of(findings, run_context.objective),
    )
    write_report(folder, report)


def artifacts(folder: Path) -> dict[str, str]:
    """Return the sha256 of each file that findings are computed from, as the report says them: the manifest speaks of
    the folder, the report of what was measured.
    """
    return {name: files.sha256(folder / name) for name in files.MEASURED if (folder / name).exists()}


def store_predictions(folder: Path, evaluated: EvaluatedRun, competitors: Competitors) -> None:
    """Write the arrays that measures were computed from, where all that was decided is numbers."""
    decisions = evaluated.found.decisions
    contexts = {split: evaluated.subject.context(split) for split in decisions}
    stored = StoredPredictions(
        decisions,
        {split: Targets(one.target, one.group) for split, one in contexts.items()},
        competitors.baselines,
        competitors.alone,
    )
    if decisions and stored.can_be_written:
        files.write(folder / files.DECISIONS, stored.to_bytes())


def write_report(folder: Path, report: Report) -> None:
    """Write report.json, the page and the card, and seal the run."""
    # Until all is written anew, the run is not finished, rather than damaged.
    (folder / files.MANIFEST).unlink(missing_ok=True)
    files.write(folder / files.REPORT, report.to_json())
    files.write(folder / files.PAGE, render(report, folder))
    files.write(folder / files.CARD, card(report, folder))
    files.seal(folder)


def write_predictions(folder: Path, dataset: Dataset, measured: Evaluated, run_context: RunContext) -> None:
    """Write the held-out predictions of all splits, in words."""
    found = held_out_table(dataset, measured, run_context.experiment)
    if found is None:
        return
    for note in found.notes:
        run_context.shown.note(note)
    metadata = {"leadline": "; ".join(found.notes)} if found.notes else None
    found.table.write_parquet(folder / files.PREDICTIONS, metadata=metadata)


class HeldOutTable(NamedTuple):
    """The held-out predictions of all splits, and what is to be known of them."""

    table: pl.DataFrame
    notes: tuple[str, ...]


def held_out_table(dataset: Dataset, measured: Evaluated, experiment: Experiment) -> HeldOutTable | None:
    """Return the held-out predictions of all splits; None where nothing was decided."""
    levels = levels_of(experiment)
    found = [
        held_out(dataset.schema, dataset.splits[split], decided, levels)
        for split, decided in measured.decisions.items()
    ]
    if not found:
        return None
    # Rows may come in groups in one split and not in another.
    rows = pl.concat([one.table for one in found], how="diagonal")
    return HeldOutTable(rows, tuple(one.note for one in found if one.note is not None))
