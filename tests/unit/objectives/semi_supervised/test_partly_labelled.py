"""Classes of which only some rows have one: what FixMatch and domain adaptation make of the others."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from leadline.core.catalogue import say
from leadline.core.component import Component
from leadline.core.schema import ColumnSchema, InputSchema, Schema
from leadline.errors import UsageError
from leadline.nn.batch import Batch, Signal
from leadline.nn.network import InputEncoder
from leadline.nn.rng import Rng
from leadline.objectives.lookup import objective_for
from leadline.objectives.semi_supervised.partly_labelled import either, mean_over
from sentences import says

ROWS = 12


class Plain(nn.Module):
    def forward(self, x: Any) -> Signal:
        return x if isinstance(x, Signal) else Signal(x)


def schema(**state: Any) -> Schema:
    fields = tuple(ColumnSchema(name=f"x{i}", kind="number", state={}) for i in range(4))
    target = ColumnSchema(name="kind", kind="category", state={"classes": ["a", "b", "c"], **state})
    return Schema(inputs=(InputSchema(name="table", kind="table", fields=fields, shape=(4,)),), target=target)


def made(name: str, state: dict[str, Any] | None = None, **options: Any) -> tuple[Any, Any]:
    """Return an objective with its options complete, and its network."""
    objective = objective_for(Component(name=name, options=options))
    whole = schema(**(state or {}))
    objective = objective.complete(whole)
    torch.manual_seed(0)
    return objective, objective.learning.build(whole, {"table": InputEncoder(Plain(), Plain(), 4)})


def batch(labelled: int = 4) -> Batch:
    generator = torch.Generator().manual_seed(1)
    x_BF, hard_BF = torch.randn(2, ROWS, 4, generator=generator)
    target_B = torch.where(torch.arange(ROWS) < labelled, torch.arange(ROWS) % 3, -1)
    weight_B = torch.rand(ROWS, generator=generator) + 0.5
    return Batch({"table": x_BF}, target_B, weight_B, torch.arange(ROWS), {"strong": {"table": hard_BF}})


def rng(progress: float = 1.0) -> Rng:
    return Rng(0, 0, torch.arange(ROWS), torch.tensor(progress))


def total(loss: Any) -> torch.Tensor:
    """Return what a step makes of a loss: the mean by weight."""
    return (loss.value_B * loss.weight_B).sum() / loss.weight_B.sum()


def test_the_loss_is_the_mean_of_two_means_where_batches_have_their_ratio() -> None:
    objective, network = made("fixmatch", unlabeled_ratio=2.0, threshold=0.0, unlabeled_weight=3.0)
    rows = replace(batch(), weight_B=torch.ones(ROWS))  # four with a class, eight without
    easy_BC, hard_BC = (network(inputs) for inputs in (rows.inputs, rows.views["strong"]))
    supervised = F.cross_entropy(easy_BC[:4], rows.target_B[:4])  # type: ignore[index]
    unlabelled = F.cross_entropy(hard_BC[4:], easy_BC[4:].argmax(1))
    loss = objective.learning.loss(network, rows, "network", rng())
    torch.testing.assert_close(total(loss), (supervised + 3 * unlabelled) / 2)
    means = {name: (part @ loss.weight_B / loss.weight_B.sum()).item() for name, part in loss.terms.items()}
    assert means == pytest.approx({"supervised": supervised.item(), "unlabelled": unlabelled.item(), "sure": 1.0})


def test_a_row_learns_only_from_what_the_network_is_sure_of() -> None:
    objective, network = made("fixmatch", threshold=0.45)
    rows = batch()
    sure_B = network(rows.inputs).softmax(1).amax(1) >= 0.45
    assert 0 < int(sure_B[4:].sum()) < 8, "the test needs some of each"
    loss = objective.learning.loss(network, rows, "network", rng())
    assert torch.equal(loss.value_B[4:] > 0, sure_B[4:])
    mean = float((loss.terms["sure"] * loss.weight_B).sum() / loss.weight_B.sum())
    weight_B = rows.weight_B[4:]
    assert mean == pytest.approx(float(weight_B[sure_B[4:]].sum() / weight_B.sum()), rel=1e-5)


def test_no_gradient_goes_through_what_rows_are_said_to_be() -> None:
    objective, network = made("fixmatch", threshold=0.0)
    rows = batch(labelled=0)
    easy = rows.inputs["table"].clone().requires_grad_()
    hard = rows.views["strong"]["table"].clone().requires_grad_()
    rows = replace(rows, inputs={"table": easy}, views={"strong": {"table": hard}})
    total(objective.learning.loss(network, rows, "network", rng())).backward()
    assert hard.grad is not None
    assert hard.grad.abs().sum() > 0
    assert easy.grad is None or not easy.grad.any()


def test_in_few_bits_weights_learn_too() -> None:
    """Autocast keeps what it made of weights: where no gradient was wanted first, none would come later."""
    objective, network = made("fixmatch", threshold=0.0)
    with torch.autocast("cpu", torch.bfloat16):
        loss = objective.learning.loss(network, batch(labelled=0), "network", rng())
    total(loss).backward()
    assert network.head.weight.grad is not None
    assert network.head.weight.grad.any()


def test_without_consistency_rows_themselves_learn() -> None:
    objective, network = made("fixmatch", threshold=0.0, consistency=False)
    assert objective.supervision.views == ("weak",)
    rows = replace(batch(), views={})
    said_BC = network(rows.inputs)
    loss = objective.learning.loss(network, rows, "network", rng())
    torch.testing.assert_close(loss.value_B[4:], F.cross_entropy(said_BC[4:], said_BC[4:].argmax(1), reduction="none"))


def test_the_weight_of_rows_without_a_class_climbs_over_the_ramp() -> None:
    objective, network = made("fixmatch", threshold=0.0, ramp_up=0.5)
    values = [
        objective.learning.loss(network, batch(), "network", rng(at)).value_B[4:].sum() for at in (0.0, 0.25, 0.5, 1.0)
    ]
    assert values[0].item() == 0
    torch.testing.assert_close(values[1], values[3] / 2)
    torch.testing.assert_close(values[2], values[3])


@pytest.mark.parametrize("name", ["fixmatch", "adaptation"])
def test_batches_are_asked_for_in_the_ratio_that_there_can_be(name: str) -> None:
    plenty, _ = made(name, {"counts": [10, 5, 5], "unlabelled": 1_000}, unlabeled_ratio=7.0)
    assert plenty.options.unlabeled_ratio == 7
    assert plenty.supervision.labelled_share == pytest.approx(1 / 8)
    few, _ = made(name, {"counts": [10, 5, 5], "unlabelled": 5}, unlabeled_ratio=7.0)
    assert few.options.unlabeled_ratio == pytest.approx(1 / 4)
    assert few.supervision.labelled_share == pytest.approx(20 / 25)
    assert few.complete(schema(counts=[10, 5, 5], unlabelled=5)).options == few.options


def test_without_rows_to_learn_from_without_a_class_fixmatch_is_classification() -> None:
    objective, network = made("fixmatch", {"counts": [4, 4, 4], "unlabelled": 0})
    plain, _ = made("classification")
    rows = replace(batch(labelled=ROWS), views={"strong": batch().views["strong"]})
    own, other = (one.learning.loss(network, rows, "network", rng()) for one in (objective, plain))
    torch.testing.assert_close(own.value_B, other.value_B)
    torch.testing.assert_close(own.weight_B, other.weight_B)


def test_adaptation_refuses_rows_of_one_domain_in_words() -> None:
    objective = objective_for(Component(name="adaptation"))
    said = objective.unsuitable(schema(counts=[4, 4, 4], unlabelled=0))
    assert said is not None
    assert said == say("objectives.no-target-domain", name="kind")
    assert objective.unsuitable(schema(counts=[4, 4, 4], unlabelled=3)) is None


def test_features_learn_to_mislead_what_tells_domains_apart() -> None:
    """The gradient of the domain loss has the other sign where it reaches the features, and grows with the progress of
    training.
    """
    objective, network = made("adaptation", domain_weight=2.0, steepness=10.0)
    rows = batch(labelled=0)
    gradients = []
    for progress in (0.0, 0.3, 1.0):
        x = rows.inputs["table"].clone().requires_grad_()
        total(objective.learning.loss(network, replace(rows, inputs={"table": x}), "network", rng(progress))).backward()
        gradients.append(x.grad)
    x = rows.inputs["table"].clone().requires_grad_()
    told_B = F.binary_cross_entropy_with_logits(network.domains(x), torch.ones(ROWS), reduction="none")
    ((0.5 * told_B * rows.weight_B).sum() / rows.weight_B.sum()).backward()
    for progress, gradient in zip((0.0, 0.3, 1.0), gradients, strict=True):
        factor = 2 * (2 / (1 + torch.exp(torch.tensor(-10 * progress))) - 1)
        torch.testing.assert_close(gradient, -factor * x.grad)  # type: ignore[operator]


def test_what_tells_domains_apart_does_not_ship_and_stays_where_it_trains() -> None:
    objective, network = made("adaptation")
    shipped = objective.learning.ship(network)
    assert not [name for name in shipped.state_dict() if name.startswith("domains")]
    assert any(name.startswith("domains") for name in network.state_dict())
    rows = batch()
    torch.testing.assert_close(shipped(rows.inputs), network(rows.inputs))


def test_a_network_without_features_is_refused() -> None:
    objective = objective_for(Component(name="adaptation"))
    with pytest.raises(UsageError, match=says("objectives.adaptation-needs-linear-head")):
        objective.learning.build(schema(), {"table": InputEncoder(Plain(), Plain(), 3, gives_outputs=True)})


def test_several_targets_refuse_an_objective_that_needs_rows_without_one() -> None:
    number = ColumnSchema(name="price", kind="number", state={})
    kind = schema().target
    assert kind is not None
    tasks = [one.model_dump(mode="json") for one in (kind, number)]
    several = ColumnSchema(name="kind, price", kind="several", state={"columns": ["kind", "price"], "tasks": tasks})
    with pytest.raises(UsageError, match=says("objectives.multitask-unsuited", component="fixmatch")):
        objective = objective_for(Component(name="multitask", options={"tasks": {"kind": "fixmatch"}}))
        objective.complete(schema().model_copy(update={"target": several}))


def test_clips_that_one_view_made_longer_are_padded() -> None:
    first_B = torch.tensor([True, False])
    one, other = torch.ones(2, 3), torch.zeros(2, 5)
    found = either(first_B, {"clip": one}, {"clip": other})["clip"]
    assert found[0, :3].tolist() == [1, 1, 1]
    assert found[0, 3:].isnan().all()
    assert found[1].tolist() == [0] * 5


def test_means_for_the_log_are_those_of_some_rows() -> None:
    weight_B, values_B = torch.tensor([1.0, 2.0, 0.5]), torch.tensor([4.0, 1.0, 9.0])
    there_B = torch.tensor([True, True, False])
    found = (mean_over(there_B, values_B, weight_B) * weight_B).sum() / weight_B.sum()
    assert found.item() == pytest.approx(6 / 3)
    assert not mean_over(torch.zeros(3, dtype=torch.bool), values_B, weight_B).any()
