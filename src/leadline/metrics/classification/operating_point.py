"""From which probability on a row is called positive: an operating point, chosen on rows that the network was not
trained on.

Shapes: n rows, T different probabilities from high to low.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from leadline.metrics.classification.precision_recall import steps
from leadline.metrics.statistics.intervals import Floats

WANTED = ("sensitivity", "specificity", "precision")
BEST = ("f1", "youden")


class OperatingPoint(NamedTuple):
    """A threshold: rows with at least this probability are called positive; `reached` is the measure it was chosen by,
    here.
    """

    threshold: float
    reached: float


def choose(
    positive_n: NDArray[np.bool_], probability_n: Floats, rule: str, target_types: float | None = None
) -> OperatingPoint | None:
    """Return the threshold that a rule chooses on these rows, or None where no threshold reaches what is wanted.

    ``f1`` and ``youden`` (sensitivity + specificity - 1; Youden 1950) choose the best value. With `target_types`,
    ``sensitivity`` takes the highest threshold that reaches it, and so the best specificity; ``specificity`` the lowest
    one, and so the best sensitivity; ``precision`` the one of the best sensitivity among all that reach it. Thresholds
    lie midway between neighbouring probabilities. There must be a row of each kind.
    """
    rows_T, positives_T, _ = steps(positive_n, probability_n)
    score_T = np.unique(probability_n)[::-1]
    sensitivity_T = positives_T / positives_T[-1]
    negatives_T = rows_T - positives_T
    specificity_T = 1 - negatives_T / negatives_T[-1]
    precision_T = positives_T / rows_T
    measure_T = {
        "sensitivity": sensitivity_T,
        "specificity": specificity_T,
        "precision": precision_T,
        "f1": 2 * positives_T / (rows_T + positives_T[-1]),
        "youden": sensitivity_T + specificity_T - 1,
    }[rule]
    if target_types is None:
        at = int(measure_T.argmax())
    else:
        reached = np.flatnonzero(measure_T >= target_types - 1e-12)
        if not len(reached):
            return None
        at = int(reached[0] if rule == "sensitivity" else reached[-1])
    return OperatingPoint(_between(score_T, at), float(measure_T[at]))


def _between(score_T: Floats, at: int) -> float:
    """Return a threshold that this probability reaches and the next lower one does not, even in float32."""
    this = float(score_T[at])
    following = float(score_T[at + 1]) if at + 1 < len(score_T) else 0.0
    middle = float(np.float32((this + following) / 2))
    return middle if following < middle <= this else this
