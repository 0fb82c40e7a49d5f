from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
import torch

from leadline.core.component import Component
from leadline.core.experiment import DataSpec, Experiment, NetworkSpec
from leadline.data.dataset import Dataset, prepare
from leadline.models.build import classical_family
from leadline.pipeline.resolving.experiment import resolve
from leadline.run.build import build_network, objective_for
from leadline.training import classical
from leadline.training.classical import drawn, fit_classical, sample


def made(frame: pl.DataFrame, target: str, network: str = "linear", **objective: Any) -> tuple[Any, Any, Any, Dataset]:
    dataset = prepare(DataSpec(target=target), frame)
    rows = {name: len(part) for name, part in dataset.splits.items()}
    component = Component(name=objective.pop("name"), options=objective) if objective else None
    asked = Experiment(
        data=DataSpec(target=target), network=NetworkSpec(encoders={"*": Component(name=network)}), objective=component
    )
    experiment = resolve(asked, dataset.schema, rows)
    assert experiment.objective is not None
    found = build_network(experiment, dataset.schema)
    return found, objective_for(experiment.objective), classical_family(experiment.network), dataset


@pytest.fixture
def frame(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> pl.DataFrame:
    monkeypatch.setenv("LEADLINE_CACHE", str(tmp_path))
    rng = np.random.default_rng(0)
    x = rng.normal(size=400)
    day = np.datetime64("2024-01-01") + rng.integers(0, 300, 400)
    town = rng.choice(["a", "b", "c", "d", "e"], 400)
    kind = np.where(x + (town == "b") > 0.8, "yes", "no")
    return pl.DataFrame({"x": x, "day": day, "town": town, "kind": kind, "price": 1000 + 50 * x + 20 * (town == "c")})


def test_features_are_the_columns_as_they_are_and_dates_taken_apart(frame: pl.DataFrame) -> None:
    network, objective, _, dataset = made(frame.with_columns(pl.when(pl.col("x") > 0).then("x").alias("x")), "kind")
    found = sample(network, objective, dataset.splits["train"])
    rows = dataset.splits["train"].rows
    assert found.x_nF.shape[1] == len(network.head.encoding.classes)
    x = frame["x"].to_numpy()[rows].astype(np.float32)
    assert np.array_equal(found.x_nF[:, 0], np.where(x > 0, x, np.nan), equal_nan=True)
    town = network.head.encoding.classes.index(5)
    assert np.array_equal(found.x_nF[:, town], [1 + "abcde".index(t) for t in frame["town"].to_numpy()[rows]])


def test_a_number_is_learnt_on_the_scale_that_the_networks_end_takes(frame: pl.DataFrame) -> None:
    network, objective, family, dataset = made(frame.drop("kind"), "price")
    part = dataset.splits["train"]
    found = sample(network, objective, part)
    state = dataset.schema.target.state
    np.testing.assert_allclose(found.target_n, (part.target - state["mean"]) / state["std"], atol=1e-5)
    fit_classical(network, family, objective, part, dataset.splits["validation"], seed=0)
    batch = dataset.splits["test"].batch(slice(None))
    with torch.inference_mode():
        error = network(batch.inputs) - batch.target_B
    assert error.abs().mean() < 5


def test_rows_count_as_much_as_their_class(frame: pl.DataFrame) -> None:
    network, objective, _, dataset = made(frame, "kind", name="classification", class_weights={"yes": 7.0})
    found = sample(network, objective, dataset.splits["train"])
    yes = dataset.schema.classes.index("yes")
    assert np.array_equal(found.weight_n, np.where(found.target_n == yes, 7.0, 1.0))


def test_drawn_rows_hold_every_class(frame: pl.DataFrame) -> None:
    _, _, _, dataset = made(
        frame.with_columns(pl.when(pl.col("x") > 1.7).then(pl.lit("rare")).otherwise("kind").alias("kind")), "kind"
    )
    part = dataset.splits["train"]
    some = drawn(part, 12, 0)
    assert len(some) == 12
    assert set(some.target) == set(part.target)
    assert np.array_equal(some.rows, drawn(part, 12, 0).rows)
    assert not np.array_equal(some.rows, drawn(part, 12, 1).rows)
    assert drawn(part, 10_000, 0) is part


def test_what_would_not_fit_into_memory_is_sampled_and_said(
    frame: pl.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    network, objective, family, dataset = made(frame, "kind")
    monkeypatch.setattr(classical, "CELLS", 100 * network.head.columns)
    monkeypatch.setattr(classical, "FEWEST", 10)
    notes = fit_classical(
        network, family, objective, dataset.splits["train"], dataset.splits["validation"], seed=0
    ).notes
    assert notes[0].startswith("Fitted to 100 of 320 training rows")
    assert "on 25 validation rows" in notes[1]
