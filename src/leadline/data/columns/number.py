"""Quantities: float32 with NaN where missing, standardised inside the network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
import torch
from torch import Tensor, nn

from leadline.core.catalogue import say
from leadline.core.wording import quoted
from leadline.data.columns.contract import (
    ColumnContext,
    ColumnState,
    ColumnType,
    Encoded,
    Unseen,
    unseen_gaps,
    unseen_range,
)
from leadline.data.columns.options import choice, known_only
from leadline.data.columns.scalars.parsing import as_numbers, clean, is_text
from leadline.errors import DataError
from leadline.nn.generative.cells import Cell

LARGEST = float(np.finfo(np.float32).max)
# Values that each end an interval at most, and intervals where there are more values; both fewer where rows are few.
DISTINCT, INTERVALS = 129, 48
OF_FEW, ROWS_EACH = 8, 64  # intervals that there may always be, and rows for each further one
SEEN = 100_000  # values, evenly spaced, by which intervals are found
_WORDS, _DIFFERENT = 3, 10  # words among numbers that may stand for missing, and how many different numbers there are
_MOSTLY = 0.95  # of the values have the same unit
# a currency, a number that may be in brackets, and a unit: a letter before a number would make a code of it
_WITH_UNIT = (
    r"^(?P<before>\p{Sc}|USD|EUR|GBP|CHF|JPY)?\s?[(]?[-+−]?\s?"
    r"(?P<number>\d{1,3}(?:[.,'’ \u00a0\u202f]\d{3})*(?:[.,]\d+)?|\d+(?:[.,]\d+)?)[)]?"
    r"\s?(?P<after>[%‰]|\p{Sc}|°[CF]?|[A-Za-zµ][A-Za-z/²³]{0,5})?$"
)
SCALES = ("standard", "minmax", "none")


def _infer(column: pl.Series, context: ColumnContext) -> float:
    if column.dtype.is_numeric():
        return 0.8
    text = clean(column).drop_nulls() if is_text(column) else column.clear()
    if text.is_empty():
        return 0.0
    parsed = 1 - as_numbers(text).null_count() / len(text)
    # Zip codes and telephone numbers are names: as numbers they would lose the zeros they start with.
    if text.str.contains(r"^0\d").any():
        return 0.2 * parsed
    return 0.85 * parsed if parsed >= 0.95 else 0.0


def _fit(column: pl.Series, context: ColumnContext) -> ColumnState:
    """Return population statistics in float64 of the finite values.

    Where the mean exceeds the spread ten-thousandfold, float32 would blur the differences between rows: then `offset`,
    a value of the data, is taken off before the conversion. Raises DataError for text without a single number.
    """
    known_only("number", context.options, ("scale",))
    values = as_numbers(column)
    if values.null_count() and values.null_count() + int(values.is_nan().sum()) == len(values):
        raise DataError(say("columns.no-numbers", column=column.name, value=column.filter(values.is_null())[0]))
    finite = values.filter(values.is_finite()).to_numpy()
    missing = bool(values.is_nan().any())
    scale = choice(context.options, "scale", SCALES)
    if not finite.size:
        return {
            "mean": 0.0,
            "std": 0.0,
            "min": 0.0,
            "max": 0.0,
            "median": 0.0,
            "missing": missing,
            "offset": 0.0,
            "scale": scale,
            "edges": [],
        }
    finite = np.clip(finite, -LARGEST, LARGEST)  # what lies beyond cannot be encoded, and its square would be no number
    low, high, mean = float(finite.min()), float(finite.max()), float(finite.mean())
    std = float(finite.std()) if high > low else 0.0
    return {
        "mean": mean,
        "std": std,
        "min": low,
        "max": high,
        "median": float(np.median(finite)),
        "missing": missing,
        "offset": float(np.quantile(finite, 0.5, method="lower")) if abs(mean) > 1e4 * std else 0.0,
        "scale": scale,
        "edges": _edges(finite),
    }


def _edges(finite: np.ndarray) -> list[float]:
    """Return values that divide those of a column into intervals: all that differ, or where there are many their
    quantiles.

    Of few rows a network would know single ones by their intervals: there are 8, and one more for every 64 rows.
    """
    most = max(OF_FEW, len(finite) // ROWS_EACH)
    some = finite[:: -(-len(finite) // SEEN)]
    values = np.unique(some)
    if len(values) > min(DISTINCT, most + 1):
        values = np.unique(np.quantile(some, np.linspace(0, 1, min(INTERVALS, most) + 1)))
    found: list[float] = values.tolist()
    return found


def _encode(column: pl.Series, state: ColumnState, context: ColumnContext) -> Encoded:
    parsed = as_numbers(column)
    with np.errstate(over="ignore"):
        values = (parsed.to_numpy() - state["offset"]).astype(np.float32)
    bad = np.flatnonzero(parsed.is_null().to_numpy() | np.isinf(values))
    return Encoded(values[:, None], {int(row): _why(column[int(row)], parsed[int(row)]) for row in bad})


def _why(value: Any, number: float | None) -> str:
    if number is None:
        return say("columns.not-a-number", value=value)
    return (
        say("columns.number-too-large", value=value)
        if np.isfinite(number)
        else say("columns.not-a-finite-number", value=value)
    )


def _unseen(column: pl.Series, values: np.ndarray, state: ColumnState) -> list[Unseen]:
    # in the type and with the offset that values are encoded with, as those of the train rows were
    low, high = (float(np.float32(state[name] - state["offset"])) for name in ("min", "max"))
    far = unseen_range(values[:, 0], low, high, lambda value: f"{value + state['offset']:.6g}")
    return [*far, *unseen_gaps(column, values, state)]


def _decode(values: np.ndarray, state: ColumnState) -> list[float | None]:
    # Through the shortest text, so that 0.1 does not come back as 0.10000000149.
    return [None if np.isnan(v) else float(str(v)) + state["offset"] for v in np.ravel(values).astype(np.float32)]


class NumberPreprocessor(nn.Module):
    """Raw numbers (B,K) to (B,K+M): scaled, with the train mean where missing; then for M columns 1 where missing, else
    0.

    The M columns are those that had missing values in train.
    """

    def __init__(self, states: Sequence[ColumnState]) -> None:
        super().__init__()
        mean, centre, spread = zip(*map(_scaling, states), strict=True)
        self.mean_K: Tensor
        self.centre_K: Tensor
        self.scale_K: Tensor
        self.gaps_M: Tensor
        self.register_buffer("mean_K", torch.tensor(mean, dtype=torch.float32))
        self.register_buffer("centre_K", torch.tensor(centre, dtype=torch.float32))
        self.register_buffer("scale_K", torch.tensor([1 / s for s in spread], dtype=torch.float32))
        self.edges = tuple(map(_standardised_edges, states))
        gaps = [i for i, state in enumerate(states) if state["missing"]]
        self.register_buffer("gaps_M", torch.tensor(gaps, dtype=torch.int64), persistent=False)

    def forward(self, x_BK: Tensor) -> Tensor:
        missing_BK = torch.isnan(x_BK)
        z_BK = (torch.where(missing_BK, self.mean_K, x_BK) - self.centre_K) * self.scale_K
        if not len(self.gaps_M):
            return z_BK
        return torch.cat([z_BK, missing_BK.index_select(1, self.gaps_M).to(z_BK.dtype)], 1)


def _scaling(state: ColumnState) -> tuple[float, float, float]:
    """Return mean, centre and spread of the encoded values; a constant column has spread 1."""
    mean = state["mean"] - state["offset"]
    if state["scale"] == "none":
        return mean, 0.0, 1.0
    if state["scale"] == "minmax":
        return mean, state["min"] - state["offset"], (state["max"] - state["min"]) or 1.0
    return mean, mean, state["std"] or 1.0


def _standardised_edges(state: ColumnState) -> tuple[float, ...]:
    """Return the edges of a column's intervals as its numbers are scaled; none of runs that did not keep them."""
    _, centre, spread = _scaling(state)
    return tuple((edge - state["offset"] - centre) / spread for edge in state.get("edges", ()))


def _spread(state: ColumnState) -> float:
    return float(state["std"])


def _recipe(state: ColumnState) -> ColumnState:
    return {"offset": state["offset"]}


def _cell(state: ColumnState) -> Cell:
    return Cell("quantity", mean=state["mean"] - state["offset"], std=state["std"])


def _have_units(text: pl.Series) -> bool:
    """Say whether nearly all of many different texts are numbers with the same unit, or in brackets, or with a minus or
    separators that are not read.
    """
    found = text.str.extract_groups(_WITH_UNIT).struct.unnest()
    whole, plain = found["number"].is_not_null(), as_numbers(text).is_not_null()
    if whole.sum() < _MOSTLY * len(text) or plain.all() or text.n_unique() < _DIFFERENT:
        return False
    units = found.filter(whole).select("before", "after").fill_null("").filter(~plain.filter(whole))
    return bool(units.group_by("before", "after").len()["len"].max() >= _MOSTLY * len(units))  # type: ignore[operator]


def _not_plain(text: pl.Series) -> str:
    """Return the first text that is no number as it stands."""
    return str(text.filter(as_numbers(text).is_null())[0])


def _missed(column: pl.Series) -> str | None:
    """Say that a few words, or what stands beside each, keep many different numbers from being read as such."""
    if not is_text(column):
        return None
    text = clean(column).drop_nulls()
    if _have_units(text):
        return say("columns.numbers-with-units", column=column.name, value=_not_plain(text))
    parsed = as_numbers(text)
    words = text.filter(parsed.is_null()).unique(maintain_order=True)
    different = parsed.drop_nulls().n_unique()
    if not 0 < len(words) <= _WORDS or different < _DIFFERENT or 2 * parsed.null_count() >= len(text):
        return None
    share = 1 - parsed.null_count() / len(text)
    return say("columns.numbers-with-words", column=column.name, share=share, words=quoted(words.to_list()))


COLUMN = ColumnType(
    "number",
    _infer,
    _fit,
    _encode,
    _decode,
    NumberPreprocessor,
    recipe=_recipe,
    spread=_spread,
    cell=_cell,
    unseen=_unseen,
    options=("scale",),
    missed=_missed,
)
