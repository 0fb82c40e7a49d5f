"""Where a network is furthest from the truth: the surest mistakes, the largest errors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from leadline.core.exhibit import ExhibitDraft
from leadline.core.safe_text import apart
from leadline.core.schema import Schema
from leadline.data.dataset import Dataset
from leadline.data.subset import Subset
from leadline.data.targets import PER_STEP
from leadline.evaluation.analyses.contract import Analysis, NoOptions, Results, of_labelled_rows
from leadline.evaluation.exhibits import CLIPS, cell, first_pictured, gallery, gallery_kind
from leadline.evaluation.predictions import in_words
from leadline.evaluation.subject import Subject
from leadline.nn.tasks import labelled_rows, predictions_of

MISTAKES = 24
OF_TASK = 12  # mistakes of each of several tasks


class Worst(NamedTuple):
    """The rows that are furthest off, worst first, by their positions, and what happened to each in words."""

    title: str
    at: Sequence[int]
    words: Sequence[str]


def worst_errors(dataset: Dataset, subset: Subset, predictions: Mapping[str, np.ndarray]) -> Iterator[ExhibitDraft]:
    """Yield the surest mistakes among classes or labels, or the largest errors; of several targets, each task's."""
    assert subset.target is not None
    if dataset.schema.target is None or not any(name.startswith("prediction") for name in predictions):
        return
    if (
        dataset.schema.target is not None and dataset.schema.target.kind in PER_STEP
    ):  # `measuring.steps` shows them in their texts
        return
    if subset.target.ndim == 3:  # forecasts: `measuring.forecasts` shows the windows that are furthest off
        return
    if not dataset.schema.tasks:
        found = _worst(dataset.schema, subset.target, predictions, MISTAKES)
        yield from _shown("mistakes", found, dataset, subset)
    for number, task in enumerate(dataset.schema.tasks, start=1):
        rows, target = labelled_rows(task, subset.target)
        found = _worst(task.schema, target, predictions_of(task, predictions, rows), OF_TASK)
        found = found._replace(title=f"{found.title}: {task.name}", at=rows[list(found.at)].tolist())
        yield from _shown(f"mistakes-{number}", found, dataset, subset)


def _worst(schema: Schema, target: np.ndarray, predictions: Mapping[str, np.ndarray], most: int) -> Worst:
    if schema.classes:
        return _classes(schema.classes, target, predictions, most)
    if target.ndim == 1:
        return _quantity(target, predictions, most)
    return (_sets if schema.target and schema.target.kind == "labels" else _shares)(schema, target, predictions, most)


def _classes(names: Sequence[str], target: np.ndarray, predictions: Mapping[str, np.ndarray], most: int) -> Worst:
    predicted, probability = predictions["prediction"], predictions["probability"]
    wrong = np.flatnonzero(predicted != target)
    at = _largest(probability[wrong, predicted[wrong]], most)
    rows = wrong[at].tolist()
    true, said = ([apart(names[number]) for number in numbers[rows]] for numbers in (target, predicted))
    sure = probability[rows, predicted[rows]]
    words = [f"{t} taken for {s}, {p:.1%} sure" for t, s, p in zip(true, said, sure, strict=True)]
    return Worst("The surest mistakes", rows, words)


def _quantity(target: np.ndarray, predictions: Mapping[str, np.ndarray], most: int) -> Worst:
    predicted, std = predictions["prediction"], predictions.get("std")
    at = _largest(np.abs(predicted - target), most)
    words = [
        f"{target[i]:.5g}, predicted {predicted[i]:.5g}" + (f" ± {std[i]:.3g}" if std is not None else "") for i in at
    ]
    return Worst("The largest errors", at, words)


def _sets(schema: Schema, target: np.ndarray, predictions: Mapping[str, np.ndarray], most: int) -> Worst:
    said, probability = predictions["prediction"] > 0, predictions["probability"]
    sure = np.where(said, probability, 1 - probability) * (said != (target > 0))
    at = [i for i in _largest(sure.max(1), most) if sure[i].any()]
    true, given = in_words(schema, target[at]), in_words(schema, said[at].astype(np.float32))
    words = []
    for place, i in enumerate(at):
        label = int(sure[i].argmax())
        how = "is not there" if said[i, label] else "is missed"
        what = f"{true[place] or 'none'}, predicted {given[place] or 'none'}"
        words.append(f"{what}: {apart(schema.labels[label])} {how}, {sure[i, label]:.1%} sure")
    return Worst("The surest mistakes", at, words)


def _shares(schema: Schema, target: np.ndarray, predictions: Mapping[str, np.ndarray], most: int) -> Worst:
    off = np.abs(predictions["probability"] - target)
    at = _largest(off.sum(1), most)
    words = []
    for i in at:
        label = int(off[i].argmax())
        words.append(
            f"{apart(schema.labels[label])} {target[i, label]:.1%}, predicted"
            f" {predictions['probability'][i, label]:.1%}"
        )
    return Worst("The largest errors", at, words)


def _largest(values: np.ndarray, most: int) -> list[int]:
    return [int(i) for i in np.argsort(-values, kind="stable")[:most]]


def _shown(name: str, found: Worst, dataset: Dataset, subset: Subset) -> Iterator[ExhibitDraft]:
    if not found.at:
        return
    one = first_pictured(dataset.schema.inputs)
    if one is not None:
        kept = [(i, w) for i, w in zip(found.at, found.words, strict=True) if subset.has(i, one.name)]
        kept = kept[:CLIPS] if one.kind == "audio" else kept
        captions = [f"{w} ({subset.place(i)})" for i, w in kept]
        content, caption = gallery(one, [subset.shown(i)[one.name] for i, _ in kept], captions, 6)
        yield ExhibitDraft(name, gallery_kind(one), found.title, content, caption, subset.name)
        return
    where = [subset.place(i) for i in found.at]
    shown = [subset.shown(i) for i in found.at]
    columns = list(shown[0])
    rows = [[w, p, *(cell(row[c]) for c in columns)] for w, p, row in zip(found.words, where, shown, strict=True)]
    yield ExhibitDraft(
        name, "table", found.title, {"columns": ["what happened", "where", *columns], "rows": rows}, split=subset.name
    )


def _run(subject: Subject, options: NoOptions, seed: int) -> Results:
    yield from worst_errors(subject.dataset, subject.test_rows, subject.predictions("test"))


ANALYSIS = Analysis(
    name="errors",
    question="Where is the network furthest from the truth?",
    section="errors",
    run=_run,
    applies=of_labelled_rows,
)
