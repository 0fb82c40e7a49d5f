"""Variational autoencoders, against a model whose likelihood is known in closed form (probabilistic PCA: Tipping &
Bishop 1999).
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from torch.distributions import MultivariateNormal, Normal, kl_divergence

from leadline.core.component import Component
from leadline.core.schema import ColumnSchema, InputSchema, Schema
from leadline.data.preprocessors import build_preprocessor, signal_spec
from leadline.errors import UsageError
from leadline.models.build import build_encoder
from leadline.nn.batch import Batch
from leadline.nn.rng import Rng
from leadline.objectives.generative.evidence_bound import posterior
from leadline.objectives.generative.vae import OBJECTIVE, UNTOLD, Options, Sampling
from leadline.verbs.train import train
from sentences import says

COLUMNS, SIGMA = 3, 0.5
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
FIELDS = tuple(ColumnSchema(name=f"x{i}", kind="number", state=NUMBER) for i in range(COLUMNS))
TARGET = ColumnSchema(name="kind", kind="category", state={"classes": ["a", "狗"], "counts": [30, 10]})
SCHEMA = Schema(inputs=(InputSchema(name="table", kind="table", fields=FIELDS, shape=(COLUMNS,)),), target=TARGET)


def made(**options: Any) -> tuple[Any, Any]:
    objective = OBJECTIVE.bind(Options(**{"latent_dim": 1, "sigma": SIGMA, **options}))
    objective = objective.complete(SCHEMA)
    torch.manual_seed(0)
    front = build_preprocessor(SCHEMA.inputs[0])
    body = build_encoder(
        Component(name="mlp", options={"hidden": []}), signal_spec(front, SCHEMA.inputs[0]), front, "small"
    )
    return objective, objective.learning.build(SCHEMA, {"table": body})


def exact(network: Any) -> MultivariateNormal:
    """Put the true posterior into the encoder of a network with one number a code; returns the distribution of rows."""
    decoder = network.decoders[0].layers[0]
    weight_F, bias_F = decoder.weight.detach()[:, 0], decoder.bias.detach()
    precision = 1 + weight_F @ weight_F / SIGMA**2
    with torch.no_grad():
        network.head.weight.zero_()
        network.head.weight[0] = weight_F / SIGMA**2 / precision
        network.head.bias[0] = -(weight_F @ bias_F) / SIGMA**2 / precision
        network.head.bias[1] = -precision.log()
    return MultivariateNormal(bias_F, torch.outer(weight_F, weight_F) + SIGMA**2 * torch.eye(COLUMNS))


def rows(n: int = 64) -> Batch:
    x_BF = torch.randn(n, COLUMNS, generator=torch.Generator().manual_seed(0))
    return Batch({"table": x_BF}, torch.arange(n) % 2, torch.ones(n), torch.arange(n))


def test_with_the_true_posterior_every_bound_is_the_likelihood() -> None:
    objective, network = made(importance_samples=3)
    batch, truth = rows(), exact(network)
    with torch.no_grad():
        likelihood_B = truth.log_prob(batch.inputs["table"])
        torch.testing.assert_close(
            objective.capability("bounded").log_likelihood(network, batch).float(), likelihood_B, rtol=1e-4, atol=1e-4
        )
        # A single code's bound is noisy row by row, and right on average.
        many = batch.map(lambda x: x[:1].expand(20_000, *x.shape[1:]))
        many = Batch(many.inputs, many.target_B, many.weight_B, torch.arange(20_000))
        elbo_B = objective.decision.predict(network, many, None).columns["elbo"]
    assert float(elbo_B.mean()) == pytest.approx(
        float(likelihood_B[0]), abs=5 * float(elbo_B.std()) / math.sqrt(20_000)
    )


def test_more_codes_come_closer_from_below() -> None:
    batch, bounds = rows(512), []
    for importance in (1, 10, 2_000):
        objective, network = made(importance_samples=importance)
        truth = exact(network)
        with torch.no_grad():
            network.head.bias[1] += 1.5  # a posterior too wide
            bounds.append(float(objective.capability("bounded").log_likelihood(network, batch).mean()))
            likelihood = float(truth.log_prob(batch.inputs["table"]).mean())
    assert bounds[0] < bounds[1] < bounds[2] <= likelihood + 0.005
    assert bounds[2] == pytest.approx(likelihood, abs=0.01)


def test_the_loss_is_reconstruction_and_divergence() -> None:
    objective, network = made(latent_dim=2, beta=3.0)
    batch, rng = rows(), Rng(0, 0, torch.arange(64))
    with torch.no_grad():
        loss = objective.learning.loss(network, batch, "network", rng)
        mean_BL, spread_BL = posterior(network, batch.inputs, None)
        kl_B = kl_divergence(Normal(mean_BL, torch.exp(0.5 * spread_BL)), Normal(0.0, 1.0)).sum(1)
        code_BL = mean_BL + torch.exp(0.5 * spread_BL) * rng.normal("latent", 2)
        made_B = -Normal(network.decoders[0](code_BL), SIGMA).log_prob(batch.inputs["table"]).sum(1)
    torch.testing.assert_close(loss.terms["kl"], kl_B)
    torch.testing.assert_close(loss.terms["reconstruction"], made_B)
    torch.testing.assert_close(loss.value_B, made_B + 3 * kl_B)


def test_free_bits_let_numbers_cost_as_much_at_least() -> None:
    objective, network = made(latent_dim=2, free_bits=50.0)
    batch = rows()
    loss = objective.learning.loss(network, batch, "network", Rng(0, 0, batch.row_B))
    torch.testing.assert_close(loss.value_B, loss.terms["reconstruction"] + 100.0)
    (gradient,) = torch.autograd.grad((loss.value_B - loss.terms["reconstruction"]).sum(), network.head.weight)
    assert gradient.abs().sum() == 0


def test_the_class_is_told_to_both_sides_and_sometimes_kept_back() -> None:
    objective, network = made(latent_dim=2, conditional=True)
    batch, other = rows(4_000), rows(4_000)
    other = Batch(other.inputs, 1 - rows(4_000).target_B, other.weight_B, other.row_B)
    with torch.no_grad():
        values = [
            objective.learning.loss(network, one, "network", Rng(0, 0, batch.row_B)).value_B for one in (batch, other)
        ]
        same = float((values[0] == values[1]).float().mean())
        unknown = Batch(batch.inputs, torch.full((4_000,), -1), batch.weight_B, batch.row_B)
        nobody = Batch(batch.inputs, None, batch.weight_B, batch.row_B)
        without = [objective.decision.predict(network, one, None).columns["elbo"] for one in (unknown, nobody)]
    assert same == pytest.approx(UNTOLD, abs=5 * math.sqrt(UNTOLD / 4_000))
    torch.testing.assert_close(*without)


def test_new_rows_are_of_the_class_that_is_asked_for() -> None:
    objective, network = made(conditional=True)
    network.classes_seen = []
    network.decoders[0].register_forward_pre_hook(lambda module, args: network.classes_seen.append(args[0][:, 1:]))
    rng = Rng(0, 0, torch.arange(2_000))
    with torch.no_grad():
        code_BL = objective.capability("generator").latent(network, rng, Sampling())
        objective.capability("generator").generate(network, code_BL, rng, Sampling(label="狗"))
        objective.capability("generator").generate(network, code_BL, rng, Sampling())
    assert float(code_BL.mean()) == pytest.approx(0, abs=0.1)
    assert float(code_BL.std()) == pytest.approx(1, abs=0.05)
    asked, drawn = network.classes_seen
    assert torch.equal(asked, torch.tensor([[0.0, 1.0]]).expand(2_000, -1))
    assert float(drawn[:, 0].mean()) == pytest.approx(0.75, abs=0.05)
    with pytest.raises(UsageError, match=says("objectives.label-unknown-class", label="b")):
        objective.capability("generator").generate(network, code_BL, rng, Sampling(label="b"))
    plain, other = made()
    with pytest.raises(UsageError, match=says("objectives.label-not-conditional")):
        plain.capability("generator").generate(other, code_BL, rng, Sampling(label="a"))


def test_tables_are_drawn_and_expected_rows_can_be_had() -> None:
    objective, network = made()
    rng = Rng(0, 0, torch.arange(3_000))
    code_BL = torch.zeros(3_000, 1)
    with torch.no_grad():
        drawn = objective.capability("generator").generate(network, code_BL, rng, Sampling())["table"]
        expected = objective.capability("generator").generate(network, code_BL, rng, Sampling(entries="expected"))[
            "table"
        ]
    assert float(expected.std(0).max()) < 1e-6
    np.testing.assert_allclose((drawn - expected).std(0).numpy(), SIGMA, rtol=0.06)


def test_a_conditional_one_needs_classes() -> None:
    objective = OBJECTIVE.bind(Options(conditional=True))
    said = objective.unsuitable(SCHEMA.model_copy(update={"target": None}))
    assert said is not None
    assert "target=" in said
    assert objective.unsuitable(SCHEMA) is None


def test_a_run_reports_its_bounds(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    shared = generator.normal(size=(400, 2)) @ generator.normal(size=(2, 5))
    frame = pl.DataFrame({f"x{i}": shared[:, i] + 0.2 * generator.normal(size=400) for i in range(5)})
    run = train(
        frame,
        target="none",
        objective="vae",
        epochs=20,
        out=tmp_path / "run",
        quiet=True,
        deterministic=True,
        settings=["objective.latent_dim=2", "objective.importance_samples=200"],
        require=["elbo_iw >= -20", "active_units >= 1"],
    )
    assert run is not None
    found: dict[str, Any] = {f.label: f for f in run.report.findings if f.split == "test"}
    assert found["elbo"].value == pytest.approx(-found["reconstruction"].value - found["kl_to_prior"].value, rel=1e-5)
    assert found["elbo"].value < found["elbo_iw"].value
    assert found["elbo_iw"].interval is not None
    assert "200 latent samples per example" in found["elbo_iw"].method
    assert found["active_units"].value == 2
    assert {"reconstruction", "kl"} <= set(run.history.columns)
