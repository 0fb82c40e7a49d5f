"""Predicted probabilities (n,C) judged by probabilities as targets (n,C)."""

from __future__ import annotations

import numpy as np
from scipy import special

from leadline.core.catalogue import say
from leadline.core.metric import Metric
from leadline.metrics.classification.calibration import BRIER, NLL, TINY
from leadline.metrics.statistics.intervals import Floats, Ints, proportion
from leadline.metrics.statistics.means import mean_of
from leadline.metrics.statistics.measurement import Levels, Measurement, absent

METRICS = (
    NLL,
    Metric(
        "kl",
        "Kullback–Leibler divergence",
        "divergence of the predicted from the target distribution",
        better="lower",
        compared=True,
    ),
    BRIER,
    Metric(
        "probability_mae",
        "Mean absolute error of probabilities",
        "mean absolute difference between predicted and target probabilities",
        better="lower",
        compared=True,
    ),
    Metric(
        "agreement",
        "Top-1 agreement",
        "share of examples whose most probable class matches the target's",
        "%",
        "higher",
        compared=True,
        of_right_rows=True,
    ),
)


def cross_entropies(target_nC: Floats, probability_nC: Floats) -> Floats:
    """Return the cross-entropy of each row in nats; a probability of 0 counts as the least positive float32."""
    target_nC, probability_nC = np.asarray(target_nC, dtype=np.float64), np.asarray(probability_nC, dtype=np.float64)
    return np.asarray(-special.xlogy(target_nC, np.maximum(probability_nC, TINY)).sum(1), dtype=np.float64)


def divergences(target_nC: Floats, probability_nC: Floats) -> Floats:
    """Return the Kullback-Leibler divergence of each row's prediction from its target in nats, never below 0."""
    target_nC = np.asarray(target_nC, dtype=np.float64)
    losses_n = cross_entropies(target_nC, probability_nC) + special.xlogy(target_nC, target_nC).sum(1)
    return np.asarray(np.maximum(losses_n, 0.0), dtype=np.float64)  # rounding


def measure_all(
    target_nC: Floats, probability_nC: Floats, *, levels: Levels, group: Ints | None = None
) -> dict[str, Measurement]:
    """Return every measure by name; `brier` is summed over classes, `probability_mae` the mean over them."""
    if len(target_nC) == 0:
        return dict.fromkeys(("nll", "kl", "brier", "probability_mae", "agreement"), absent(say("metrics.no-examples")))
    apart_nC = np.asarray(probability_nC, dtype=np.float64) - target_nC
    same_n = probability_nC.argmax(1) == target_nC.argmax(1)
    wilson = "Wilson score" + ("" if group is None else ", effective n of the groups")
    return {
        "nll": mean_of(cross_entropies(target_nC, probability_nC), levels, group, low=0.0),
        "kl": mean_of(divergences(target_nC, probability_nC), levels, group, low=0.0),
        "brier": mean_of((apart_nC**2).sum(1), levels, group, low=0.0, high=2.0, note="; summed over classes"),
        "probability_mae": mean_of(
            np.abs(apart_nC).mean(1), levels, group, low=0.0, high=1.0, note="; mean over classes"
        ),
        "agreement": Measurement(float(same_n.mean()), proportion(same_n, levels, group), len(same_n), wilson),
    }
