"""Which rows are furthest off, in words, for types that share how errors are shown.

Shapes: n rows of a split, C classes.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from leadline.core.catalogue import say
from leadline.core.safe_text import apart
from leadline.core.schema import Schema
from leadline.data.targets.values import WorstErrors


def largest(values: np.ndarray, most: int) -> list[int]:
    """Return the positions of the largest values, the largest first."""
    return [int(i) for i in np.argsort(-values, kind="stable")[:most]]


def confusions(
    schema: Schema, target: np.ndarray, predictions: Mapping[str, np.ndarray], most: int
) -> tuple[WorstErrors, ...]:
    """Return the rows that were taken for another class, the surest first."""
    predicted, probability = predictions["prediction"], predictions["probability"]
    wrong = np.flatnonzero(predicted != target)
    at = largest(probability[wrong, predicted[wrong]], most)
    rows = wrong[at].tolist()
    true, said = ([apart(schema.classes[number]) for number in numbers[rows]] for numbers in (target, predicted))
    sure = probability[rows, predicted[rows]]
    words = [
        say("targets.error-of-class", true=t, predicted=s, probability=f"{100 * p:.1f}")
        for t, s, p in zip(true, said, sure, strict=True)
    ]
    return (WorstErrors(say("targets.most-confident-errors"), rows, words),)


def distances(
    schema: Schema, target: np.ndarray, predictions: Mapping[str, np.ndarray], most: int
) -> tuple[WorstErrors, ...]:
    """Return the rows whose number was missed by most."""
    predicted, std = predictions["prediction"], predictions.get("std")
    at = largest(np.abs(predicted - target), most)
    words = [
        say("targets.error-of-number", true=target[i], predicted=predicted[i])
        if std is None
        else say("targets.error-of-number-spread", true=target[i], predicted=predicted[i], spread=std[i])
        for i in at
    ]
    return (WorstErrors(say("targets.largest-errors"), at, words),)
