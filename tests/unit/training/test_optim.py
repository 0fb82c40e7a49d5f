"""Update rules against their formulas, on three steps of a weight matrix with gradients that are known."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from leadline.errors import RunError, UsageError
from leadline.facts.component import Component
from leadline.training.optim import OPTIMIZERS, load_state, optimizer, resolved_optimizer, state_of

GRADIENTS = [
    torch.tensor([[0.5, -1.0], [2.0, 0.1]]),
    torch.tensor([[-0.3, 0.2], [1.0, 0.0]]),
    torch.tensor([[1.0, 1.0], [-1.0, 3.0]]),
]
START = torch.tensor([[1.0, -2.0], [0.5, 3.0]])
LR, DECAY, BETA1, BETA2, EPS = 0.1, 0.2, 0.9, 0.999, 1e-8


def stepped(**component: object) -> Tensor:
    weight = nn.Parameter(START.clone())
    running = optimizer(Component.model_validate({"lr": LR, **component})).over([weight])
    for gradient in GRADIENTS:
        weight.grad = gradient.clone()
        running.step()
    return weight.detach()


def test_sgd() -> None:
    torch.testing.assert_close(stepped(name="sgd"), START - LR * sum(GRADIENTS))


@pytest.mark.parametrize("nesterov", [False, True])
def test_momentum(nesterov: bool) -> None:
    w, v = START.clone(), torch.zeros_like(START)
    for g in GRADIENTS:
        v = 0.8 * v + g
        w = w - LR * (g + 0.8 * v if nesterov else v)
    torch.testing.assert_close(stepped(name="momentum", momentum=0.8, nesterov=nesterov), w)


@pytest.mark.parametrize("decoupled", [False, True])
def test_adam(decoupled: bool) -> None:
    w, m, v = START.clone(), torch.zeros_like(START), torch.zeros_like(START)
    for t, gradient in enumerate(GRADIENTS, start=1):
        g = gradient if decoupled else gradient + DECAY * w
        w = w * (1 - LR * DECAY) if decoupled else w
        m, v = BETA1 * m + (1 - BETA1) * g, BETA2 * v + (1 - BETA2) * g * g
        w = w - LR * (m / (1 - BETA1**t)) / ((v / (1 - BETA2**t)).sqrt() + EPS)
    torch.testing.assert_close(stepped(name="adamw" if decoupled else "adam", weight_decay=DECAY), w)


def test_sgd_decay_is_added_to_the_gradient() -> None:
    w = START.clone()
    for g in GRADIENTS:
        w = w - LR * (g + DECAY * w)
    torch.testing.assert_close(stepped(name="sgd", weight_decay=DECAY), w)


@pytest.mark.parametrize("name", OPTIMIZERS)
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
    running = optimizer(Component(name="momentum")).over([weight])
    weight.grad = GRADIENTS[0]
    running.step()
    state = state_of(running, {weight: "w"})
    assert state.keys() == {"w.momentum_buffer"}
    with pytest.raises(RunError, match="'w'"):
        load_state(running, {weight: "other"}, state)


def test_wrong_names_and_options_are_explained() -> None:
    with pytest.raises(UsageError, match=r"no optimizer 'adamv'.*Did you mean"):
        optimizer(Component(name="adamv"))
    with pytest.raises(UsageError, match=r"option 'lrr'.*Did you mean 'lr'"):
        optimizer(Component(name="adam", options={"lrr": 1}))
    with pytest.raises(UsageError, match="option 'lr': Input should be greater than 0"):
        optimizer(Component(name="sgd", options={"lr": -1}))


def test_resolving_writes_every_default_and_is_stable() -> None:
    resolved = resolved_optimizer(Component(name="adamw", options={"lr": 0.5}))
    assert resolved.options["lr"] == 0.5 and resolved.options["weight_decay"] == 0.01 and resolved.options["beta2"] == 0.999
    assert resolved_optimizer(resolved) == resolved
