"""What passes between a dataset and the types of targets: a selection, encoded rows, a stratum, the worst errors.

Shapes: N rows of the dataset, W numbers a row, S values of all rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import polars as pl
import torch
from torch import Tensor

from leadline.core.schema import LabelRequirement

MISSING = "the target is missing"


class TargetSelection(NamedTuple):
    """The target: its name, its kind, what the user should know about the choice, its columns, and the targets it
    consists of, where each column is one for itself.
    """

    name: str
    kind: str
    note: str | None = None
    columns: tuple[str, ...] = ()
    tasks: tuple[TargetSelection, ...] = ()

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user should know about this and the targets it consists of."""
        return tuple(filter(None, [self.note, *(task.note for task in self.tasks)]))


class Numbers(NamedTuple):
    """Values (N,W) float32, where they are missing (N,), and the rows that hold what cannot be encoded."""

    values: np.ndarray
    missing: np.ndarray
    problems: pl.DataFrame


class EncodedTarget(NamedTuple):
    """The encoded target: class numbers (N,) int64, values (N,) float32 or (N,W) float32, and the rows that cannot be
    used.

    Of several targets some may be missing in a row: NaN. Where rows differ in length, `values` (S,) are all of them one
    after another, and `ends` (N+1,) where they end.
    """

    values: Tensor
    problems: pl.DataFrame
    ends: Tensor | None = None

    def needed(self, labels: LabelRequirement, train: Sequence[int] | np.ndarray) -> pl.DataFrame:
        """Return the problems that keep a row from being used: none where no row needs a target; where only `some`
        train rows do, a missing one is no problem of theirs.
        """
        if labels == "all":
            return self.problems
        unlabelled = (pl.col("reason") == MISSING) & pl.col("row").is_in(list(train))
        return self.problems.filter(~unlabelled if labels == "some" else pl.lit(False))

    def without(self, row_k: np.ndarray) -> EncodedTarget:
        """Return the target with some rows (k,) as if they had none."""
        values = self.values.clone()
        values[torch.from_numpy(row_k)] = torch.nan if values.is_floating_point() else -1
        return self._replace(values=values, problems=self.problems.filter(~pl.col("row").is_in(row_k.tolist())))


class Stratum(NamedTuple):
    """A column whose values are to be in every split; where they are classes, each keeps its share."""

    column: str
    classes: bool


class HeldOut(NamedTuple):
    """The predictions of a split as a table, and what it leaves out, in words."""

    table: pl.DataFrame
    note: str | None = None


class WorstErrors(NamedTuple):
    """The rows that are furthest off, worst first, by their positions, and what happened to each in words."""

    title: str
    at: Sequence[int]
    words: Sequence[str]
    name: str = "mistakes"
