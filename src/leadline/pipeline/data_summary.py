"""What is said before training: what the data was understood to be, and what it can prove."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from leadline.core.catalogue import say
from leadline.core.experiment import Experiment
from leadline.core.requirement import Requirement
from leadline.core.schema import Schema
from leadline.core.wording import listed
from leadline.data.checks.invalid_rows import by_reason
from leadline.data.columns.contract import input_type
from leadline.data.dataset import Dataset
from leadline.data.input_types.table import COLUMNS
from leadline.data.targets import words
from leadline.evaluation.evaluate import levels_for
from leadline.metrics.statistics.sample_size import rows_needed
from leadline.models.build import ignores_covariates
from leadline.objectives.lookup import objective_for
from leadline.pipeline.progress import Progress

# requirements on these are judged on Wilson's interval, so what they need can be said beforehand
PROPORTIONS = ("accuracy",)
FEW = 100  # test rows, below which a share is known to ten points at best


def describe_data(dataset: Dataset, experiment: Experiment, shown: Progress) -> None:
    """Say what was understood: rows, columns and their kinds, invalid rows, what can be proven."""
    counts = ", ".join(f"{len(part):,} {name}" for name, part in dataset.splits.items())
    windows = any(one.window is not None for one in dataset.schema.inputs)
    total = sum(len(part) for part in dataset.splits.values())
    sentence = "data.windows-of-splits" if windows else "data.examples-of-splits"
    shown.note(say(sentence, dataset=dataset.name, total=total, splits=counts, how=dataset.split_by))
    for one in dataset.schema.inputs:
        shown.note(say("pipeline.input", one=one.name, describe=input_type(one.kind).describe(one)))
    if dataset.schema.target is not None:
        shown.note(say("pipeline.target", target=dataset.schema.target.name, describe=words.describe(dataset.schema)))
    for line in overlooked(dataset.schema, experiment):
        shown.note(line)
    by = experiment.data.split.column
    if by and any(column.name == by and not column.kind for column in dataset.columns):
        shown.note(say("pipeline.split-column-not-input", column=by))
    for note in dataset.notes:
        shown.note(note)
    if dataset.invalid_rows.height:
        rows = dataset.invalid_rows
        shown.note(say("pipeline.rows-dropped", rows=rows.height, first=by_reason(rows)))
    if experiment.objective is not None:
        for line in objective_for(experiment.objective).warnings(dataset.schema):
            shown.note(line)
    test = dataset.splits.get("test")
    # of rows that depend on each other it takes more than that
    provable_lines = () if test is None or test.group is not None else provable(experiment, len(test))
    for line in (*few_tested(dataset, experiment), *provable_lines):
        shown.note(line)


def few_tested(dataset: Dataset, experiment: Experiment) -> Iterator[str]:
    """Yield that a cross-validation tests on all rows, where a random split tests on few of them."""
    split, test = experiment.data.split, dataset.splits.get("test")
    drawn = split.by in ("auto", "random", "group") and split.folds is None and experiment.data.test is None
    given = dataset.split_by.startswith(say("splits.as-given"))
    series = any(one.window is not None for one in dataset.schema.inputs)
    if test is None or not drawn or given or series or dataset.schema.target is None:
        return
    count = len(test) if test.group is None else len(np.unique(test.group))
    if 0 < count < FEW:
        total, margin = sum(len(subset) for subset in dataset.splits.values()), 98 / count**0.5
        if test.units is None:
            yield say("pipeline.few-test-rows", rows=count, margin=margin, total=total)
        else:
            yield say("pipeline.few-test-groups", rows=len(test), units=test.units, margin=margin, total=total)


def overlooked(schema: Schema, experiment: Experiment) -> Iterator[str]:
    """Yield which columns of a series its network overlooks: one that forecasts itself knows the past of the variables
    alone.
    """
    for one in schema.inputs:
        component = experiment.network.encoders.get(one.name)
        if one.window is None or component is None:
            continue
        beside = [f.name for f in one.fields if f.name not in one.window.aims]
        if beside and ignores_covariates(component):
            yield say("data.covariates-unused", network=component.name, columns=listed(beside, COLUMNS))


def provable(experiment: Experiment, rows: int) -> list[str]:
    """Return, for each requirement on a proportion, how many of `rows` test rows it takes to prove it."""
    lines = []
    requirements = [Requirement.parse(text) for text in experiment.require]
    level = levels_for(len(requirements))[-1]
    for requirement in requirements:
        if requirement.name not in PROPORTIONS or requirement.op not in (">=", ">"):
            continue
        right = rows_needed(rows, requirement.bound, requirement.op, level)
        lines.append(
            say("pipeline.requirement-unprovable", rows=rows, requirement=requirement.text)
            if right is None
            else say("pipeline.requirement-needs", rows=rows, requirement=requirement.text, correct=right)
        )
    return lines
