"""Spaces in which rows are points: what a reference classifier makes of them, or their raw inputs, standardised.

Shapes: n rows, F features.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple, Self

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from leadline.core.schema import InputSchema, Schema
from leadline.data.columns.contract import column_type, input_type
from leadline.data.dataset import Dataset
from leadline.data.preprocessors import TablePreprocessor, build_preprocessor
from leadline.data.subset import Subset
from leadline.evaluation.samples import Inputs, batches
from leadline.nn.classical.design_matrix import Encoding
from leadline.nn.rng import generator_for
from leadline.objectives.contract import BoundObjective

FITTED = 10_000  # train rows that standardising and main directions are found on
PIXELS = 1_024  # numbers of a picture
WIDEST = 256  # numbers of a row
BATCH = 256  # rows that a network sees at a time
BLOCK = 4_096  # rows that are made points of at a time


class ReferenceClassifier(NamedTuple):
    """A classifier in whose features rows are compared: what it is, whose it is, and the names of its classes.

    `description` identifies it: the run, the SHA-256 of its weights.
    """

    network: nn.Module
    objective: BoundObjective
    schema: Schema
    name: str
    description: Mapping[str, Any]
    same_data: bool = True

    def rows(self, inputs: Inputs) -> np.ndarray:
        """Return the features of raw rows (n,F) float64."""
        with torch.inference_mode():
            found = [
                self.objective.learning.embed(self.network, own).flatten(1).double() for own in batches(inputs, BATCH)
            ]
        return torch.cat(found).numpy()

    def classes(self, inputs: Inputs) -> np.ndarray:
        """Return the class that it takes each raw row for (n,) int64."""
        with torch.inference_mode():
            found = [self.objective.learning.score(self.network, own).argmax(1) for own in batches(inputs, BATCH)]
        return torch.cat(found).numpy()

    def subset(self, subset: Subset) -> np.ndarray:
        """Return the features of all rows of a part (n,F)."""
        return np.concatenate(
            [self.rows(subset.batch(slice(at, at + BATCH)).inputs) for at in range(0, len(subset), BATCH)]
        )

    @property
    def words(self) -> str:
        """What the space is, in words."""
        return f"features of {self.name}"


class RawFeatures:
    """Raw inputs as numbers, standardised on train rows: pixels, columns (one for each class of a category), steps of a
    window.

    Pictures of more than `PIXELS` numbers are averaged down; of rows of more than `WIDEST` numbers the main directions
    are kept.
    """

    def __init__(self, schema: Schema, inputs: Inputs) -> None:
        self.schema = schema
        self.ways = {
            one.name: _Pixels(one) if _are_pixels(one) else _Columns(one, inputs[one.name]) for one in schema.inputs
        }
        x_nF = self.columns(inputs)
        what = "pixels" if all(map(_are_pixels, schema.inputs)) else "inputs"
        self.words = f"standardised raw {what}"
        self.centre_F, self.turn_FG = x_nF.mean(0), None
        if x_nF.shape[1] > WIDEST:
            _, vector_FF = np.linalg.eigh(np.cov(x_nF, rowvar=False))
            self.turn_FG = vector_FF[:, ::-1][:, :WIDEST]
            self.words += f", first {WIDEST} principal components"
        self.description: Mapping[str, Any] = {"space": self.words}

    @classmethod
    def fitted(cls, dataset: Dataset, seed: int) -> Self | None:
        """Return the space of a dataset's train rows; None where rows of an input are neither pixels
        nor columns.
        """
        if not all(_are_pixels(one) or _are_scalars(one) for one in dataset.schema.inputs):
            return None
        subset = random_rows(dataset.splits["train"], FITTED, seed, "space")
        return cls(dataset.schema, subset.batch(slice(0, len(subset))).inputs)

    def columns(self, inputs: Inputs) -> np.ndarray:
        """Return raw rows as all their numbers (n,F) float64, standardised."""
        found = [way(inputs[name]) for name, way in self.ways.items()]
        return np.concatenate(found, 1).astype(np.float64)

    def rows(self, inputs: Inputs) -> np.ndarray:
        """Return raw rows as points (n,F) float64."""
        x_nF = self.columns(inputs)
        return x_nF if self.turn_FG is None else (x_nF - self.centre_F) @ self.turn_FG

    def subset(self, subset: Subset) -> np.ndarray:
        """Return all rows of a part as points (n,F)."""
        found = [self.rows(subset.batch(slice(at, at + BLOCK)).inputs) for at in range(0, len(subset), BLOCK)]
        return np.concatenate(found) if found else np.zeros((0, len(self.centre_F)))


def _are_pixels(one: InputSchema) -> bool:
    return input_type(one.kind).pixels is not None


def _are_scalars(one: InputSchema) -> bool:
    return all(column_type(field.kind).scalar for field in one.fields)


class _Pixels:
    """Pictures as pixels, standardised by the mean and spread of their channel; averaged where there are very many."""

    def __init__(self, one: InputSchema) -> None:
        self.preprocessor = build_preprocessor(one)
        height, width, channels = one.shape
        shrink = max(1.0, math.sqrt(height * width * channels / PIXELS))
        self.sides = max(1, int(height / shrink)), max(1, int(width / shrink))

    def __call__(self, x: Tensor) -> np.ndarray:
        with torch.inference_mode():
            values: Tensor = self.preprocessor(x).values
            return F.adaptive_avg_pool2d(values, self.sides).flatten(1).numpy()


class _Columns:
    """Tables, and the steps of windows, as standardised columns, one for each class of a category."""

    def __init__(self, one: InputSchema, x: Tensor) -> None:
        self.preprocessor = TablePreprocessor(one.fields, plain=True)
        plain_nF = self._plain(x)
        self.encoding = Encoding(plain_nF.shape[1], self.preprocessor.classes)
        self.encoding.fit(plain_nF)

    def __call__(self, x: Tensor) -> np.ndarray:
        return self.encoding.rows(self._plain(x)).reshape(len(x), -1)

    def _plain(self, x: Tensor) -> np.ndarray:
        with torch.inference_mode():
            return self.preprocessor(x.flatten(0, 1) if x.ndim == 3 else x).values.numpy()  # type: ignore[no-any-return]


def random_rows(subset: Subset, most: int, seed: int, purpose: str) -> Subset:
    """Return at most so many rows of a part, drawn by the seed, in their order."""
    if len(subset) <= most:
        return subset
    return subset.subset(
        torch.randperm(len(subset), generator=generator_for(seed, purpose))[:most].sort().values.numpy()
    )
