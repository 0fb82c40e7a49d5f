"""What calibration was to improve, as it would be without: a temperature that helps on validation rows may not on test
rows.
"""

from __future__ import annotations

from leadline.core.catalogue import say
from leadline.core.finding import Finding
from leadline.evaluation.analyses.contract import Analysis, NoOptions, Results, of_test_rows
from leadline.evaluation.subject import Subject

IMPROVED = ("nll", "ece")  # what a temperature is to improve


def _run(subject: Subject, options: NoOptions, seed: int) -> Results:
    changed = subject.objective.decision.uncalibrated(subject.network, subject.predictions("test"))
    assert changed is not None
    name, columns = changed
    for item in subject.objective.decision.measure(columns, subject.context("test")):
        if isinstance(item, Finding) and item.name in IMPROVED and item.group is None:
            yield item.model_copy(update={"group": name})


def _applies(subject: Subject) -> str | None:
    why = of_test_rows(subject)
    if why is None and subject.objective.decision.uncalibrated(subject.network, subject.predictions("test")) is None:
        return say("evaluation.calibration-no-effect")
    return why


ANALYSIS = Analysis(
    name="uncalibrated",
    question="How good are the probabilities without calibration?",
    section="per_class",
    run=_run,
    applies=_applies,
)
