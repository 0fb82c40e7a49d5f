"""Every measure agrees with scikit-learn's, with ties, rare and missing classes among the cases."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from leadline.metrics.classification import classifier, curves
from leadline.metrics.classification.calibration import reliability
from leadline.metrics.classification.precision_recall import influence
from leadline.metrics.regression import regressor

Case = tuple[np.ndarray, np.ndarray]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Draw classes, some of which may be missing, and probabilities in coarse steps, so that scores tie."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    classes = draw(st.integers(2, 6))
    n = draw(st.integers(1, 60))
    weight_C = rng.dirichlet(np.full(classes, 0.5))
    target_n = rng.choice(classes, size=n, p=weight_C)
    steps_nC = rng.integers(1, draw(st.integers(2, 30)), size=(n, classes)).astype(float)
    steps_nC[np.arange(n), target_n] *= draw(st.sampled_from([1, 2, 5]))
    return target_n, steps_nC / steps_nC.sum(1, keepdims=True)


@settings(max_examples=150, deadline=None)
@given(cases())
def test_counts_agree(case: Case) -> None:
    target_n, probability_nC = case
    classes = probability_nC.shape[1]
    predicted_n = probability_nC.argmax(1)
    ours = classifier.measure_all(target_n, probability_nC)
    assert ours["accuracy"].value == pytest.approx(sk.accuracy_score(target_n, predicted_n))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert ours["balanced_accuracy"].value == pytest.approx(sk.balanced_accuracy_score(target_n, predicted_n))
    assert ours["f1_macro"].value == pytest.approx(sk.f1_score(target_n, predicted_n, average="macro"))
    every = list(range(classes))
    theirs = sk.precision_recall_fscore_support(target_n, predicted_n, labels=every, zero_division=np.nan)
    for name, by_class in zip(("precision", "recall", "f1"), theirs, strict=False):
        for c in every:
            value = ours[name, c].value
            assert (value is None) == bool(np.isnan(by_class[c]))
            assert value is None or value == pytest.approx(by_class[c])
    if ours["precision_macro"].value is not None:
        assert ours["precision_macro"].value == pytest.approx(
            sk.precision_score(target_n, predicted_n, average="macro")
        )
    counts_CC = classifier.confusion(target_n, predicted_n, classes)
    assert counts_CC.tolist() == sk.confusion_matrix(target_n, predicted_n, labels=every).tolist()


@settings(max_examples=150, deadline=None)
@given(cases())
def test_probabilities_agree(case: Case) -> None:
    target_n, probability_nC = case
    classes = probability_nC.shape[1]
    ours = classifier.measure_all(target_n, probability_nC)
    assert ours["nll"].value == pytest.approx(sk.log_loss(target_n, probability_nC, labels=list(range(classes))))
    one_hot_nC = np.eye(classes)[target_n]
    if classes == 2:
        assert ours["brier"].value == pytest.approx(sk.brier_score_loss(target_n, probability_nC[:, 1], pos_label=1))
    else:
        assert ours["brier"].value == pytest.approx(np.mean(np.sum((probability_nC - one_hot_nC) ** 2, axis=1)))


@settings(max_examples=150, deadline=None)
@given(cases())
def test_areas_agree(case: Case) -> None:
    target_n, probability_nC = case
    ours = classifier.measure_all(target_n, probability_nC)["roc_auc"].value
    present = np.unique(target_n)
    if len(present) < 2:
        assert ours is None
    elif probability_nC.shape[1] == 2:
        assert ours == pytest.approx(sk.roc_auc_score(target_n, probability_nC[:, 1]))
    else:
        assert ours == pytest.approx(np.mean([sk.roc_auc_score(target_n == c, probability_nC[:, c]) for c in present]))


@settings(max_examples=150, deadline=None)
@given(cases(), st.integers(0, 1))
def test_average_precisions_agree(case: Case, positive: int) -> None:
    target_n, probability_nC = case
    ours = classifier.measure_all(target_n, probability_nC, positive=positive)["average_precision"].value
    present = np.unique(target_n)
    if len(present) < 2:
        assert ours is None
        return
    some = [positive] if probability_nC.shape[1] == 2 else present
    assert ours == pytest.approx(
        np.mean([sk.average_precision_score(target_n == c, probability_nC[:, c]) for c in some])
    )


@settings(max_examples=100, deadline=None)
@given(cases())
def test_curves_agree(case: Case) -> None:
    target_n, probability_nC = case
    positive_n, score_n = target_n == 0, probability_nC[:, 0]
    if not 0 < positive_n.sum() < len(positive_n):
        return
    theirs_x, theirs_y, _ = sk.roc_curve(positive_n, score_n, drop_intermediate=False)
    ours_x, ours_y = curves.roc(positive_n, score_n)
    np.testing.assert_allclose(ours_x, theirs_x)
    np.testing.assert_allclose(ours_y, theirs_y)
    precision, recall, _ = sk.precision_recall_curve(positive_n, score_n)
    found, deserved = curves.precision_recall(positive_n, score_n)
    np.testing.assert_allclose(found[::-1], recall[:-1])
    np.testing.assert_allclose(deserved[::-1], precision[:-1])


def test_influences_are_derivatives_by_the_weight_of_a_row() -> None:
    rng = np.random.default_rng(0)
    positive_n, step = rng.random(200) < 0.3, 1e-6
    score_n = np.round(rng.normal(size=200) + positive_n, 1)
    value, influence_n, _ = influence(positive_n, score_n)
    for row in (0, 3, 50, 77, 150):
        weight_n = np.ones(200)
        weight_n[row] += step
        nudged = sk.average_precision_score(positive_n, score_n, sample_weight=weight_n)
        assert influence_n[row] == pytest.approx((nudged - value) / step, abs=1e-6)


@settings(max_examples=100, deadline=None)
@given(st.integers(2, 80), st.integers(0, 2**32 - 1))
def test_regression_agrees(n: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    target_n, predicted_n = rng.normal(5, 3, size=n), rng.normal(5, 3, size=n)
    ours = regressor.measure_all(target_n, predicted_n)
    assert ours["mse"].value == pytest.approx(sk.mean_squared_error(target_n, predicted_n))
    assert ours["rmse"].value == pytest.approx(sk.root_mean_squared_error(target_n, predicted_n))
    assert ours["mae"].value == pytest.approx(sk.mean_absolute_error(target_n, predicted_n))
    assert ours["median_absolute_error"].value == pytest.approx(sk.median_absolute_error(target_n, predicted_n))
    assert ours["r2"].value == pytest.approx(sk.r2_score(target_n, predicted_n))


def test_reliability_agrees_with_quantile_bins() -> None:
    from sklearn.calibration import calibration_curve

    rng = np.random.default_rng(0)
    claim_n = rng.uniform(0.5, 1, size=1500)
    right_n = rng.random(1500) < claim_n**2
    bins = reliability(right_n.astype(int), np.stack([1 - claim_n, claim_n], axis=1))
    share_B, mean_B = calibration_curve(right_n, claim_n, n_bins=15, strategy="quantile")
    assert [b.accuracy for b in bins] == pytest.approx(share_B)
    assert [b.confidence for b in bins] == pytest.approx(mean_B)
