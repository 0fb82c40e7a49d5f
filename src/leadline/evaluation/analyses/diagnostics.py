"""The tables and curves that the objective draws of predictions on test rows: confusions, ROC, reliability, by step."""

from __future__ import annotations

from leadline.core.finding import Finding
from leadline.evaluation.analyses.contract import Analysis, NoOptions, Results, of_test_rows
from leadline.evaluation.subject import Subject


def _run(subject: Subject, options: NoOptions, seed: int) -> Results:
    yield from (item for item in subject.quality("test") if not isinstance(item, Finding))


ANALYSIS = Analysis(
    name="diagnostics",
    question="Which classes are confused, and are predicted probabilities calibrated?",
    section="errors",
    run=_run,
    applies=of_test_rows,
)
