"""How well clusters agree with classes that were not shown, and how well they keep apart.

Shapes: n rows, K clusters, C classes, F numbers of a row.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from leadline.core.catalogue import say
from leadline.core.metric import Metric
from leadline.metrics.statistics.intervals import Floats, Ints, error_of, pairs, proportion, quantiles
from leadline.metrics.statistics.means import by_group
from leadline.metrics.statistics.measurement import Intervals, Levels, Measurement, absent

METRICS = (
    Metric(
        "clustering_accuracy",
        "Clustering accuracy",
        "accuracy under the best one-to-one assignment of clusters to classes",
        "%",
        "higher",
    ),
    Metric(
        "adjusted_rand",
        "Adjusted Rand index",
        "agreement of clusters with classes, corrected for chance",
        better="higher",
        largest=1.0,
    ),
    Metric(
        "mutual_information",
        "Normalised mutual information",
        "mutual information of clusters and classes over their mean entropy",
        better="higher",
        largest=1.0,
    ),
    Metric(
        "silhouette",
        "Silhouette coefficient",
        "separation of clusters relative to their spread, from −1 to 1",
        better="higher",
        largest=1.0,
    ),
)


class Shares(NamedTuple):
    """How often clusters and classes meet: shares of all rows (K,C), and of each row its cluster's and class's number
    in them.
    """

    p_KC: Floats
    cluster_n: Ints
    class_n: Ints


def counted(cluster_n: Ints, class_n: Ints) -> NDArray[np.int64]:
    """Return how many rows of each class each cluster has (K,C); numbers that do not occur are left out."""
    (_, k_n), (_, c_n) = (np.unique(one, return_inverse=True) for one in (cluster_n, class_n))
    counts_KC = np.zeros((int(k_n.max(initial=-1)) + 1, int(c_n.max(initial=-1)) + 1), dtype=np.int64)
    np.add.at(counts_KC, (k_n, c_n), 1)
    return counts_KC


def accuracy(cluster_n: Ints, class_n: Ints, levels: Levels, group_n: Ints | None = None) -> Measurement:
    """Return the share of rows in the cluster of their class, each class having at most one: the best matching (Kuhn
    1955).
    """
    if len(class_n) == 0:
        return absent(say("metrics.no-examples"))
    k_n, c_n = (np.unique(one, return_inverse=True)[1] for one in (cluster_n, class_n))
    at_K, at_C = linear_sum_assignment(-counted(cluster_n, class_n))
    class_K = np.full(int(k_n.max()) + 1, -1)
    class_K[at_K] = at_C
    right_n = class_K[k_n] == c_n
    method = "best matching of clusters and classes, found on these rows; Wilson score" + by_group(group_n)
    return Measurement(float(right_n.mean()), proportion(right_n, levels, group_n), len(class_n), method)


def adjusted_rand(cluster_n: Ints, class_n: Ints, levels: Levels, group_n: Ints | None = None) -> Measurement:
    """Return the Rand index corrected for chance (Hubert & Arabie 1985).

    The interval is Student's t on the scale of log(1 - index), by the delta method over shares of pairs.
    """
    n, shares = len(class_n), _shares(cluster_n, class_n)
    if shares is None:
        return absent(say("metrics.one-class-or-cluster"), n)
    p_KC, k_n, c_n = shares
    a_K, b_C = p_KC.sum(1), p_KC.sum(0)
    s, a, b = _alike(p_KC)
    index, most = _rand(p_KC), (a + b) / 2 - a * b
    s_n, a_n, b_n = 2 * (p_KC[k_n, c_n] - s), 2 * (a_K[k_n] - a), 2 * (b_C[c_n] - b)
    influence_n = (s_n - b * a_n - a * b_n - index * ((a_n + b_n) / 2 - b * a_n - a * b_n)) / most
    together, chance, all_pairs = (_pairs(p_KC * n), _pairs(a_K * n) * _pairs(b_C * n), n * (n - 1) / 2)
    expected = chance / all_pairs
    exact = (together - expected) / ((_pairs(a_K * n) + _pairs(b_C * n)) / 2 - expected)
    return (
        _below_one(exact, influence_n, levels, group_n, "index")
        if exact < 1
        else _perfect(shares, _rand, levels, group_n)
    )


def mutual_information(cluster_n: Ints, class_n: Ints, levels: Levels, group_n: Ints | None = None) -> Measurement:
    """Return the information that clusters have of classes, over the mean of both entropies (Strehl & Ghosh 2002).

    It is not corrected for chance. The interval is Student's t on the scale of log(1 - information), by the delta
    method.
    """
    n, shares = len(class_n), _shares(cluster_n, class_n)
    if shares is None:
        return absent(say("metrics.one-class-or-cluster"), n)
    p_KC, k_n, c_n = shares
    log_k_n, log_c_n = -np.log(p_KC.sum(1))[k_n], -np.log(p_KC.sum(0))[c_n]
    shared_n = np.log(p_KC[k_n, c_n]) + log_k_n + log_c_n
    shared, entropies = float(shared_n.mean()), float((log_k_n + log_c_n).mean())
    influence_n = 2 * ((shared_n - shared) * entropies - shared * (log_k_n + log_c_n - entropies)) / entropies**2
    value = 2 * shared / entropies
    if value > 1 - 1e-9:
        return _perfect(shares, _information, levels, group_n)
    return _below_one(value, influence_n, levels, group_n, "information")


def _alike(p_KC: Floats) -> tuple[float, float, float]:
    """Return how probably two rows are alike: in cluster and class, in cluster, in class."""
    return float((p_KC**2).sum()), float((p_KC.sum(1) ** 2).sum()), float((p_KC.sum(0) ** 2).sum())


def _rand(p_KC: Floats) -> float:
    """Return the adjusted Rand index of very many rows with such shares."""
    s, a, b = _alike(p_KC)
    return (s - a * b) / ((a + b) / 2 - a * b)


def _information(p_KC: Floats) -> float:
    """Return the normalised information of rows with such shares."""
    a_K, b_C = p_KC.sum(1), p_KC.sum(0)
    of_k, of_c, both = (-float((p[p > 0] * np.log(p[p > 0])).sum()) for p in (a_K, b_C, p_KC))
    return 2 * (of_k + of_c - both) / (of_k + of_c)


def _perfect(shares: Shares, measure: Callable[[Floats], float], levels: Levels, group_n: Ints | None) -> Measurement:
    """Return 1, with the interval down to what there would be if as many rows had clusters by chance as cannot be
    excluded.
    """
    p_KC, n = shares.p_KC, len(shares.cluster_n)
    chance_KC = p_KC.sum(1)[:, None] * p_KC.sum(0)
    right = proportion(np.ones(n, dtype=np.bool_), levels, group_n)
    intervals = tuple((measure(low * p_KC + (1 - low) * chance_KC), 1.0) for low, _ in right)
    return Measurement(
        1.0, intervals, n, "Wilson score of rows in a cluster by chance, of which none was seen" + by_group(group_n)
    )


def _shares(cluster_n: Ints, class_n: Ints) -> Shares | None:
    """Return shares of rows; None where there is one class, one cluster or no row: nothing could agree or not."""
    if min(len(np.unique(one)) for one in (class_n, cluster_n)) < 2:
        return None
    k_n, c_n = (np.unique(one, return_inverse=True)[1] for one in (cluster_n, class_n))
    return Shares(counted(cluster_n, class_n) / len(class_n), k_n, c_n)


def _pairs(counts: Floats) -> float:
    return float((counts * (counts - 1)).sum() / 2)


def _below_one(value: float, influence_n: Floats, levels: Levels, group_n: Ints | None, name: str) -> Measurement:
    """Return a measure that is 1 at most, with an interval by the influence of each row."""
    intervals: Intervals = ()
    error = error_of(influence_n, group_n)
    left = 1 - value
    if error is not None:
        reach = np.minimum(quantiles(levels, error.units) * error.size / left, 100)
        intervals = pairs(1 - left * np.exp(reach), 1 - left * np.exp(-reach), -1.0, 1.0)
    method = f"Student t of log(1 - {name})" + by_group(group_n)
    return Measurement(value, intervals, len(influence_n), method)


def silhouettes(x_nF: Floats, cluster_n: Ints) -> Floats:
    """Return how much nearer each row is to its cluster than to the next one, from -1 to 1 (n,) (Rousseeuw 1987).

    Rows are compared with all others: for some thousands of them. Zero where there is one cluster, or each row is one.
    """
    from sklearn.metrics import silhouette_samples

    if not 1 < len(np.unique(cluster_n)) < len(cluster_n):
        return np.zeros(len(cluster_n))
    return np.asarray(silhouette_samples(x_nF, cluster_n), dtype=np.float64)
