"""Where a network is furthest from the truth: the surest mistakes, the largest errors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from leadline.data.dataset import Dataset
from leadline.data.part import Part
from leadline.data.targets import PER_STEP
from leadline.facts.exhibit import Draft
from leadline.facts.schema import Schema
from leadline.layers.tasks import known, told
from leadline.measuring.decisions import in_words
from leadline.measuring.exhibits import CLIPS, cell, first_pictured, gallery, gallery_kind
from leadline.rendering.scripts import apart

MISTAKES = 24
OF_TASK = 12  # mistakes of each of several tasks


class Worst(NamedTuple):
    """The rows that are furthest off, worst first, by their positions, and what happened to each in words."""

    title: str
    at: Sequence[int]
    words: Sequence[str]


def mistakes(dataset: Dataset, part: Part, predictions: Mapping[str, np.ndarray]) -> Iterator[Draft]:
    """Yield the surest mistakes among classes or labels, or the largest errors; of several targets, each task's."""
    assert part.target is not None
    if dataset.schema.target is None or not any(name.startswith("prediction") for name in predictions):
        return
    if dataset.schema.target is not None and dataset.schema.target.kind in PER_STEP:  # `measuring.steps` shows them in their texts
        return
    if part.target.ndim == 3:  # forecasts: `measuring.forecasts` shows the windows that are furthest off
        return
    if not dataset.schema.tasks:
        found = _worst(dataset.schema, part.target, predictions, MISTAKES)
        yield from _shown("mistakes", found, dataset, part)
    for number, task in enumerate(dataset.schema.tasks, start=1):
        rows, target = known(task, part.target)
        found = _worst(task.schema, target, told(task, predictions, rows), OF_TASK)
        found = found._replace(title=f"{found.title}: {task.name}", at=rows[list(found.at)].tolist())
        yield from _shown(f"mistakes-{number}", found, dataset, part)


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
    words = [f"{target[i]:.5g}, predicted {predicted[i]:.5g}" + (f" ± {std[i]:.3g}" if std is not None else "") for i in at]
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
        words.append(f"{apart(schema.labels[label])} {target[i, label]:.1%}, predicted {predictions['probability'][i, label]:.1%}")
    return Worst("The largest errors", at, words)


def _largest(values: np.ndarray, most: int) -> list[int]:
    return [int(i) for i in np.argsort(-values, kind="stable")[:most]]


def _shown(name: str, found: Worst, dataset: Dataset, part: Part) -> Iterator[Draft]:
    if not found.at:
        return
    one = first_pictured(dataset.schema.inputs)
    if one is not None:
        kept = [(i, w) for i, w in zip(found.at, found.words, strict=True) if part.has(i, one.name)]
        kept = kept[:CLIPS] if one.kind == "audio" else kept
        captions = [f"{w} ({part.place(i)})" for i, w in kept]
        content, caption = gallery(one, [part.shown(i)[one.name] for i, _ in kept], captions, 6)
        yield Draft(name, gallery_kind(one), found.title, content, caption, part.name)
        return
    where = [part.place(i) for i in found.at]
    shown = [part.shown(i) for i in found.at]
    columns = list(shown[0])
    rows = [[w, p, *(cell(row[c]) for c in columns)] for w, p, row in zip(found.words, where, shown, strict=True)]
    yield Draft(name, "table", found.title, {"columns": ["what happened", "where", *columns], "rows": rows}, split=part.name)
