"""Measures of probabilities against probabilities where there are no rows."""

from __future__ import annotations

import numpy as np

from leadline.metrics.classification import soft_labels


def test_without_rows_everything_is_absent() -> None:
    empty = np.empty((0, 3))
    assert all(m.value is None for m in soft_labels.measure_all(empty, empty, levels=(0.95, 0.99)).values())
