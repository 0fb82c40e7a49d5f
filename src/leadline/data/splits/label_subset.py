"""A share of the train rows that keep their labels: drawn class by class, each share a part of every larger one.

Shapes in names: N rows of the dataset, n rows that are drawn from.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from leadline.core.catalogue import say
from leadline.core.experiment import DataSpec
from leadline.core.schema import ColumnSchema, LabelRequirement
from leadline.data import targets
from leadline.data.columns.scalars.parsing import as_text
from leadline.data.splits.assign import Split
from leadline.data.table import Table
from leadline.errors import UsageError
from leadline.nn.rng import seed_for


class LabelSubset(NamedTuple):
    """A split whose train rows have few labels: `hidden` are train rows (k,) whose label nobody is to see."""

    split: Split
    hidden: np.ndarray
    notes: tuple[str, ...] = ()

    @property
    def known(self) -> np.ndarray:
        """The train rows whose labels may be seen."""
        return np.setdiff1d(self.split.rows["train"], self.hidden, assume_unique=True)


def drawn(class_n: np.ndarray, share: float, seed: int) -> np.ndarray:
    """Return the positions of a share of rows, sorted: of each class its share, at least one, and the same ones for a
    seed.

    The rows of a share are among those of every larger one. Rows without a class, -1, are never among them.
    """
    order_n = np.random.default_rng(seed_for(seed, "labelled")).permutation(len(class_n))
    kept = []
    for number in np.unique(class_n[class_n >= 0]):
        own = order_n[class_n[order_n] == number]
        kept.append(own[: max(1, round(share * len(own)))])
    return np.sort(np.concatenate(kept)) if kept else np.empty(0, dtype=np.int64)


def label_subset(
    table: Table,
    spec: DataSpec,
    target: targets.TargetSelection | ColumnSchema | None,
    split: Split,
    seed: int,
    labels: LabelRequirement,
) -> LabelSubset:
    """Let only the share of train rows that `data.labelled` says keep their label.

    The others are learnt from without it, or left out where every row needs one. Raises UsageError where there is no
    label, or one of each step.
    """
    nobody = np.empty(0, dtype=np.int64)
    if spec.labelled is None:
        return LabelSubset(split, nobody)
    if labels == "none":
        return LabelSubset(split, nobody, (say("splits.labelled-without-effect"),))
    if target is None or targets.is_ragged(target):
        what = say("splits.no-target") if target is None else say("splits.many-values-a-row", target=target.name)
        raise UsageError(say("splits.labelled-impossible", reason=what))
    train = split.rows["train"]
    there = train[targets.present(table.frame, target)[train]]
    stratum = targets.stratum(target)
    column = stratum.column if stratum is not None and stratum.classes else None
    class_n = np.zeros(len(there), dtype=np.int64) if column is None else _numbers(table, column, there)
    kept = there[drawn(class_n, spec.labelled, seed)]
    how = "" if column is None else f" ({say('splits.stratified-by', column=column)})"
    counts = {"kept": len(kept), "rows": len(there), "how": how}
    if labels == "some":
        return LabelSubset(split, np.setdiff1d(train, kept), (say("splits.labelled-others-unlabelled", **counts),))
    return LabelSubset(
        replace(split, rows={**split.rows, "train": kept}), nobody, (say("splits.labelled-others-left-out", **counts),)
    )


def _numbers(table: Table, column: str, rows: np.ndarray) -> np.ndarray:
    """Return a number for each class (n,), in the order of their names, so that the draw does not depend on how rows
    are ordered by class; -1 where a row has none.
    """
    values = as_text(table.frame[column][rows])
    numbers: np.ndarray = values.rank("dense").cast(int).fill_null(0).to_numpy() - 1
    return numbers
