from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from torch import nn

from leadline.core.component import Component
from leadline.core.experiment import DataSpec
from leadline.data.dataset import Dataset, prepare
from leadline.evaluation.analyses.domain_gap import ANALYSIS, NAME, domain_auc, metric_names
from leadline.evaluation.subject import Subject
from leadline.objectives.lookup import objective_for
from sentences import says

ADAPTATION, CLASSIFICATION = (objective_for(Component(name=name)) for name in ("adaptation", "classification"))


class Itself:
    """Features are the inputs."""

    def embed(self, network: Any, inputs: Any) -> torch.Tensor:
        return inputs["table"]  # type: ignore[no-any-return]


def rows(shift: float, validation: int = 150) -> Dataset:
    """Return validation rows of one domain, and test rows that lie `shift` beside them."""
    rng = np.random.default_rng(0)
    split = np.array(["train"] * 40 + ["validation"] * validation + ["test"] * 200)
    x_n2 = rng.normal(size=(len(split), 2)) + np.where(split == "test", shift, 0)[:, None]
    kind = np.array(["a", "b"])[rng.integers(0, 2, len(split))]
    frame = pl.DataFrame({"x": x_n2[:, 0], "y": x_n2[:, 1], "kind": kind, "split": split})
    return prepare(DataSpec.model_validate({"target": "kind", "split": {"by": "column", "column": "split"}}), frame)


def measured(data: Dataset) -> Any:
    subject = Subject(nn.Identity(), replace(ADAPTATION, learning=Itself()), data)  # type: ignore[arg-type]
    return list(ANALYSIS.run(subject, ANALYSIS.options(), 0))


@pytest.mark.parametrize(("shift", "low", "high"), [(0.0, 0.4, 0.6), (5.0, 0.97, 1.0)])
def test_domains_are_told_apart_as_far_as_they_differ(shift: float, low: float, high: float) -> None:
    (found,) = measured(rows(shift))
    assert low <= found.value <= high
    assert found.n == 300, "as many of each domain"
    assert found.interval[0] < found.value <= found.interval[1]
    assert found.better == "lower"


def test_without_rows_of_the_other_domain_it_is_absent() -> None:
    data = rows(0.0, validation=0)
    data = Dataset(
        **{**data.__dict__, "splits": {name: part for name, part in data.splits.items() if name != "validation"}}
    )
    (found,) = measured(data)
    assert found.value is None
    assert re.search(says("evaluation.domain-too-few"), found.why)


def test_only_objectives_of_two_domains_are_measured_so() -> None:
    data = rows(0.0)
    assert ANALYSIS.applies(Subject(nn.Identity(), CLASSIFICATION, data)) == "all examples are of one domain"
    assert metric_names(CLASSIFICATION) == ()
    assert metric_names(ADAPTATION) == (NAME,)


def test_each_row_is_judged_by_what_was_fitted_to_others() -> None:
    """Of noise nothing can be told, however many features there are to know rows by heart."""
    rng = np.random.default_rng(1)
    right_n = domain_auc(rng.normal(size=(120, 200)), np.repeat([0, 1], 60), 0)
    assert 0.3 < right_n.mean() < 0.7
