"""What puts measures in proportion: by which models are compared, on which rows a dummy predictor rests, repeats."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from typing import Literal

import numpy as np
from scipy import stats

from leadline.core.finding import Finding, Reproduction
from leadline.data.dataset import Dataset
from leadline.data.targets import is_ragged
from leadline.objectives.contract import BoundObjective

OVER = "_over_repeats"  # how names of measures end that are means over repeats
CONSTANT_ROWS = 20_000  # train texts that tokens and tags are counted in


def compared_names(objective: BoundObjective) -> frozenset[str]:
    """Return the names of an objective's metrics by which a network stands beside simpler models."""
    return frozenset(metric.id for metric in objective.decision.declared_metrics if metric.compared)


def train_target(dataset: Dataset) -> np.ndarray | None:
    """Return the target of the train rows; where rows have many, and not all as many, of `CONSTANT_ROWS` rows
    at most.
    """
    part, goal = dataset.splits["train"].labelled, dataset.schema.target
    if is_ragged(goal) and len(part) > CONSTANT_ROWS:
        part = part.subset(np.linspace(0, len(part) - 1, CONSTANT_ROWS).astype(np.int64))
    return part.target


def spread(name: str, values: Sequence[float], unit: str, better: Literal["higher", "lower"] | None) -> Finding:
    """Return the mean of a measure over repeated runs, with Student's t interval of that mean; `values` are the runs'
    own.

    The interval speaks of other seeds on the same data, not of other data. Equal values give none: they do not prove
    that no seed differs.
    """
    n = len(values)
    mean = math.fsum(values) / n
    deviation = statistics.stdev(values)
    half = float(stats.t.ppf(0.975, n - 1)) * deviation / math.sqrt(n)
    # What is better when higher and has no unit is 1 at best, and errors are never negative.
    most = max(1.0, mean) if better == "higher" and unit == "1" else math.inf
    least = min(0.0, mean) if better == "lower" else -math.inf
    return Finding(
        name=f"{name}{OVER}",
        value=mean,
        interval=(max(mean - half, least), min(mean + half, most)) if deviation > 0 else None,
        n=n,
        unit=unit,
        method=(
            f"mean of {n} runs with different seeds on the same data, standard deviation {deviation:.3g}; Student t"
            " over seeds"
        ),
        better=better,
        again=Reproduction(producer="repeats"),
    )
