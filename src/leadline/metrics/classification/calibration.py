"""Whether probabilities are what they say: proper losses, calibration error, and the bins of a reliability diagram.

Shapes: n rows, C classes, B bins.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from leadline.core.catalogue import say
from leadline.core.metric import Metric
from leadline.metrics.statistics.intervals import Floats, Ints, group_sums, mean, pairs, proportion, quantiles
from leadline.metrics.statistics.measurement import Intervals, Levels, Measurement, absent

NLL = Metric(
    "nll",
    "Negative log-likelihood",
    "mean negative log of the probability given to the true outcome",
    "nats",
    "lower",
    compared=True,
)
BRIER = Metric(
    "brier",
    "Brier score",
    "mean squared error of probabilities: of the positive class if there are two, otherwise summed over classes",
    better="lower",
)
ECE = Metric(
    "ece", "Expected calibration error", "mean gap between confidence and accuracy over confidence bins", "%", "lower"
)

BINS = 15
TINY = float(np.finfo(np.float32).tiny)


@dataclass(frozen=True)
class Bin:
    """Rows of like confidence: its mean, the share that is right with a 95 % interval, and how many there are."""

    confidence: float
    accuracy: float
    low: float
    high: float
    count: int


def nll(target_n: Ints, probability_nC: Floats, levels: Levels, group_n: Ints | None = None) -> Measurement:
    """Return the mean negative log-likelihood in nats; a probability of 0 counts as the least positive float32."""
    if len(target_n) == 0:
        return absent(say("metrics.no-examples"))
    chosen_n = probability_nC[np.arange(len(target_n)), target_n].astype(np.float64)
    loss_n = -np.log(np.maximum(chosen_n, TINY))
    zeros = int(np.sum(chosen_n < TINY))
    note = say("metrics.zero-probability", rows=zeros, loss=-np.log(TINY)) if zeros else ""
    return _mean_loss(loss_n, levels, group_n, note)


def brier(target_n: Ints, probability_nC: Floats, levels: Levels, group_n: Ints | None = None) -> Measurement:
    """Return the mean squared distance of probabilities from the truth.

    Of two classes it is that of the positive one, 0 to 1, which is the same for either (as in scikit-learn); of more it
    is summed over them, 0 to 2 (Brier 1950).
    """
    if len(target_n) == 0:
        return absent(say("metrics.no-examples"))
    probability_nC = probability_nC.astype(np.float64)
    chosen_n = probability_nC[np.arange(len(target_n)), target_n]
    summed_n = (probability_nC**2).sum(1) - 2 * chosen_n + 1
    if probability_nC.shape[1] == 2:
        return _mean_loss(summed_n / 2, levels, group_n, "; of the positive class")
    return _mean_loss(summed_n, levels, group_n, "; summed over classes")


def ece(target_n: Ints, probability_nC: Floats, levels: Levels, group_n: Ints | None = None) -> Measurement:
    """Return the expected calibration error of the predicted class over 15 bins of equal mass (Naeini et al. 2015).

    The estimate reads high: bins that are perfectly calibrated still differ from their confidence by chance, and
    `method` says by how much. The interval allows for that and holds the level or more: |a+e| is at least |a| +
    sign(a)e, which bounds the truth from above, and at most |a| + |e|, which bounds it from below.
    """
    if len(target_n) == 0:
        return absent(say("metrics.no-examples"))
    confidence_n, right_n = _claims(target_n, probability_nC)
    bin_n = _bins(confidence_n)
    bins = int(bin_n.max()) + 1
    count_B = np.bincount(bin_n, minlength=bins)
    gap_n = right_n - confidence_n
    gap_B = np.bincount(bin_n, weights=gap_n, minlength=bins) / len(gap_n)
    value = float(np.abs(gap_B).sum())
    covariance_BB = _gap_covariance(bin_n, gap_n, right_n, count_B, group_n)
    high_by_chance = float(np.sqrt(2 / np.pi) * np.sqrt(np.diag(covariance_BB)).sum())
    units = np.inf if group_n is None else len(np.unique(group_n))
    if units < 2:
        intervals: Intervals = ((0.0, 1.0),) * len(levels)
    else:
        intervals = _ece_interval(value, gap_B, covariance_BB, high_by_chance, quantiles(levels, units))
    method = f"{bins} bins of equal mass; upward bias of up to {high_by_chance:.2g}, corrected for in the interval"
    return Measurement(value, intervals, len(target_n), method)


def reliability(target_n: Ints, probability_nC: Floats, group_n: Ints | None = None) -> list[Bin]:
    """Return the bins that `ece` sums over, from low to high confidence, with 95 % Wilson intervals."""
    if len(target_n) == 0:
        return []
    confidence_n, right_n = _claims(target_n, probability_nC)
    bin_n = _bins(confidence_n)
    bins = []
    for b in range(int(bin_n.max()) + 1):
        held = bin_n == b
        ends = proportion(right_n[held] > 0, (0.95,), None if group_n is None else group_n[held])
        low, high = ends[0] if ends else (0.0, 1.0)
        bins.append(Bin(float(confidence_n[held].mean()), float(right_n[held].mean()), low, high, int(held.sum())))
    return bins


def _mean_loss(loss_n: Floats, levels: Levels, group_n: Ints | None, note: str) -> Measurement:
    intervals = mean(loss_n, levels, group_n, low=0.0)
    groups = ", summed by group" if group_n is not None else ""
    return Measurement(
        float(loss_n.mean()), intervals, len(loss_n), f"mean; Student t corrected for skewness{groups}{note}"
    )


def _claims(target_n: Ints, probability_nC: Floats) -> tuple[Floats, Floats]:
    right_n = (probability_nC.argmax(1) == target_n).astype(np.float64)
    return probability_nC.max(1).astype(np.float64), right_n


def _bins(confidence_n: Floats) -> Ints:
    """Return each row's bin (n,), numbered without holes; equal confidences share one, whatever the order of rows."""
    wanted = min(BINS, max(1, len(confidence_n) // 10))
    edges = np.unique(np.quantile(confidence_n, np.arange(1, wanted) / wanted))
    _, bin_n = np.unique(np.searchsorted(edges, confidence_n, side="right"), return_inverse=True)
    return np.asarray(bin_n)


def _gap_covariance(bin_n: Ints, gap_n: Floats, right_n: Floats, count_B: Ints, group_n: Ints | None) -> Floats:
    """Return the covariance (B,B) of the bins' gaps, each weighted by its share of rows.

    A bin in which all rows are right still leaves doubt: its variance is that of one more row right and one more wrong.
    """
    n, bins = len(bin_n), len(count_B)
    right_B = np.bincount(bin_n, weights=right_n, minlength=bins)
    share_B = (right_B + 1) / (count_B + 2)
    least_B = share_B * (1 - share_B) * count_B / n**2
    if group_n is None:
        return np.diag(least_B)
    centred_n = gap_n - (np.bincount(bin_n, weights=gap_n, minlength=bins) / count_B)[bin_n]
    by_group_GB = np.stack([group_sums(centred_n * (bin_n == b), group_n) for b in range(bins)], axis=1)
    groups = len(by_group_GB)
    covariance_BB: Floats = by_group_GB.T @ by_group_GB / n**2 * groups / max(groups - 1, 1)
    covariance_BB[np.diag_indices(bins)] = np.maximum(np.diag(covariance_BB), least_B)
    return covariance_BB


def _ece_interval(value: float, gap_B: Floats, covariance_BB: Floats, high_by_chance: float, t: Floats) -> Intervals:
    sign_B = np.where(gap_B < 0, -1.0, 1.0)
    above = np.sqrt(sign_B @ covariance_BB @ sign_B)
    size_B = np.sqrt(np.diag(covariance_BB))
    rho_BB = np.clip(covariance_BB / size_B[:, None] / size_B, -1, 1)
    # The covariance of |x| and |y| for jointly normal x and y with correlation rho.
    folded_BB = 2 / np.pi * (np.sqrt(1 - rho_BB**2) + rho_BB * np.arcsin(rho_BB) - 1)
    below = np.sqrt(size_B @ folded_BB @ size_B)
    low = np.minimum(value - high_by_chance - t * below, value)
    return pairs(low, value + t * above, 0.0, 1.0)
