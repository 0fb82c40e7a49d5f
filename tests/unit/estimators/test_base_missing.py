"""Numbers and words that stand for a missing value are parameters of estimators."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from leadline.core.schema import Schema
from leadline.estimators.classifier import Classifier
from leadline.estimators.regressor import Regressor
from sentences import says

RNG = np.random.default_rng(0)
N = 80
GONE = np.arange(N) % 4 == 0
INSULIN = np.where(GONE, 0, RNG.integers(15, 300, N)).astype(float)
FRAME = pd.DataFrame({"age": RNG.integers(0, 90, N), "insulin": INSULIN, "town": np.where(GONE, "-", "Ulm")})
Y = RNG.choice(["no", "yes"], N)


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEADLINE_CACHE", str(tmp_path / "cache"))


def missing(fitted: Any) -> dict[str, bool]:
    (one,) = Schema.recorded(fitted.schema_).inputs
    return {field.name: bool(field.state.get("missing")) for field in one.fields}


@pytest.mark.parametrize(
    ("X", "values"),
    [
        pytest.param(FRAME[["age", "insulin"]], {"insulin": 0}, id="a column of a frame"),
        pytest.param(FRAME[["age", "insulin"]], {"insulin": [0, -1]}, id="several numbers"),
        pytest.param(FRAME[["age", "insulin"]].to_numpy() + np.array([1, 0]), 0, id="all columns of an array"),
        pytest.param(FRAME[["age", "insulin"]].to_numpy(), {1: 0}, id="a column of an array"),
        pytest.param(FRAME[["age", "insulin"]].to_numpy(), {"1": 0}, id="as JSON has it"),
    ],
)
def test_numbers_that_stand_for_a_missing_value(X: Any, values: Any, tmp_path: Path) -> None:
    fitted = Regressor(epochs=1, missing_values=values).fit(X, RNG.normal(size=N))
    assert missing(fitted) == {"x0": False, "x1": True}
    empty = X.copy()
    if isinstance(empty, pd.DataFrame):
        empty["insulin"] = empty["insulin"].replace(0, np.nan)
    else:
        empty[GONE, 1] = np.nan
    assert np.array_equal(fitted.predict(X), fitted.predict(empty)), "in new rows too"
    fitted.save(tmp_path / "saved")
    assert np.array_equal(Regressor.load(tmp_path / "saved").predict(X), fitted.predict(X))
    assert clone(fitted).missing_values == values


def test_all_columns_of_numbers_and_no_other() -> None:
    fitted = Classifier(epochs=1, missing_values=0).fit(FRAME.assign(age=FRAME["age"] + 1), Y)
    assert missing(fitted)["x1"]


def test_words_that_stand_for_a_missing_value() -> None:
    towns = FRAME.assign(town=np.where(np.arange(N) % 2 == 0, "Ulm", np.where(GONE, "-", "Bonn")))
    towns.loc[::5, "town"] = "NA"
    kinds = {}
    for nulls in (None, [], ["NA"]):
        fitted = Classifier(epochs=1, nulls=nulls).fit(towns, Y)
        (one,) = Schema.recorded(fitted.schema_).inputs
        kinds[str(nulls)] = set(next(f for f in one.fields if f.name == "x2").state["classes"])
    assert kinds == {"None": {"Ulm", "Bonn"}, "[]": {"Ulm", "Bonn", "NA"}, "['NA']": {"Ulm", "Bonn"}}


def test_a_column_that_is_not_there_is_refused_with_the_nearest() -> None:
    with pytest.raises(ValueError, match=says("estimators.missing-values-of-no-column", column="insuln")):
        Classifier(epochs=1, missing_values={"insuln": 0}).fit(FRAME, Y)
    with pytest.raises(ValueError, match=says("data.missing-values-of-no-numbers", column="town", dtype="String")):
        Classifier(epochs=1, missing_values={"town": 0}).fit(FRAME, Y)
