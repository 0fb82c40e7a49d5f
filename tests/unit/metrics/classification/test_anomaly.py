"""Scores against anomalies."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from leadline.core.catalogue import say
from leadline.metrics.classification.anomaly import NAMES, measure_all


def rows(n=300):
    generator = np.random.default_rng(0)
    normal = generator.random(n) < 0.8
    score = generator.normal(size=n) + 1.5 * ~normal
    return normal, score, score > 1.0


def test_measures_agree_with_their_definitions():
    normal, score, called = rows()
    found = measure_all(normal, score, called, (0.95,))
    assert set(found) == set(NAMES)
    assert found["roc_auc"].value == pytest.approx(roc_auc_score(~normal, score))
    assert found["average_precision"].value == pytest.approx(average_precision_score(~normal, score))
    assert found["false_positive_rate"].value == pytest.approx(called[normal].mean())
    assert found["sensitivity"].value == pytest.approx(called[~normal].mean())
    assert found["false_positive_rate"].n == normal.sum()
    for one in found.values():
        assert one.intervals[0][0] <= one.value <= one.intervals[0][1]


def test_without_declared_anomalies_only_alarms_are_counted():
    normal, score, called = rows()
    assert set(measure_all(normal, score, called, (0.95,), ranked=False)) == {"false_positive_rate"}


def test_what_cannot_be_told_is_absent():
    normal, score, called = rows()
    all_normal = measure_all(np.ones(300, bool), score, called, (0.95,))
    assert all_normal["roc_auc"].value is None
    assert all_normal["sensitivity"].why == say("metrics.no-anomalies")
    score[3] = np.inf
    assert measure_all(normal, score, called, (0.95,))["roc_auc"].why == say("metrics.scores-not-finite")
    assert all(one.value is None for one in measure_all(normal[:0], score[:0], called[:0], (0.95,)).values())


def test_groups_widen_intervals():
    normal, score, called = (np.repeat(x, 4) for x in rows())
    alone = measure_all(normal, score, called, (0.95,))["false_positive_rate"].intervals[0]
    grouped = measure_all(normal, score, called, (0.95,), np.repeat(np.arange(300), 4))[
        "false_positive_rate"
    ].intervals[0]
    assert grouped[1] - grouped[0] > 1.5 * (alone[1] - alone[0])
