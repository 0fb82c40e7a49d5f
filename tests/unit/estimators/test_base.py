"""scikit-learn's own checks of its contract; an expected failure has its reason."""

from __future__ import annotations

from typing import Any

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
