"""Yes or no, where the user says that a column is that: two classes, written as one of the pairs of words there are."""

from __future__ import annotations

from leadline.data.targets import class_numbers
from leadline.data.targets.candidate import Candidate
from leadline.data.targets.contract import Recognition, TargetType
from leadline.data.targets.values import TargetSelection

FIRST = 0  # code of a class: a value that is neither is no code


def _select(candidate: Candidate, asked: bool) -> TargetSelection:
    assert len(candidate.values)
    return TargetSelection(candidate.name, "boolean", None, (candidate.name,))


TARGET = TargetType(
    kind="boolean",
    noun="yes or no",
    objective="classification",
    recognition=Recognition(_select),
    fitting=class_numbers.fitting(FIRST),
    encoding=class_numbers.encoding(FIRST),
    display=class_numbers.display(class_numbers.warnings),
    comparison=class_numbers.correctness("accuracy"),
)
