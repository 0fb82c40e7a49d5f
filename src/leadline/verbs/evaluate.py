"""Measure a run's network again, on its own test rows or on others."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from leadline.core.catalogue import say
from leadline.core.experiment import DataSpec
from leadline.core.finding import Finding
from leadline.core.requirement import Requirement, Verdict, verdicts_on
from leadline.core.wording import Wording, count, shortened
from leadline.data.dataset import Dataset, prepare
from leadline.errors import DataError, RunError, UnknownMeasure, did_you_mean
from leadline.evaluation.declared_metrics import declared_metrics
from leadline.evaluation.evaluate import levels_for, measure_rows
from leadline.pipeline.progress import Progress, progress
from leadline.pipeline.resolving.experiment import check_requirements
from leadline.run import access_log, notebook
from leadline.run.moved import moved_data
from leadline.run.run import Run
from leadline.verbs.predict import other_rows


class Evaluation(NamedTuple):
    """Findings on some rows, the verdicts on them, how many rows were invalid and how often the rows have been
    evaluated on; and how they are worded.
    """

    findings: tuple[Finding, ...]
    verdicts: tuple[Verdict, ...]
    invalid_rows: int
    test_accesses: int | None
    words: Wording = Wording()

    def find(self, name: str, *, group: str | None = None) -> Finding | None:
        """Return the finding of that name and group, None where the measure has no such group.

        Raises UnknownMeasure, a KeyError, with the nearest name where nothing of that name was measured.
        """
        known = {f.name for f in self.findings}
        if name not in known:
            raise UnknownMeasure(say("core.no-such-finding", name=name, suggestion=did_you_mean(name, known)))
        return next((f for f in self.findings if f.name == name and f.group == group), None)

    def _repr_html_(self) -> str:
        """Return what a notebook shows: the measures, with intervals, and the verdicts."""
        verdicts = [f"{verdict.text}: {verdict.verdict}" for verdict in self.verdicts]
        return notebook.table(self.findings, self.words, "; ".join(verdicts))

    def __repr__(self) -> str:
        """Return in a line the first measure, and how many findings and verdicts there are."""
        measured = (f for f in self.findings if f.value is not None and f.group is None and f.unit != "rows")
        parts = [
            next((self.words.brief(f) for f in measured), "nothing measured"),
            count(len(self.findings), "finding"),
            ", ".join(shortened(f"{v.text}: {v.verdict}", 40) for v in self.verdicts[:1]),
            f"and {count(len(self.verdicts) - 1, 'more verdict')}" if len(self.verdicts) > 1 else "",
        ]
        return f"Evaluation({', '.join(part for part in parts if part)})"


def evaluate(
    run: Run | str | Path,
    source: object = None,
    *,
    require: Sequence[str] = (),
    trust_code: bool = False,
    quiet: bool = False,
) -> Evaluation:
    """Return a run's measures on `source` (all its rows; its test rows if it has splits), or on the run's own test
    rows.

    A source that is the run's own data gives its test rows too: the others were trained on. Requirements are the run's
    own on measures where none are given. `trust_code` lets code that a run by its folder names be run. Raises RunError,
    DataError or UsageError.
    """
    run = run if isinstance(run, Run) else Run(run, trust_code=trust_code)
    run.check_code()
    names = run.objective.decision.metric_names(run.schema)
    measures = {name.partition("(")[0] for name in names}
    own = tuple(r for r in map(Requirement.parse, run.experiment.require) if r.base in measures)
    requirements = check_requirements(require, names, declared_metrics(run.objective)) if require else own
    with progress(quiet) as shown:
        dataset = _rows(run, source, shown)
        for note in dataset.about_rows():
            shown.note(note)
        part = dataset.splits.get("test", dataset.splits.get("all"))
        if part is None or len(part) == 0:
            raise DataError(say("verbs.no-test-rows"))
        generator = run.objective.capability("generator")
        told = generator is not None and generator.conditional
        if part.target is None and (run.objective.supervision.labels != "none" or told):
            name = run.schema.target.name if run.schema.target else "target"
            raise DataError(say("verbs.target-missing", name=name))
        accesses = access_log.record_access(access_log.Data(dataset.fingerprint, dataset.contents()), str(run.folder))
        measured = measure_rows(
            run.network,
            run.objective,
            dataset,
            part,
            levels=levels_for(len(requirements)),
            seed=run.experiment.seed,
            required={requirement.name for requirement in requirements},
            progress=lambda done, total: shown.stage(say("pipeline.stage-evaluating"), done, total),
        )
        findings = tuple(measured)
    words = Wording(declared_metrics(run.objective).values(), targets=run.report.targets)
    return Evaluation(findings, verdicts_on(requirements, findings), dataset.invalid_rows.height, accesses, words)


def _own(run: Run) -> DataSpec:
    """Return where the run's own data is read from, which may have moved with the run."""
    data = run.experiment.data
    return data.model_copy(update=dict(moved_data(run.folder, data)))


def _rows(run: Run, source: object, shown: Progress) -> Dataset:
    """Return the rows to measure on: the run's own data split as for training, other data as it is."""
    experiment, trained_on = run.experiment, run.report.environment.get("data", {}).get("fingerprint")
    data, memory = other_rows(experiment.data, source) if source is not None else (_own(run), None)
    own = source is None
    if source is None and not data.source:
        raise RunError(say("verbs.evaluate-in-memory", folder=run.folder, name=str(run.folder)))
    labels = run.objective.supervision.labels
    dataset = prepare(
        data, memory, seed=experiment.seed, schema=run.schema, resplit=own, labels=labels, progress=shown.stage
    )
    if own and dataset.fingerprint != trained_on:
        raise RunError(say("verbs.data-changed", source=data.source, folder=run.folder))
    if own or dataset.fingerprint != trained_on:
        return dataset
    shown.note(say("verbs.evaluating-test-rows-only", dataset=dataset.name))
    return prepare(
        data, memory, seed=experiment.seed, schema=run.schema, resplit=True, labels=labels, progress=shown.stage
    )
