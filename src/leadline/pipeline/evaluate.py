"""Step 6 of a run, evaluate: measure the weights that lie in its folder; the test split is read here, once.

What is measured is the artifact that ships, not what training happened to hold.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from leadline.core.catalogue import say
from leadline.core.requirement import Requirement
from leadline.evaluation.evaluate import Evaluated, evaluate, levels_for
from leadline.evaluation.subject import RunRecord, Subject
from leadline.machine.latency import cpu_threads
from leadline.pipeline.auxiliary.reference_classifier import Reference
from leadline.pipeline.begin import Begun
from leadline.run import access_log
from leadline.run import folder as files
from leadline.run.declared import now
from leadline.run.environment import environment_for
from leadline.run.run import load_shipped
from leadline.run.trained import Trained


class EvaluatedRun(NamedTuple):
    """A run's subject and what was found out about it; `accesses` counts how often its test rows were read, and
    `test_read` is when this run first read them, None where there are none.
    """

    subject: Subject
    found: Evaluated
    requirements: tuple[Requirement, ...]
    accesses: int | None
    test_read: str | None = None

    @property
    def record(self) -> RunRecord:
        """What the run knows beside its network."""
        assert self.subject.record is not None
        return self.subject.record


def evaluate_run(begun: Begun, trained: Trained, reference: Reference) -> EvaluatedRun:
    """Measure a trained run; rows that it generates are compared with real ones by the `reference` classifier."""
    folder, run_context, dataset, _ = begun
    subject = subject_of(begun, trained, reference, timed=not run_context.shares_machine)
    accesses, test_read = None, None
    if len(dataset.splits.get("test", ())):
        data = access_log.Data(dataset.fingerprint, dataset.contents())
        accesses = access_log.record_access(data, str(folder), once=_measurement(folder))
        test_read = now()
    return measured(subject, accesses)._replace(test_read=test_read)


def subject_of(begun: Begun, trained: Trained, reference: Reference, *, timed: bool) -> Subject:
    """Return the network that lies in a run's folder, with all that measuring it takes; `timed` where the machine is
    not shared with other runs.
    """
    folder, run_context, dataset, _ = begun
    experiment, weights = run_context.experiment, folder / files.WEIGHTS
    return Subject(
        load_shipped(weights, experiment, dataset.schema, run_context.modules),
        run_context.objective,
        dataset,
        levels_for(len(experiment.require)),
        experiment.seed,
        reference.judge,
        reference.why,
        progress=lambda done, total: run_context.shown.stage(say("pipeline.stage-evaluating"), done, total),
        record=RunRecord(weights, experiment, trained, environment_for(folder), timed),
    )


def measured(subject: Subject, accesses: int | None) -> EvaluatedRun:
    """Run the analyses that apply to a run's network, with as many threads as were fastest for it."""
    record = subject.run_record
    requirements = tuple(Requirement.parse(text) for text in record.experiment.require)
    with cpu_threads(record.threads):
        return EvaluatedRun(subject, evaluate(subject), requirements, accesses)


def _measurement(folder: Path) -> str:
    """Return what the measurement of a run is known by, that of the whole for one of several, however often it is
    begun.
    """
    whole = files.whole_of(folder)
    return f"{whole.resolve()} {(whole / files.EXPERIMENT).stat().st_mtime_ns}"
