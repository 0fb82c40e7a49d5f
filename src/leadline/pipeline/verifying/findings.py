"""Measure a run's findings again: from its weights and its data, or from stored predictions where the data is gone."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import polars as pl
from torch import nn

from leadline.core.catalogue import say
from leadline.core.component import AUTO
from leadline.core.exhibit import ExhibitDraft
from leadline.core.finding import Finding
from leadline.core.report import Report
from leadline.core.requirement import Requirement
from leadline.data.dataset import Dataset
from leadline.errors import LeadlineError, RunError, first_line
from leadline.evaluation.agreement import agreement, difference, key_of, titled
from leadline.evaluation.baselines import Baseline
from leadline.evaluation.evaluate import levels_for
from leadline.evaluation.proportions import OVER
from leadline.evaluation.stored_predictions import StoredPredictions, read_predictions
from leadline.machine.environment import version_of
from leadline.machine.latency import cpu_threads
from leadline.objectives.contract import EvaluationContext
from leadline.pipeline.auxiliary.reference_classifier import Reference, kept_classifier, reference_classifier
from leadline.pipeline.begin import Begun
from leadline.pipeline.compare import Competitors, best_column, compare_run, fitted_baselines
from leadline.pipeline.context import RunContext
from leadline.pipeline.evaluate import EvaluatedRun, measured, subject_of
from leadline.pipeline.prepare import prepare_data
from leadline.pipeline.verifying.records import exhibit_checked, written_by
from leadline.pipeline.write import held_out_table
from leadline.run import access_log
from leadline.run import folder as files
from leadline.run.own_code_trust import check_code
from leadline.run.parquet import read_parquet
from leadline.run.run import read_schema
from leadline.run.trained import Trained
from leadline.run.verification import Check, Outcome, unchecked
from leadline.run.warm_start import parent_run

NEAR = 1e-5  # of probabilities and predictions, relative to the largest of a column
Source = Literal["data", "predictions", "none"]


class Again(NamedTuple):
    """From what findings were measured again, and what came of it."""

    source: Source
    checks: tuple[Check, ...] = ()


def measured_again(
    folder: Path, report: Report, run_context: RunContext, *, full: bool, trusted: bool, consistent: bool
) -> Again:
    """Measure a run again and compare; where its data or its network cannot be had, say why.

    Where its records are not `consistent`, they may be such that nothing can be measured with them.
    """
    try:
        check_code(folder, run_context.experiment, run_context.modules, trusted=trusted, training=True)
    except LeadlineError as error:
        return Again("none", unchecked(map(titled, report.findings), "finding", str(error)))
    try:
        dataset = prepare_data(run_context, parent_run(run_context.experiment, run_context.modules))
    except LeadlineError as error:
        return _from_predictions(folder, report, run_context, str(error))
    checks = list(_data_checked(folder, report, dataset))
    if any(one.outcome == "differs" for one in checks):
        rest = unchecked(map(titled, report.findings), "finding", say("verify.other-data"))
        return Again("data", (*checks, *rest))
    try:
        return Again("data", (*checks, *_from_data(folder, report, run_context, dataset, full=full)))
    except Exception as error:
        if not isinstance(error, LeadlineError) and consistent:
            raise  # a bug: nothing says that the records are to blame
        why = say("verify.cannot-measure", error=error if isinstance(error, LeadlineError) else first_line(error))
        return Again("data", (*checks, Check(subject="file", name=files.WEIGHTS, outcome="differs", why=why)))


def _data_checked(folder: Path, report: Report, dataset: Dataset) -> Iterator[Check]:
    """Yield whether the data is that of the run, and whether its columns are fitted to the same schema."""
    recorded = (report.environment.get("data") or {}).get("fingerprint")
    same_data = dataset.fingerprint == recorded
    why = None if same_data else say("verify.data-changed", name=dataset.name)
    yield Check(subject="data", name=dataset.name, outcome="holds" if same_data else "differs", why=why)
    if same_data:
        try:
            fits = read_schema(folder) == dataset.schema
            why = None if fits else say("verify.schema-differs", file=files.SCHEMA)
        except LeadlineError as error:
            fits, why = False, str(error)
        yield Check(subject="data", name=files.SCHEMA, outcome="holds" if fits else "differs", why=why)


def _from_data(
    folder: Path, report: Report, run_context: RunContext, dataset: Dataset, *, full: bool
) -> Iterator[Check]:
    """Yield whether each finding, exhibit and prediction is had again from the weights and the data."""
    begun = Begun(folder, run_context, dataset, nn.Module())  # its network is that of the folder
    evaluated = _evaluated(begun, report, _reference(begun, full=full))
    stored, missing = _stored(folder)
    competitors = _competitors(begun, evaluated, stored, full=full)
    found, drafts, reasons = list(evaluated.found.findings), list(evaluated.found.drafts), {}
    if competitors is None:
        reasons = {key_of(one): missing for one in report.findings if one.section in ("baselines", "inputs")}
    else:
        compared = compare_run(begun, _with_recorded_times(evaluated, report), competitors, ())
        found, drafts = [*found, *compared.findings], [*drafts, *compared.drafts]
    lacking = {key_of(one) for one in found if one.why == say("verify.judge-needs-full")}
    reasons |= dict.fromkeys(lacking, say("verify.judge-needs-full"))
    own = tuple(one for one in report.findings if not one.name.endswith(OVER))  # those follow from several reports
    other = written_by(report) != version_of("leadline")
    yield from agreement(own, found, reasons, say("verify.trained-beside"), only_numbers=other)
    yield from _exhibits(folder, report, drafts)
    yield from _predictions(folder, dataset, evaluated, run_context)
    if stored is not None:
        yield from _arrays(stored, evaluated, competitors if full else None)


def _evaluated(begun: Begun, report: Report, reference: Reference) -> EvaluatedRun:
    subject = subject_of(begun, _trained(begun.folder, report), reference, timed=_was_timed(report))
    accesses = None
    if len(begun.dataset.splits.get("test", ())):
        data = access_log.Data(begun.dataset.fingerprint, begun.dataset.contents())
        accesses = access_log.record_access(data, str(begun.folder))
    return measured(subject, accesses)


def _with_recorded_times(evaluated: EvaluatedRun, report: Report) -> EvaluatedRun:
    """Return what was measured, but times as the report has them: the table of models shows those of one machine."""
    known = {key_of(one): one for one in report.findings if one.again is not None and one.again.repeat == "timed"}
    findings = tuple(known.get(key_of(one), one) for one in evaluated.found.findings)
    return evaluated._replace(found=replace(evaluated.found, findings=findings))


def _trained(folder: Path, report: Report) -> Trained:
    """Return what is recorded of a training; raises RunError where its files cannot be read."""
    best, seconds, file = report.get("best_epoch"), report.get("train_seconds"), folder / files.HISTORY
    try:
        started = datetime.fromisoformat(report.run.started)
        history = read_parquet(file) if file.exists() else pl.DataFrame()
    except (LeadlineError, ValueError) as error:
        raise RunError(say("verify.recorded-unreadable", file=file, error=first_line(error))) from None
    return Trained(
        started=started,
        seconds=0.0 if seconds is None or seconds.value is None else seconds.value,
        history=history,
        best_epoch=None if best is None else best.value,
        energy={},
    )


def _was_timed(report: Report) -> bool:
    return any(one.name == "latency_ms" and one.value is not None for one in report.findings)


def _reference(begun: Begun, *, full: bool) -> Reference:
    """Return the classifier by which generated rows are judged; runs of older versions did not keep any."""
    folder, run_context, dataset, _ = begun
    if run_context.experiment.reference_classifier == AUTO and (folder / files.REFERENCE).exists():
        return kept_classifier(folder, run_context, dataset)
    if run_context.experiment.reference_classifier == AUTO and not full:
        return Reference(None, say("verify.judge-needs-full"))
    try:
        return reference_classifier(folder, run_context, dataset)
    finally:
        shutil.rmtree(folder / files.CHECKPOINTS, ignore_errors=True)


def _stored(folder: Path) -> tuple[StoredPredictions | None, str]:
    try:
        return read_predictions(folder / files.DECISIONS), ""
    except LeadlineError as error:
        return None, str(error)


def _competitors(
    begun: Begun, evaluated: EvaluatedRun, stored: StoredPredictions | None, *, full: bool
) -> Competitors | None:
    """Return what the network is compared with: baselines fitted again, or as they were stored."""
    if stored is None and not full:
        return None
    known = StoredPredictions({}, {}) if stored is None else stored
    with cpu_threads(evaluated.record.threads):
        baselines = known.baselines
        if full:  # with their times as they were recorded: the table of models shows those of one machine
            old = {one.name: one for one in known.baselines}
            baselines = tuple(_with_times_of(old.get(one.name), one) for one in fitted_baselines(begun, evaluated))
        return Competitors(baselines, known.alone, best_column(begun, evaluated))


def _with_times_of(stored: Baseline | None, fitted: Baseline) -> Baseline:
    return fitted if stored is None else fitted._replace(seconds=stored.seconds, latency_ms=stored.latency_ms)


def _exhibits(folder: Path, report: Report, drafts: Sequence[ExhibitDraft]) -> Iterator[Check]:
    """Yield whether the contents of exhibits are had again; those of the training itself are as they were recorded."""
    again = {(one.name, one.split): one for one in drafts}
    for exhibit in report.exhibits:
        draft = again.get((exhibit.name, exhibit.split))
        if draft is None or draft.recorded:
            yield Check(subject="exhibit", name=exhibit.file, outcome="recorded")
        else:
            yield from exhibit_checked(folder, exhibit, draft.content)


def _predictions(folder: Path, dataset: Dataset, evaluated: EvaluatedRun, run_context: RunContext) -> Iterator[Check]:
    """Yield whether the rows of predictions.parquet are predicted again."""
    found = held_out_table(dataset, evaluated.found, run_context.experiment)
    if found is None:
        return
    name = files.PREDICTIONS
    try:
        stored = read_parquet(folder / name)
    except LeadlineError as error:
        yield Check(subject="predictions", name=name, outcome="differs", why=str(error))
        return
    why = _table_difference(stored, found.table)
    yield Check(subject="predictions", name=name, outcome="holds" if why is None else "differs", why=why)


def _table_difference(stored: pl.DataFrame, found: pl.DataFrame) -> str | None:
    if stored.columns != found.columns or stored.height != found.height:
        return say("verify.rows-differ", rows=stored.height, found=found.height)
    for column in stored.columns:
        ours, theirs = stored[column], found[column]
        if ours.dtype.is_float() and theirs.dtype.is_float():
            same = np.isclose(ours.to_numpy(), theirs.to_numpy(), rtol=NEAR, atol=NEAR, equal_nan=True)
        else:
            same = ours.eq_missing(theirs.cast(ours.dtype, strict=False)).to_numpy()
        if not same.all():
            row = int(np.flatnonzero(~same)[0])
            count = int((~same).sum())
            values = {"found": theirs[row], "stored": ours[row]}
            return say("verify.predictions-differ", count=count, column=column, row=row, **values)
    return None


def _arrays(stored: StoredPredictions, evaluated: EvaluatedRun, fitted: Competitors | None) -> Iterator[Check]:
    """Yield whether stored arrays are had again: from the network, and from baselines that were `fitted` again."""
    pairs = [
        (f"{files.DECISIONS}, {split}", stored.network.get(split), decided)
        for split, decided in evaluated.found.decisions.items()
    ]
    if fitted is not None:
        known = {one.name: one.decided for one in stored.baselines}
        pairs += [(f"{files.DECISIONS}, {one.name}", known.get(one.name), one.decided) for one in fitted.baselines]
    for name, ours, theirs in pairs:
        holds = ours is not None and _same_arrays(ours, theirs)
        why = None if holds else say("verify.arrays-differ")
        yield Check(subject="predictions", name=name, outcome="holds" if holds else "differs", why=why)


def _same_arrays(ours: Mapping[str, np.ndarray], theirs: Mapping[str, np.ndarray]) -> bool:
    return ours.keys() == theirs.keys() and all(
        ours[key].shape == theirs[key].shape
        and np.allclose(ours[key], theirs[key], rtol=NEAR, atol=NEAR, equal_nan=True)
        for key in ours
    )


def _from_predictions(folder: Path, report: Report, run_context: RunContext, why: str) -> Again:
    """Compute the measures of held-out rows from stored predictions: the data cannot be had, and `why`."""
    gone = say("verify.data-gone", why=why)
    about = Check(subject="data", name=say("page.data"), outcome="unchecked", why=gone)
    stored, missing = _stored(folder)
    if stored is None:
        rest = unchecked(map(titled, report.findings), "finding", missing)
        return Again("none", (about, *rest))
    schema, objective, experiment = read_schema(folder), run_context.objective, run_context.experiment
    levels, found = levels_for(len(experiment.require)), list[Finding]()
    names = frozenset(Requirement.parse(text).name for text in experiment.require)
    for split, decided in stored.network.items():
        known = stored.targets[split]
        context = EvaluationContext(split, known.target, known.group, schema, levels, experiment.seed, names)
        measured = objective.decision.measure(decided, context)
        found += [one for one in measured if isinstance(one, Finding)]
    by_key = {key_of(one): one for one in found}
    checks = list[Check]()
    for one in report.findings:
        again = by_key.get(key_of(one))
        if again is None:
            recorded = one.again is not None and one.again.repeat == "recorded"
            outcome: Outcome = "recorded" if recorded else "unchecked"
            checks.append(Check(subject="finding", name=titled(one), outcome=outcome, why=None if recorded else gone))
            continue
        differs = difference(one, again, only_numbers=True)
        checks.append(
            Check(subject="finding", name=titled(one), outcome="holds" if differs is None else "differs", why=differs)
        )
    return Again("predictions", (about, *checks))
