"""The best single column is chosen and learned on train rows, and measured beside the network on test rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from leadline.core.component import Component
from leadline.core.experiment import DataSpec
from leadline.data.dataset import Dataset, prepare
from leadline.evaluation.baselines import Baseline
from leadline.evaluation.single_column import single_column, single_column_comparison
from leadline.objectives.contract import BoundObjective, EvaluationContext
from leadline.objectives.lookup import objective_for

CLASSES = objective_for(Component(name="classification"))
NUMBER = objective_for(Component(name="regression"))
N = 1_200
SPLIT = np.repeat(["train", "validation", "test"], [800, 100, 300])


def dataset(**columns: Any) -> Dataset:
    spec = DataSpec.model_validate({"target": "y", "split": {"by": "column", "column": "split"}})
    return prepare(spec, pl.DataFrame({**columns, "split": SPLIT}), seed=0)


def context(data: Dataset) -> EvaluationContext:
    test = data.splits["test"]
    assert test.target is not None
    return EvaluationContext("test", test.target, test.group, data.schema)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_a_category_that_nearly_says_the_class(rng: np.random.Generator) -> None:
    label = rng.choice(["open", "paid"], N, p=[0.4, 0.6])
    status = np.where(rng.random(N) < 0.03, "odd", np.where(label == "paid", "P", "O"))
    data = dataset(a=rng.normal(size=N), status=status, y=label)
    found = single_column(CLASSES, data)
    assert found is not None and (found.column, found.rule.how) == ("status", "value")
    goal = context(data).target
    wrong = np.arange(len(goal)) < 6
    sure = {"prediction": np.where(wrong, 1 - goal, goal), "probability": np.eye(2)[goal]}
    beside = single_column_comparison(found, Baseline("network", sure, 800), CLASSES, context(data))
    right = found.baseline.decided["prediction"] == goal
    assert beside.measured.value == pytest.approx(right.mean()) and beside.measured.value > 0.95
    assert beside.measured.interval is not None and beside.measured.n == 300
    assert (beside.gain.name, beside.gain.group) == ("accuracy_difference", "baseline=single-column")
    assert beside.gain.value == pytest.approx(right.mean() - (1 - 6 / 300)) and beside.gain.interval is not None
    assert beside.gain.again is not None and beside.gain.again.options["column"] == "status"


def test_values_that_only_test_rows_hold_get_the_constant_prediction(rng: np.random.Generator) -> None:
    label = rng.choice(["a", "b"], N, p=[0.3, 0.7])
    code = np.where(label == "a", "x", "y")
    code[SPLIT == "test"] = "never seen"
    found = single_column(CLASSES, dataset(n=rng.normal(size=N), code=code, y=label))
    assert found is not None and found.column == "code"
    assert set(found.baseline.decided["prediction"]) == {1}


@pytest.mark.parametrize("gone", [0, 100])
def test_a_number_along_a_line_with_missing_values(rng: np.random.Generator, gone: int) -> None:
    x = rng.normal(size=N)
    y = 100 + 5 * x + 0.1 * rng.normal(size=N)
    x = np.where(rng.permutation(N) < gone, np.nan, x)
    data = dataset(x=x, other=rng.normal(size=N), y=y)
    found = single_column(NUMBER, data)
    assert found is not None and (found.column, found.rule.how) == ("x", "line")
    said, goal, lacking = found.baseline.decided["prediction"], context(data).target, np.isnan(x[SPLIT == "test"])
    assert np.abs(said - goal)[~lacking].mean() < 0.2
    assert np.allclose(said[lacking], np.median(y), atol=2) and bool(lacking.any()) == bool(gone)
    beside = single_column_comparison(
        found, Baseline("network", {"prediction": goal + 0.5}, 800), NUMBER, context(data)
    )
    assert (beside.measured.name, beside.gain.name) == ("mae", "mae_difference")
    assert beside.gain.value == pytest.approx(0.5 - np.abs(said - goal).mean(), abs=1e-6), "positive where better"


def test_dates_and_truth_values_are_columns_too(rng: np.random.Generator) -> None:
    label = rng.choice(["a", "b"], N)
    day = np.where(label == "a", "2020-01-01", "2024-06-01").astype("datetime64[D]") + rng.integers(0, 300, N)
    found = single_column(CLASSES, dataset(n=rng.normal(size=N), day=day.astype(str), y=label))
    assert found is not None and (found.column, found.rule.how) == ("day", "range")
    found = single_column(CLASSES, dataset(n=rng.normal(size=N), yes=label == "b", y=label))
    assert found is not None and found.column == "yes"


def test_where_no_column_can_there_is_nothing(rng: np.random.Generator) -> None:
    words = rng.choice(["red", "green", "blue", "dull", "bright", "odd"], (N, 8))
    texts = [" ".join(row) + f" {i}" for i, row in enumerate(words)]
    assert single_column(CLASSES, dataset(text=texts, y=rng.choice(["a", "b"], N))) is None
    numbers = dataset(n=rng.normal(size=N), y=rng.choice(["a", "b"], N))
    generated: BoundObjective = objective_for(Component(name="vae"))
    assert single_column(generated, numbers) is None


def test_a_copy_of_a_row_is_no_proof_of_a_column(rng: np.random.Generator) -> None:
    label = rng.choice(["a", "b"], N // 4)
    columns = {"number": rng.normal(size=N // 4), "hint": np.where(rng.random(N // 4) < 0.8, label, "c"), "y": label}
    spec = DataSpec.model_validate({"target": "y"})
    data = prepare(spec, pl.concat([pl.DataFrame(columns)] * 4), seed=0)
    found = single_column(CLASSES, data)
    assert found is not None and found.column == "hint"
