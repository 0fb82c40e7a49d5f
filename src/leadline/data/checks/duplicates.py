"""Exact duplicates across splits, found by a 128-bit hash of every encoded row."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]  # (N, 2)
EXAMPLES = 5  # pairs shown for each pair of splits
_SEED = 0x1EAD


class Pair(NamedTuple):
    """Two rows of the dataset (numbers as in `Batch.row_B`) with equal inputs, in different splits."""

    first: str
    first_row: int
    second: str
    second_row: int


class Duplicates(NamedTuple):
    """How many rows of the second split equal, in all inputs, a row of the first, by (first, second); and some of
    them.
    """

    counts: Mapping[tuple[str, str], int]
    examples: tuple[Pair, ...]


def hash_rows(values: np.ndarray) -> Hashes:
    """Return two 64-bit hashes (N, 2) of each row of an array (N, ...); equal rows, any NaN and -0.0 = 0.0, have equal
    hashes.

    Multilinear hashing of 32-bit words with random 64-bit multipliers, modulo 2^64 (Lemire & Kaser 2014): two different
    rows agree in both with a probability of at most 2^-66.
    """
    if np.issubdtype(values.dtype, np.floating):
        values = values + 0  # makes -0.0 positive
        values[np.isnan(values)] = np.nan
    bytes_NB = np.ascontiguousarray(values).reshape(len(values), -1).view(np.uint8)
    spare = -bytes_NB.shape[1] % 4
    if spare:
        bytes_NB = np.pad(bytes_NB, ((0, 0), (0, spare)))
    words_NW = bytes_NB.view(np.uint32).astype(np.uint64)
    hashes: Hashes = words_NW @ _multipliers(words_NW.shape[1])
    return hashes


def hash_ragged(values: np.ndarray, lengths_N: np.ndarray) -> Hashes:
    """Return two 64-bit hashes (N, 2) of each of the rows of whole numbers that follow one another in an array (S,)."""
    longest = int(lengths_N.max()) if len(lengths_N) else 0
    # padding with zeros changes no hash: few widths, whose multipliers are kept
    words = 1 << max(longest - 1, 1).bit_length()
    padded_NT = np.zeros((len(lengths_N), words), dtype=values.dtype)
    padded_NT[np.arange(words) < lengths_N[:, None]] = values
    hashes: Hashes = hash_rows(padded_NT) + lengths_N.astype(np.uint64)[:, None] * (_multipliers(1)[0] | np.uint64(1))
    return hashes


def combine(inputs: Sequence[Hashes]) -> Hashes:
    """Return one hash (N, 2) for the hashes of several inputs of the same rows."""
    total = np.zeros_like(inputs[0])
    for hashes, factor in zip(inputs, _multipliers(len(inputs)), strict=True):
        total += hashes * (factor | np.uint64(1))  # odd, so that nothing is lost
    return total


def find(hashes: Hashes, splits: Mapping[str, np.ndarray]) -> Duplicates:
    """Count, for each pair of splits, the rows of the later one that also occur in the earlier one.

    `hashes` (N, 2) are of all rows; `parts` holds the row numbers of each split, in the splits' order.
    """
    return find_numbered(numbered(hashes), splits)


def find_numbered(number: NDArray[np.int64], splits: Mapping[str, np.ndarray]) -> Duplicates:
    """Count, for each pair of splits, the rows of the later one whose number (N,) a row of the earlier one has too."""
    counts: dict[tuple[str, str], int] = {}
    examples: list[Pair] = []
    for first, second in combinations(splits, 2):
        owner = np.full(len(number), -1, dtype=np.int64)  # a row of the first split with that content
        owner[number[splits[first]]] = splits[first]
        partner = owner[number[splits[second]]]
        found = np.flatnonzero(partner >= 0)
        counts[first, second] = len(found)
        examples += _pairs(first, partner[found[:EXAMPLES]], second, splits[second][found[:EXAMPLES]])
    return Duplicates(counts, tuple(examples))


def _pairs(first: str, first_rows: np.ndarray, second: str, second_rows: np.ndarray) -> Iterator[Pair]:
    for a, b in zip(first_rows.tolist(), second_rows.tolist(), strict=True):
        yield Pair(first, a, second, b)


def numbered(hashes: Hashes) -> NDArray[np.int64]:
    """Return a number for each row (N,), equal where hashes are."""
    order = np.lexsort((hashes[:, 1], hashes[:, 0]))
    ordered = hashes[order]
    changes = np.any(ordered[1:] != ordered[:-1], axis=1)
    number = np.empty(len(hashes), dtype=np.int64)
    number[order] = np.concatenate(([0], np.cumsum(changes)))
    return number


@functools.lru_cache(maxsize=16)
def _multipliers(words: int) -> Hashes:
    # the raw output of a generator stays the same from one NumPy version to the next
    return np.random.PCG64(_SEED).random_raw(2 * words).astype(np.uint64).reshape(words, 2)
