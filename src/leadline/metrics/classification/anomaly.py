"""How well scores tell anomalies from normal rows, and how often a normal row is called one.

n rows of a split.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from leadline.core.catalogue import say
from leadline.core.metric import Metric
from leadline.metrics.classification.classifier import SENSITIVITY
from leadline.metrics.classification.precision_recall import AVERAGE_PRECISION, average_precision
from leadline.metrics.classification.roc_auc import ROC_AUC, roc_auc
from leadline.metrics.statistics.intervals import Floats, Ints, proportion
from leadline.metrics.statistics.measurement import Levels, Measurement, absent

METRICS = (
    Metric("false_positive_rate", "False-alarm rate", "share of normal examples flagged as anomalies", "%", "lower"),
    ROC_AUC,
    AVERAGE_PRECISION,
    SENSITIVITY,
)

RANKED = ("roc_auc", "average_precision", "sensitivity")
NAMES = ("false_positive_rate", *RANKED)
Truth = NDArray[np.bool_]


def measure_all(
    normal_n: Truth,
    score_n: Floats,
    called_n: Truth,
    levels: Levels,
    group_n: Ints | None = None,
    *,
    ranked: bool = True,
) -> dict[str, Measurement]:
    """Return the share of normal rows that are called anomalies and, where `ranked`, how well scores tell the others.

    A row is the more of an anomaly, the higher its score. Rows with equal numbers in `group_n` (n,) depend on each
    other.
    """
    found = {"false_positive_rate": called(called_n, normal_n, levels, group_n, say("metrics.no-normal-examples"))}
    if not ranked:
        return found
    found["sensitivity"] = called(called_n, ~normal_n, levels, group_n, say("metrics.no-anomalies"))
    if not np.isfinite(score_n).all():
        why = absent(say("metrics.scores-not-finite"), len(score_n))
        return found | {"roc_auc": why, "average_precision": why}
    target_n, scores_n2 = (~normal_n).astype(np.int64), np.stack([-score_n, score_n], 1).astype(np.float64)
    found["roc_auc"] = roc_auc(target_n, scores_n2, levels, group_n)
    found["average_precision"] = average_precision(target_n, scores_n2, 1, levels, group_n)
    return found


def called(called_n: Truth, of_n: Truth, levels: Levels, group_n: Ints | None, none: str) -> Measurement:
    """Return the share of some rows that are called anomalies; `none` says why it is absent where there are no such
    rows.
    """
    if not of_n.any():
        return absent(none)
    right_n, group = called_n[of_n].astype(bool), None if group_n is None else group_n[of_n]
    method = "Wilson score" + ("" if group is None else ", effective n by group")
    return Measurement(float(right_n.mean()), proportion(right_n, levels, group), len(right_n), method)
