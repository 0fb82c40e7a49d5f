"""Multinomial logistic regression by L-BFGS, on dense or sparse rows, for one penalty after another.

scikit-learn's takes rows in float32 to float64 at every step, which made pictures take minutes, and has one penalty for
all weights, where n-grams are weighted class by class.

Shapes in names: n rows, D columns, K classes.
"""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse
from scipy.optimize import minimize
from scipy.special import log_softmax

LARGE = 4_000_000  # numbers of dense rows, from which on float32 is exact enough


class SoftmaxWeights(NamedTuple):
    """Weights (K,D) and biases (K,), and whether the search for them converged."""

    weight_KD: np.ndarray
    bias_K: np.ndarray
    converged: bool


class SoftmaxRegression:
    """Minimises the summed cross-entropy, plus `l2` times half the squared weights; the search for one penalty begins
    where that for the last one ended.

    Of two classes there is one vector of weights, and its negative: the penalty is that of the one. `scale_KD` says how
    large each weight is for its share of the penalty. A large dense problem is solved in float32, and less closely.
    """

    def __init__(
        self,
        x_nD: np.ndarray | scipy.sparse.csr_matrix,
        class_n: np.ndarray,
        weight_n: np.ndarray,
        max_iter: int,
        scale_KD: np.ndarray | None = None,
    ) -> None:
        large = isinstance(x_nD, np.ndarray) and x_nD.size > LARGE
        self.x_nD: Any = x_nD.astype(np.float32 if large else np.float64, copy=False)
        self.class_n, self.weight_n, self.max_iter, self.scale_KD = class_n, weight_n, max_iter, scale_KD
        self.shape = (int(class_n.max()) + 1, x_nD.shape[1])
        self.total = max(float(weight_n.sum()), 1e-12)
        self.close = {"ftol": 1e-6, "gtol": 1e-5} if large else {"ftol": 1e-10, "gtol": 1e-6}
        self.start = np.zeros(self.shape[0] * self.shape[1] + self.shape[0])

    def solve(self, l2: float) -> SoftmaxWeights:
        """Return the weights for a penalty."""
        penalty = 2 * l2 if self.shape[0] == 2 else l2
        options: Any = {"maxiter": self.max_iter, **self.close}
        found = minimize(partial(self._loss, penalty), self.start, jac=True, method="L-BFGS-B", options=options)
        self.start = found.x
        weight_KD, bias_K = self._parted(found.x)
        return SoftmaxWeights(self._scaled(weight_KD), bias_K, found.nit < self.max_iter)

    def _loss(self, penalty: float, flat: np.ndarray) -> tuple[float, np.ndarray]:
        """Return the penalised cross-entropy a row, and its slope."""
        weight_KD, bias_K = self._parted(flat)
        own_KD = self._scaled(weight_KD).astype(self.x_nD.dtype, copy=False)
        log_nK = log_softmax(self.x_nD @ own_KD.T + bias_K.astype(self.x_nD.dtype), axis=1)
        row_n = np.arange(len(log_nK))
        loss = -float((self.weight_n * log_nK[row_n, self.class_n]).sum())
        slope_nK = np.exp(log_nK)
        slope_nK[row_n, self.class_n] -= 1
        slope_nK *= self.weight_n[:, None].astype(slope_nK.dtype)
        slope_KD = self._scaled(np.asarray(self.x_nD.T @ slope_nK, dtype=np.float64).T) + penalty * weight_KD
        slope_K = slope_nK.sum(0, dtype=np.float64)
        loss += penalty / 2 * float(np.square(weight_KD).sum())
        return loss / self.total, np.concatenate([slope_KD.ravel(), slope_K]) / self.total

    def _parted(self, flat: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        size = self.shape[0] * self.shape[1]
        return flat[:size].reshape(self.shape), flat[size:]

    def _scaled(self, weight_KD: np.ndarray) -> np.ndarray:
        return weight_KD if self.scale_KD is None else weight_KD * self.scale_KD
