"""Measure a trained run and write its report, page, card and manifest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import torch
from torch import nn

from leadline.core.exhibit import store
from leadline.core.report import Report, RunFacts
from leadline.core.requirement import Requirement, verdicts_on
from leadline.data.dataset import Dataset
from leadline.evaluation.declared_metrics import metrics_of
from leadline.evaluation.evaluate import Evaluated, evaluate, levels_for
from leadline.evaluation.held_out import held_out, levels_of
from leadline.evaluation.subject import RunRecord, Subject
from leadline.machine.latency import cpu_threads
from leadline.pipeline import lr_range_test
from leadline.pipeline.auxiliary.label_efficiency import LabelShare, curve
from leadline.pipeline.auxiliary.reference_classifier import NO_REFERENCE, Reference
from leadline.pipeline.auxiliary.single_inputs import SingleInputRun
from leadline.pipeline.compare import compare_baselines, compare_inputs
from leadline.pipeline.context import RunContext
from leadline.rendering.html import render
from leadline.rendering.model_card import card
from leadline.run import access_log
from leadline.run import folder as files
from leadline.run.environment import environment_for
from leadline.run.run import load_shipped
from leadline.run.trained import Trained


def finish(
    folder: Path,
    run_context: RunContext,
    dataset: Dataset,
    trained: Trained,
    alone: Sequence[SingleInputRun] = (),
    judged: Reference = NO_REFERENCE,
    shares: Sequence[LabelShare] = (),
) -> None:
    """Measure the weights that lie in the run folder, judge the requirements, and write everything a finished run
    has.
    """
    experiment = run_context.experiment
    # the artifact that ships, not what training happened to hold
    network = load_shipped(folder / files.WEIGHTS, experiment, dataset.schema, run_context.modules)
    environment = environment_for(folder)
    requirements = tuple(Requirement.parse(text) for text in experiment.require)
    levels = levels_for(len(requirements))
    looks = access_log.record_access(dataset.fingerprint, str(folder)) if len(dataset.splits.get("test", ())) else None
    threads = int(environment.get("plan", {}).get("threads", torch.get_num_threads()))
    with cpu_threads(threads):  # as many as were found to be fastest here
        measured = evaluate(_subject(network, folder, run_context, dataset, levels, judged, trained, environment))
        cost = tuple(finding for finding in measured.findings if finding.section == "cost")
        beside = compare_baselines(folder, run_context, dataset, trained, measured, cost, levels)
        inputs = compare_inputs(network, run_context, dataset, measured, alone, levels)
        others = (beside, inputs, curve(folder, shares, run_context, levels))
    more = [finding for one in others for finding in one.findings]
    findings = (*measured.findings, *more)
    write_predictions(folder, dataset, measured, run_context)
    drafts = [
        *measured.drafts,
        *(draft for one in others for draft in one.drafts),
        *lr_range_test.shown(folder, experiment.training.optimizer),
    ]
    report = Report(
        experiment=experiment.model_dump(mode="json"),
        run=RunFacts(
            id=folder.name,
            parent=environment.get("init", {}).get("id"),
            started=trained.started.isoformat(timespec="seconds"),
            seconds=(datetime.now(UTC) - trained.started).total_seconds(),
            test_looks=looks,
        ),
        environment=environment,
        findings=findings,
        exhibits=tuple(store(draft, folder) for draft in drafts),
        requirements=verdicts_on(requirements, findings),
        metrics=metrics_of(findings, run_context.objective),
    )
    write_report(folder, report)


def _subject(
    network: nn.Module,
    folder: Path,
    run_context: RunContext,
    dataset: Dataset,
    levels: tuple[float, ...],
    judged: Reference,
    trained: Trained,
    environment: Mapping[str, Any],
) -> Subject:
    record = RunRecord(
        folder / files.WEIGHTS, run_context.experiment, trained, environment, not run_context.shares_machine
    )
    return Subject(
        network,
        run_context.objective,
        dataset,
        levels,
        run_context.experiment.seed,
        judged.judge,
        judged.why,
        progress=lambda done, total: run_context.shown.stage("measuring", done, total),
        record=record,
    )


def write_report(folder: Path, report: Report) -> None:
    """Write report.json, the page and the card, and seal the run."""
    (folder / files.MANIFEST).unlink(
        missing_ok=True
    )  # until all is written anew, the run is not finished, rather than damaged
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
        pl.concat([one.table for one in found]).write_parquet(folder / files.PREDICTIONS, metadata=metadata)
