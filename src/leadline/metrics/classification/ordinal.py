"""What predictions of ordered classes are judged by, from ranks (n,), 0 the lowest, and probabilities (n,K) in their
order.
"""

from __future__ import annotations

import numpy as np

from leadline.core.catalogue import say
from leadline.core.metric import Metric
from leadline.metrics.classification.calibration import NLL
from leadline.metrics.classification.confusion import ACCURACY
from leadline.metrics.regression.regressor import MAE
from leadline.metrics.statistics.intervals import Floats, Ints, error_of, pairs, proportion, quantiles
from leadline.metrics.statistics.means import by_group, mean_of
from leadline.metrics.statistics.measurement import Intervals, Levels, Measurement, absent

METRICS = (
    ACCURACY,
    Metric(
        "accuracy_within_one",
        "Accuracy within one class",
        "share of examples predicted at most one class away from the true one",
        better="higher",
        largest=1.0,
        of_right_rows=True,
    ),
    MAE,
    Metric(
        "kappa_quadratic",
        "Quadratic weighted kappa",
        "Cohen's kappa with quadratic weights; chance agreement gives 0",
        better="higher",
        largest=1.0,
    ),
    NLL,
    Metric("rps", "Ranked probability score", "mean squared error of cumulative class probabilities", better="lower"),
)

NAMES = ("accuracy", "accuracy_within_one", "mae", "kappa_quadratic", "nll", "rps")


def measure_all(
    rank_n: Ints, predicted_n: Ints, probability_nK: Floats, *, levels: Levels = (0.95,), group: Ints | None = None
) -> dict[str, Measurement]:
    """Return every measure by name; rows with equal numbers in `group` (n,) depend on each other."""
    off_n = np.abs(predicted_n.astype(np.int64) - rank_n)
    return {
        "accuracy": _share(off_n == 0, levels, group),
        "accuracy_within_one": _share(off_n <= 1, levels, group),
        "mae": mean_of(off_n.astype(np.float64), levels, group, low=0.0, high=probability_nK.shape[1] - 1.0),
        "kappa_quadratic": kappa(rank_n, predicted_n, levels, group),
        "nll": mean_of(surprise(rank_n, probability_nK), levels, group, low=0.0),
        "rps": mean_of(ranked_scores(rank_n, probability_nK), levels, group, low=0.0, high=1.0),
    }


def surprise(rank_n: Ints, probability_nK: Floats) -> Floats:
    """Return -log of the probability of each row's class, in nats."""
    chosen_n = np.asarray(probability_nK, dtype=np.float64)[np.arange(len(rank_n)), rank_n]
    return -np.log(np.maximum(chosen_n, np.finfo(np.float32).tiny))


def ranked_scores(rank_n: Ints, probability_nK: Floats) -> Floats:
    """Return each row's ranked probability score, 0 to 1: the mean square of what its distribution function is off by.

    Epstein 1969, divided by the number of thresholds as Murphy 1971 does.
    """
    classes = probability_nK.shape[1]
    below_nK = np.cumsum(np.asarray(probability_nK, dtype=np.float64), axis=1)[:, :-1]
    true_nK = rank_n[:, None] <= np.arange(classes - 1)
    scores_n: Floats = np.square(below_nK - true_nK).mean(1)
    return scores_n


def kappa(rank_n: Ints, predicted_n: Ints, levels: Levels, group_n: Ints | None = None) -> Measurement:
    """Return Cohen's kappa with quadratic weights (Cohen 1968): 1 - squared distance / that of unrelated ranks.

    The interval is Student's t on the scale of log(1 - kappa), by the delta method.
    """
    if len(rank_n) == 0:
        return absent(say("metrics.no-examples"))
    true_n, said_n = rank_n.astype(np.float64), predicted_n.astype(np.float64)
    true_off_n, said_off_n = true_n - true_n.mean(), said_n - said_n.mean()
    apart = true_n.mean() - said_n.mean()
    chance = float(np.mean(true_off_n**2) + np.mean(said_off_n**2) + apart**2)
    if not chance > 0:
        return absent(
            say("metrics.kappa-undefined"),
            len(rank_n),
        )
    seen_n = (true_n - said_n) ** 2
    left = float(seen_n.mean() / chance)
    intervals: Intervals = ()
    if left > 0:
        by_chance_n = true_off_n**2 + said_off_n**2 + apart**2 + 2 * apart * (true_off_n - said_off_n)
        error = error_of(seen_n / seen_n.mean() - by_chance_n / chance, group_n)
        if error is not None:
            reach = np.minimum(quantiles(levels, error.units) * error.size, 100)  # exp stays finite
            intervals = pairs(1 - left * np.exp(reach), 1 - left * np.exp(-reach), -1.0, 1.0)
    return Measurement(1 - left, intervals, len(rank_n), "Student t of log(1 - kappa)" + by_group(group_n))


def _share(right_n: np.ndarray, levels: Levels, group_n: Ints | None) -> Measurement:
    if len(right_n) == 0:
        return absent(say("metrics.no-examples"))
    method = "Wilson score" + ("" if group_n is None else ", effective rows of groups")
    return Measurement(float(right_n.mean()), proportion(right_n, levels, group_n), len(right_n), method)
