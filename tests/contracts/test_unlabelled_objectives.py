"""What every objective must keep that needs no labels, over the registry; the cases are in `unlabelled.py`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from unlabelled import BESIDE, CASES, ROWS, batch_of, build, schema_of

from leadline.core.component import Component
from leadline.core.finding import Finding
from leadline.core.registry_tables import TABLES
from leadline.core.schema import Schema
from leadline.nn.batch import Batch
from leadline.nn.rng import Rng, using_rng
from leadline.objectives.contract import BoundObjective, EvaluationContext
from leadline.objectives.lookup import objective_for
from leadline.run.run import load_weights, save_weights


def test_every_objective_without_labels_is_here() -> None:
    known = {name for name in TABLES["objectives"] if objective_for(Component(name=name)).supervision.labels == "none"}
    assert known == {component.name for component, _ in CASES.values()}


@pytest.fixture(params=CASES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def objective(name: str) -> BoundObjective:
    objective = objective_for(CASES[name][0])
    assert objective.unsuitable(schema_of(CASES[name][1])) is None
    return objective.complete(schema_of(CASES[name][1]))


@pytest.fixture
def network(name: str, objective: BoundObjective, rows: Batch) -> nn.Module:
    """As it is after what is changed between epochs."""
    made = build(name, objective)
    with torch.no_grad():
        code = objective.learning.embed(made.eval(), rows.inputs).numpy()
    assert objective.learning.on_epoch_end(made, 0.0, lambda split, most: code[:most], 0) is None
    objective.learning.on_epoch_end(made, 1.0, lambda split, most: code[:most], 0)
    assert objective.learning.on_epoch_end(made, 1.0, lambda split, most: code[:most], 0) is None, (
        "nothing is done twice"
    )
    return made.train()


@pytest.fixture
def rows(name: str, objective: BoundObjective) -> Batch:
    return batch_of(CASES[name][1], objective)


def losses(objective: BoundObjective, network: nn.Module, rows: Batch, player: str | None = None) -> torch.Tensor:
    own = Rng(0, 0, rows.row_B)
    with using_rng(own):
        return objective.learning.loss(
            network, rows, player or next(iter(objective.learning.networks(network))), own
        ).value_B


def decided(objective: BoundObjective, network: nn.Module, rows: Batch) -> dict[str, np.ndarray]:
    with torch.no_grad():
        return {k: v.numpy() for k, v in objective.decision.predict(network.eval(), rows, None).columns.items()}


def test_loss_is_per_row_and_reaches_every_parameter(
    objective: BoundObjective, network: nn.Module, rows: Batch
) -> None:
    for player, part in objective.learning.networks(network).items():
        network.zero_grad()
        value_B = losses(objective, network, rows, player)
        assert value_B.shape == (ROWS,)
        assert value_B.isfinite().all()
        value_B.mean().backward()
        untouched = [
            n for n, p in part.named_parameters() if p.requires_grad and (p.grad is None or not p.grad.abs().sum() > 0)
        ]
        assert not untouched


def test_parts_of_the_loss_are_a_number_a_row(objective: BoundObjective, network: nn.Module, rows: Batch) -> None:
    for player in objective.learning.networks(network):
        own = Rng(0, 0, rows.row_B)
        with using_rng(own):
            loss = objective.learning.loss(network, rows, player, own)
        assert loss.weight_B.shape == (ROWS,)
        assert (loss.weight_B >= 0).all()
        assert all(part.shape == (ROWS,) or part.ndim == 0 for part in loss.terms.values())


def test_rows_do_not_see_each_other_unless_the_loss_is_coupled(
    objective: BoundObjective, network: nn.Module, rows: Batch
) -> None:
    if objective.supervision.coupled:
        pytest.skip("the loss ties rows together")
    whole_B = losses(objective, network, rows)
    first, second = rows.split(2)
    parts = torch.cat([losses(objective, network, first), losses(objective, network, second)])
    turned = rows.map(lambda x: x.flip(0))
    weight_B = objective.learning.loss(network, rows, "network", Rng(0, 0, rows.row_B)).weight_B
    counts = weight_B > 0  # a row that weighs nothing may stand in for another
    torch.testing.assert_close(parts[counts], whole_B[counts], atol=1e-4, rtol=1e-5)
    torch.testing.assert_close(
        losses(objective, network, turned).flip(0)[counts], whole_B[counts], atol=1e-4, rtol=1e-5
    )


def test_gradient_agrees_with_finite_differences(name: str, objective: BoundObjective) -> None:
    network = build(name, objective).double()  # before what a gradient takes as it is
    rows = batch_of(CASES[name][1], objective, torch.float64)
    player, part = next(iter(objective.learning.networks(network).items()))
    weight = next(p for p in part.parameters() if p.ndim == 2 and p.requires_grad)
    (gradient,) = torch.autograd.grad(losses(objective, network, rows, player).mean(), weight)
    at = divmod(int(gradient.abs().argmax()), weight.shape[1])
    ends, step = [], 1e-6
    with torch.no_grad():
        before = weight[at].item()
        for sign in (1, -1):
            weight[at] = before + sign * step
            ends.append(losses(objective, network, rows, player).mean().item())
        weight[at] = before
    assert gradient[at].item() == pytest.approx((ends[0] - ends[1]) / (2 * step), rel=1e-5, abs=1e-7)


def findings(
    objective: BoundObjective, columns: dict[str, np.ndarray], rows: Batch, schema: Schema
) -> Iterator[Finding]:
    assert rows.target_B is not None
    context = EvaluationContext(
        "test", rows.target_B.numpy()[: len(next(iter(columns.values())))], None, schema, levels=(0.95, 0.99)
    )
    return (one for one in objective.decision.measure(columns, context) if isinstance(one, Finding))


def test_decisions_and_measures_agree_with_what_is_announced(
    name: str, objective: BoundObjective, network: nn.Module, rows: Batch
) -> None:
    columns, schema = decided(objective, network, rows), schema_of(CASES[name][1])
    assert columns
    assert all(len(values) == ROWS for values in columns.values())
    found = list(findings(objective, columns, rows, schema))
    assert {f.label for f in found} <= set(objective.decision.metric_names(schema))
    assert found
    for one in found:
        assert one.value is not None or one.why
        if one.interval is not None and one.value is not None:
            assert one.interval[0] <= one.value <= one.interval[1]
    assert rows.target_B is not None
    watched = objective.decision.monitor(columns, rows.target_B.numpy(), schema)
    assert set(watched) == set(objective.decision.monitors)
    assert all(np.isfinite(value) for value in watched.values())


def test_without_rows_every_measure_is_absent(
    name: str, objective: BoundObjective, network: nn.Module, rows: Batch
) -> None:
    columns = {k: v[:0] for k, v in decided(objective, network, rows).items()}
    found = list(findings(objective, columns, rows, schema_of(CASES[name][1])))
    assert found
    assert all(one.value is None and one.why for one in found)


def test_decisions_depend_on_the_row_alone(objective: BoundObjective, network: nn.Module, rows: Batch) -> None:
    if objective.name in BESIDE:
        pytest.skip("rows are told from those beside them")
    whole, half = decided(objective, network, rows), decided(objective, network, next(rows.split(2)))
    for column, values in half.items():
        np.testing.assert_allclose(values, whole[column][: len(values)], rtol=1e-4, atol=1e-4)


def test_what_ships_comes_back_from_its_file(
    name: str, objective: BoundObjective, network: nn.Module, rows: Batch, tmp_path: Path
) -> None:
    shipped = objective.learning.ship(network)
    save_weights(shipped, tmp_path / "model.safetensors")
    torch.manual_seed(1)
    other = objective.learning.ship(build(name, objective))
    with torch.no_grad():
        for p in other.parameters():
            p.add_(1)
    load_weights(other, tmp_path / "model.safetensors")
    before, after = decided(objective, shipped, rows), decided(objective, other, rows)
    assert before.keys() == after.keys()
    for column, values in before.items():
        np.testing.assert_array_equal(after[column], values)


def test_embeddings_are_a_vector_a_row(objective: BoundObjective, network: nn.Module, rows: Batch) -> None:
    with torch.no_grad():
        found = objective.learning.embed(objective.learning.ship(network).eval(), rows.inputs)
    assert found.shape[0] == ROWS
    assert found.ndim == 2
    assert found.isfinite().all()


def test_codes_become_rows_of_the_same_form(name: str, objective: Any, network: nn.Module, rows: Batch) -> None:
    shipped = objective.learning.ship(network).eval()
    made = []
    with torch.no_grad():
        encoder, generator = objective.capability("encoder"), objective.capability("generator")
        if encoder is not None:
            code_BL = encoder.encode(shipped, rows.inputs)
            assert code_BL.ndim == 2
            made.append(encoder.reconstruct(shipped, rows))
        if generator is not None:
            options, rng = generator.samples(), Rng(3, 0, torch.arange(ROWS))
            some = Rng(3, 0, torch.arange(4))
            made.append(generator.generate(shipped, generator.latent(shipped, rng, options), rng, options))
            few = generator.generate(shipped, generator.latent(shipped, some, options), some, options)
            assert all(torch.allclose(few[key], x[:4], atol=1e-4) for key, x in made[-1].items())
    if not made:
        pytest.skip("it makes no rows")
    for found in made:
        for key, x in found.items():
            assert x.shape == rows.inputs[key].shape
            assert x.isfinite().all()


def test_options_are_written_out_once(name: str, objective: Any) -> None:
    assert objective.complete(schema_of(CASES[name][1])).options == objective.options
