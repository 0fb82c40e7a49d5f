"""What is said before training: what the data was understood to be, and what it can prove."""

from __future__ import annotations

from leadline.data.dataset import Dataset
from leadline.facts.experiment import Experiment
from leadline.facts.requirement import Requirement
from leadline.measuring.evaluate import levels_for
from leadline.metrics.provable import needed
from leadline.verbs.progress import Progress, Silent

PROPORTIONS = ("accuracy",)  # requirements on these are judged on Wilson's interval, so what they need can be said beforehand


def tell(dataset: Dataset, experiment: Experiment, shown: Progress) -> None:
    """Say what was understood: rows, columns and their kinds, what was set aside, what can be proven."""
    if isinstance(shown, Silent) and type(shown) is Silent:
        return
    counts = ", ".join(f"{len(part):,} {name}" for name, part in dataset.parts.items())
    shown.note(f"{dataset.name}: {counts} rows ({dataset.split_by})")
    for one in dataset.schema.inputs:
        shape = "×".join(map(str, one.shape))
        columns = ", ".join(f"{f.name} ({f.kind})" for f in one.fields[:12]) + (" …" if len(one.fields) > 12 else "")
        shown.note(f"input {one.name}, {shape}: {columns}")
    goal = dataset.schema.target
    if goal is not None:
        classes = dataset.schema.classes
        words = f"{len(classes)} classes: {', '.join(classes[:12])}{' …' if len(classes) > 12 else ''}" if classes else "a number"
        shown.note(f"target {goal.name}: {words}")
    for note in dataset.notes:
        shown.note(note)
    if dataset.set_aside.height:
        first = dataset.set_aside.row(0, named=True)
        shown.note(f"{dataset.set_aside.height} rows set aside, such as {first['file']}, row {first['row']}: {first['reason']}")
    for line in provable(experiment, len(dataset.parts.get("test", ()))):
        shown.note(line)


def provable(experiment: Experiment, rows: int) -> list[str]:
    """Return, for each requirement on a proportion, how many of `rows` test rows it takes to prove it."""
    lines = []
    requirements = [Requirement.parse(text) for text in experiment.require]
    level = levels_for(len(requirements))[-1]
    for requirement in requirements:
        if requirement.name not in PROPORTIONS or requirement.op not in (">=", ">"):
            continue
        right = needed(rows, requirement.bound, requirement.op, level)
        enough = f"needs {right:,} right" if right is not None else "cannot be proven, even with all right"
        lines.append(f"With {rows:,} test rows, {requirement.text} {enough}.")
    return lines
