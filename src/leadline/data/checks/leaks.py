"""Columns that give the target away: equal to it, or such that it is a function of them.

Shapes in names: N rows looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import numpy as np
import polars as pl
from scipy.stats import rankdata

from leadline.data.checks.single_column import DIFFERENT, FEWEST, best_rule, looked_up
from leadline.data.columns.scalars.parsing import as_numbers, as_text, clean, is_text

LOOK = 2_000  # rows that every column is looked at on
CHECK = 20_000  # rows on which a column must then stand up to it
# of the mistakes of always giving the commonest answer: so many may be left for a column to determine the target
LEFT = 0.01
NEAR = 0.08  # so many of them may be left for a column to be named as one that comes close
EXPLAINED = 0.95  # share of the variance of a quantity from which a column is named so
_AFFINE = 1e-9  # of the target's variance may be left


class Leak(NamedTuple):
    """A column that gives the target away, and the name of the sentence that says how."""

    column: str
    target: str
    how: str


class NearLeak(NamedTuple):
    """A column that predicts the target alone, the name of the sentence that says how well, the share that it gets
    right, or explains, and that of always giving the commonest class.
    """

    column: str
    target: str
    how: str
    share: float
    dummy: float


def find(frame: pl.DataFrame, columns: Iterable[str], targets: Mapping[str, bool], rows: np.ndarray) -> Iterator[Leak]:
    """Yield the columns that give a target away, going by some rows; `targets` says of each whether it is
    a quantity.

    Nothing is yielded for a column that is merely a strong hint, nor for one whose values hardly repeat and which is no
    number.
    """
    names = list(columns)
    if not names or len(rows) < FEWEST:
        return
    few, many = (rows[np.linspace(0, len(rows) - 1, min(len(rows), most)).astype(np.int64)] for most in (LOOK, CHECK))
    sample = frame.select(*names, *(name for name in targets if name not in names))[few]
    for target, quantity in targets.items():
        goal = sample[target]
        for name in names:
            if _how(sample[name], goal, quantity) and (how := _how(frame[name][many], frame[target][many], quantity)):
                yield Leak(name, target, how)


def _how(column: pl.Series, goal: pl.Series, quantity: bool) -> str | None:
    """Return how a column gives the target away, or None."""
    if any(one.dtype.is_nested() or one.dtype in (pl.Binary, pl.Object) for one in (column, goal)):
        return None
    if (as_text(column).eq_missing(as_text(goal))).all():
        return "checks.leak-equal"
    if quantity and column.dtype.is_numeric() and (how := _function(as_numbers(column), as_numbers(goal))):
        return how
    found = looked_up(_codes(column), _codes(goal))
    return "checks.leak-determines" if found is not None and found.wrong <= LEFT * found.mistakes else None


def near(
    frame: pl.DataFrame, columns: Iterable[str], targets: Mapping[str, bool], rows: np.ndarray
) -> Iterator[NearLeak]:
    """Yield the columns that predict a target alone nearly as well as can be, going by some rows: by the rules of
    `single_column.py`.
    """
    if len(rows) < FEWEST:
        return
    rows = rows[np.linspace(0, len(rows) - 1, min(len(rows), CHECK)).astype(np.int64)]
    for target, quantity in targets.items():
        goal = frame[target][rows]
        for name in columns:
            column = frame[name][rows]
            if any(one.dtype.is_nested() or one.dtype in (pl.Binary, pl.Object) for one in (column, goal)):
                continue
            rule = best_rule(
                _as_values(column),
                as_numbers(goal).fill_null(np.nan).to_numpy() if quantity else _codes(goal),
                quantity=quantity,
                ordered=column.dtype.is_numeric(),
            )
            if rule is not None and rule.left <= (1 - EXPLAINED if quantity else NEAR):
                how = "checks.near-leak-quantity" if quantity else "checks.near-leak-classes"
                yield NearLeak(name, target, how, rule.share, rule.dummy)


def _as_values(column: pl.Series) -> np.ndarray:
    """Return a column as numbers (N,), or as codes of its values; NaN where it has none."""
    if column.dtype.is_numeric():
        return as_numbers(column).fill_null(np.nan).to_numpy()
    code_N = _codes(column)
    return np.where(code_N == 0, np.nan, code_N)


def _function(column: pl.Series, goal: pl.Series) -> str | None:
    """Return how a number is a function of another, or None: a straight line, or one that always rises or falls."""
    x_N, y_N = column.fill_null(np.nan).to_numpy(), goal.fill_null(np.nan).to_numpy()
    there = np.isfinite(x_N) & np.isfinite(y_N)
    x_N, y_N = x_N[there], y_N[there]
    if len(x_N) < max(FEWEST, 0.9 * len(there)) or min(len(np.unique(x_N)), len(np.unique(y_N))) < DIFFERENT:
        return None
    x_N, y_N = x_N - x_N.mean(), y_N - y_N.mean()
    variance = float(y_N @ y_N)
    with np.errstate(over="ignore", invalid="ignore"):
        slope = float(x_N @ y_N) / float(x_N @ x_N)
        if float(np.square(y_N - slope * x_N).sum()) <= _AFFINE * variance:
            return "checks.leak-linear"
    rank_N, goal_N = rankdata(x_N), rankdata(y_N)
    same = np.array_equal(rank_N, goal_N) or np.array_equal(rank_N, len(goal_N) + 1 - goal_N)
    return "checks.leak-monotonic" if same else None


def rank_correlation(column: pl.Series, goal: pl.Series) -> float:
    """Return Spearman's correlation of two columns of numbers over the rows that have both; 0 where one is constant."""
    x_N, y_N = as_numbers(column).fill_null(np.nan).to_numpy(), as_numbers(goal).fill_null(np.nan).to_numpy()
    there = np.isfinite(x_N) & np.isfinite(y_N)
    rank_N, goal_N = rankdata(x_N[there]), rankdata(y_N[there])
    if not there.any() or rank_N.std() == 0 or goal_N.std() == 0:
        return 0.0
    return float(np.corrcoef(rank_N, goal_N)[0, 1])


def _codes(column: pl.Series) -> np.ndarray:
    """Return a number for each value (N,) int64, from 0; missing values are one more."""
    values = clean(column) if is_text(column) else column.fill_nan(None) if column.dtype.is_float() else column
    return values.rank("dense").fill_null(0).cast(pl.Int64).to_numpy()
