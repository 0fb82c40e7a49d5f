"""Spaces in which rows are points: what a judge's network makes of them, or their raw inputs, standardised.

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

from leadline.data.dataset import Dataset
from leadline.data.front import TableFront, build_front
from leadline.data.part import Part
from leadline.facts.schema import InputSchema, Schema
from leadline.layers.contracts import Objective
from leadline.layers.draws import generator_for
from leadline.layers.encoding import Encoding
from leadline.measuring.making import Inputs, batches

FITTED = 10_000  # train rows that standardising and main directions are found on
PIXELS = 1_024  # numbers of a picture
WIDEST = 256  # numbers of a row
BATCH = 256  # rows that a judge sees at a time
BLOCK = 4_096  # rows that are made points of at a time


class Judge(NamedTuple):
    """A classifier in whose features rows are compared: what it is, whose it is, and the names of its classes.

    `told` identifies it: the run, the SHA-256 of its weights.
    """

    network: nn.Module
    objective: Objective
    schema: Schema
    name: str
    told: Mapping[str, Any]
    same_data: bool = True

    def rows(self, inputs: Inputs) -> np.ndarray:
        """Return the features of raw rows (n,F) float64."""
        with torch.inference_mode():
            found = [self.objective.embed(self.network, own).flatten(1).double() for own in batches(inputs, BATCH)]
        return torch.cat(found).numpy()

    def classes(self, inputs: Inputs) -> np.ndarray:
        """Return the class that it takes each raw row for (n,) int64."""
        with torch.inference_mode():
            found = [self.objective.score(self.network, own).argmax(1) for own in batches(inputs, BATCH)]
        return torch.cat(found).numpy()

    def part(self, part: Part) -> np.ndarray:
        """Return the features of all rows of a part (n,F)."""
        return np.concatenate([self.rows(part.batch(slice(at, at + BATCH)).inputs) for at in range(0, len(part), BATCH)])

    @property
    def words(self) -> str:
        """What the space is, in words."""
        return f"features of {self.name}"


class Raw:
    """Raw inputs as numbers, standardised on train rows: pixels, columns (one for each class of a category), steps of a window.

    Pictures of more than `PIXELS` numbers are averaged down; of rows of more than `WIDEST` numbers the main directions are kept.
    """

    def __init__(self, schema: Schema, inputs: Inputs) -> None:
        self.schema = schema
        self.ways = {one.name: _Pixels(one) if one.kind == "image" else _Columns(one, inputs[one.name]) for one in schema.inputs}
        x_nF = self.columns(inputs)
        what = "pixels" if {one.kind for one in schema.inputs} == {"image"} else "inputs"
        self.words = f"standardised raw {what}"
        self.centre_F, self.turn_FG = x_nF.mean(0), None
        if x_nF.shape[1] > WIDEST:
            _, vector_FF = np.linalg.eigh(np.cov(x_nF, rowvar=False))
            self.turn_FG = vector_FF[:, ::-1][:, :WIDEST]
            self.words += f", their {WIDEST} main directions"
        self.told: Mapping[str, Any] = {"space": self.words}

    @classmethod
    def fitted(cls, dataset: Dataset, seed: int) -> Self | None:
        """Return the space of a dataset's train rows; None where rows of an input differ in length."""
        if any(one.kind in ("text", "audio") for one in dataset.schema.inputs):
            return None
        part = few(dataset.parts["train"], FITTED, seed, "space")
        return cls(dataset.schema, part.batch(slice(0, len(part))).inputs)

    def columns(self, inputs: Inputs) -> np.ndarray:
        """Return raw rows as all their numbers (n,F) float64, standardised."""
        found = [way(inputs[name]) for name, way in self.ways.items()]
        return np.concatenate(found, 1).astype(np.float64)

    def rows(self, inputs: Inputs) -> np.ndarray:
        """Return raw rows as points (n,F) float64."""
        x_nF = self.columns(inputs)
        return x_nF if self.turn_FG is None else (x_nF - self.centre_F) @ self.turn_FG

    def part(self, part: Part) -> np.ndarray:
        """Return all rows of a part as points (n,F)."""
        found = [self.rows(part.batch(slice(at, at + BLOCK)).inputs) for at in range(0, len(part), BLOCK)]
        return np.concatenate(found) if found else np.zeros((0, len(self.centre_F)))


class _Pixels:
    """Pictures as pixels, standardised by the mean and spread of their channel; averaged where there are very many."""

    def __init__(self, one: InputSchema) -> None:
        self.front = build_front(one)
        height, width, channels = one.shape
        shrink = max(1.0, math.sqrt(height * width * channels / PIXELS))
        self.sides = max(1, int(height / shrink)), max(1, int(width / shrink))

    def __call__(self, x: Tensor) -> np.ndarray:
        with torch.inference_mode():
            values: Tensor = self.front(x).values
            return F.adaptive_avg_pool2d(values, self.sides).flatten(1).numpy()


class _Columns:
    """Tables, and the steps of windows, as standardised columns, one for each class of a category."""

    def __init__(self, one: InputSchema, x: Tensor) -> None:
        self.front = TableFront(one.fields, plain=True)
        plain_nF = self._plain(x)
        self.encoding = Encoding(plain_nF.shape[1], self.front.classes)
        self.encoding.fit(plain_nF)

    def __call__(self, x: Tensor) -> np.ndarray:
        return self.encoding.rows(self._plain(x)).reshape(len(x), -1)

    def _plain(self, x: Tensor) -> np.ndarray:
        with torch.inference_mode():
            return self.front(x.flatten(0, 1) if x.ndim == 3 else x).values.numpy()  # type: ignore[no-any-return]


def few(part: Part, most: int, seed: int, purpose: str) -> Part:
    """Return at most so many rows of a part, drawn by the seed, in their order."""
    if len(part) <= most:
        return part
    return part.subset(torch.randperm(len(part), generator=generator_for(seed, purpose))[:most].sort().values.numpy())
