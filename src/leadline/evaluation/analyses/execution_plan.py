"""In which ways a step could be executed on this machine, and how long each took."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from leadline.core.exhibit import ExhibitDraft
from leadline.evaluation.analyses.contract import Analysis, NoOptions, Results, of_run
from leadline.evaluation.subject import Subject

COLUMNS = {
    "candidate": "candidate",
    "ms": "ms a step",
    "loss_error": "loss error",
    "gradient_error": "gradient error",
    "why": "not sound because",
}


def _run(subject: Subject, options: NoOptions, seed: int) -> Results:
    rows = [[trial[key] for key in COLUMNS] for trial in _trials(subject)]
    content = {"columns": list(COLUMNS.values()), "rows": rows}
    caption = "Each way of executing a step, timed on this machine."
    yield ExhibitDraft("plan", "table", "Execution plan", content, caption)


def _trials(subject: Subject) -> Sequence[Mapping[str, Any]]:
    trials: Sequence[Mapping[str, Any]] = subject.run_record.environment.get("plan", {}).get("trials", ())
    return trials


def _applies(subject: Subject) -> str | None:
    return of_run(subject) or (None if _trials(subject) else "no way of executing a step was tried out")


ANALYSIS = Analysis(
    name="execution-plan",
    question="Which ways of executing a step were tried, and how fast was each?",
    section="reproduce",
    run=_run,
    applies=_applies,
)
