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
NEAR = 0.08  # so many of them may be left for a column to be named as one that comes close
EXPLAINED = 0.95  # share of the variance of a quantity from which a column is named so
REPEATED = 0.5  # of the rows must have a value that occurs again, or their answer could not be looked up
DIFFERENT = 20  # values that two numbers must have for their order to say something
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


class LookUp(NamedTuple):
    """How many of some rows a rule gets wrong, and how many mistakes always giving the commonest class makes."""

    wrong: int
    mistakes: int
    rows: int


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
    found = _looked_up(_codes(column), _codes(goal))
    return "checks.leak-determines" if found is not None and found.wrong <= LEFT * found.mistakes else None


def near(
    frame: pl.DataFrame, columns: Iterable[str], targets: Mapping[str, bool], rows: np.ndarray
) -> Iterator[NearLeak]:
    """Yield the columns that predict a target alone nearly as well as can be, going by some rows: by looking up the
    class among other rows of the same value or on either side of one threshold, or by a straight line.
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
            share = _explained(column, goal) if quantity else None
            if share is not None and share >= EXPLAINED:
                yield NearLeak(name, target, "checks.near-leak-quantity", share, 0.0)
            guess = None if quantity else _guessed(column, goal)
            if guess is not None and guess.wrong <= NEAR * guess.mistakes:
                yield NearLeak(
                    name,
                    target,
                    "checks.near-leak-classes",
                    1 - guess.wrong / guess.rows,
                    1 - guess.mistakes / guess.rows,
                )


def _explained(column: pl.Series, goal: pl.Series) -> float | None:
    """Return the share of the target's variance that a straight line in a number explains, or None."""
    if not column.dtype.is_numeric():
        return None
    x_N, y_N = as_numbers(column).fill_null(np.nan).to_numpy(), as_numbers(goal).fill_null(np.nan).to_numpy()
    there = np.isfinite(x_N) & np.isfinite(y_N)
    x_N, y_N = x_N[there], y_N[there]
    if len(x_N) < max(FEWEST, 0.9 * len(there)) or x_N.min() == x_N.max() or y_N.min() == y_N.max():
        return None
    with np.errstate(over="ignore", invalid="ignore"):
        return float(np.corrcoef(x_N, y_N)[0, 1] ** 2)


def _guessed(column: pl.Series, goal: pl.Series) -> LookUp | None:
    """Return the fewest mistakes that one column leaves: looked up by value, or by one threshold of a number."""
    goal_N = _codes(goal)
    found = [_looked_up(_codes(column), goal_N), _by_threshold(column, goal_N) if column.dtype.is_numeric() else None]
    return min((one for one in found if one is not None), key=lambda one: one.wrong / one.mistakes, default=None)


def _by_threshold(column: pl.Series, goal_N: np.ndarray) -> LookUp | None:
    """Return the mistakes of the commonest class on either side of the best threshold of a number."""
    x_N = as_numbers(column).fill_null(np.nan).to_numpy()
    there = np.isfinite(x_N)
    order = np.argsort(x_N[there], kind="stable")
    x_N, goal_N = x_N[there][order], goal_N[there][order]
    if len(x_N) < FEWEST:
        return None
    _, class_N = np.unique(goal_N, return_inverse=True)
    mistakes = len(class_N) - int(np.bincount(class_N).max())
    if mistakes < FEWEST // 5 or class_N.max() >= DIFFERENT:
        return None
    below_NC = np.cumsum(np.eye(int(class_N.max()) + 1, dtype=np.int64)[class_N], axis=0)
    right_N = below_NC.max(1) + (below_NC[-1] - below_NC).max(1)
    ends = np.append(np.diff(x_N) > 0, True)
    return LookUp(len(x_N) - int(right_N[ends].max()), mistakes, len(x_N))


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


def _looked_up(value_N: np.ndarray, goal_N: np.ndarray) -> LookUp | None:
    """Return how often looking the answer up among the other rows with the same value is wrong; None where too few rows
    have a value that occurs again, or nearly all have the same answer.

    Counted are the rows whose value occurs again. A row's own answer is left out, so that rare values prove nothing.
    """
    classes = int(goal_N.max()) + 1
    count_V = np.bincount(value_N)
    again_N = count_V[value_N] > 1
    value_N, goal_N = value_N[again_N], goal_N[again_N]
    if len(value_N) < max(FEWEST, REPEATED * len(again_N)):
        return None
    mistakes = len(goal_N) - int(np.bincount(goal_N).max())
    if mistakes < FEWEST // 5:
        return None
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
    return LookUp(int((own_N - 1 <= rival_N).sum()), mistakes, len(goal_N))
