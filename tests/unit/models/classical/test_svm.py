from __future__ import annotations

import re

import numpy as np
import pytest
import torch
from fitting_rows import SPEC, part, rows
from sklearn.metrics.pairwise import rbf_kernel
from sklearn.svm import SVC, LinearSVC, LinearSVR

from leadline.models.classical.svm import SVM, Options, fit
from sentences import says


def fitted(
    outputs: int, count: int = 700, validation: bool = True, **options: object
) -> tuple[SVM, np.ndarray, np.ndarray]:
    sample = rows(outputs, count)
    model = SVM(SPEC, outputs, Options(**{"n_components": 60, **options}))
    held = part(sample, slice(-200, None))
    fit(model, part(sample, slice(0, -200)), held if validation else None, 0)
    return model, sample.x_nF, sample.target_n


@pytest.mark.parametrize("outputs", [1, 2, 3])
def test_scores_agree_with_scikit_learn_on_the_kernel_of_the_landmarks(outputs: int) -> None:
    model, _, _ = fitted(outputs)
    sample = part(rows(outputs, 700), slice(0, -200))
    landmark_MG = model.landmark_MG.double().numpy()
    gamma = float(model.gamma)
    values_M, vectors_MM = np.linalg.eigh(rbf_kernel(landmark_MG, gamma=gamma))
    kept = values_M > 1e-4 * values_M[-1]
    to_D = vectors_MM[:, kept] / np.sqrt(values_M[kept])
    x_nD = rbf_kernel(model.encoding.rows(sample.x_nF).astype(np.float64), landmark_MG, gamma=gamma) @ to_D
    if outputs == 1:
        loss = "squared_epsilon_insensitive"
        theirs = (
            LinearSVR(C=1.0, epsilon=0.1, loss=loss, dual=False)
            .fit(x_nD, sample.target_n, sample.weight_n)
            .predict(x_nD)
        )
        mine = model(torch.from_numpy(sample.x_nF))[:, 0].numpy()
    else:
        machine = LinearSVC(C=1.0, dual=False).fit(x_nD, sample.target_n, sample.weight_n)
        theirs = machine.decision_function(x_nD)
        scores = model(torch.from_numpy(sample.x_nF)).numpy()
        mine = scores[:, 1] - scores[:, 0] if outputs == 2 else scores
        # up to the factor that makes probabilities of them
        theirs = theirs * (np.abs(mine).max() / np.abs(theirs).max())
    np.testing.assert_allclose(mine, theirs, atol=2e-3 * np.abs(theirs).max())


def test_with_every_row_a_landmark_it_decides_like_the_exact_machine() -> None:
    model, x_nF, target_n = fitted(2, count=500, n_components=1000, c=10.0)
    x_nG = model.encoding.rows(x_nF)
    exact = SVC(C=10.0, gamma=float(model.gamma)).fit(x_nG[:300], target_n[:300])
    mine = model(torch.from_numpy(x_nF)).argmax(1).numpy()
    assert (mine == exact.predict(x_nG)).mean() > 0.93  # the hinge is squared here


def test_validation_rows_make_probabilities_of_the_margins() -> None:
    model, x_nF, target_n = fitted(2)
    scores = model(torch.from_numpy(x_nF[-200:])).double()
    target = torch.from_numpy(target_n[-200:])
    weight = torch.from_numpy(rows(2, 700).weight_n[-200:])
    losses = [
        float((weight * torch.nn.functional.cross_entropy(scores * factor, target, reduction="none")).sum())
        for factor in (0.7, 1.0, 1.4)
    ]
    assert losses[1] < losses[0] and losses[1] < losses[2]


def test_without_validation_rows_it_says_so() -> None:
    sample = rows(2, 300)
    note = fit(SVM(SPEC, 2, Options(n_components=20)), sample, None, 0).notes[0]
    assert "no validation rows" in note


def test_more_rows_than_it_takes_are_drawn_and_noted() -> None:
    sample = rows(2, 600)
    model = SVM(SPEC, 2, Options(n_components=20, max_samples=100))
    said = fit(model, sample, sample, 0).notes[0]
    assert re.fullmatch(says("models.svm-fitted-to-some", rows=100), said)
    again = SVM(SPEC, 2, Options(n_components=20, max_samples=100))
    fit(again, sample, sample, 0)
    assert torch.equal(model.weight_OM, again.weight_OM)
