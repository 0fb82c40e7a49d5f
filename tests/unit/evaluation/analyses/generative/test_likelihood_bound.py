"""The closer bound is reckoned for as many rows as can be afforded, and active numbers of a code are counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
import torch
from by_hand import bound
from torch import Tensor, nn

from leadline.core.component import Component
from leadline.core.experiment import DataSpec
from leadline.data.dataset import prepare
from leadline.data.subset import Subset
from leadline.evaluation.analyses.generative import likelihood_bound as module
from leadline.evaluation.analyses.generative.likelihood_bound import ANALYSIS, NAMES, metric_names
from leadline.evaluation.subject import Subject
from leadline.nn.batch import Batch
from leadline.objectives.lookup import objective_for

CLASSIFICATION = objective_for(Component(name="classification"))


class Known:
    """Bounds that are the row's number, by a network of one dense layer; codes whose last number is always the same."""

    importance = 7

    def log_likelihood(self, network: Any, batch: Batch) -> Tensor:
        network(batch.inputs["table"])
        return batch.row_B.float()

    def encode(self, network: Any, inputs: Mapping[str, Tensor]) -> Tensor:
        return torch.cat([inputs["table"][:, :2], torch.ones(len(inputs["table"]), 1)], 1)

    embed = encode

    def reconstruct(self, network: Any, batch: Batch) -> Mapping[str, Tensor]:
        return batch.inputs


@pytest.fixture
def subset() -> Subset:
    return prepare(DataSpec(source="iris"), seed=0).splits["train"]


def subject_of(subset: Subset, objective: Any) -> Subject:
    """Return a subject whose test rows are those of `subset`."""
    dataset = prepare(DataSpec(source="iris"), seed=0)
    return Subject(nn.Linear(4, 3), objective, replace(dataset, splits={**dataset.splits, "test": subset}))


def measured(subset: Subset) -> dict[str, Any]:
    return {one.name: one for one in ANALYSIS.run(subject_of(subset, bound(Known())), ANALYSIS.options(), 0)}


def test_all_rows_are_taken_where_that_is_little_work(subset: Subset) -> None:
    found = measured(subset)
    assert set(found) == set(NAMES)
    assert found["elbo_iw"].value == pytest.approx(subset.rows.mean())
    assert found["elbo_iw"].n == len(subset)
    assert "7 latent samples per example;" in found["elbo_iw"].method
    assert found["active_units"].value == 2
    assert "of 3 latent dimensions" in found["active_units"].method


def test_fewer_rows_are_drawn_where_it_is_much(subset: Subset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WORK", 40 * 2 * 4 * 3)
    found = measured(subset)["elbo_iw"]
    assert found.n == 40
    assert "on 40 examples drawn at random" in found.method
    monkeypatch.setattr(module, "WORK", 0)
    assert measured(subset)["elbo_iw"].n == module.ROWS[0]


def test_objectives_without_a_bound_have_none(subset: Subset) -> None:
    assert ANALYSIS.applies(subject_of(subset, CLASSIFICATION)) is not None
    assert metric_names(CLASSIFICATION) == ()
