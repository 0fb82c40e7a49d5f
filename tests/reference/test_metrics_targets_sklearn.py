"""Measures of distributions, counts, probabilities and sets of labels agree with scikit-learn's, SciPy's and closed
forms.
"""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats
from sklearn import metrics as sk

from leadline.metrics.classification import multilabel, soft_labels
from leadline.metrics.regression import distribution

LEVEL = (0.95,)
seeds = st.integers(0, 2**32 - 1)


@settings(max_examples=50, deadline=None)
@given(seeds, st.integers(2, 60))
def test_normal_likelihood_is_scipys(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    target_n, mean_n, std_n = rng.normal(size=n), rng.normal(size=n), rng.gamma(2, size=n)
    theirs = -stats.norm.logpdf(target_n, mean_n, std_n)
    np.testing.assert_allclose(distribution.normal_losses(target_n, mean_n, std_n), theirs, rtol=1e-10)


@pytest.mark.parametrize(("target", "mean", "std"), [(0.0, 0.0, 1.0), (2.5, -1.0, 0.3), (-4.0, 1.0, 3.0)])
def test_crps_is_the_integral_of_its_definition(target: float, mean: float, std: float) -> None:
    low, _ = integrate.quad(lambda x: stats.norm.cdf(x, mean, std) ** 2, -60, target)
    high, _ = integrate.quad(lambda x: stats.norm.sf(x, mean, std) ** 2, target, 60)
    (ours,) = distribution.normal_crps(np.array([target]), np.array([mean]), np.array([std]))
    assert ours == pytest.approx(low + high, rel=1e-6)


@settings(max_examples=50, deadline=None)
@given(seeds, st.integers(2, 60), st.floats(0.01, 0.99))
def test_pinball_is_sklearns(seed: int, n: int, share: float) -> None:
    rng = np.random.default_rng(seed)
    target_n, predicted_n = rng.normal(size=n), rng.normal(size=n)
    ours = distribution.pinball(target_n, predicted_n, share).mean()
    assert ours == pytest.approx(sk.mean_pinball_loss(target_n, predicted_n, alpha=share))


@settings(max_examples=50, deadline=None)
@given(seeds, st.integers(2, 60))
def test_deviance_is_sklearns(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    rate_n = rng.gamma(2, size=n) + 0.01
    target_n = rng.poisson(rate_n)
    ours = distribution.deviance(target_n, rate_n, LEVEL)
    assert ours.value == pytest.approx(sk.mean_poisson_deviance(target_n, rate_n))
    explained = distribution.deviance_explained(target_n, rate_n, LEVEL)
    if len(np.unique(target_n)) < 2:
        assert explained.value is None
    else:
        assert explained.value == pytest.approx(sk.d2_tweedie_score(target_n, rate_n, power=1))


def test_coverage_counts_values_within() -> None:
    target_n = np.array([0.0, 1.0, 2.0, 5.0])
    found = distribution.coverage(np.zeros(4), np.full(4, 2.0), target_n, 0.9, LEVEL, None)
    assert found.value == 0.75
    assert found.n == 4
    assert "90 %" in found.method
    assert distribution.reach_of(0.9) == pytest.approx(1.6448536)


@settings(max_examples=50, deadline=None)
@given(seeds, st.integers(1, 60), st.integers(2, 5))
def test_soft_targets_agree(seed: int, n: int, classes: int) -> None:
    rng = np.random.default_rng(seed)
    true_nC, said_nC = rng.dirichlet(np.ones(classes), n), rng.dirichlet(np.ones(classes), n)
    ours = soft_labels.measure_all(true_nC, said_nC, levels=LEVEL)
    assert ours["nll"].value == pytest.approx(np.mean(-np.sum(true_nC * np.log(said_nC), axis=1)))
    assert ours["kl"].value == pytest.approx(
        np.mean([stats.entropy(p, q) for p, q in zip(true_nC, said_nC, strict=True)])
    )
    assert ours["probability_mae"].value == pytest.approx(sk.mean_absolute_error(true_nC, said_nC))
    assert ours["agreement"].value == pytest.approx(sk.accuracy_score(true_nC.argmax(1), said_nC.argmax(1)))
    hard_nC = np.eye(classes)[true_nC.argmax(1)]
    hard = soft_labels.measure_all(hard_nC, said_nC, levels=LEVEL)
    assert hard["nll"].value == pytest.approx(sk.log_loss(hard_nC.argmax(1), said_nC, labels=range(classes)))
    assert hard["kl"].value == pytest.approx(hard["nll"].value)


@settings(max_examples=100, deadline=None)
@given(seeds, st.integers(1, 60), st.integers(1, 5), st.booleans())
def test_sets_agree(seed: int, n: int, labels: int, grouped: bool) -> None:
    rng = np.random.default_rng(seed)
    true_nL = rng.random((n, labels)) < rng.random(labels)
    score_nL = np.round(rng.random((n, labels)), 1)
    said_nL = score_nL > 0.5
    group_n = rng.integers(0, 5, n) if grouped else None
    ours = multilabel.measure_all(true_nL, said_nL, score_nL, levels=LEVEL, group=group_n)
    assert ours["subset_accuracy"].value == pytest.approx(sk.accuracy_score(true_nL, said_nL))
    assert ours["hamming_loss"].value == pytest.approx(sk.hamming_loss(true_nL, said_nL))
    if true_nL.any() or said_nL.any():
        micro = sk.f1_score(true_nL.ravel(), said_nL.ravel())
        assert ours["f1_micro"].value == pytest.approx(micro)
    theirs = sk.precision_recall_fscore_support(true_nL.reshape(n, labels), said_nL, average=None, zero_division=np.nan)
    if labels > 1:  # of one label scikit-learn would report both of its classes
        for name, by_label in zip(("precision", "recall", "f1"), theirs, strict=False):
            for at in range(labels):
                value = ours[name, at].value
                assert (value is None) == bool(np.isnan(by_label[at]))
                assert value is None or value == pytest.approx(by_label[at])
        occur = [at for at in range(labels) if true_nL[:, at].any() or said_nL[:, at].any()]
        if occur:
            assert ours["f1_macro"].value == pytest.approx(np.mean([theirs[2][at] for at in occur]))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        held = [at for at in range(labels) if true_nL[:, at].any()]
        precision = [sk.average_precision_score(true_nL[:, at], score_nL[:, at]) for at in held]
        both = [at for at in held if not true_nL[:, at].all()]
        area = [sk.roc_auc_score(true_nL[:, at], score_nL[:, at]) for at in both]
    for name, values in (("average_precision", precision), ("roc_auc", area)):
        assert ours[name].value == (pytest.approx(np.mean(values)) if values else None)
    for measured in ours.values():
        for low, high in measured.intervals:
            assert measured.value is not None
            assert low - 1e-9 <= measured.value <= high + 1e-9


def test_one_group_for_every_row_changes_little() -> None:
    rng = np.random.default_rng(0)
    true_nL = rng.random((400, 3)) < (0.5, 0.3, 0.1)
    said_nL = np.where(rng.random((400, 3)) < 0.85, true_nL, ~true_nL)
    alone = multilabel.measure_all(true_nL, said_nL, said_nL.astype(float), levels=LEVEL)
    apart = multilabel.measure_all(true_nL, said_nL, said_nL.astype(float), levels=LEVEL, group=np.arange(400))
    for name, measured in alone.items():
        np.testing.assert_allclose(apart[name].intervals, measured.intervals, atol=0.03, err_msg=str(name))
