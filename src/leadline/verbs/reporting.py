"""Measure a trained run and write its report, page, card and manifest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import torch
from torch import nn

from leadline.data.dataset import Dataset
from leadline.facts.exhibit import Draft, store
from leadline.facts.experiment import Experiment
from leadline.facts.report import Report, RunFacts
from leadline.facts.requirement import Requirement, judge
from leadline.machine.latency import cpu_threads
from leadline.measuring import exhibits
from leadline.measuring.cost import measure_cost
from leadline.measuring.decisions import first_inputs
from leadline.measuring.evaluate import Measured, levels_for, measure
from leadline.measuring.examples import examples
from leadline.measuring.held_out import held_out, levels_of
from leadline.measuring.twins import near_duplicates
from leadline.rendering.html import render
from leadline.rendering.markdown import card
from leadline.run import folder as files
from leadline.run import ledger
from leadline.run.run import shipped
from leadline.verbs import seeking
from leadline.verbs.alone import Alone
from leadline.verbs.beside import beside_network, each_input
from leadline.verbs.environment import environment_for
from leadline.verbs.job import Job
from leadline.verbs.judged import NOBODY, Judged
from leadline.verbs.label_efficiency import Trial, curve
from leadline.verbs.trained import Trained


def finish(
    folder: Path,
    job: Job,
    dataset: Dataset,
    trained: Trained,
    alone: Sequence[Alone] = (),
    judged: Judged = NOBODY,
    shares: Sequence[Trial] = (),
) -> None:
    """Measure the weights that lie in the run folder, judge the requirements, and write everything a finished run has."""
    experiment = job.experiment
    # the artifact that ships, not what training happened to hold
    network = shipped(folder / files.WEIGHTS, experiment, dataset.schema, job.modules)
    environment = environment_for(folder)
    requirements = tuple(Requirement.parse(text) for text in experiment.require)
    levels = levels_for(len(requirements))
    looks = ledger.look(dataset.fingerprint, str(folder)) if len(dataset.parts.get("test", ())) else None
    threads = int(environment.get("plan", {}).get("threads", torch.get_num_threads()))
    with cpu_threads(threads):  # as many as were found to be fastest here
        measured = _measured(network, job, dataset, levels, judged)
        held_out = dataset.parts.get("test") or dataset.parts["train"]
        cost = tuple(
            measure_cost(
                network,
                lambda rows: first_inputs(held_out, rows),
                folder / files.WEIGHTS,
                train_seconds=trained.seconds,
                energy=trained.energy,
                timed=not job.shares_machine,
                levels=levels,
            )
        )
        beside = beside_network(folder, job, dataset, trained, measured, cost, levels)
        inputs = each_input(network, job, dataset, measured, alone, levels)
        others = (beside, inputs, curve(folder, shares, job, levels))
    more = [finding for one in others for finding in one.findings]
    findings = (*measured.findings, *trained.settled, *more, *cost, *trained.findings())
    write_predictions(folder, dataset, measured, job)
    drafts = [*_drafts(dataset, experiment, measured, trained, environment), *(draft for one in others for draft in one.drafts)]
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
        exhibits=tuple(store(draft, folder) for draft in (*drafts, *seeking.shown(folder, experiment.training.optimizer))),
        requirements=judge(requirements, findings),
    )
    write_report(folder, report)


def _measured(network: nn.Module, job: Job, dataset: Dataset, levels: tuple[float, ...], judged: Judged) -> Measured:
    return measure(
        network,
        job.objective,
        dataset,
        levels=levels,
        seed=job.experiment.seed,
        progress=lambda done, total: job.shown.stage("measuring", done, total),
        judge=judged.judge,
        no_judge=judged.why,
    )


def write_report(folder: Path, report: Report) -> None:
    """Write report.json, the page and the card, and seal the run."""
    (folder / files.MANIFEST).unlink(missing_ok=True)  # until all is written anew, the run is not finished, rather than damaged
    files.write(folder / files.REPORT, report.to_json())
    files.write(folder / files.PAGE, render(report, folder))
    files.write(folder / files.CARD, card(report, folder))
    files.seal(folder)


def _drafts(
    dataset: Dataset, experiment: Experiment, measured: Measured, trained: Trained, environment: Mapping[str, Any]
) -> Sequence[Draft]:
    drafts = [
        *exhibits.about_data(dataset),
        *near_duplicates(dataset),
        # Without a plan of how to step, the model was fitted, on rows as they are.
        *examples(dataset, experiment.seed, experiment.training.mix, augmented="plan" in environment),
        *measured.drafts,
    ]
    if trained.history.height:
        drafts.append(exhibits.learning_curves(trained.history, trained.best_epoch))
    drafts += trained.drafts()
    drafts += carried_over(environment.get("init", {}))
    trials = environment.get("plan", {}).get("trials", ())
    if trials:
        columns = ("candidate", "ms", "loss_error", "gradient_error", "why")
        content = {"columns": ["candidate", "ms a step", "loss error", "gradient error", "not sound because"],
                   "rows": [[trial[c] for c in columns] for trial in trials]}  # fmt: skip
        drafts.append(Draft("plan", "table", "Execution plan", content, "Each way of executing a step, timed on this machine."))
    return drafts


def carried_over(began: Mapping[str, Any]) -> list[Draft]:
    """Return the exhibit of what a network began with, where that was another's weights."""
    if not began:
        return []
    rows = [[name, shape, why or "carried over"] for name, shape, why in began["layers"]]
    caption = f"Weights of {began['id']}, trained for {began['objective']} (sha256 {began['weights'][:16]}…)."
    content = {"columns": ["tensor", "shape", "first weights"], "rows": rows}
    return [Draft("carried_over", "table", "What training began with", content, caption)]


def write_predictions(folder: Path, dataset: Dataset, measured: Measured, job: Job) -> None:
    """Write the held-out predictions of all splits."""
    levels = levels_of(job.experiment)
    found = [held_out(dataset.schema, dataset.parts[split], decided, levels) for split, decided in measured.decisions.items()]
    notes = [one.note for one in found if one.note is not None]
    for note in notes:
        job.shown.note(note)
    if found:
        metadata = {"leadline": "; ".join(notes)} if notes else None
        pl.concat([one.table for one in found]).write_parquet(folder / files.PREDICTIONS, metadata=metadata)
