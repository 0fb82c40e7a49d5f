"""What the data is: rows and columns, what was said of them before training, invalid rows, duplicates."""

from __future__ import annotations

from collections.abc import Iterator

from leadline.core.catalogue import say
from leadline.core.finding import Finding, Reproduction
from leadline.core.metric import Metric
from leadline.core.wording import subset_name
from leadline.data.checks.missing_inputs import missing_inputs
from leadline.data.dataset import Dataset
from leadline.evaluation.analyses.contract import Analysis, NoOptions, Results, always
from leadline.evaluation.exhibits import about_data
from leadline.evaluation.subject import Subject


def _run(subject: Subject, options: NoOptions, seed: int) -> Results:
    yield from row_findings(subject.dataset)
    yield from about_data(subject.dataset)


def row_findings(dataset: Dataset) -> Iterator[Finding]:
    """Yield how many rows each split has, how many were invalid, and how many have a duplicate in another split."""
    again = Reproduction(producer="data")
    for name, part in dataset.splits.items():
        yield Finding(name="rows", split=name, value=len(part), n=len(part), unit="rows", method="counted", again=again)
        if part.unlabelled is not None:
            known, method = len(part.labelled), f"{subset_name(name)} examples with a target"
            yield Finding(
                name="rows_labelled", split=name, value=known, n=len(part), unit="rows", method=method, again=again
            )
    aside = dataset.invalid_rows.height
    yield Finding(name="rows_dropped", value=aside, unit="rows", method="counted", better="lower", again=again)
    for lack in missing_inputs(dataset.schema, dataset.splits):
        yield Finding(
            name="rows_missing_input",
            split=lack.subset,
            group=f"input={lack.input}",
            value=lack.rows,
            n=len(dataset.splits[lack.subset]),
            unit="rows",
            method=f"{subset_name(lack.subset)} examples without {lack.input}",
            better="lower",
            again=again,
        )
    for (first, second), count in dataset.duplicates.counts.items():
        yield Finding(
            name="duplicates",
            group=f"splits={first}, {second}",
            value=count,
            unit="rows",
            method=say("evaluation.duplicates-of", first=subset_name(first), second=second),
            better="lower",
            again=again,
        )


ANALYSIS = Analysis(
    name="data",
    question="How many examples are there, of which columns, and which are invalid?",
    section="data",
    run=_run,
    applies=always,
    metrics=(
        Metric("rows", "Examples", "number of examples in a split", unit="rows"),
        Metric("rows_labelled", "Labelled examples", "training examples with a target", "rows"),
        Metric(
            "rows_missing_input",
            "Examples with a missing input",
            "examples that lack at least one input",
            unit="rows",
            better="lower",
        ),
        Metric("rows_dropped", "Invalid rows", "rows that could not be used and were dropped", "rows", "lower"),
        Metric(
            "duplicates",
            "Duplicates across splits",
            "examples with an exact copy of their inputs in another split",
            "rows",
            "lower",
        ),
    ),
)
