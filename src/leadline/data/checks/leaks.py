"""Columns that give the target away: equal to it, or such that it is a function of them.

Shapes in names: N rows looked at, V different values of a column, C different values of the target.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import numpy as np
import polars as pl
from scipy.stats import rankdata

from leadline.data.columns.scalars.parsing import as_numbers, as_text, clean, is_text

LOOK = 2_000  # rows that every column is looked at on
CHECK = 20_000  # rows on which a column must then stand up to it
FEWEST = 50  # rows without which nothing is said
# of the mistakes of always giving the commonest answer: so many may be left for a column to determine the target
LEFT = 0.01
REPEATED = 0.5  # of the rows must have a value that occurs again, or their answer could not be looked up
DIFFERENT = 20  # values that two numbers must have for their order to say something
_AFFINE = 1e-9  # of the target's variance may be left


class Leak(NamedTuple):
    """A column that gives the target away, and the name of the sentence that says how."""

    column: str
    target: str
    how: str


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
    return "checks.leak-determines" if _determines(_codes(column), _codes(goal)) else None


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


def _determines(value_N: np.ndarray, goal_N: np.ndarray) -> bool:
    """Say whether looking the answer up among the other rows with the same value is right nearly always.

    Counted are the rows whose value occurs again. A row's own answer is left out, so that rare values prove nothing.
    """
    classes = int(goal_N.max()) + 1
    count_V = np.bincount(value_N)
    again_N = count_V[value_N] > 1
    value_N, goal_N = value_N[again_N], goal_N[again_N]
    if len(value_N) < max(FEWEST, REPEATED * len(again_N)):
        return False
    mistakes = len(goal_N) - int(np.bincount(goal_N).max())
    pair_P, at_N, count_P = np.unique(value_N * classes + goal_N, return_inverse=True, return_counts=True)
    of_P = pair_P // classes
    first_P = np.lexsort((-count_P, of_P))
    leads = np.ones(len(of_P), dtype=bool)
    leads[1:] = of_P[first_P][1:] != of_P[first_P][:-1]
    best_V = np.zeros(len(count_V), dtype=np.int64)
    best_V[of_P[first_P[leads]]] = count_P[first_P[leads]]
    # the answer looked up is the row's own class where that class has more of the other rows than any other class
    second_V = np.zeros(len(count_V), dtype=np.int64)
    np.maximum.at(second_V, of_P[first_P[~leads]], count_P[first_P[~leads]])
    own_N, value_N = count_P[at_N], of_P[at_N]
    rival_N = np.where(own_N == best_V[value_N], second_V[value_N], best_V[value_N])
    return mistakes >= FEWEST // 5 and int((own_N - 1 <= rival_N).sum()) <= LEFT * mistakes
