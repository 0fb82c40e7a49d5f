"""What tables that a network makes are worth, where it is known what they are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from makers import Maker, context, table
from torch import nn

from leadline.core.experiment import DataSpec
from leadline.data.dataset import Dataset, prepare
from leadline.evaluation.analyses.generative.synthetic_tables import measures
from leadline.evaluation.feature_space import RawFeatures
from leadline.evaluation.samples import by_class, frame, generate


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEADLINE_CACHE", str(tmp_path))


def found(objective: Maker, dataset: Dataset):
    test, raw = dataset.splits["test"], RawFeatures.fitted(dataset, 0)
    assert raw is not None
    new = generate(nn.Identity(), objective, dataset.schema, len(test), 0, objective.samples())
    return {
        name: value for name, value, _ in measures(nn.Identity(), objective, dataset, test, new, raw, context(dataset))
    }


def test_real_rows_teach_as_real_rows_do_and_cannot_be_told_apart() -> None:
    dataset = table(1500)
    good = found(Maker(dataset.splits["train"]), dataset)
    assert abs(good["synthetic_gap"].value) < 0.25
    assert 0.4 < good["discriminator_accuracy"].value < 0.62
    assert good["correlation_difference"].value < 0.15


def test_rows_whose_columns_do_not_belong_together_teach_nothing() -> None:
    dataset = table(1500)
    bad = found(Maker(dataset.splits["validation"], noise=2.0), dataset)
    assert bad["synthetic_gap"].intervals[0][0] > 0
    assert bad["discriminator_accuracy"].value > 0.8
    assert bad["correlation_difference"].value > 0.15


def test_where_classes_can_be_asked_for_they_are_what_is_learnt() -> None:
    rng = np.random.default_rng(0)
    rows = pl.DataFrame({"x": rng.normal(size=600), "y": rng.normal(size=600)})
    rows = rows.with_columns(kind=(pl.col("x") > 0.3).cast(pl.Int8).cast(pl.String))
    dataset = prepare(DataSpec(target="kind"), rows, labels="none")
    maker = Maker(dataset.splits["train"], conditional=True)
    gap = found(maker, dataset)["synthetic_gap"]
    assert "trees that predict kind" in gap.method
    assert abs(gap.value) < 0.1
    asked, classes = by_class(nn.Identity(), maker, dataset.schema, np.array([5, 3]), 0)
    assert classes.tolist() == [0] * 5 + [1] * 3
    assert ((frame(dataset.schema, asked)["x"] > 0.3).to_numpy() == classes).all()
