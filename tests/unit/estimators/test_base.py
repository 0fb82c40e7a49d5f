"""scikit-learn's own checks of its contract; an expected failure has its reason."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from leadline.estimators.classifier import Classifier
from leadline.estimators.regressor import Regressor

WEIGHTED = "rows are shuffled into batches, and columns standardised, as rows: a row that counts twice is not two rows"
EXPECTED = {
    "check_sample_weight_equivalence_on_dense_data": WEIGHTED,
    "check_sample_weight_equivalence_on_sparse_data": "sparse matrices are refused",
}


@pytest.fixture(autouse=True)
def place(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEADLINE_CACHE", str(tmp_path / "cache"))


def failures(estimator: object) -> dict[str, str]:
    return EXPECTED


OPTIONS: dict[str, Any] = {"epochs": 40, "batch": 16, "optimizer": {"name": "adamw", "lr": 0.01}}
ESTIMATORS = [
    Classifier({"name": "mlp", "hidden": [32]}, **OPTIONS),
    Regressor({"name": "mlp", "hidden": [32]}, **OPTIONS),
]


@pytest.mark.filterwarnings("ignore")  # the checks warn of their own doings
@parametrize_with_checks(ESTIMATORS, expected_failed_checks=failures)
def test_scikit_learn_finds_its_contract_kept(estimator: Any, check: Any) -> None:
    check(estimator)


def test_columns_are_typed_as_they_were_at_fit() -> None:
    rng = np.random.default_rng(0)
    code = rng.choice(["0123", "0456", "A12", "B77"], 120)
    y = np.isin(code, ["0123", "A12"]).astype(int)
    fitted = Classifier(epochs=25).fit(pl.DataFrame({"code": code, "n": rng.normal(size=120)}), y)
    digits = pl.DataFrame({"code": ["0123", "0456"], "n": [0.0, 0.0]})
    assert fitted.predict(digits).tolist() == [1, 0]
    objects = pl.DataFrame({"code": ["0123", "0456"], "n": ["0.0", "-0.5"]})
    assert fitted.predict(objects).tolist() == [1, 0]


def test_a_declared_category_of_numbers_is_one() -> None:
    rng = np.random.default_rng(0)
    shop = rng.integers(1, 9, 160)
    y = np.isin(shop, [2, 5, 7, 8]).astype(int)
    declared = pl.Series(shop.astype(str), dtype=pl.Categorical)
    X = pl.DataFrame({"shop": declared, "z": rng.normal(size=160)})
    assert Classifier(epochs=25).fit(X, y).score(X, y) > 0.95
