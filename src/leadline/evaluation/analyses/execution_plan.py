"""In which ways a step could be executed on this machine, and how long each took."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from leadline.core.catalogue import say
from leadline.core.exhibit import ExhibitDraft
from leadline.evaluation.analyses.contract import Analysis, NoOptions, Results, of_run
from leadline.evaluation.subject import Subject

COLUMNS = {
    "candidate": "candidate",
    "ms": "ms per step",
    "loss_error": "loss error",
    "gradient_error": "gradient error",
    "why": "rejected because",
}


def _run(subject: Subject, options: NoOptions, seed: int) -> Results:
    rows = [[trial[key] for key in COLUMNS] for trial in _trials(subject)]
    content = {"columns": list(COLUMNS.values()), "rows": rows}
    caption = say("exhibits.plan-about")
    yield ExhibitDraft("plan", "table", say("exhibits.plan"), content, caption)


def _trials(subject: Subject) -> Sequence[Mapping[str, Any]]:
    trials: Sequence[Mapping[str, Any]] = subject.run_record.environment.get("plan", {}).get("trials", ())
    return trials


def _applies(subject: Subject) -> str | None:
    return of_run(subject) or (None if _trials(subject) else say("evaluation.no-plans"))


ANALYSIS = Analysis(
    name="execution-plan",
    question="Which execution plans were timed, and how fast was each?",
    section="reproduce",
    run=_run,
    applies=_applies,
)
