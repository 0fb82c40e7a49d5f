"""Options, groups and state of optimizers, whichever they are; their formulas are in
`tests/reference/test_update_rules.py`.
"""

from __future__ import annotations

import pytest
import torch
from small_problem import Table, network, noisy, plain
from torch import nn

from leadline.core.component import Component
from leadline.core.registry import registered
from leadline.errors import RunError, UsageError
from leadline.training.data_loader import DataLoader
from leadline.training.optim import load_state, optimizer, resolved_optimizer, state_of
from sentences import says

START = torch.tensor([[1.0, -2.0], [0.5, 3.0]])
GRADIENT = torch.tensor([[0.5, -1.0], [2.0, 0.1]])


@pytest.mark.parametrize("name", registered("optimizers"))
@pytest.mark.parametrize("decay_vectors", [False, True])
def test_vectors_decay_only_where_asked_for(name: str, decay_vectors: bool) -> None:
    layer = nn.Linear(2, 2)
    nn.init.constant_(layer.weight, 1.0)
    nn.init.constant_(layer.bias, 1.0)
    options = {"name": name, "lr": 0.1, "weight_decay": 0.5, "decay_vectors": decay_vectors}
    running = optimizer(Component.model_validate(options)).over(layer.parameters())
    layer.weight.grad, layer.bias.grad = torch.zeros(2, 2), torch.zeros(2)
    running.step()
    assert bool((layer.weight < 1).all())
    assert bool((layer.bias < 1).all()) == decay_vectors


def test_frozen_parameters_are_left_out() -> None:
    layer = nn.Linear(2, 2)
    layer.weight.requires_grad_(False)
    running = optimizer(Component(name="adamw")).over(layer.parameters())
    assert [p for group in running.param_groups for p in group["params"]] == [layer.bias]


def test_foreign_state_is_refused() -> None:
    weight = nn.Parameter(START.clone())
    running = optimizer(Component(name="sgd", options={"momentum": 0.9})).over([weight])
    weight.grad = GRADIENT
    running.step()
    state = state_of(running, {weight: "w"})
    assert state.keys() == {"w.momentum_buffer"}
    with pytest.raises(RunError, match=says("training.checkpoint-of-another-network", name="w")):
        load_state(running, {weight: "other"}, state)


def test_wrong_names_and_options_are_explained() -> None:
    with pytest.raises(UsageError, match=says("core.unknown-item", noun="optimizer", name="adamv")):
        optimizer(Component(name="adamv"))
    with pytest.raises(
        UsageError, match=says("options.unknown-option", item="adam", name="lrr", hint="Did you mean 'lr'?")
    ):
        optimizer(Component(name="adam", options={"lrr": 1}))
    with pytest.raises(UsageError, match=says("options.wrong-option", entry="lr", wanted="a number above 0", given=-1)):
        optimizer(Component(name="sgd", options={"lr": -1}))


def test_resolving_writes_every_default_and_is_stable() -> None:
    resolved = resolved_optimizer(Component(name="adamw", options={"lr": 0.5}))
    assert (
        resolved.options["lr"] == 0.5
        and resolved.options["weight_decay"] == 0.01
        and resolved.options["beta2"] == 0.999
    )
    assert resolved_optimizer(resolved) == resolved


def test_a_learning_rate_that_is_to_be_found_stays_so_beside_the_defaults() -> None:
    resolved = resolved_optimizer(Component(name="sgd", options={"momentum": 0.9, "lr": "auto"}))
    assert resolved.options["lr"] == "auto" and resolved.options["momentum"] == 0.9
    with pytest.raises(UsageError, match=says("options.wrong-option", entry="lr", given="'auto'")):
        optimizer(resolved)


@pytest.mark.parametrize("form", ["averaged", "nesterov"])
def test_a_form_of_momentum_needs_momentum(form: str) -> None:
    with pytest.raises(UsageError, match=f"{form} needs momentum"):
        optimizer(Component(name="sgd", options={form: True}))


def test_names_of_version_0_1_are_resolved_to_the_new_ones() -> None:
    old = Component(name="nesterov", options={"lr": "auto", "averaged": True})
    resolved = resolved_optimizer(old)
    assert resolved.name == "sgd"
    assert {**resolved.options, "decay_vectors": False} == {
        "lr": "auto",
        "weight_decay": 0.0,
        "decay_vectors": False,
        "momentum": 0.9,
        "averaged": True,
        "nesterov": True,
        "full_batch": False,
    }
    assert resolved_optimizer(Component(name="gd")).options["lr"] == 0.1
    assert resolved_optimizer(resolved) == resolved


@pytest.mark.parametrize("name", registered("optimizers"))
def test_rates_are_factors_of_the_learning_rate(name: str) -> None:
    """Two weights that see the same, one at half the rate, move as the same weight does under two learning rates."""
    moved = []
    for lr, rates in ((0.1, (1.0, 0.5)), (0.05, (1.0, 1.0))):
        weights = [nn.Parameter(START.clone()) for _ in range(2)]
        running = optimizer(Component(name=name, options={"lr": lr})).over(
            weights, dict(zip(weights, rates, strict=True))
        )
        for _ in range(3):
            for weight in weights:
                weight.grad = GRADIENT.clone()
            running.step()
        moved.append([weight.detach() - START for weight in weights])
    (fast, slow), (half, _) = moved
    torch.testing.assert_close(slow, half)
    assert not torch.allclose(fast, slow)


def test_muon_steps_hidden_matrices_and_adamw_the_rest_at_a_rate_of_its_own() -> None:
    inner, head, bias = (nn.Parameter(torch.ones(shape)) for shape in ((3, 3), (2, 3), (2,)))
    running = optimizer(Component(name="muon", options={"lr": 0.1, "rest": 0.5})).over(
        [inner, head, bias], hidden={inner}
    )
    for p in (inner, head, bias):
        p.grad = torch.ones_like(p)
    running.step()
    keys = {p: set(running.state[p]) for p in (inner, head, bias)}
    assert keys == {
        inner: {"momentum_buffer"},
        head: {"step", "exp_avg", "exp_avg_sq"},
        bias: {"step", "exp_avg", "exp_avg_sq"},
    }
    assert [(group["lr"], group["rate"]) for group in running.param_groups] == [(0.1, 1.0), (0.05, 0.5), (0.05, 0.5)]
    torch.testing.assert_close(bias.detach(), torch.full((2,), 1 - 0.05))


@pytest.mark.parametrize("hidden", [True, False])
def test_muon_without_one_of_its_halves(hidden: bool) -> None:
    weight = nn.Parameter(START.clone())
    running = optimizer(Component(name="muon")).over([weight], hidden={weight} if hidden else set())
    weight.grad = GRADIENT
    running.step()
    assert set(running.state[weight]) == ({"momentum_buffer"} if hidden else {"step", "exp_avg", "exp_avg_sq"})


ALL = [
    *({"name": name} for name in registered("optimizers")),
    {"name": "sgd", "momentum": 0.9},
    {"name": "sgd", "momentum": 0.9, "averaged": True, "weight_decay": 0.1},
    {"name": "adam", "amsgrad": True},
    {"name": "rmsprop", "centered": True, "momentum": 0.9, "epsilon": "inside"},
    {"name": "adagrad", "initial_accumulator": 0.1, "decay_vectors": True, "weight_decay": 0.1},
]


@pytest.mark.parametrize("options", ALL, ids=lambda o: " ".join(map(str, o.values())))
def test_resuming_gives_the_same_bits(options: dict[str, object]) -> None:
    def fresh() -> tuple:
        step = plain(network(dropout=0.3), options, schedule=Component(name="cosine"), clip=1.0)
        return step, DataLoader(Table(50), 16, 5, augment=noisy)

    def run(step, loader: DataLoader, start: int, end: int) -> None:
        for at in range(start, end):
            step(loader.at(at))

    (whole, loader), (first, _), (second, _) = fresh(), fresh(), fresh()
    run(whole, loader, 0, 12)
    run(first, loader, 0, 5)
    tensors, scalars = first.state()
    run(second, loader, 0, 2)  # a past of its own is forgotten
    second.load({name: x.clone() for name, x in tensors.items()}, scalars)
    run(second, loader, 5, 12)
    ends = [step.network.state_dict() for step in (whole, first, second)]
    assert all(torch.equal(ends[0][name], ends[2][name]) for name in ends[0])
    assert not all(torch.equal(ends[0][name], ends[1][name]) for name in ends[0])


@pytest.mark.parametrize("name", registered("optimizers"))
def test_all_train_the_same_small_problem(name: str) -> None:
    lr = {"sgd": 0.03, "adagrad": 0.1}.get(name, 0.01)
    step = plain(network(), {"name": name, "lr": lr}, schedule=Component(name="cosine"), total=400)
    loader = DataLoader(Table(200, even=True), 20, 5)
    losses = []
    for at in range(400):
        names, sums_2K = step(loader.at(at))
        losses.append(float(sums_2K[0, names.index("loss")] / sums_2K[1, names.index("loss")]))
    assert sum(losses[-10:]) < 0.2 * sum(losses[:10])
