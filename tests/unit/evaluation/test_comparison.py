from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from leadline.core.catalogue import say
from leadline.core.component import Component
from leadline.core.exhibit import ExhibitDraft
from leadline.core.finding import Finding
from leadline.core.schema import ColumnSchema, Schema
from leadline.evaluation.baselines import Baseline
from leadline.evaluation.comparison import Model, compare, comparison_findings
from leadline.metrics.statistics import paired
from leadline.objectives.contract import EvaluationContext
from leadline.objectives.lookup import objective_for

CLASSES = objective_for(Component(name="classification"))
NUMBER = objective_for(Component(name="regression"))

N = 600


def right(share: float, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random(N) < share


def test_all_pairs_are_compared_at_a_level_that_holds_for_all() -> None:
    models = [Model("a", right(0.9, 1), 3.0), Model("b", right(0.8, 2), 2.0), Model("c", right(0.4, 3), 1.0)]
    found = compare(models, 0.95)
    assert found.level == pytest.approx(1 - 0.05 / 3)
    expected = paired.accuracy_difference(models[0].score_n, models[1].score_n, (1 - 0.05 / 3,))
    assert found.differences["a", "b"] == expected
    assert found.gain("b", "a").value == -expected.value
    assert found.gain("b", "a").intervals[0] == (-expected.intervals[0][1], -expected.intervals[0][0])
    assert found.worse == {"b", "c"}
    assert found.cheapest == "a"


def test_the_smallest_of_those_that_cannot_be_told_from_the_best_is_chosen() -> None:
    alike = right(0.9)
    other = alike.copy()
    other[:5] = ~other[:5]
    found = compare(
        [Model("network", alike, 3.0), Model("small", other, 0.1), Model("smaller", right(0.3), 0.01)], 0.95
    )
    assert found.worse == {"smaller"}
    assert found.cheapest == "small"


def test_a_model_that_only_the_second_best_beats_is_worse_too() -> None:
    """A difference to a model that varies with it shows where that to a better one, which does not, cannot."""
    rng = np.random.default_rng(0)
    noise = rng.normal(size=N)
    models = [Model("best", rng.normal(size=N), 3.0), Model("near", noise, 2.0), Model("nearer", noise - 0.01, 1.0)]
    assert "nearer" in compare(models, 0.95).worse


def test_groups_count_as_fewer_rows() -> None:
    models = [Model(name, np.arange(N) // 100 < groups, 1.0) for name, groups in (("a", 5), ("b", 4))]
    assert compare(models, 0.95).worse == {"b"}
    assert compare(models, 0.95, np.arange(N) // 100).worse == frozenset()


def classified(share: float, target: np.ndarray, seed: int) -> dict[str, np.ndarray]:
    sure = np.random.default_rng(seed).random(N) < share
    prediction = np.where(sure, target, 1 - target)
    return {"prediction": prediction, "probability": np.eye(2)[prediction] * 0.8 + 0.1}


def context(target: np.ndarray, **state: Any) -> EvaluationContext:
    kind = "category" if "classes" in state else "number"
    return EvaluationContext(
        "test", target, None, Schema(inputs=(), target=ColumnSchema(name="y", kind=kind, state=state))
    )


def said(share: dict[str, float], **failed: str) -> tuple[list[Finding], ExhibitDraft | None]:
    target = np.random.default_rng(9).integers(0, 2, N)
    models = {name: Baseline(name, classified(s, target, seed), 100, 1.0, 10, 1.0 / (seed + 1), 0.5)
              for seed, (name, s) in enumerate(share.items())}  # fmt: skip
    network = models.pop("network")
    constant = Baseline(
        "majority", CLASSES.decision.dummy_predictor(target, N, context(target, classes=["n", "y"]).schema)[1], 100
    )
    ones = [*models.values(), *(Baseline(name, {}, 0, why=why) for name, why in failed.items())]
    items = list(
        comparison_findings(network, ones, constant, CLASSES, context(target, classes=["n", "y"]), "train --network {}")
    )
    findings = [item for item in items if isinstance(item, Finding)]
    return findings, next((item for item in items if isinstance(item, ExhibitDraft)), None)


def find(findings: list[Finding], label: str) -> Finding:
    return next(f for f in findings if f.label == label)


def test_findings_say_what_baselines_reach_cost_and_how_they_compare() -> None:
    findings, table = said({"network": 0.8, "svm": 0.95, "linear": 0.79})
    assert find(findings, "accuracy(svm)").value == pytest.approx(0.95, abs=0.03)
    difference = find(findings, "accuracy_difference(svm)")
    assert difference.value == pytest.approx(0.15, abs=0.05) and difference.interval[0] > 0
    assert difference.level == pytest.approx(1 - 0.05 / 3)
    assert (
        find(findings, "accuracy_difference(linear)").interval[0]
        < 0
        < find(findings, "accuracy_difference(linear)").interval[1]
    )
    assert [find(findings, f"{name}(svm)").value for name in ("params", "size_mb", "latency_ms", "train_seconds")] == [
        10,
        0.5,
        0.5,
        1,
    ]
    chosen = find(findings, "smallest_not_worse(svm)")
    assert chosen.again.options["worse"] == ["linear", "network"]
    assert chosen.again.options["command"] == "train --network svm"
    assert [row[0] for row in table.content["rows"]] == ["network", "svm", "linear", "majority"]
    assert [row[3] for row in table.content["rows"]] == [
        say("exhibits.significantly-worse"),
        say("exhibits.smallest-not-worse"),
        say("exhibits.significantly-worse"),
        "",
    ]


def test_the_network_may_be_the_cheapest_that_is_not_worse() -> None:
    chosen = find(said({"network": 0.95, "linear": 0.6})[0], "smallest_not_worse(network)")
    assert chosen.value == 0.0 and chosen.interval is None
    assert chosen.again.options["command"] is None


def test_a_baseline_that_could_not_be_fitted_is_absent_with_its_reason() -> None:
    findings, _ = said({"network": 0.9, "linear": 0.9}, svm="svm could not be fitted: too odd")
    assert find(findings, "accuracy(svm)").why == "svm could not be fitted: too odd"
    findings, table = said({"network": 0.9}, svm="svm could not be fitted: too odd")
    assert [f.value for f in findings] == [None]
    assert table is None


def test_numbers_are_compared_by_their_errors() -> None:
    rng = np.random.default_rng(0)
    target = rng.normal(size=N)
    network, better = ({"prediction": target + rng.normal(size=N) * s} for s in (1.0, 0.3))
    names = ("network", "linear")
    ones = [Baseline(name, d, 100, 1.0, 10, 1.0, 0.5) for name, d in zip(names, (network, better), strict=True)]
    constant = Baseline("mean", {"prediction": np.zeros(N)}, 100)
    findings = [
        f
        for f in comparison_findings(ones[0], ones[1:], constant, NUMBER, context(target, mean=0.0, std=1.0), "{}")
        if isinstance(f, Finding)
    ]
    gain = find(findings, "mae_difference(linear)")
    expected = np.abs(network["prediction"] - target).mean() - np.abs(better["prediction"] - target).mean()
    assert gain.value == pytest.approx(expected)
    assert gain.interval[0] > 0 and gain.unit == "y"
