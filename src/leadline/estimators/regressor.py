"""A regressor with scikit-learn's contract."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.utils.validation import assert_all_finite, check_consistent_length, column_or_1d

from leadline.core.entries.foreign_attributes import fit_keywords
from leadline.estimators.base import Estimator


class Regressor(RegressorMixin, Estimator):  # type: ignore[misc]  # scikit-learn has no types
    """A network that predicts a number: ``Regressor(epochs=20).fit(X, y).predict(X)``.

    After `fit`, `history_` has a row a tick as in a run's history, and `weights_` is the network in safetensors' form.
    """

    objective = "regression"

    @fit_keywords
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train on X (n,p) and numbers y (n,), rows counting as `sample_weight` (n,) says; raises ValueError for
        unusable data.
        """
        frame = self._frame(X, reset=True)
        value_n = np.asarray(column_or_1d(y, warn=True))
        check_consistent_length(X, value_n)
        value_n = value_n.astype(np.float64)
        assert_all_finite(value_n, input_name="y")
        self._train(frame, value_n, "number", sample_weight)
        return self

    def predict(self, X: Any) -> np.ndarray:
        """Return the number predicted for each row (n,), float64."""
        return self._decisions(X)["prediction"].astype(np.float64)
