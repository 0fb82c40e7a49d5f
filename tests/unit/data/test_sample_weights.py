"""How much each row counts in training."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
import torch

from leadline.core.catalogue import say
from leadline.core.experiment import DataSpec
from leadline.data import sample_weights
from leadline.data.dataset import prepare
from leadline.data.table import Table
from leadline.errors import DataError, UsageError
from sentences import says

N = 40
FRAME = pl.DataFrame(
    {"x": np.random.default_rng(0).normal(size=N), "w": np.arange(N) / 4, "kind": ["a", "b"] * (N // 2)}
)


def table(values: object) -> Table:
    return Table(pl.DataFrame({"w": values}), "people", "f", origin="people.csv")


@pytest.mark.parametrize("values", [[1.0, 0.0, 2.5], [1, 0, 3], ["1", "0", "2.5"]])
def test_numbers_from_zero_on_are_weights(values: object) -> None:
    read = sample_weights.read(table(values), "w", np.arange(3))
    assert read.dtype == np.float32
    assert read[:2].tolist() == [1, 0]


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ([1.0, None, 1.0], "people.csv, row 2, column 'w': the weight is missing"),
        ([1.0, float("nan"), 1.0], "people.csv, row 2, column 'w': the weight is missing"),
        ([1.0, 2.0, -0.5], "people.csv, row 3, column 'w': the weight cannot be -0.5"),
        ([float("inf"), 2.0, 1.0], "people.csv, row 1, column 'w': the weight cannot be inf"),
        (["1", "2", "much"], "people.csv, row 3, column 'w': the weight cannot be 'much'"),
        ([0.0, 0.0, 0.0], "all training rows have weight 0 in column 'w'"),
    ],
)
def test_what_cannot_be_a_weight(values: object, says: str) -> None:
    with pytest.raises(DataError, match=says):
        sample_weights.read(table(values), "w", np.arange(3))


def test_rows_that_are_not_trained_on_need_none() -> None:
    assert sample_weights.read(table([1.0, -1.0, None]), "w", np.array([0])).tolist()[0] == 1


def test_train_rows_weigh_what_their_column_says_and_others_one() -> None:
    dataset = prepare(DataSpec.model_validate({"target": "kind", "weight": "w"}), FRAME)
    train = dataset.splits["train"]
    batch = train.batch(torch.arange(5))
    assert batch.weight_B.tolist() == (train.rows[:5] / 4).tolist()
    assert train.weight is not None
    assert train.weight.tolist() == (train.rows / 4).tolist()
    assert train.subset(np.array([1])).batch(torch.tensor([0])).weight_B.tolist() == [train.rows[1] / 4]
    test = dataset.splits["test"]
    assert test.batch(slice(0, 2)).weight_B.tolist() == [1, 1]
    assert test.weight is None
    assert [field.name for one in dataset.schema.inputs for field in one.fields] == ["x"]
    assert say("data.weighted", column="w") in dataset.notes
    assert {c.name: c.role for c in dataset.columns}["w"] == say("data.role-left-out", reason=say("data.reason-weight"))


def test_the_column_must_be_there_and_be_nothing_else() -> None:
    with pytest.raises(UsageError, match=says("data.no-column", where="data.weight", column="ww", table="frame")):
        prepare(DataSpec.model_validate({"target": "kind", "weight": "ww"}), FRAME)
    with pytest.raises(UsageError, match=says("data.weight-is-target", column="kind")):
        prepare(DataSpec.model_validate({"target": "kind", "weight": "kind"}), FRAME)
    with pytest.raises(UsageError, match=says("data.column-taken", column="w", reason=say("data.reason-weight"))):
        prepare(DataSpec.model_validate({"target": "kind", "weight": "w", "columns": ["x", "w"]}), FRAME)


def test_without_weights_all_count_the_same() -> None:
    dataset = prepare(DataSpec.model_validate({"target": "kind"}), FRAME)
    assert dataset.splits["train"].batch(slice(0, 3)).weight_B.tolist() == [1, 1, 1]
    assert dataset.splits["train"].weight is None
