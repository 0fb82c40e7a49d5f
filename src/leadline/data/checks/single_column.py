"""How well one column alone predicts the target, by the simplest rules there are, learned on train rows.

Before training, columns that come close to giving the target away are named by it (`leaks.py`); after training, the
rule of the best column is measured beside the network on test rows (`evaluation/single_column.py`).

Shapes in names: N rows looked at, V different values of a column, C different values of the target, E ends of ranges.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

import numpy as np

FEWEST = 50  # rows without which nothing is said
REPEATED = 0.5  # of the rows must have a value that occurs again, or their answer could not be looked up
DIFFERENT = 20  # classes from which no threshold is sought
RANGES = 50  # that the values of a number are shared among, at most
_IN_RANGE = 20  # rows that a range holds at least


class LookUp(NamedTuple):
    """How many of some rows a rule gets wrong, and how many mistakes always giving the commonest class makes."""

    wrong: int
    mistakes: int
    rows: int


class Rule(NamedTuple):
    """How a target is predicted by one column: by the same `value`, by the `range` that a number lies in, or by a
    straight `line`.

    `left` is what remains of the mistakes of a constant prediction, or of a quantity's variance, each row's own answer
    left out; `share` and `dummy` are what the rule and the constant prediction get right (0 of a quantity). `ends` (E,)
    are those of ranges, `line` intercept and slope.
    """

    how: Literal["value", "range", "line"]
    left: float
    share: float
    dummy: float = 0.0
    ends: np.ndarray = np.empty(0)
    line: tuple[float, float] = (0.0, 0.0)

    def cells(self, x_N: np.ndarray) -> np.ndarray:
        """Return numbers (N,) that are equal where the rule predicts the same but for its line; rows without a value
        are one more such cell.
        """
        if self.how == "value":
            return numbered(x_N)
        return np.where(np.isnan(x_N), -1, 0 if self.how == "line" else np.searchsorted(self.ends, x_N))

    def along(self, x_N: np.ndarray) -> np.ndarray:
        """Return the height of the rule's line (N,), 0 where there is none: of other rules, and rows without a
        value.
        """
        return np.where(np.isnan(x_N), 0.0, self.line[0] + self.line[1] * np.nan_to_num(x_N))


def best_rule(x_N: np.ndarray, goal_N: np.ndarray, *, quantity: bool, ordered: bool) -> Rule | None:
    """Return the rule of one column that leaves least, going by train rows, of equal ones that which says something of
    values that they do not hold; None where none can be learned.

    `x_N` are numbers, NaN where missing: quantities if `ordered`, else codes of values. `goal_N` are class numbers from
    0, or values of a `quantity`, NaN where missing.
    """
    if quantity:
        x_N, goal_N = x_N[np.isfinite(goal_N)], goal_N[np.isfinite(goal_N)]
    if len(x_N) < FEWEST:
        return None
    rules = _of_quantity(x_N, goal_N, ordered) if quantity else _of_classes(x_N, goal_N, ordered)
    return min(rules, key=lambda rule: rule.left, default=None)


def _of_classes(x_N: np.ndarray, goal_N: np.ndarray, ordered: bool) -> Iterator[Rule]:
    parted = _by_threshold(x_N, goal_N) if ordered else None
    if parted is not None:
        yield _rule("range", parted[0], np.array([parted[1]]))
    ranges = _ranges(x_N) if ordered else None
    found = None if ranges is None else looked_up(np.searchsorted(ranges, x_N) + np.isnan(x_N), goal_N)
    if ranges is not None and found is not None:
        yield _rule("range", found, ranges)
    found = looked_up(numbered(x_N), goal_N)
    if found is not None:
        yield _rule("value", found)


def _rule(how: Literal["value", "range"], found: LookUp, ends: np.ndarray | None = None) -> Rule:
    share, dummy = 1 - found.wrong / found.rows, 1 - found.mistakes / found.rows
    return Rule(how, found.wrong / found.mistakes, share, dummy, np.empty(0) if ends is None else ends)


def _of_quantity(x_N: np.ndarray, y_N: np.ndarray, ordered: bool) -> Iterator[Rule]:
    if y_N.min() == y_N.max():
        return
    line = _straight_line(x_N, y_N) if ordered else None
    if line is not None:
        yield line
    ranges = _ranges(x_N) if ordered else None
    left = None if ranges is None else _left_by_cell(np.searchsorted(ranges, x_N) + np.isnan(x_N), y_N)
    if ranges is not None and left is not None:
        yield Rule("range", left, 1 - left, ends=ranges)
    left = _left_by_cell(numbered(x_N), y_N)
    if left is not None:
        yield Rule("value", left, 1 - left)


def _straight_line(x_N: np.ndarray, y_N: np.ndarray) -> Rule | None:
    """Return the rule of least squares; None where a number is mostly missing or always the same."""
    there = np.isfinite(x_N)
    x_n, y_n = x_N[there], y_N[there]
    if len(x_n) < max(FEWEST, 0.9 * len(there)) or x_n.min() == x_n.max() or y_n.min() == y_n.max():
        return None
    with np.errstate(over="ignore", invalid="ignore"):
        correlation = float(np.corrcoef(x_n, y_n)[0, 1])
        slope = correlation * float(y_n.std() / x_n.std())
    if not np.isfinite(slope):
        return None
    explained = correlation**2
    return Rule("line", 1 - explained, explained, line=(-slope * float(x_n.mean()), slope))


def _left_by_cell(cell_N: np.ndarray, y_N: np.ndarray) -> float | None:
    """Return which share of the variance of a quantity is left by the mean of the other rows of the same cell; None
    where too few rows have any.
    """
    count_N = np.bincount(cell_N)[cell_N]
    again_N = count_N > 1
    if again_N.sum() < max(FEWEST, REPEATED * len(cell_N)):
        return None
    y_N = y_N - y_N.mean()
    rest_N = (np.bincount(cell_N, weights=y_N)[cell_N] - y_N)[again_N] / (count_N[again_N] - 1)
    y_N = y_N[again_N]
    variance = float(np.square(y_N - y_N.mean()).sum())
    return float(np.square(y_N - rest_N).sum()) / variance if variance else None


def _ranges(x_N: np.ndarray) -> np.ndarray | None:
    """Return the ends (E,) of ranges that hold about as many rows each; None where there are too few rows, or values
    that are one range each anyway.
    """
    there = x_N[np.isfinite(x_N)]
    count = min(RANGES, len(there) // _IN_RANGE)
    if count < 2:
        return None
    ends_E = np.unique(np.quantile(there, np.arange(1, count) / count, method="lower"))
    return ends_E if len(ends_E) > 1 else None


def _by_threshold(x_N: np.ndarray, goal_N: np.ndarray) -> tuple[LookUp, float] | None:
    """Return the mistakes of the commonest class on either side of the best threshold of a number, and the largest
    number on its lower side.
    """
    there = np.isfinite(x_N)
    order = np.argsort(x_N[there], kind="stable")
    x_n, goal_n = x_N[there][order], goal_N[there][order]
    if len(x_n) < FEWEST:
        return None
    _, class_n = np.unique(goal_n, return_inverse=True)
    mistakes = len(class_n) - int(np.bincount(class_n).max())
    if mistakes < FEWEST // 5 or class_n.max() >= DIFFERENT:
        return None
    below_nC = np.cumsum(np.eye(int(class_n.max()) + 1, dtype=np.int64)[class_n], axis=0)
    right_n = below_nC.max(1) + (below_nC[-1] - below_nC).max(1)
    right_n[~np.append(np.diff(x_n) > 0, True)] = -1
    best = int(right_n.argmax())
    return LookUp(len(x_n) - int(right_n[best]), mistakes, len(x_n)), float(x_n[best])


def numbered(x_N: np.ndarray) -> np.ndarray:
    """Return a number for each value (N,) int64, from 0; missing values are one more."""
    return np.unique(x_N, return_inverse=True)[1].astype(np.int64)


def looked_up(value_N: np.ndarray, goal_N: np.ndarray) -> LookUp | None:
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
