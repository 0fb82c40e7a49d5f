"""Cells that are hidden and filled in, by networks whose answers are known."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from by_hand import bound
from torch import Tensor, nn

from leadline.core.component import Component
from leadline.core.experiment import DataSpec
from leadline.data.dataset import Dataset, prepare
from leadline.data.input_types.tabular_likelihood import TabularLikelihood
from leadline.evaluation.analyses.generative.imputation import CLASSES, QUANTITIES, imputation, impute, metric_names
from leadline.nn.batch import Batch
from leadline.objectives.contract import EvaluationContext
from leadline.objectives.lookup import objective_for

CLASSIFICATION = objective_for(Component(name="classification"))


class Twin:
    """Fills in the second number with the first, the class by the sign of it: right where the data are made so."""

    encoder_output = "vector"

    def encode(self, network: Any, inputs: Mapping[str, Tensor]) -> Tensor:
        return inputs["table"]

    def reconstruct(self, network: Any, batch: Batch) -> Mapping[str, Tensor]:
        x = batch.inputs["table"]
        number = torch.where(x[:, 0].isnan(), x[:, 1], x[:, 0]).nan_to_num()
        return {"table": torch.stack([number, number, 1 + (number > 0).to(x.dtype)], 1)}


class Column(Twin):
    """Fills in what the columns' means and commonest classes are."""

    def reconstruct(self, network: Any, batch: Batch) -> Mapping[str, Tensor]:
        return {"table": self.row.expand(len(batch), -1)}

    def __init__(self, dataset: Dataset) -> None:
        fields = dataset.schema.inputs[0].fields
        mean = TabularLikelihood(fields, 1.0).mean(torch.zeros(1, *TabularLikelihood(fields, 1.0).spec.shape))
        code = dataset.splits["train"].batch(slice(0, None)).inputs["table"][:, 2].mode().values
        self.row = torch.cat([mean[0, :2], code[None]])[None]


@pytest.fixture
def dataset() -> Dataset:
    x = np.random.default_rng(0).normal(size=900)
    frame = pl.DataFrame({"a": x, "b": x, "sign": np.where(x > 0, "up", "down")})
    return prepare(DataSpec(source="", target="none"), frame, seed=0, labels="none")


def measured(objective: Any, dataset: Dataset) -> dict[str, Any]:
    part = dataset.splits["test"]
    context = EvaluationContext("test", np.zeros((len(part), 0)), None, dataset.schema)
    return {one.label: one for one in imputation(nn.Linear(1, 1), bound(objective), dataset, part, context)}


def test_a_network_that_knows_is_right_and_columns_are_off_by_their_deviation(dataset: Dataset) -> None:
    found = measured(Twin(), dataset)
    assert found["imputation_error"].value < 0.1  # where both numbers were hidden, it knows nothing
    assert found["imputation_error(column mean)"].value == pytest.approx(np.sqrt(2 / np.pi), rel=0.25)
    assert found["imputation_error_reduction"].interval[0] > 0
    assert found["imputation_accuracy"].value > 0.9
    assert found["imputation_accuracy_gain"].interval[0] > 0
    assert (
        {one.name for one in found.values()}
        == {*QUANTITIES, *CLASSES}
        == set(metric_names(bound(Twin()), dataset.schema))
    )  # type: ignore[arg-type]


def test_columns_themselves_save_nothing(dataset: Dataset) -> None:
    found = measured(Column(dataset), dataset)
    assert found["imputation_error_reduction"].value == pytest.approx(0, abs=1e-6)
    assert found["imputation_accuracy_gain"].value == pytest.approx(0, abs=1e-6)


def test_only_gaps_are_filled_in_and_only_their_columns_given(dataset: Dataset, tmp_path: Path) -> None:
    frame = pl.DataFrame({"a": [0.5, -1.0], "b": [0.25, None], "sign": [None, "up"]})
    other = prepare(DataSpec(source="", target="none"), frame, seed=0, schema=dataset.schema, labelled=False)
    (part,) = other.splits.values()
    found = impute(nn.Linear(1, 1), bound(Twin()), dataset.schema, part)  # type: ignore[arg-type]
    assert {name: series.to_list() for name, series in found.items()} == {
        "completed(b)": [0.25, -1.0],
        "completed(sign)": ["up", "up"],
    }


def test_objectives_that_make_no_rows_fill_in_nothing(dataset: Dataset) -> None:
    assert metric_names(CLASSIFICATION, dataset.schema) == ()
    assert impute(nn.Linear(1, 1), CLASSIFICATION, dataset.schema, dataset.splits["test"]) == {}
