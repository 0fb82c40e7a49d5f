"""Where a network is furthest from the truth: the surest mistakes, the largest errors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from leadline.core.catalogue import say
from leadline.core.exhibit import ExhibitDraft
from leadline.data.dataset import Dataset
from leadline.data.subset import Subset
from leadline.data.targets import target_type
from leadline.data.targets.values import WorstErrors
from leadline.evaluation.analyses.contract import Analysis, NoOptions, Results, of_labelled_rows
from leadline.evaluation.exhibits import about_marks, first_pictured, gallery, gallery_kind, most_shown, rows_shown
from leadline.evaluation.subject import Subject

MISTAKES = 24


def worst_errors(dataset: Dataset, subset: Subset, predictions: Mapping[str, np.ndarray]) -> Iterator[ExhibitDraft]:
    """Yield the surest mistakes among classes or labels, or the largest errors; of several targets, each task's."""
    assert subset.target is not None
    if dataset.schema.target is None or not any(name.startswith("prediction") for name in predictions):
        return
    worst = target_type(dataset.schema.target.kind).display.worst
    for found in worst(dataset.schema, subset.target, predictions, MISTAKES):
        yield from _shown(found, dataset, subset)


def _shown(found: WorstErrors, dataset: Dataset, subset: Subset) -> Iterator[ExhibitDraft]:
    if not found.at:
        return
    one = first_pictured(dataset.schema.inputs)
    if one is not None:
        kept = [(i, w) for i, w in zip(found.at, found.words, strict=True) if subset.has(i, one.name)]
        kept = kept[: most_shown(one, len(kept))]
        captions = [f"{w} ({subset.place(i)})" for i, w in kept]
        content, caption = gallery(one, [subset.shown(i)[one.name] for i, _ in kept], captions, 6)
        yield ExhibitDraft(found.name, gallery_kind(one), found.title, content, caption, subset.name)
        return
    told = [[words, subset.place(i)] for words, i in zip(found.words, found.at, strict=True)]
    content = rows_shown(dataset.schema, subset, found.at).content([say("exhibits.error"), say("exhibits.row")], told)
    yield ExhibitDraft(
        found.name,
        "table",
        found.title,
        content,
        about_marks(content),
        split=subset.name,
    )


def _run(subject: Subject, options: NoOptions, seed: int) -> Results:
    yield from worst_errors(subject.dataset, subject.test_rows, subject.predictions("test"))


ANALYSIS = Analysis(
    name="errors",
    question="Where are the errors most confident or largest?",
    section="errors",
    run=_run,
    applies=of_labelled_rows,
)
