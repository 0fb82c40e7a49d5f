"""Every family and every objective that does not tie rows together gives the gradient of each row's loss, by
`torch.func.vmap` as one by one, random numbers included.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
import test_families as families
import test_objectives as labelled
import test_sequences as sequences
import torch
import unlabelled
from torch import Tensor, nn

from leadline.core.component import Component
from leadline.core.schema import Schema
from leadline.data.preprocessors import build_preprocessor, signal_spec
from leadline.errors import UsageError
from leadline.models.build import build_encoder
from leadline.nn.batch import Batch, SignalSpec
from leadline.nn.fusion import fuse_by
from leadline.nn.layers.dropout import Dropout
from leadline.nn.rng import Rng
from leadline.objectives.contract import BoundObjective
from leadline.objectives.lookup import objective_for
from leadline.training.steps.loss_module import LossModule
from leadline.training.steps.per_example import per_example_gradients
from leadline.training.weight_average import batch_norms
from sentences import says

ROWS = 5


def rng_of(batch: Batch) -> Rng:
    return Rng(3, 7, batch.row_B, torch.full((), 0.25))


def one_by_one(loss: LossModule, batch: Batch) -> dict[str, Tensor]:
    """Return the gradients of the rows, each as a batch of its own, by ordinary back-propagation."""
    found: dict[str, list[Tensor]] = {}
    trained = {name: p for name, p in loss.network.named_parameters() if p.requires_grad}
    for at in range(len(batch)):
        row = batch.map(lambda x, at=at: x[at : at + 1])
        one = loss(row, rng_of(row))
        gradients = torch.autograd.grad(
            torch.dot(one.value_B, one.weight_B.to(one.value_B.dtype)), list(trained.values()), allow_unused=True
        )
        for (name, p), gradient in zip(trained.items(), gradients, strict=True):
            found.setdefault(name, []).append(torch.zeros_like(p) if gradient is None else gradient)
    return {name: torch.stack(rows) for name, rows in found.items()}


def check(loss: LossModule, batch: Batch) -> None:
    loss.network.double().train()
    buffers = {name: x.clone() for name, x in loss.network.named_buffers()}
    found = per_example_gradients(loss, batch, rng_of(batch), batch_norm="running")
    for name, x in loss.network.named_buffers():
        assert torch.equal(x.nan_to_num(), buffers[name].nan_to_num()), f"{name} was changed"
    for norm in batch_norms(loss.network):
        assert norm.training
        norm.eval()
    expected = one_by_one(loss, batch)
    assert found.keys() == expected.keys()
    assert any(x.abs().max() > 0 for x in expected.values())
    for name, x in expected.items():
        torch.testing.assert_close(found[name], x, rtol=1e-7, atol=1e-9, msg=lambda text, name=name: f"{name}: {text}")


def bound(component: Component, schema: Schema) -> BoundObjective:
    objective = objective_for(component)
    return objective.complete(schema)


def family_loss(
    name: str, spec: SignalSpec, front: nn.Module | None = None, **options: object
) -> tuple[LossModule, Batch]:
    """Return the loss of a small network of a family, dropping features, and rows for it: classes, or forecasts."""
    case = "forecasting" if spec.ahead else "classification"
    if spec.ahead:
        spec = spec._replace(ahead=3, aims=(0, 2))
    schema = labelled.schema(case)
    objective = bound(labelled.CASES[case][0], schema)
    torch.manual_seed(0)
    body = build_encoder(Component(name=name, options=options), spec, front or families.Front(), "small")
    for module in body.modules():
        if isinstance(module, Dropout):
            module.rate = 0.3
    network = objective.learning.build(schema, {"table": body})
    generator = torch.Generator().manual_seed(2)
    x = families.rows(spec, ROWS, torch.float64)
    target = torch.randn(ROWS, 3, 2, generator=generator) if spec.ahead else torch.arange(ROWS) % 3
    weight_B = torch.linspace(0.5, 1.5, ROWS)
    return LossModule(network, objective, "network"), Batch({"table": x}, target, weight_B, torch.arange(ROWS) + 10)


@families.ON_FIRST
def test_every_family(name: str, spec: SignalSpec) -> None:
    check(*family_loss(name, spec))


@pytest.mark.parametrize("name", sequences.NAMES)
def test_every_family_on_rows_of_many_lengths(name: str) -> None:
    loss, batch = family_loss(name, sequences.SPEC, sequences.Front())
    x_BTF = batch.inputs["table"]
    beyond_BT = torch.arange(x_BTF.shape[1]) >= sequences.LENGTH_B[:, None]
    check(loss, batch.with_inputs({"table": x_BTF.masked_fill(beyond_BT[:, :, None], torch.nan)}))


@pytest.mark.parametrize("cell", ["elman", "lstm", "gru"])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_every_recurrent_cell(cell: str, bidirectional: bool) -> None:
    check(*family_loss("rnn", SignalSpec("sequence", (9, 4)), cell=cell, bidirectional=bidirectional, layers=2))


@pytest.mark.parametrize("fusion", ["concat", "gated", "attention"])
def test_every_fusion_of_inputs_of_which_rows_lack_some(fusion: str) -> None:
    schema = unlabelled.schema_of("table + picture")
    objective = bound(Component(name="classification"), schema)
    torch.manual_seed(0)
    encoders = {}
    for one in schema.inputs:
        front = build_preprocessor(one)
        mlp = Component(name="mlp", options={"hidden": [12]})
        encoders[one.name] = build_encoder(mlp, signal_spec(front, one), front, "small")
    fuse = fuse_by(Component(name=fusion, options={"modality_dropout": 0.4}), (False, True))
    network = objective.learning.build(schema, encoders, fuse)
    batch = unlabelled.batch_of("table + picture", objective, torch.float64)
    check(LossModule(network, objective, "network"), batch)


def test_rows_that_are_mixed() -> None:
    loss, batch = family_loss("mlp", SignalSpec("table", (5,)))
    check(loss, replace(batch, other_B=(torch.arange(ROWS) + 1) % 3, share_B=torch.linspace(0.2, 0.9, ROWS)))


def test_their_sum_is_the_gradient_of_a_step() -> None:
    loss, batch = family_loss("cnn", SignalSpec("image", (1, 8, 8)))
    found = loss.double()(batch, rng_of(batch))
    torch.dot(found.value_B, found.weight_B.double()).backward()
    gradients = per_example_gradients(loss, batch, rng_of(batch))
    for name, p in loss.network.named_parameters():
        torch.testing.assert_close(gradients[name].sum(0), p.grad, rtol=1e-9, atol=1e-12)


def test_parameters_that_are_frozen_have_no_gradient() -> None:
    loss, batch = family_loss("mlp", SignalSpec("table", (5,)))
    frozen, *_ = loss.network.parameters()
    frozen.requires_grad_(False)
    names = {name for name, p in loss.network.named_parameters() if p is not frozen}
    assert per_example_gradients(loss.double(), batch, rng_of(batch)).keys() == names


def test_batch_norm_is_refused_unless_its_statistics_are_to_stand() -> None:
    loss, batch = family_loss("resnet", SignalSpec("image", (1, 8, 8)))
    with pytest.raises(UsageError, match=says("training.batch-norm-per-example-gradients")):
        per_example_gradients(loss, batch, rng_of(batch))


def test_a_loss_that_ties_rows_together_is_refused() -> None:
    objective = bound(Component(name="contrastive"), unlabelled.schema_of("table"))
    network = unlabelled.build("contrastive", objective)
    batch = unlabelled.batch_of("table", objective)
    with pytest.raises(UsageError, match=says("training.coupled-per-example-gradients", objective="contrastive")):
        per_example_gradients(LossModule(network, objective, "network"), batch, rng_of(batch))


LABELLED = [name for name, (component, _) in labelled.CASES.items() if not objective_for(component).supervision.coupled]
UNLABELLED = [
    name for name, (component, _) in unlabelled.CASES.items() if not objective_for(component).supervision.coupled
]


@pytest.mark.parametrize("name", LABELLED)
def test_every_objective_with_labels(name: str) -> None:
    schema = labelled.schema(name)
    objective = bound(labelled.CASES[name][0], schema)
    torch.manual_seed(0)
    body = labelled.InputEncoder(labelled.Plain(), labelled.Plain(), 4)
    network = objective.learning.build(schema, {"table": body})
    for p in network.parameters():
        nn.init.normal_(p, std=0.3)
    batch = labelled.batch(name, torch.float64).map(lambda x: x[:ROWS])
    for player in objective.learning.networks(network):
        check(LossModule(network, objective, player), batch)


@pytest.mark.parametrize("name", UNLABELLED)
def test_every_objective_without_labels(name: str) -> None:
    component, rows = unlabelled.CASES[name]
    objective = bound(component, unlabelled.schema_of(rows))
    network = unlabelled.build(name, objective)
    batch = unlabelled.batch_of(rows, objective, torch.float64).map(lambda x: x[:ROWS])
    for player in objective.learning.networks(network):
        check(LossModule(network, objective, player), batch)
