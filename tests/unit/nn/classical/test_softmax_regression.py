from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse
from sklearn.linear_model import LogisticRegression

from leadline.nn.classical import softmax_regression
from leadline.nn.classical.softmax_regression import SoftmaxRegression


def rows(classes: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    x_nD = rng.normal(size=(300, 5)) * [1, 3, 0.2, 1, 1]
    score_n = x_nD @ [1, -0.5, 4, 0, 0] + rng.normal(size=300)
    class_n = np.digitize(score_n, np.quantile(score_n, np.linspace(0, 1, classes + 1)[1:-1]))
    return x_nD, class_n, rng.uniform(0.2, 3, 300)


@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize("form", ["dense", "sparse", "large"])
def test_it_agrees_with_scikit_learn(classes: int, form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if form == "large":
        monkeypatch.setattr(softmax_regression, "LARGE", 1)
    x_nD, class_n, weight_n = rows(classes)
    solver = SoftmaxRegression(scipy.sparse.csr_matrix(x_nD) if form == "sparse" else x_nD, class_n, weight_n, 500)
    for l2 in (10.0, 0.3):  # the second search begins where the first one ended
        found = solver.solve(l2)
        theirs = LogisticRegression(C=1 / l2, max_iter=2000, tol=1e-9).fit(x_nD, class_n, weight_n)
        score_nK = x_nD @ found.weight_KD.T + found.bias_K
        mine = np.exp(score_nK) / np.exp(score_nK).sum(1, keepdims=True)
        np.testing.assert_allclose(mine, theirs.predict_proba(x_nD), atol=5e-3 if form == "large" else 1e-4)
        assert found.converged


def test_scaled_columns_are_held_back_less() -> None:
    x_nD, class_n, weight_n = rows(3)
    scale_KD = np.ones((3, 5))
    scale_KD[:, 2] = 30
    scaled = SoftmaxRegression(x_nD, class_n, weight_n, 500, scale_KD).solve(50.0).weight_KD
    wide = x_nD * [1, 1, 30, 1, 1]
    by_hand = SoftmaxRegression(wide, class_n, weight_n, 500).solve(50.0).weight_KD * [1, 1, 30, 1, 1]
    np.testing.assert_allclose(scaled, by_hand, atol=1e-3)


def test_a_search_that_is_cut_short_says_so() -> None:
    assert not SoftmaxRegression(*rows(3), 2).solve(0.1).converged
