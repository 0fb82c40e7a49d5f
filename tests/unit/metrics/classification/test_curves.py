from __future__ import annotations

import json

import numpy as np
import pytest

from leadline.metrics.classification import curves


def drawn(n: int, classes: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    target_n = rng.integers(classes, size=n)
    score_nC = rng.normal(size=(n, classes))
    score_nC[np.arange(n), target_n] += 1.5
    return target_n, np.exp(score_nC) / np.exp(score_nC).sum(1, keepdims=True)


def test_two_classes_have_one_curve_with_the_decisions_on_it() -> None:
    target_n, probability_nC = drawn(500, 2)
    predicted_n = (probability_nC[:, 1] >= 0.3).astype(int)
    found = curves.content(target_n, probability_nC, predicted_n, ["no", "yes"], 1)
    assert json.loads(json.dumps(found)) == found
    (line,), (point,) = found["roc"]["series"], found["roc"]["points"]
    assert line["name"] == "yes"
    assert (line["x"][0], line["y"][0], line["x"][-1], line["y"][-1]) == (0, 0, 1, 1)
    assert point["x"] == pytest.approx(np.mean(predicted_n[target_n == 0]))
    assert point["y"] == pytest.approx(np.mean(predicted_n[target_n == 1]))
    assert point["x_low"] < point["x"] < point["x_high"]
    at = np.interp(point["x"], line["x"], line["y"])
    assert at == pytest.approx(point["y"], abs=0.02)
    assert found["precision_recall"]["level"]["y"] == pytest.approx(np.mean(target_n == 1))
    (other,) = found["precision_recall"]["points"]
    assert other["x"] == point["y"]


def test_more_classes_have_a_curve_each_up_to_ten() -> None:
    target_n, probability_nC = drawn(400, 4)
    target_n[target_n == 3] = 2
    found = curves.content(target_n, probability_nC, probability_nC.argmax(1), list("abcd"), None)
    assert [s["name"] for s in found["roc"]["series"]] == ["a", "b", "c"]
    assert found["roc"]["points"] == []
    assert found["precision_recall"]["level"] is None
    many = drawn(400, 11)
    assert curves.content(*many, many[0], [str(k) for k in range(11)], None) == {}


def test_one_class_alone_or_no_row_has_no_curve() -> None:
    target_n, probability_nC = drawn(50, 2)
    assert curves.content(np.zeros(50, dtype=int), probability_nC, target_n, ["a", "b"], 1) == {}
    assert curves.content(target_n[:0], probability_nC[:0], target_n[:0], ["a", "b"], 1) == {}


def test_long_curves_are_thinned_along_their_way() -> None:
    rng = np.random.default_rng(0)
    positive_n = np.arange(100_000) % 200 == 0
    x, y = curves.roc(positive_n, rng.normal(size=100_000) + 3 * positive_n)
    series = curves._series("rare", x, y)
    assert len(series["x"]) <= curves.MOST_POINTS + 2
    gaps = np.abs(np.diff(series["x"])) + np.abs(np.diff(series["y"]))
    assert gaps.max() < 0.02
