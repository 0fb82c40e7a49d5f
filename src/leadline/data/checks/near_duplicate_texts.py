"""Near-identical texts: copies with other capitals, signs or spaces, a few words more, fewer or changed.

Texts are compared by the pairs of neighbouring words that they have in common. Candidates agree in one of several bands
of minimal hashes (MinHash: Broder 1997; banding: Indyk & Motwani 1998); a candidate is confirmed by what the two have
in common in truth (Jaccard). Copies that are equal but for capitals and signs are found however short.

Shapes in names: N texts, T words of all texts one after another, P pairs, K hashes.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

LIKE = 0.7  # shared pairs of words, of all that two texts have, from which they are near-duplicates
LEAST = 8  # words: shorter texts are copies only where they are equal
SHORT = 5  # words of equal texts that are not looked at here: fewer are often said by chance
LONGEST = 200  # words of a text that are compared
BANDS, ROWS = 10, 3  # of the hashes: a pair at the bound agrees in one band with a probability of 0.98
WINDOW = 8  # how many texts with the same hash each one is compared with
_PRIME = np.uint32(0x9E3779B1)
_SEED = 0x7E47
_PAIRS = 1 << 13


def pairs(texts: pl.Series) -> NDArray[np.int64]:
    """Return pairs of rows (P,2) with nearly the same text, enough of them to lead from each to all its like."""
    plain = texts.fill_null("").str.to_lowercase().str.replace_all(r"[^\p{L}\p{N}]+", " ").str.strip_chars(" ")
    words = plain.str.split(" ")
    length_N = words.list.len().to_numpy().astype(np.int64) * (plain != "").to_numpy()
    equal_N = plain.hash(_SEED).to_numpy()
    equal = _linked(equal_N, np.flatnonzero(length_N >= SHORT))
    long_M = np.flatnonzero(length_N >= LEAST)
    _, first = np.unique(equal_N[long_M], return_index=True)  # of equal texts one is enough
    long_M = long_M[np.sort(first)]
    if len(long_M) < 2:
        return equal
    begin_M = np.concatenate([[0], np.cumsum(np.minimum(length_N[long_M], LONGEST))])
    word_T = words.gather(long_M).list.head(LONGEST).explode().hash(_SEED).to_numpy()
    pair_T = _neighbours((word_T >> np.uint64(32)).astype(np.uint32), begin_M)
    found = _candidates(_minima(pair_T, begin_M))
    return np.concatenate([equal, long_M[_alike(found, pair_T, begin_M)]])


def _neighbours(word_T: NDArray[np.uint32], begin_M: NDArray[np.int64]) -> NDArray[np.uint32]:
    """Return a hash (T,) of each word and the one that follows it, of a last word alone."""
    next_T = np.roll(word_T, -1)
    next_T[begin_M[1:] - 1] = 0
    next_T *= np.uint32(3)
    next_T += word_T
    return _mixed(next_T)


def _mixed(x: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Return hashes of hashes, written over them."""
    x ^= x >> np.uint32(15)
    x *= _PRIME
    x ^= x >> np.uint32(14)
    return x


def _minima(pair_T: NDArray[np.uint32], begin_M: NDArray[np.int64]) -> NDArray[np.uint32]:
    """Return the least of each text's hashes (M,K) under so many orders of them."""
    factors_K = (np.random.PCG64(_SEED).random_raw(BANDS * ROWS) >> 32).astype(np.uint32) | np.uint32(1)
    least = np.empty((len(begin_M) - 1, len(factors_K)), dtype=np.uint32)
    for k, factor in enumerate(factors_K):
        mixed_T = pair_T * factor  # modulo 2^32
        mixed_T ^= mixed_T >> np.uint32(16)
        mixed_T *= _PRIME
        least[:, k] = np.minimum.reduceat(mixed_T, begin_M[:-1])
    return least


def _candidates(least_MK: NDArray[np.uint32]) -> NDArray[np.int64]:
    """Return pairs of positions (P,2) that agree in a band, of many alike only some."""
    found = []
    for band in range(BANDS):
        hash_M = np.zeros(len(least_MK), dtype=np.uint64)
        for column in least_MK.T[band * ROWS : (band + 1) * ROWS]:
            hash_M = (hash_M ^ (hash_M >> np.uint64(31))) * np.uint64(0x9E3779B97F4A7C15) + column
        found.append(_linked(hash_M, np.arange(len(hash_M)), WINDOW))
    return np.unique(np.concatenate(found), axis=0)


def _linked(hash_N: NDArray[np.uint64], some: NDArray[np.int64], window: int = 1) -> NDArray[np.int64]:
    """Return pairs of rows (P,2) of some with the same hash, each with so many that follow it at most."""
    order = some[np.argsort(hash_N[some], kind="stable")]
    ordered, found = hash_N[order], [np.empty((0, 2), dtype=np.int64)]
    for step in range(1, min(window, len(order) - 1) + 1):
        at = np.flatnonzero(ordered[step:] == ordered[:-step])
        if not len(at):
            break
        found.append(np.sort(np.stack([order[at], order[at + step]], axis=1), axis=1))
    return np.concatenate(found)


def _alike(pair_P2: NDArray[np.int64], pair_T: NDArray[np.uint32], begin_M: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the pairs of texts that have most of their pairs of words in common."""
    if not len(pair_P2):
        return pair_P2
    some, place_P2 = np.unique(pair_P2, return_inverse=True)
    place_P2 = place_P2.reshape(pair_P2.shape)
    size = np.diff(begin_M)[some]
    start = np.concatenate([[0], np.cumsum(size)])
    values = pair_T[np.arange(start[-1]) + np.repeat(begin_M[some] - start[:-1], size)]
    known, column = np.unique(values, return_inverse=True)
    has = csr_matrix((np.ones(len(column), dtype=np.float32), column, start), shape=(len(some), len(known)))
    has.sum_duplicates()
    has.data[:] = 1
    size = np.diff(has.indptr)
    kept = []
    for at in range(0, len(pair_P2), _PAIRS):
        first_P, second_P = place_P2[at : at + _PAIRS].T
        shared_P = np.asarray(has[first_P].multiply(has[second_P]).sum(axis=1)).ravel()
        kept.append(pair_P2[at : at + _PAIRS][shared_P >= LIKE * (size[first_P] + size[second_P] - shared_P)])
    return np.concatenate(kept)
