"""One of a set of values: codes 1 … V, 0 where unknown or missing; one-hot or embedded inside the network."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from leadline.data.columns.contract import ColumnContext, ColumnState, ColumnType, Encoded, Unseen
from leadline.data.columns.scalars.parsing import as_text, clean, is_text, natural_order
from leadline.nn.generative.cells import Cell

MOST = 10_000  # classes kept, the most frequent ones
ONE_HOT = 3  # the most classes that are not embedded
_PLACE = re.compile(r"(^|[_\s.-])(zip|zip[_\s]?code|post(al)?[_\s]?code|postcode|plz)$", re.IGNORECASE)


def _infer(column: pl.Series, context: ColumnContext) -> float:
    if column.dtype in (pl.Categorical, pl.Enum):
        return 0.95
    # Postal codes name places: how large they are as numbers means little.
    if (
        _PLACE.search(column.name)
        and (is_text(column) or column.dtype.is_integer())
        and 2 * column.n_unique() <= len(column)
    ):
        return 0.9
    if column.dtype.is_integer() or column.dtype == pl.Boolean:
        return 0.5 if column.n_unique() <= 20 else 0.1
    text = clean(column).drop_nulls() if is_text(column) else column.clear()
    # Values that hardly repeat are names, codes or text; in a handful of rows nothing can be said.
    if text.is_empty() or (len(text) >= 20 and text.n_unique() > 0.9 * len(text)):
        return 0.0
    return 0.8 if len(text) < 20 or text.n_unique() <= 0.5 * len(text) else 0.3


def _fit(column: pl.Series, context: ColumnContext) -> ColumnState:
    """Return the classes in natural order; of very many the 10,000 most frequent."""
    counts = (
        as_text(column).drop_nulls().rename("class").value_counts().sort(["count", "class"], descending=[True, False])
    )
    return {"classes": natural_order(counts["class"].head(MOST).to_list())}


def _encode(column: pl.Series, state: ColumnState, context: ColumnContext) -> Encoded:
    classes = pl.Series(state["classes"], dtype=pl.String)
    codes = pl.Series(range(1, len(classes) + 1), dtype=pl.Float32)
    values = as_text(column).replace_strict(classes, codes, default=0.0, return_dtype=pl.Float32)
    return Encoded(values.fill_null(0.0).to_numpy()[:, None], {})


def _unseen(column: pl.Series, values: np.ndarray, state: ColumnState) -> list[Unseen]:
    lost = np.flatnonzero(values[:, 0] == 0)  # missing, or unknown
    at = lost[as_text(column.gather(lost)).is_not_null().to_numpy()]
    return [Unseen(at)] if len(at) else []


def _decode(values: np.ndarray, state: ColumnState) -> list[str | None]:
    return [state["classes"][int(code) - 1] if code >= 1 else None for code in np.ravel(values)]


def width(classes: int) -> int:
    """Return how many features a column of so many classes becomes: one each up to 3, else min(16, ceil(1.6 V^0.56)).

    The rule of thumb for embeddings is fastai's (Howard & Gugger 2020), bounded sooner.
    """
    return classes if classes <= ONE_HOT else min(16, math.ceil(1.6 * classes**0.56))


class CategoryPreprocessor(nn.Module):
    """Codes (B,K) to features (B,F): one-hot columns first, then embeddings, narrow ones first.

    Columns embedded in the same width share one table, each with a row of its own for unknown values, which starts at
    zero. So a thousand columns cost a dozen look-ups.
    """

    def __init__(self, states: Sequence[ColumnState]) -> None:
        super().__init__()
        sizes = [len(state["classes"]) for state in states]
        hot = [(k, code) for k, size in enumerate(sizes) if size <= ONE_HOT for code in range(1, size + 1)]
        self.hot_column_H: Tensor
        self.hot_code_H: Tensor
        self.register_buffer("hot_column_H", torch.tensor([k for k, _ in hot], dtype=torch.int64), persistent=False)
        self.register_buffer(
            "hot_code_H", torch.tensor([code for _, code in hot], dtype=torch.float32), persistent=False
        )
        widths = sorted({width(size) for size in sizes if size > ONE_HOT})
        self.tables = nn.ModuleList(
            _Table(d, [(k, size) for k, size in enumerate(sizes) if size > ONE_HOT and width(size) == d])
            for d in widths
        )

    def forward(self, x_BK: Tensor) -> Tensor:
        code_BK = torch.nan_to_num(x_BK)
        hot_BH = (code_BK.index_select(1, self.hot_column_H) == self.hot_code_H).to(x_BK.dtype)
        return torch.cat([hot_BH, *(table(code_BK) for table in self.tables)], 1)

    def mixed(self, share_K: Sequence[Tensor]) -> Tensor:
        """Return the features of rows of which classes have shares, those of a column (B,1+V): of an unknown class,
        then of each.

        A share of 1 is a code; gradients reach shares.
        """
        hot = [share_BV[:, 1:] for share_BV in share_K if share_BV.shape[1] - 1 <= ONE_HOT]
        tables: list[Any] = list(self.tables)
        return torch.cat([*hot, *(table.mixed(share_K) for table in tables)], 1)


class _Table(nn.Module):
    """Embeddings of one width for the given (column, classes): codes of all columns (B,K) to (B, len(columns) *
    width).
    """

    def __init__(self, width: int, columns: Sequence[tuple[int, int]]) -> None:
        super().__init__()
        self.columns = tuple(k for k, _ in columns)
        sizes = torch.tensor([size for _, size in columns])
        first = torch.cumsum(sizes + 1, 0) - (sizes + 1)
        self.column_N: Tensor
        self.first_N: Tensor
        self.last_N: Tensor
        self.register_buffer("column_N", torch.tensor([k for k, _ in columns]), persistent=False)
        self.register_buffer("first_N", first, persistent=False)
        self.register_buffer("last_N", sizes, persistent=False)
        self.weight_VD = nn.Parameter(torch.empty(int((sizes + 1).sum()), width))
        nn.init.normal_(self.weight_VD, std=width**-0.5)  # a class is a vector of about unit length
        with torch.no_grad():
            self.weight_VD[first] = 0

    def forward(self, code_BK: Tensor) -> Tensor:
        code_BN = code_BK.index_select(1, self.column_N).to(torch.int64).clamp(min=0)
        return F.embedding(torch.minimum(code_BN, self.last_N) + self.first_N, self.weight_VD).flatten(1)

    def mixed(self, share_K: Sequence[Tensor]) -> Tensor:
        own = [share_K[k] for k in self.columns]
        weights = torch.split(self.weight_VD, [share_BV.shape[1] for share_BV in own])
        return torch.cat([share_BV @ weight_VD for share_BV, weight_VD in zip(own, weights, strict=True)], 1)


def _codes(state: ColumnState) -> int:
    return len(state["classes"])


def _recipe(state: ColumnState) -> ColumnState:
    return {"classes": state["classes"]}  # a target's state says more, which its codes do not depend on


def _cell(state: ColumnState) -> Cell:
    return Cell("class", classes=len(state["classes"]))


COLUMN = ColumnType(
    "category",
    _infer,
    _fit,
    _encode,
    _decode,
    CategoryPreprocessor,
    recipe=_recipe,
    codes=_codes,
    cell=_cell,
    unseen=_unseen,
    verbatim=True,
)
