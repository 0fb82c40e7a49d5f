from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadline.metrics.classification import operating_point


def rates(positive_n: np.ndarray, called_n: np.ndarray) -> dict[str, float]:
    hits = float((positive_n & called_n).sum())
    sensitivity = hits / positive_n.sum()
    specificity = float((~positive_n & ~called_n).sum()) / (~positive_n).sum()
    return {
        "sensitivity": sensitivity,
        "specificity": specificity,
        "precision": hits / called_n.sum() if called_n.any() else np.nan,
        "f1": 2 * hits / (positive_n.sum() + called_n.sum()),
        "youden": sensitivity + specificity - 1,
    }


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(4, 60), st.sampled_from(["f1", "youden"]))
def test_the_best_threshold_is_the_best_of_all(seed: int, n: int, rule: str) -> None:
    rng = np.random.default_rng(seed)
    positive_n = np.arange(n) % 3 == 0
    probability_n = (rng.integers(0, 20, size=n) / 20).astype(np.float32)
    chosen = operating_point.choose(positive_n, probability_n, rule)
    assert chosen is not None
    every = [rates(positive_n, probability_n >= t)[rule] for t in np.unique(probability_n)]
    assert chosen.reached == pytest.approx(max(every))
    assert rates(positive_n, probability_n >= np.float32(chosen.threshold))[rule] == pytest.approx(max(every))


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(4, 60), st.sampled_from(operating_point.WANTED), st.floats(0.05, 1.0))
def test_what_is_wanted_is_reached_with_the_most_of_the_other(seed: int, n: int, rule: str, wanted: float) -> None:
    rng = np.random.default_rng(seed)
    positive_n = np.arange(n) % 3 == 0
    probability_n = (rng.integers(0, 20, size=n) / 20).astype(np.float32)
    chosen = operating_point.choose(positive_n, probability_n, rule, wanted)
    found = [rates(positive_n, probability_n >= t) for t in np.unique(probability_n)]
    enough = [one for one in found if one[rule] >= wanted]
    assert (chosen is None) == (not enough)
    if chosen is not None:
        got = rates(positive_n, probability_n >= np.float32(chosen.threshold))
        other = "specificity" if rule == "sensitivity" else "sensitivity"
        assert got[rule] >= wanted
        assert got[other] == pytest.approx(max(one[other] for one in enough))


def test_a_threshold_lies_between_neighbours_even_where_float32_hardly_can() -> None:
    low = np.float32(0.3)
    high = np.nextafter(low, np.float32(1))
    chosen = operating_point.choose(np.array([True, False]), np.array([high, low]), "youden")
    assert chosen is not None
    assert (np.array([high, low]) >= np.float32(chosen.threshold)).tolist() == [True, False]
    chosen = operating_point.choose(np.array([True, False]), np.array([0.9, 0.1]), "youden")
    assert chosen is not None
    assert chosen.threshold == pytest.approx(0.5)
