"""Centres of clusters among codes, and how many there are.

Shapes: n codes, L numbers of a code, K centres.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from leadline.metrics.generative.clustering import silhouettes
from leadline.metrics.statistics.intervals import Floats

STARTS = 10  # of k-means, of which the best is kept


class Clusters(NamedTuple):
    """Centres (K,L), those of the largest clusters first, the mean squared distance of codes to theirs, and how they
    were found.
    """

    centre_KL: Floats
    unit: float
    description: str


def clusters_of(train_nL: np.ndarray, other_nL: np.ndarray, asked: Sequence[int], seed: int) -> Clusters:
    """Return the centres that k-means finds among train codes (Lloyd 1982, begun as Arthur & Vassilvitskii 2007 do).

    Of several numbers of them it is the one with the largest mean silhouette of other codes; of train codes, as many,
    where there are too few others. There are never more centres than different codes. For a seed they are always the
    same.
    """
    different = len(np.unique(train_nL, axis=0))
    counts = sorted({min(count, different) for count in asked})
    others = other_nL if len(other_nL) > 2 else train_nL[: max(len(other_nL), 2_000)]
    found = {count: kmeans(train_nL, count, seed) for count in counts}
    told = f"k-means on {len(train_nL):,} latent codes"
    if len(counts) == 1:
        (count,) = counts
    else:
        apart = {count: float(silhouettes(others, nearest(others, found[count])).mean()) for count in counts}
        count = max(counts, key=lambda one: (apart[one], -one))
        tried = ", ".join(f"{one}: {value:.3f}" for one, value in apart.items())
        told += f"; mean silhouettes of {len(others):,} others ({tried})"
    centre_KL = found[count]
    at_n = nearest(train_nL, centre_KL)
    unit = float(((train_nL - centre_KL[at_n]) ** 2).sum(1).mean())
    order = np.argsort(-np.bincount(at_n, minlength=len(centre_KL)), kind="stable")
    return Clusters(centre_KL[order], unit if unit > 0 else 1.0, told)


def kmeans(x_nL: np.ndarray, count: int, seed: int) -> Floats:
    """Return centres (K,L) float64; on one thread, as sums of several come in any order."""
    from sklearn.cluster import KMeans
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # centres that fall together are seen when rows are counted
        fitted = KMeans(count, n_init=STARTS, random_state=seed).fit(x_nL.astype(np.float64))
    return np.asarray(fitted.cluster_centers_, dtype=np.float64)


def nearest(x_nL: np.ndarray, centre_KL: Floats) -> np.ndarray:
    """Return the number of the centre that each code is nearest to (n,)."""
    x_nL = x_nL.astype(np.float64)
    square_nK = -2 * x_nL @ centre_KL.T + (centre_KL**2).sum(1)  # each code's own square is the same for all centres
    return np.asarray(square_nK.argmin(1))
