"""Which rows are furthest off, in words, for types that share how errors are shown.

Shapes: n rows of a split, C classes.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

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
    words = [f"{t} taken for {s}, {p:.1%} sure" for t, s, p in zip(true, said, sure, strict=True)]
    return (WorstErrors("The surest mistakes", rows, words),)


def distances(
    schema: Schema, target: np.ndarray, predictions: Mapping[str, np.ndarray], most: int
) -> tuple[WorstErrors, ...]:
    """Return the rows whose number was missed by most."""
    predicted, std = predictions["prediction"], predictions.get("std")
    at = largest(np.abs(predicted - target), most)
    words = [
        f"{target[i]:.5g}, predicted {predicted[i]:.5g}" + (f" ± {std[i]:.3g}" if std is not None else "") for i in at
    ]
    return (WorstErrors("The largest errors", at, words),)
