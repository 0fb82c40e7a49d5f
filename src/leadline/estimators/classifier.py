"""A classifier with scikit-learn's contract."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_consistent_length, column_or_1d

from leadline.core.catalogue import say
from leadline.core.entries.foreign_attributes import fit_keywords
from leadline.core.schema import Schema
from leadline.estimators.base import Estimator


class Classifier(ClassifierMixin, Estimator):  # type: ignore[misc]  # scikit-learn has no types
    """A network that names one of two or more classes: ``Classifier(epochs=20).fit(X, y).predict_proba(X)``.

    After `fit`, `classes_` (C,) are the labels, `history_` a row a tick as in a run's history, and `weights_` is the
    network in safetensors' form.
    """

    objective = "classification"

    @fit_keywords
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train on X (n,p) and labels y (n,), rows counting as `sample_weight` (n,) says; raises ValueError for
        unusable data.
        """
        frame = self._frame(X, reset=True)
        labels_n = _labels(y)
        check_consistent_length(X, labels_n)
        self.classes_, number_n = np.unique(labels_n, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(say("estimators.one-class", class_=self.classes_.tolist()[0]))
        self._train(frame, number_n, "category", sample_weight)
        return self

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return the probability of each of `classes_` (n,C), float64, rows adding up to 1."""
        probability_nC = self._decisions(X)["probability"].astype(np.float64)[:, self._order()]
        return np.asarray(probability_nC / probability_nC.sum(1, keepdims=True))

    def predict(self, X: Any) -> np.ndarray:
        """Return the label of each row (n,)."""
        number_n = self._decisions(X)["prediction"]
        return np.asarray(self.classes_[np.argsort(self._order())[number_n]])

    def _order(self) -> np.ndarray:
        """Return, for each of `classes_`, its number inside the network, whose classes are in another order."""
        schema: Schema = self._network[1]
        return np.array([schema.classes.index(str(number)) for number in range(len(self.classes_))])


def _labels(y: Any) -> np.ndarray:
    labels_n = np.asarray(column_or_1d(y, warn=True))
    check_classification_targets(labels_n)
    return labels_n
