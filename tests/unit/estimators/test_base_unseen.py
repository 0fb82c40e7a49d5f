"""Estimators warn, once a call, of what rows hold that those of `fit` did not."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from leadline.estimators.classifier import Classifier
from leadline.estimators.regressor import Regressor

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 2))


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEADLINE_CACHE", str(tmp_path / "cache"))


def test_columns_are_called_as_in_the_frame_and_all_is_one_warning() -> None:
    frame = pd.DataFrame({"age": X[:, 0], "town": np.array(["Ulm", "Bonn"])[np.arange(60) % 2]})
    fitted = Classifier(epochs=1).fit(frame, X[:, 0] > 0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fitted.predict(frame)
    with pytest.warns(UserWarning) as told:
        fitted.predict_proba(frame.assign(age=[1e6, *X[1:, 0]], town=["Kiel", "Kiel", *frame["town"][2:]]))
    (one,) = told
    assert "age: 1 of 60 rows" in str(one.message) and "town: 2 of 60 rows" in str(one.message)
    assert "'Kiel' (row 1)" in str(one.message)
    assert Path(one.filename) == Path(__file__)


def test_columns_of_an_array_have_numbers() -> None:
    fitted = Regressor(epochs=1).fit(X, X[:, 0])
    with pytest.warns(UserWarning, match="^x1: 60 of 60 rows"):
        fitted.predict(X + np.array([0, 1e6]))
