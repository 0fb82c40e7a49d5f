"""Sets of labels: 0 and 1 for each label, NaN in all of them where the set is missing.

A column of lists, or text such as ``drama;comedy``. Shapes: N rows, L labels.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
import torch
from torch import Tensor, nn

from leadline.core.catalogue import say
from leadline.data.columns.contract import ColumnContext, ColumnState, ColumnType, Encoded, Unseen
from leadline.data.columns.scalars.parsing import clean, is_text, natural_order
from leadline.errors import DataError

# a comma stands in many texts that are no sets: it counts only where the user says what the column is
SEPARATORS = (";", "|")
MOST = 1_000  # labels kept, the most frequent ones
FEW = 200  # labels up to which a column is taken for sets of labels unasked
RECURRING = 3  # times that a label occurs on average in such a column
EMPTY = "[]"  # how text says that a row has no label: an empty cell is a missing one


def as_sets(column: pl.Series, separator: str | None) -> pl.Series:
    """Return sets of labels as lists of different texts, null where missing; raises DataError for columns of another
    type.
    """
    if isinstance(column.dtype, pl.List | pl.Array):
        if column.dtype.inner.is_nested():
            raise DataError(say("columns.not-label-lists", column=column.name, dtype=column.dtype))
        sets = (column.arr.to_list() if isinstance(column.dtype, pl.Array) else column).cast(pl.List(pl.String))
    else:
        text = clean(column if is_text(column) else column.cast(pl.String, strict=False))
        text = text.set(text == EMPTY, "")
        sets = text.str.split(separator) if separator else text.reshape((-1, 1)).arr.to_list().set(text.is_null(), None)
    # `list.eval` computes a polars expression over the items; nothing in the data is run.
    return sets.list.eval(_labels()).list.unique(maintain_order=True)


def _labels() -> pl.Expr:
    stripped = pl.element().str.strip_chars()
    return stripped.filter(stripped != "")


def separator_of(column: pl.Series, among: Sequence[str] = SEPARATORS) -> str | None:
    """Return what stands between the labels of a text column: the separator that most values hold, None for lists and
    single labels.
    """
    if not is_text(column):
        return None
    text = clean(column)
    held = {mark: int(text.str.contains(mark, literal=True).sum()) for mark in among}
    best = max(among, key=lambda mark: held[mark])
    return best if held[best] else None


def unknown(column: pl.Series, state: ColumnState) -> pl.Series:
    """Return the first label of each row that was not there to be fitted (N,), null where all are known."""
    return as_sets(column, state["separator"]).list.set_difference(list(state["labels"])).list.first()


def _unseen(column: pl.Series, values: np.ndarray, state: ColumnState) -> list[Unseen]:
    first = unknown(column, state)
    at = first.is_not_null().arg_true().to_numpy()
    return [Unseen(at, value=repr(first[int(at[0])]))] if len(at) else []


def _infer(column: pl.Series, context: ColumnContext) -> float:
    inner = column.dtype.inner if isinstance(column.dtype, pl.List) else None
    if inner is not None:
        known = inner in (pl.String, pl.Categorical, pl.Enum) or inner.is_integer()
        return 0.95 if known and _recur(as_sets(column, None)) else 0.0
    separator = separator_of(column)
    return 0.9 if separator and _recur(as_sets(column, separator)) else 0.0


def _recur(sets: pl.Series) -> bool:
    """Say whether the same few labels occur again and again, most of them in different sets."""
    sets = sets.drop_nulls()
    one = sets.explode(empty_as_null=False).drop_nulls()
    labels = one.n_unique()
    if not labels or labels > FEW or len(one) < RECURRING * labels:
        return False
    different = sets.list.sort().unique().explode(empty_as_null=False).drop_nulls()
    _, times = np.unique(different.to_numpy(), return_counts=True)
    return bool(np.mean(times > 1) >= 0.5)


def _fit(column: pl.Series, context: ColumnContext) -> ColumnState:
    """Return the labels in natural order (of very many the 1,000 most frequent), the share of rows that have each, the
    separator.

    Raises DataError where no row has a label.
    """
    separator = separator_of(column) or separator_of(column, (",",))
    sets = as_sets(column, separator)
    rows = len(sets) - sets.null_count()
    counts = sets.explode(empty_as_null=False).drop_nulls().rename("label").value_counts()
    counts = counts.sort(["count", "label"], descending=[True, False]).head(MOST)
    if not counts.height:
        raise DataError(say("columns.no-training-labels", column=column.name))
    labels = natural_order(counts["label"].to_list())
    times = dict(counts.iter_rows())
    return {
        "labels": labels,
        "shares": [times[label] / rows for label in labels],
        "separator": separator,
        "missing": bool(sets.null_count()),
    }


def _encode(column: pl.Series, state: ColumnState, context: ColumnContext) -> Encoded:
    labels = pl.Series(state["labels"], dtype=pl.String)
    sets = as_sets(column, state["separator"])
    values_NL = np.zeros((len(sets), len(labels)), dtype=np.float32)
    values_NL[sets.is_null().to_numpy()] = np.nan
    frame = pl.DataFrame({"row": np.arange(len(sets)), "label": sets}).drop_nulls().explode("label").drop_nulls()
    codes = pl.Series(range(len(labels)), dtype=pl.Int64)
    at = frame["label"].replace_strict(labels, codes, default=None, return_dtype=pl.Int64)
    known = at.is_not_null()
    values_NL[frame["row"].filter(known).to_numpy(), at.filter(known).to_numpy()] = 1
    return Encoded(values_NL, {})


def in_words(values_NL: np.ndarray, labels: Sequence[str], separator: str | None) -> list[str | None]:
    """Return sets as text, ``drama; comedy``; None where missing."""
    between = f"{separator or ';'} "
    return [
        None if np.isnan(row).any() else between.join(labels[at] for at in np.flatnonzero(row > 0).tolist())
        for row in values_NL
    ]


def _decode(values: np.ndarray, state: ColumnState) -> list[str | None]:
    return in_words(values, state["labels"], state["separator"])


class LabelsPreprocessor(nn.Module):
    """Raw 0 and 1 (B,K) to (B,K+M): 0 where missing; then for M columns 1 where missing, else 0.

    The M columns are one for each set that was missing in train.
    """

    def __init__(self, states: Sequence[ColumnState]) -> None:
        super().__init__()
        first = np.cumsum([0, *(len(state["labels"]) for state in states)])
        gaps = [int(at) for at, state in zip(first[:-1], states, strict=True) if state["missing"]]
        self.gaps_M: Tensor
        self.register_buffer("gaps_M", torch.tensor(gaps, dtype=torch.int64), persistent=False)

    def forward(self, x_BK: Tensor) -> Tensor:
        known_BK = torch.nan_to_num(x_BK)
        if not len(self.gaps_M):
            return known_BK
        return torch.cat([known_BK, torch.isnan(x_BK).index_select(1, self.gaps_M).to(x_BK.dtype)], 1)


def _recipe(state: ColumnState) -> ColumnState:
    return {"labels": state["labels"], "separator": state["separator"]}


COLUMN = ColumnType(
    "labels",
    _infer,
    _fit,
    _encode,
    _decode,
    LabelsPreprocessor,
    width=lambda state: len(state["labels"]),
    recipe=_recipe,
    unseen=_unseen,
    verbatim=True,
)
