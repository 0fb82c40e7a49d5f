"""The mean over folds and its interval against the formula, and what is said where a fold lacks a measure."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from leadline.core.catalogue import say
from leadline.core.finding import Finding
from leadline.core.report import Report, RunFacts
from leadline.evaluation.folds import over_folds, side_by_side


def report(accuracy: float | None, params: float = 10, mae: float = 1.0) -> Report:
    measured = (
        Finding.absent("accuracy", "no rows", split="test", better="higher")
        if accuracy is None
        else Finding(name="accuracy", split="test", value=accuracy, n=20, better="higher")
    )
    findings = (
        Finding(name="rows", split="train", value=80, unit="rows"),
        Finding(name="rows", split="test", value=20, unit="rows"),
        measured,
        Finding(name="accuracy", split="test", group="baseline=majority", value=0.5, n=20, better="higher"),
        Finding(name="recall", split="test", group="class=cat", value=0.7, n=9, better="higher"),
        Finding(name="mae", split="test", value=mae, n=20, better="lower", unit="USD"),
        Finding(name="params", value=params),
    )
    run = RunFacts(id="fold", started="2026-01-01T00:00:00+00:00", seconds=1)
    return Report(experiment={}, run=run, environment={}, findings=findings)


def test_the_interval_is_the_corrected_t() -> None:
    values = [0.7, 0.8, 0.75, 0.65]
    found = {(f.name, f.group): f for f in over_folds([report(v) for v in values], (0.95, 0.975))}
    mean, spread = np.mean(values), np.std(values, ddof=1)
    size = spread * np.sqrt(1 / 4 + 20 / 80)
    accuracy = found["accuracy", None]
    assert accuracy.value == pytest.approx(mean)
    assert accuracy.n == 80
    assert accuracy.interval == pytest.approx(stats.t.interval(0.95, 3, mean, size))
    low, high = stats.t.interval(0.975, 3, mean, size)
    assert accuracy.at_level(0.975) == pytest.approx((low, min(high, 1.0)))
    assert found["accuracy", "baseline=majority"].value == 0.5
    assert ("recall", "class=cat") not in found


def test_an_interval_stays_within_what_a_measure_can_be() -> None:
    reports = [report(1.0, mae=0.0), report(0.6, mae=3.0)]
    found = {f.name: f for f in over_folds(reports, (0.95,)) if f.group is None}
    assert found["accuracy"].interval[1] == 1.0
    assert found["mae"].interval[0] == 0.0
    assert found["mae"].unit == "USD"


def test_equal_folds_prove_no_certainty() -> None:
    assert next(over_folds([report(0.5), report(0.5)], (0.95,))).interval is None


def test_a_measure_that_a_fold_lacks_is_absent_and_says_so() -> None:
    accuracy = next(over_folds([report(0.5), report(None)], (0.95,)))
    assert accuracy.value is None
    assert accuracy.why == say("evaluation.folds-not-measured", lacking=1, found_count=2)


def test_costs_are_told_where_all_folds_agree() -> None:
    alike = {f.name: f for f in over_folds([report(0.5), report(0.6)], (0.95,))}
    assert alike["params"].value == 10
    assert "params" not in {f.name for f in over_folds([report(0.5), report(0.6, params=11)], (0.95,))}


def test_every_fold_stands_in_the_table() -> None:
    draft = side_by_side([report(0.5), report(0.6)])
    titles = [report(0.5).wording.metric(name).title for name in ("accuracy", "mae")]
    assert draft.content == {
        "columns": ["fold", say("exhibits.test-examples"), *titles],
        "rows": [[1, 20, 0.5, 1.0], [2, 20, 0.6, 1.0]],
    }
