"""What the best answer that ignores the inputs would reach: whatever a network does has to beat it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import polars as pl

from leadline.core.finding import Finding, Reproduction
from leadline.core.wording import number
from leadline.data.dataset import Dataset
from leadline.data.targets.words import predictions_in_words
from leadline.evaluation.analyses.contract import Analysis, NoOptions, Results, of_labelled_rows
from leadline.evaluation.proportions import compared_names, train_target
from leadline.evaluation.subject import Subject
from leadline.objectives.contract import BoundObjective, EvaluationContext


def _run(subject: Subject, options: NoOptions, seed: int) -> Results:
    yield from baseline(subject.objective, subject.dataset, subject.context("test"))


def baseline(objective: BoundObjective, dataset: Dataset, context: EvaluationContext) -> Iterator[Finding]:
    """Yield what always giving the same answer would reach on the split of `context`."""
    target: Any = train_target(dataset)
    name, columns = objective.decision.dummy_predictor(target, len(context.target), dataset.schema)
    score = objective.decision.per_example_score(columns, context.target, dataset.schema)
    names = compared_names(objective) | (set() if score is None else {score[0]})
    words = predictions_in_words(dataset.schema, {key: values[:1] for key, values in columns.items()})
    for finding in objective.decision.measure(columns, context):
        if isinstance(finding, Finding) and finding.name.partition("(")[0] in names and finding.group is None:
            task = finding.name.partition("(")[2].removesuffix(")")
            answer = words.get(f"predicted_{task}" if task else "predicted")
            shown = None if answer is None else _shown(answer[0])
            again = Reproduction(
                producer="baseline", options={"name": name, "answer": shown}, repeat="exact", tolerance=1e-6
            )
            yield finding.model_copy(update={"group": f"baseline={name}", "again": again})


def _shown(answer: Any) -> str | None:
    """Return an answer in words; None where it is one for each of several variables."""
    if isinstance(answer, pl.Series):
        values = np.unique(answer.to_numpy())
        return number(float(values[0])) if len(values) == 1 else None
    return number(float(answer)) if isinstance(answer, int | float) else answer or "none"


ANALYSIS = Analysis(
    name="dummy-baseline",
    question="How good is a constant prediction?",
    section="baselines",
    run=_run,
    applies=of_labelled_rows,
)
