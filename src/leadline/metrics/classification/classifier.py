"""Everything a classifier is judged by, from true classes (n,) and probabilities (n,C)."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leadline.core.metric import Metric
from leadline.metrics.classification import calibration
from leadline.metrics.classification.confusion import (
    ACCURACY,
    BALANCED_ACCURACY,
    F1,
    F1_MACRO,
    PRECISION,
    PRECISION_MACRO,
    RECALL,
    RECALL_MACRO,
    accuracy,
    balanced_accuracy,
    confusion_of,
    f1,
    f1_macro,
    precision,
    precision_macro,
    recall,
)
from leadline.metrics.classification.precision_recall import AVERAGE_PRECISION, average_precision
from leadline.metrics.classification.roc_auc import ROC_AUC, roc_auc
from leadline.metrics.statistics.intervals import Floats, Ints
from leadline.metrics.statistics.measurement import Levels, Measurement

SENSITIVITY = Metric(
    "sensitivity", "Sensitivity", "true positive rate: share of positive examples predicted positive", "%", "higher"
)
METRICS = (
    ACCURACY,
    BALANCED_ACCURACY,
    PRECISION,
    RECALL,
    F1,
    PRECISION_MACRO,
    RECALL_MACRO,
    F1_MACRO,
    ROC_AUC,
    AVERAGE_PRECISION,
    SENSITIVITY,
    Metric(
        "specificity", "Specificity", "true negative rate: share of negative examples predicted negative", "%", "higher"
    ),
    Metric(
        "ppv", "Positive predictive value", "precision: share of positive predictions that are correct", "%", "higher"
    ),
    Metric("npv", "Negative predictive value", "share of negative predictions that are correct", "%", "higher"),
    calibration.NLL,
    calibration.BRIER,
    calibration.ECE,
)

Key = str | tuple[str, int]


def measure_all(
    target_n: Ints,
    probability_nC: Floats,
    predicted_n: Ints | None = None,
    *,
    positive: int | None = None,
    levels: Levels = (0.95,),
    group: Ints | None = None,
) -> dict[Key, Measurement]:
    """Return every measure by name, and those of one class by (name, class number).

    The class predicted is the most probable one where `predicted_n` does not say otherwise; `positive` is that of two
    classes which sensitivity and average precision speak of, the second if not given. Rows with equal numbers in
    `group` (n,) depend on each other.
    """
    classes = probability_nC.shape[1]
    predicted_n = probability_nC.argmax(1) if predicted_n is None else predicted_n
    positive = 1 if positive is None else positive
    counted = confusion_of(target_n, predicted_n, classes, group)
    balanced = balanced_accuracy(counted, levels)
    results: dict[Key, Measurement] = {
        "accuracy": accuracy(counted, levels),
        "balanced_accuracy": balanced,
        "precision_macro": precision_macro(counted, levels),
        "recall_macro": balanced,
        "f1_macro": f1_macro(counted, levels),
        "roc_auc": roc_auc(target_n, probability_nC, levels, group),
        "average_precision": average_precision(target_n, probability_nC, positive, levels, group),
        "nll": calibration.nll(target_n, probability_nC, levels, group),
        "brier": calibration.brier(target_n, probability_nC, levels, group),
        "ece": calibration.ece(target_n, probability_nC, levels, group),
    }
    for name, measure in (("precision", precision), ("recall", recall), ("f1", f1)):
        results |= {(name, c): measured for c, measured in enumerate(measure(counted, levels))}
    if classes == 2:
        negative = 1 - positive
        results |= {"sensitivity": results["recall", positive], "specificity": results["recall", negative]}
        results |= {"ppv": results["precision", positive], "npv": results["precision", negative]}
    return results


def confusion(target_n: Ints, predicted_n: Ints, classes: int) -> NDArray[np.int64]:
    """Return the confusion matrix (C,C): rows true, columns predicted."""
    return confusion_of(target_n, predicted_n, classes).counts_CC


def reliability(target_n: Ints, probability_nC: Floats, group_n: Ints | None = None) -> list[dict[str, Any]]:
    """Return the bins of a reliability diagram as an exhibit holds them."""
    return [asdict(b) for b in calibration.reliability(target_n, probability_nC, group_n)]
