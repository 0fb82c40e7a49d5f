"""Measures of sets of labels at their edges: no rows, unseen labels, no error."""

from __future__ import annotations

import numpy as np

from leadline.core.catalogue import say
from leadline.metrics.classification import multilabel

LEVELS = (0.95, 0.99)


def test_without_rows_everything_is_absent() -> None:
    empty = np.empty((0, 3))
    found = multilabel.measure_all(empty > 0, empty > 0, empty, levels=LEVELS)
    assert {"subset_accuracy", ("recall", 2)} <= set(found)
    assert all(m.value is None for m in found.values())


def test_labels_that_never_occur_say_so() -> None:
    true_nL = np.array([[1, 0, 0], [0, 0, 0], [1, 0, 0], [0, 0, 0]]) > 0
    said_nL = np.array([[1, 0, 1], [0, 0, 0], [0, 0, 0], [0, 0, 0]]) > 0
    found = multilabel.measure_all(true_nL, said_nL, said_nL.astype(float), levels=LEVELS)
    assert found["recall", 1].why == say("metrics.label-absent")
    assert found["precision", 1].why == say("metrics.label-never-predicted")
    assert found["f1", 2].value == 0
    assert "of the 2 labels that occur" in found["f1_macro"].method
    assert "of the 1 labels that occur" in found["roc_auc"].method
    nothing = multilabel.measure_all(true_nL & False, said_nL & False, said_nL.astype(float), levels=LEVELS)
    assert nothing["subset_accuracy"].value == 1
    assert nothing["f1_micro"].value is None
    assert nothing["average_precision"].why == say("metrics.no-labels")


def test_a_perfect_prediction_is_still_in_doubt() -> None:
    true_nL = np.random.default_rng(0).random((50, 3)) < 0.4
    found = multilabel.measure_all(true_nL, true_nL, true_nL.astype(float), levels=LEVELS)
    for name in ("subset_accuracy", "f1_micro", "f1_macro", "average_precision", "roc_auc"):
        assert found[name].value == 1
        low, high = found[name].intervals[0]
        assert low < 0.99
        assert high == 1
    assert found["hamming_loss"].value == 0
