from __future__ import annotations

import json
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadline.metrics.classification import classifier

AVERAGES = {"balanced_accuracy", "precision_macro", "recall_macro", "f1_macro", "roc_auc", "average_precision"}
WHOLE = {"accuracy", *AVERAGES, "nll", "brier", "ece"}


def scores(n: int, classes: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    target_n = rng.integers(classes, size=n)
    logit_nC = rng.normal(size=(n, classes))
    logit_nC[np.arange(n), target_n] += 2
    power_nC = np.exp(logit_nC)
    return target_n, (power_nC / power_nC.sum(1, keepdims=True)).astype(np.float32)


def test_every_measure_is_there_and_the_same_every_time() -> None:
    target_n, probability_nC = scores(200, 3)
    results = classifier.measure_all(target_n, probability_nC, levels=(0.95, 0.99))
    assert set(results) == WHOLE | {(name, c) for name in ("precision", "recall", "f1") for c in range(3)}
    assert all(m.value is not None and len(m.intervals) == 2 for m in results.values())
    assert results == classifier.measure_all(target_n, probability_nC, levels=(0.95, 0.99))


def test_two_classes_have_rates_of_the_positive_one_at_the_decisions_made() -> None:
    target_n, probability_nC = scores(300, 2)
    called_n = np.where(probability_nC[:, 0] >= 0.2, 0, 1)
    found = classifier.measure_all(target_n, probability_nC, called_n, positive=0)
    assert found["sensitivity"].value == pytest.approx(np.mean(called_n[target_n == 0] == 0))
    assert found["specificity"].value == pytest.approx(np.mean(called_n[target_n == 1] == 1))
    assert found["ppv"].value == pytest.approx(np.mean(target_n[called_n == 0] == 0))
    assert found["npv"].value == pytest.approx(np.mean(target_n[called_n == 1] == 1))
    plain = classifier.measure_all(target_n, probability_nC)
    assert found["roc_auc"].value == pytest.approx(plain["roc_auc"].value)
    assert found["accuracy"].value != plain["accuracy"].value


@pytest.mark.parametrize("rows", [0, 1, 2])
@pytest.mark.parametrize("grouped", [False, True])
def test_hardly_any_rows_give_numbers_or_reasons(rows: int, grouped: bool) -> None:
    target_n, probability_nC = scores(rows, 3)
    group = np.arange(rows) if grouped else None
    for m in classifier.measure_all(target_n, probability_nC, group=group).values():
        assert (m.value is None) == bool(m.why)
        ends = [end for interval in m.intervals for end in interval]
        assert np.isfinite([m.value or 0.0, *ends]).all()


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 40), st.integers(2, 4), st.sampled_from([None, 1, 3, 10]))
def test_intervals_hold_their_value_and_nest(seed: int, n: int, classes: int, groups: int | None) -> None:
    rng = np.random.default_rng(seed)
    target_n = rng.choice(classes, size=n, p=rng.dirichlet(np.full(classes, 0.4)))
    steps_nC = rng.integers(1, 5, size=(n, classes)).astype(float)
    steps_nC[np.arange(n), target_n] *= rng.choice([1, 10])
    group = None if groups is None else rng.integers(groups, size=n)
    results = classifier.measure_all(
        target_n, steps_nC / steps_nC.sum(1, keepdims=True), levels=(0.95, 0.999), group=group
    )
    for name, m in results.items():
        assert (m.value is None) == bool(m.why)
        if m.value is not None and m.intervals:
            (low, high), (wide_low, wide_high) = m.intervals
            assert wide_low <= low <= m.value + 1e-9, name
            assert m.value - 1e-9 <= high <= wide_high, name


def test_ten_thousand_rows_of_ten_classes_are_quick() -> None:
    target_n, probability_nC = scores(10_000, 10)
    start = time.perf_counter()
    classifier.measure_all(target_n, probability_nC, levels=(0.95, 0.975, 0.99))
    assert time.perf_counter() - start < 2


def test_reliability_is_plain_json() -> None:
    bins = classifier.reliability(*scores(300, 4))
    assert json.loads(json.dumps(bins)) == bins
    assert set(bins[0]) == {"confidence", "accuracy", "low", "high", "count"}
