"""Rows that are copies of each other: which rows of a split are one observation, as intervals have to count them.

Equal rows are not always copies. Of a table with a few columns of few values many rows are equal though each was
observed by itself, and counting those as one would make intervals too wide; copies that are counted one by one make
them too narrow. What tells the two apart is said in docs/intervals.md, "Equal rows".

Shapes in names: N rows, W columns, G groups.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from leadline.core.schema import Schema
from leadline.data.checks.duplicates import combine, numbered
from leadline.data.checks.near_duplicates import components
from leadline.data.columns.contract import input_type
from leadline.data.encoding import EncodedColumns

Numbers = NDArray[np.int64]
WIDER = 1.05  # how much larger a variance copies must be able to make before they are counted as groups
SHORT = 5  # tokens: fewer are often said twice by people who know nothing of each other
AGREE = 0.95  # of the pairs of equal short texts that have the same target, where they are copies
FOLDED = 10  # different rows at least, each as often as a multiple of a number, that show a set to be a repeated one
_COLUMNS = 64  # that are left out in turn at most
_VALUES = 1 << 24  # hashes that are sorted for it at most
_SEED = 0x5EED


class Dependence(NamedTuple):
    """Numbers (N,) of all rows of a dataset, equal for those that are one observation, -1 in splits whose rows are all
    independent, and None where all splits are such; and, by split with copies, how many of how many rows differ.
    """

    group: np.ndarray | None
    copies: Mapping[str, tuple[int, int]]


def copies(
    schema: Schema, columns: Mapping[str, EncodedColumns], frame: pl.DataFrame, rows: np.ndarray
) -> Numbers | None:
    """Return numbers (n,) that are equal for those of some rows of a dataset that are copies; None where none are, or
    so few that no interval becomes noticeably wider.

    Pictures and sounds are compared each by itself, whatever stands beside them, texts where there are neither, and the
    columns of a table where there is nothing else.
    """
    target_n = _target(schema, frame, rows)
    media = [one for one in schema.inputs if input_type(one.kind).columns is None]
    seen = [one for one in media if input_type(one.kind).tokens is None]
    if seen:
        links = [_same_medium(columns[one.name], rows) for one in seen]
        number_n = links[0] if len(links) == 1 else _joined(links)
    elif media:
        lengths = [np.diff(ends)[rows] for one in media if (ends := columns[one.name].ends) is not None]
        equal_n = numbered(combine([np.asarray(columns[one.name].hashes[rows]) for one in media]))
        number_n = of_texts(equal_n, np.sum(lengths, axis=0) if lengths else np.full(len(rows), SHORT), target_n)
    else:
        names = [field.name for one in schema.inputs for field in one.fields if field.name in frame.columns]
        found = of_table(frame.select(names)[rows], target_n)
        number_n = np.arange(len(rows)) if found is None else found
    return number_n if widening(number_n) >= WIDER else None


def within_splits(
    schema: Schema,
    columns: Mapping[str, EncodedColumns],
    frame: pl.DataFrame,
    splits: Mapping[str, np.ndarray],
    group_N: np.ndarray | None,
) -> Dependence:
    """Return which rows of each split (the numbers of its rows) are one observation: copies, and with `group_N` (N,)
    rows of one group too.
    """
    found_N, counts, first = np.full(frame.height, -1, dtype=np.int64), {}, 0
    for name, rows in splits.items():
        number_n = copies(schema, columns, frame, rows) if len(rows) else None
        if number_n is not None:
            counts[name] = (len(np.unique(number_n)), len(rows))
        if group_N is not None:
            own_n = np.unique(group_N[rows], return_inverse=True)[1]
            number_n = own_n if number_n is None else _joined([own_n, number_n])
        if number_n is not None:
            found_N[rows] = first + number_n
            first += int(number_n.max(initial=-1)) + 1
    return Dependence(found_N if first else None, counts)


def widening(number_n: Numbers) -> float:
    """Return how many times a variance can grow where rows of one number are counted as one: the mean number of rows
    that a row shares its number with, itself included.
    """
    _, size_G = np.unique(number_n, return_counts=True)
    return float((size_G.astype(np.float64) ** 2).sum() / max(len(number_n), 1))


def of_table(frame: pl.DataFrame, target_n: Numbers | None) -> Numbers | None:
    """Return numbers (n,) that are equal for the rows of a table that are copies, None where there are none.

    Equal rows are copies where hardly any rows differ in one column alone: rows that agree by chance are rarer than
    those that nearly do. Where they are not, a set that was repeated as a whole still has every row, target included, a
    multiple of some number of times; so many of them are then one observation.
    """
    hash_nW = column_hashes(frame)
    row_n = hash_nW.sum(axis=1, dtype=np.uint64)
    number_n = _numbers(row_n)
    if not len(row_n) or number_n.max() + 1 == len(row_n):
        return None
    if not _by_chance(hash_nW, row_n):
        return number_n
    return _folded(number_n, target_n)


def of_texts(number_n: Numbers, tokens_n: np.ndarray, target_n: Numbers | None) -> Numbers:
    """Return numbers (n,) that are equal for the texts that are copies, given those of equal ones.

    Equal texts are copies; short ones only where (nearly) all that are equal have the same target, or where the set was
    repeated as a whole.
    """
    short_n = tokens_n < SHORT
    if not short_n.any() or target_n is None:
        return number_n
    size_G = np.bincount(number_n[short_n], minlength=int(number_n.max()) + 1).astype(np.float64)
    size_B = np.bincount(_both(number_n, target_n)[short_n]).astype(np.float64)
    pairs, agreeing = (size_G * (size_G - 1)).sum(), (size_B * (size_B - 1)).sum()
    if agreeing >= AGREE * pairs:
        return number_n
    folded_n = _folded(number_n, target_n)
    if folded_n is not None:
        return folded_n
    return np.where(short_n, int(number_n.max()) + 1 + np.arange(len(number_n)), number_n)


def column_hashes(frame: pl.DataFrame) -> NDArray[np.uint64]:
    """Return a 64-bit hash (n,W) of every cell; the sum of those of a row is one of the row."""
    # -0.0 and 0.0 are one value, and NaN is as good as nothing
    plain = frame.with_columns((pl.selectors.float() + 0.0).fill_nan(None))
    hashes = [column.hash(_SEED + at) for at, column in enumerate(plain)]
    found: NDArray[np.uint64] = np.stack([one.to_numpy() for one in hashes], axis=1)
    return found


def _by_chance(hash_nW: NDArray[np.uint64], row_n: NDArray[np.uint64]) -> bool:
    """Say whether as many pairs of rows differ in one column alone as in none."""
    rows, width = hash_nW.shape
    equal = _pairs(row_n)
    tried = min(width, _COLUMNS, max(8, _VALUES // rows))
    apart, order = 0.0, np.argsort([-len(np.unique(hash_nW[:4096, at])) for at in range(width)], kind="stable")
    for at in order[:tried]:
        apart += _pairs(row_n - hash_nW[:, at]) - equal
        if apart >= equal:
            return True
    return bool(apart * width / tried >= equal)


def _pairs(hash_n: NDArray[np.uint64]) -> float:
    _, size_G = np.unique(hash_n, return_counts=True)
    return float((size_G * (size_G - 1.0)).sum() / 2)


def _folded(number_n: Numbers, target_n: Numbers | None) -> Numbers | None:
    """Return numbers (n,) of k rows each where every row, target included, occurs a multiple of k times."""
    if target_n is None:
        return None
    both_n = _both(number_n, target_n)
    size_B = np.bincount(both_n)
    times = int(np.gcd.reduce(size_B))
    if times < 2 or len(size_B) < FOLDED:
        return None
    order_n = np.argsort(both_n, kind="stable")
    folded_n = np.empty(len(both_n), dtype=np.int64)
    folded_n[order_n] = np.arange(len(both_n)) // times
    return folded_n


def _both(number_n: Numbers, other_n: Numbers) -> Numbers:
    """Return numbers (n,) that are equal for rows with both numbers the same."""
    return _numbers(number_n.astype(np.uint64) * np.uint64(1 + other_n.max(initial=0)) + other_n.astype(np.uint64))


def _target(schema: Schema, frame: pl.DataFrame, rows: np.ndarray) -> Numbers | None:
    goal = schema.target
    if goal is None or not goal.columns or not set(goal.columns) <= set(frame.columns):
        return None
    return target_numbers(frame.select(goal.columns)[rows])


def target_numbers(frame: pl.DataFrame) -> Numbers:
    """Return numbers (n,) that are equal for rows of equal targets."""
    return _numbers(column_hashes(frame).sum(axis=1, dtype=np.uint64))


def _same_medium(encoded: EncodedColumns, rows: np.ndarray) -> Numbers:
    """Return numbers (n,) of rows whose picture or sound is equal; rows that have none are alone."""
    number_n = numbered(np.asarray(encoded.hashes[rows]))
    lacking_n = np.isin(rows, encoded.missing)
    return np.where(lacking_n, len(rows) + np.arange(len(rows)), number_n)


def _joined(numbers: Sequence[Numbers]) -> Numbers:
    """Return numbers (n,) that are equal for rows that any of several numberings leads to from each other."""
    pairs = []
    for number_n in numbers:
        order_n = np.argsort(number_n, kind="stable")
        at = np.flatnonzero(number_n[order_n][1:] == number_n[order_n][:-1])
        pairs.append(np.stack([order_n[at], order_n[at + 1]], axis=1))
    return components(len(numbers[0]), np.concatenate(pairs))


def _numbers(hash_n: NDArray[np.uint64]) -> Numbers:
    found: Numbers = np.unique(hash_n, return_inverse=True)[1].astype(np.int64)
    return found
