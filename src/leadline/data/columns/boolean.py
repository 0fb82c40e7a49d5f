"""Yes or no: 0 and 1, NaN where missing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
import torch
from torch import Tensor, nn

from leadline.core.catalogue import say
from leadline.data.columns.contract import ColumnContext, ColumnState, ColumnType, Encoded, Unseen
from leadline.data.columns.scalars.parsing import as_text, is_text
from leadline.errors import DataError
from leadline.nn.generative.cells import Cell

PAIRS = (("false", "true"), ("no", "yes"), ("0", "1"), ("f", "t"), ("n", "y"), ("off", "on"))
_VALUE = {word: float(value) for pair in PAIRS for value, word in enumerate(pair)}


def _infer(column: pl.Series, context: ColumnContext) -> float:
    if column.dtype == pl.Boolean:
        return 1.0
    if not is_text(column) and not column.dtype.is_integer():
        return 0.0
    words = set(as_text(column).drop_nulls().str.to_lowercase().unique())
    return 0.97 if words and any(words <= set(pair) for pair in PAIRS) else 0.0


def _fit(column: pl.Series, context: ColumnContext) -> ColumnState:
    """Return the two words as the data writes them, no before yes, and whether values were missing.

    Raises DataError where most of the column's values are no words for yes or no.
    """
    text = as_text(column)
    counts = text.drop_nulls().rename("word").value_counts().sort(["count", "word"], descending=[True, False])
    known = {word.lower(): word for word in reversed(counts["word"].to_list()) if word.lower() in _VALUE}
    other = counts.filter(~counts["word"].str.to_lowercase().is_in(list(_VALUE)))
    if 2 * other["count"].sum() > counts["count"].sum():
        raise DataError(say("columns.not-boolean", column=column.name, value=other["word"][0]))
    no, yes = next((pair for pair in PAIRS if known.keys() & set(pair)), PAIRS[0])
    return {"classes": [known.get(no, no), known.get(yes, yes)], "missing": bool(text.null_count())}


def _encode(column: pl.Series, state: ColumnState, context: ColumnContext) -> Encoded:
    text = as_text(column)
    words, truth = pl.Series(list(_VALUE)), pl.Series(list(_VALUE.values()), dtype=pl.Float32)
    values = text.str.to_lowercase().replace_strict(words, truth, default=None, return_dtype=pl.Float32)
    no, yes = state["classes"]
    bad = (text.is_not_null() & values.is_null()).arg_true()
    return Encoded(
        values.fill_null(float("nan")).to_numpy()[:, None],
        {row: say("columns.neither-boolean", value=text[row], no=no, yes=yes) for row in bad},
    )


def _unseen(column: pl.Series, values: np.ndarray, state: ColumnState) -> list[Unseen]:
    lost = np.flatnonzero(np.isnan(values[:, 0]))  # missing, or a word for neither
    there_K = as_text(column.gather(lost)).is_not_null().to_numpy()
    words = [Unseen(lost[there_K])] if there_K.any() else []
    gaps = [Unseen(lost[~there_K], "checks.unseen-gaps")] if not (state["missing"] or there_K.all()) else []
    return [*words, *gaps]


def _decode(values: np.ndarray, state: ColumnState) -> list[str | None]:
    return [None if np.isnan(v) else state["classes"][int(v)] for v in np.ravel(values)]


class BooleanPreprocessor(nn.Module):
    """Raw 0 and 1 (B,K) to (B,K+M): -1 and 1, 0 where missing; then for M columns 1 where missing, else 0.

    The M columns are those that had missing values in train.
    """

    def __init__(self, states: Sequence[ColumnState]) -> None:
        super().__init__()
        self.gaps_M: Tensor
        gaps = [i for i, state in enumerate(states) if state["missing"]]
        self.register_buffer("gaps_M", torch.tensor(gaps, dtype=torch.int64), persistent=False)

    def forward(self, x_BK: Tensor) -> Tensor:
        missing_BK = torch.isnan(x_BK)
        z_BK = torch.where(missing_BK, 0.0, x_BK * 2 - 1)
        if not len(self.gaps_M):
            return z_BK
        return torch.cat([z_BK, missing_BK.index_select(1, self.gaps_M).to(z_BK.dtype)], 1)


def _recipe(state: ColumnState) -> ColumnState:
    return {"classes": state["classes"]}


def _cell(state: ColumnState) -> Cell:
    return Cell("yes")


COLUMN = ColumnType(
    "boolean", _infer, _fit, _encode, _decode, BooleanPreprocessor, recipe=_recipe, cell=_cell, unseen=_unseen
)
