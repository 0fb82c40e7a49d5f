"""Autoencoders: what they learn, what they leave out, what they choose."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from torch import nn

from leadline.core.catalogue import say
from leadline.core.component import Component
from leadline.core.schema import ColumnSchema, InputSchema, Schema
from leadline.data.preprocessors import build_preprocessor, signal_spec
from leadline.errors import UsageError
from leadline.models.build import build_encoder
from leadline.nn.batch import Batch
from leadline.nn.rng import Rng
from leadline.objectives.contract import EvaluationContext
from leadline.objectives.generative.autoencoder import OBJECTIVE, Options
from leadline.verbs.predict import predict
from leadline.verbs.train import train
from sentences import says

NUMBER = {
    "mean": 0.0,
    "std": 1.0,
    "min": -3.0,
    "max": 3.0,
    "median": 0.0,
    "missing": False,
    "offset": 0.0,
    "scale": "standard",
}
TARGET = ColumnSchema(name="kind", kind="category", state={"classes": ["usual", "odd"], "counts": [50, 5]})


def schema(columns: int = 6) -> Schema:
    fields = tuple(ColumnSchema(name=f"x{i}", kind="number", state=NUMBER) for i in range(columns))
    return Schema(inputs=(InputSchema(name="table", kind="table", fields=fields, shape=(columns,)),), target=TARGET)


def made(columns: int = 6, **options: Any) -> tuple[Any, Any]:
    objective = OBJECTIVE.bind(Options(**options))
    objective = objective.complete(schema(columns))
    torch.manual_seed(0)
    one = schema(columns).inputs[0]
    front = build_preprocessor(one)
    body = build_encoder(Component(name="mlp", options={"hidden": []}), signal_spec(front, one), front, "small")
    return objective, objective.learning.build(schema(columns), {"table": body})


def rows(n: int = 64, columns: int = 6) -> Batch:
    generator = torch.Generator().manual_seed(0)
    x_BF = torch.randn(n, 2, generator=generator) @ torch.randn(2, columns, generator=generator)
    return Batch({"table": x_BF}, torch.zeros(n, dtype=torch.int64), torch.ones(n), torch.arange(n))


def trained(objective: Any, network: nn.Module, batch: Batch) -> None:
    optimizer = torch.optim.LBFGS(network.parameters(), max_iter=150, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        value: torch.Tensor = objective.learning.loss(network, batch, "network", Rng(0, 0, batch.row_B)).value_B.mean()
        value.backward()
        return value

    optimizer.step(loss)


def test_a_linear_one_keeps_what_principal_components_keep() -> None:
    """With dense layers alone and squared errors, the best code spans the first principal components (Baldi & Hornik
    1989).
    """
    batch = rows(200)
    batch = batch.with_inputs(
        {"table": batch.inputs["table"] + 0.3 * torch.randn(200, 6, generator=torch.Generator().manual_seed(1))}
    )
    objective, network = made(latent_dim=2, sigma=1.0)
    trained(objective, network, batch)
    x = batch.inputs["table"].double()
    left = torch.linalg.svdvals(x - x.mean(0))[2:].square().sum() / x.numel()
    error = objective.decision.predict(network, batch, None).columns["error"].mean().item()
    assert error == pytest.approx(left.item(), rel=0.01)


def test_declared_anomalies_weigh_nothing_in_training() -> None:
    objective, network = made(anomaly=["odd"])
    batch = rows()
    odd = torch.zeros(64, dtype=torch.int64)
    odd[::4] = 1
    spoilt = batch.inputs["table"].clone()
    spoilt[::4] = 100.0
    gradients = []
    for x in (batch.inputs["table"], spoilt):
        network.zero_grad()
        loss = objective.learning.loss(
            network, Batch({"table": x}, odd, torch.ones(64), batch.row_B), "network", Rng(0, 0, batch.row_B)
        )
        (loss.value_B @ loss.weight_B).backward()
        gradients.append(torch.cat([p.grad.flatten() for p in network.parameters()]))
    torch.testing.assert_close(*gradients)


def test_noise_is_on_what_codes_are_made_of_not_on_what_is_compared() -> None:
    for noise in ("mask", "gaussian"):
        objective, network = made(noise=noise, sigma=1.0)
        seen: list[torch.Tensor] = []
        network.encoders[0].preprocessor.register_forward_hook(
            lambda module, args, out, seen=seen: seen.append(args[0])
        )
        batch = rows()
        before = batch.inputs["table"].clone()
        loss = objective.learning.loss(network, batch, "network", Rng(0, 0, batch.row_B))
        assert not torch.equal(seen[0].nan_to_num(9), before)
        if noise == "mask":
            assert float(seen[0].isnan().float().mean()) == pytest.approx(0.25, abs=0.08)
        torch.testing.assert_close(
            loss.value_B, network.nll(network.given(network({"table": seen[0]})), {"table": before})
        )


def test_options_depend_on_the_data_and_are_checked() -> None:
    assert made()[0].options.latent_dim == 3
    assert made(100)[0].options.latent_dim == 32
    assert made(1)[0].options.latent_dim == 1
    assert made(noise="mask")[0].options.noise_level == 0.25
    assert made(normal=["usual"])[0].options.anomaly == ("odd",)
    with pytest.raises(UsageError, match=says("objectives.amount-masks-everything")):
        made(noise="mask", noise_level=1.0)
    assert Options(anomaly=[3]).anomaly == ("3",)
    assert made(latent_dim=8)[0].warnings(schema()) == (say("objectives.code-can-copy", numbers=8, entries=6),)
    assert made(latent_dim=8, noise="mask")[0].warnings(schema()) == ()


def test_rows_above_the_settled_score_are_anomalies() -> None:
    objective, network = made()
    batch = rows()
    assert not objective.decision.predict(network, batch, None).columns["anomaly"].any()
    with torch.no_grad():
        columns = {k: v.numpy() for k, v in objective.decision.predict(network, batch, None).columns.items()}
    (found,) = objective.decision.calibrate(
        network, columns, EvaluationContext("validation", np.zeros(64, dtype=np.int64), None, schema())
    )
    assert found.name == "anomaly_threshold"
    again = objective.decision.predict(network, batch, None).columns
    assert int(again["anomaly"].sum()) == int((columns["score"] > found.value).sum()) == 2


def test_texts_cannot_have_normal_noise() -> None:
    letters = {"tokens": "characters", "lower": False, "vocabulary": ["[p]", "[u]", "a"], "length": 4}
    text = InputSchema(
        name="text", kind="text", fields=(ColumnSchema(name="text", kind="text", state=letters),), shape=(4,)
    )
    said = OBJECTIVE.bind(Options(noise="gaussian")).unsuitable(Schema(inputs=(text,)))
    assert said is not None
    assert say("objectives.noise-needs-numbers") in said


def test_a_run_finds_what_it_was_not_trained_on_and_fills_in_cells(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    n = 800
    shared = generator.normal(size=n)
    kind = np.where(np.arange(n) % 10 == 0, "odd", "usual")
    columns = {
        f"x{i}": shared * (i + 1) + 0.1 * generator.normal(size=n) + (kind == "odd") * generator.normal(size=n) * 2
        for i in range(5)
    }
    columns["group"] = np.where(shared > 0, "high", "low")
    frame = pl.DataFrame({**columns, "kind": kind})
    run = train(
        frame,
        target="kind",
        objective="autoencoder",
        epochs=25,
        out=tmp_path / "run",
        quiet=True,
        deterministic=True,
        settings=["objective.anomaly=[odd]", "objective.noise=mask"],
        require=["roc_auc >= 0.6"],
    )
    assert run is not None
    found: dict[str, Any] = {f.label: f for f in run.report.findings if f.split == "test"}
    assert found["roc_auc"].value > 0.9
    assert found["imputation_error"].value < 0.6 * found["imputation_error(column mean)"].value
    assert found["imputation_error_reduction"].interval[0] > 0
    assert found["imputation_accuracy"].value > 0.7
    gaps = frame.drop("kind").with_columns(x2=pl.when(pl.int_range(pl.len()) < 20).then(None).otherwise("x2"))
    told = predict(run, gaps, quiet=True)
    assert told.columns[1:] == ["score", "anomaly", "error", "completed(x2)"]
    known = told["completed(x2)"][20:].to_numpy()
    np.testing.assert_allclose(known, frame["x2"][20:].to_numpy(), rtol=1e-5)
    usual = kind[:20] == "usual"
    assert np.corrcoef(told["completed(x2)"][:20].to_numpy()[usual], frame["x2"][:20].to_numpy()[usual])[0, 1] > 0.8


def test_what_is_small_can_be_an_anomaly_by_relative_scores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows of ten numbers that are all equal but for noise; an anomaly is small, and nothing like that."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LEADLINE_CACHE", str(tmp_path / "cache"))
    rng = np.random.default_rng(0)
    size_n = np.exp(rng.normal(1, 0.5, 1_200))
    x_nF = np.where(rng.random((1_200, 1)) < 0.5, -1, 1) * size_n[:, None] * (1 + 0.1 * rng.normal(size=(1_200, 10)))
    kind_n = np.where(np.arange(1_200) % 6 == 5, "odd", "usual")
    odd = kind_n == "odd"
    x_nF[odd] = 0.15 * rng.choice([-1.0, 1.0], (odd.sum(), 10)) * size_n[odd, None]
    frame = pl.DataFrame({**{f"x{k}": x_nF[:, k] for k in range(10)}, "kind": kind_n})
    area = {}
    for score in ("nll", "relative"):
        settings = {
            "objective.latent_dim": 1,
            "objective.anomaly": ["odd"],
            "objective.anomaly_score": score,
            "objective.sigma": 1.0,
        }
        small = {**settings, "network.size": "small", "training.deterministic": True}
        run = train(frame, target="kind", objective="autoencoder", epochs=15, settings=small, quiet=True)
        found = run.report.find("roc_auc")
        assert found is not None
        area[score] = found.value
    assert area["relative"] is not None
    assert area["relative"] > 0.95
    assert area["nll"] is not None
    assert area["nll"] < area["relative"] - 0.1
