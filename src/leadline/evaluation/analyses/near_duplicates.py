"""Rows that have nearly the same picture, sound or text as a row of another split, and pairs of pictures as the report
shows them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch

from leadline.core.catalogue import say
from leadline.core.exhibit import ExhibitDraft
from leadline.core.finding import Finding, Reproduction
from leadline.core.metric import Metric
from leadline.core.wording import subset_name
from leadline.data.checks.duplicates import Pair
from leadline.data.columns.contract import input_type
from leadline.data.dataset import Dataset
from leadline.data.subset import Subset
from leadline.evaluation.analyses.contract import Analysis, NoOptions, Results
from leadline.evaluation.exhibits import picture
from leadline.evaluation.subject import Subject


def _run(subject: Subject, options: NoOptions, seed: int) -> Results:
    yield from near_duplicate_findings(subject.dataset)
    yield from near_duplicates(subject.dataset)


def near_duplicate_findings(dataset: Dataset) -> Iterator[Finding]:
    """Yield how many rows of a split have nearly the same picture, sound or text as a row of another."""
    again = Reproduction(producer="data")
    for (first, second), count in (dataset.similar.counts if dataset.similar else {}).items():
        yield Finding(
            name="near_duplicates",
            group=f"splits={first}, {second}",
            value=count,
            unit="rows",
            method=say("evaluation.near-duplicates-of", first=subset_name(first), second=second),
            better="lower",
            again=again,
        )


def near_duplicates(dataset: Dataset) -> Iterator[ExhibitDraft]:
    """Yield pictures of some pairs, side by side, where there are any."""
    pairs = dataset.similar.examples if dataset.similar else ()
    if not pairs or not _pictures(dataset):
        return
    shown: dict[str, list[Any]] = {"pictures": [], "captions": []}
    for pair in pairs:
        name = _closest(dataset, pair)
        for subset, row in _ends(dataset, pair):
            shown["pictures"].append(picture(subset.shown(row)[name]))
            shown["captions"].append(f"{subset.name}: {subset.place(row)}")
    content = {**shown, "columns": 2, "headings": [say("exhibits.example"), say("exhibits.near-duplicate")]}
    caption = say("exhibits.near-duplicates-about")
    yield ExhibitDraft("near_duplicates", "pictures", say("exhibits.near-duplicates"), content, caption=caption)


def _ends(dataset: Dataset, pair: Pair) -> list[tuple[Subset, int]]:
    """Return the two parts of a pair, with the row's position in each."""
    ends = ((pair.first, pair.first_row), (pair.second, pair.second_row))
    return [(dataset.splits[name], int(np.searchsorted(dataset.splits[name].rows, row))) for name, row in ends]


def _closest(dataset: Dataset, pair: Pair) -> str:
    """Return the input whose pictures differ least between the rows of a pair."""
    ends = _ends(dataset, pair)
    names = [name for name in _pictures(dataset) if all(subset.has(row, name) for subset, row in ends)]
    first, second = (subset.batch(torch.tensor([row])).inputs for subset, row in ends)
    return min(names, key=lambda name: float((first[name].float() - second[name].float()).abs().mean()))


def _pictures(dataset: Dataset) -> list[str]:
    return [one.name for one in dataset.schema.inputs if input_type(one.kind).pixels is not None]


def _applies(subject: Subject) -> str | None:
    return None if subject.dataset.similar else say("evaluation.no-near-duplicate-search")


ANALYSIS = Analysis(
    name="near-duplicates",
    question="Which examples have a near-duplicate in another split?",
    section="data",
    run=_run,
    applies=_applies,
    metrics=(
        Metric(
            "near_duplicates",
            "Near-duplicates across splits",
            "examples with a near-duplicate in another split",
            "rows",
            "lower",
        ),
    ),
)
