"""How good the predictions of each split are, by what the objective measures."""

from __future__ import annotations

from leadline.core.finding import Finding
from leadline.evaluation.analyses.contract import Analysis, NoOptions, Results, of_measured_splits
from leadline.evaluation.subject import SPLITS, Subject


def _run(subject: Subject, options: NoOptions, seed: int) -> Results:
    for split in SPLITS:
        for item in subject.quality(split) if subject.split(split) is not None else ():
            if isinstance(item, Finding):
                yield in_section(item)


def in_section(finding: Finding) -> Finding:
    """Return what an objective measured with the section it stands in: measures of classes have one of their own."""
    section = finding.section or ("metrics" if finding.group is None else "per_class")
    return finding.model_copy(update={"section": section})


ANALYSIS = Analysis(
    name="quality",
    question="How good are the predictions on each split?",
    section="metrics",
    run=_run,
    applies=of_measured_splits,
)
