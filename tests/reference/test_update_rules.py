"""Update rules against their formulas, written out in NumPy: three steps of a weight matrix whose gradients are
known.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import nn

from leadline.core.component import Component
from leadline.core.registry_tables import TABLES
from leadline.training.optim import optimizer
from leadline.training.optim.muon import COEFFICIENTS, orthogonalised

Array = np.ndarray
Rule = Callable[[Array, list[Array]], Array]
START = np.array([[1.0, -2.0], [0.5, 3.0], [-0.7, 0.2]])
GRADIENTS = [
    np.array([[0.5, -1.0], [2.0, 0.1], [0.3, -0.6]]),
    np.array([[-0.3, 0.2], [1.0, 0.0], [-0.9, 0.4]]),
    np.array([[1.0, 1.0], [-1.0, 3.0], [0.2, 0.2]]),
]
LR, DECAY, BETA, EPS = 0.1, 0.2, 0.8, 0.01  # ε is large, so that where it stands makes a difference


def stepped(**component: object) -> Array:
    """Return the weights after three steps of ours, in float64."""
    weight = nn.Parameter(torch.tensor(START))
    running = optimizer(Component.model_validate({"lr": LR, **component})).over([weight])
    for gradient in GRADIENTS:
        weight.grad = torch.tensor(gradient)
        running.step()
    return weight.detach().numpy()


def sgd(w: Array, gs: list[Array]) -> Array:
    for g in gs:
        w = w - LR * g
    return w


def momentum(w: Array, gs: list[Array]) -> Array:
    v = np.zeros_like(w)
    for g in gs:
        v = BETA * v + g
        w = w - LR * v
    return w


def averaged(w: Array, gs: list[Array]) -> Array:
    v = np.zeros_like(w)
    for g in gs:
        v = BETA * v + (1 - BETA) * g
        w = w - LR * v
    return w


def nesterov(w: Array, gs: list[Array]) -> Array:
    v = np.zeros_like(w)
    for g in gs:
        v = BETA * v + g
        w = w - LR * (g + BETA * v)
    return w


def averaged_nesterov(w: Array, gs: list[Array]) -> Array:
    v = np.zeros_like(w)
    for g in gs:
        v = BETA * v + (1 - BETA) * g
        w = w - LR * ((1 - BETA) * g + BETA * v)
    return w


def adagrad(w: Array, gs: list[Array]) -> Array:
    s = np.zeros_like(w)
    for g in gs:
        s = s + g**2
        w = w - LR * g / (np.sqrt(s) + EPS)
    return w


def adagrad_inside(w: Array, gs: list[Array]) -> Array:
    s = np.full_like(w, 0.1)
    for g in gs:
        s = s + g**2
        w = w - LR * g / np.sqrt(s + EPS)
    return w


def rmsprop(w: Array, gs: list[Array]) -> Array:
    s = np.zeros_like(w)
    for g in gs:
        s = BETA * s + (1 - BETA) * g**2
        w = w - LR * g / (np.sqrt(s) + EPS)
    return w


def rmsprop_inside(w: Array, gs: list[Array]) -> Array:
    s = np.zeros_like(w)
    for g in gs:
        s = BETA * s + (1 - BETA) * g**2
        w = w - LR * g / np.sqrt(s + EPS)
    return w


def rmsprop_centred_with_momentum(w: Array, gs: list[Array]) -> Array:
    s, m, v = np.zeros_like(w), np.zeros_like(w), np.zeros_like(w)
    for g in gs:
        s = BETA * s + (1 - BETA) * g**2
        m = BETA * m + (1 - BETA) * g
        v = 0.5 * v + g / np.sqrt(s - m**2 + EPS)
        w = w - LR * v
    return w


def adam(w: Array, gs: list[Array], decay: float = 0.0, apart: float = 0.0, largest: bool = False) -> Array:
    m, v, top = np.zeros_like(w), np.zeros_like(w), np.zeros_like(w)
    for t, gradient in enumerate(gs, start=1):
        g = gradient + decay * w
        w = w * (1 - LR * apart)
        m, v = 0.7 * m + 0.3 * g, 0.9 * v + 0.1 * g**2
        top = np.maximum(top, v) if largest else v
        w = w - LR * (m / (1 - 0.7**t)) / (np.sqrt(top / (1 - 0.9**t)) + EPS)
    return w


def newton_schulz(x: Array, rounds: int = 5) -> Array:
    a, b, c = COEFFICIENTS
    x = x / np.linalg.norm(x)
    for _ in range(rounds):
        s = x @ x.T
        x = a * x + (b * s + c * s @ s) @ x
    return x


def muon(w: Array, gs: list[Array], k: float) -> Array:
    v = np.zeros_like(w)
    for g in gs:
        v = BETA * v + (1 - BETA) * g
        u = (1 - BETA) * g + BETA * v
        w = w * (1 - LR * DECAY)
        w = w - LR * k * newton_schulz(u)
    return w


ADAM = {"beta1": 0.7, "beta2": 0.9, "eps": EPS}
CASES: list[tuple[dict[str, object], Rule]] = [
    ({"name": "sgd"}, sgd),
    ({"name": "sgd", "full_batch": True}, sgd),
    ({"name": "sgd", "momentum": BETA}, momentum),
    ({"name": "sgd", "momentum": BETA, "averaged": True}, averaged),
    ({"name": "sgd", "momentum": BETA, "nesterov": True}, nesterov),
    ({"name": "sgd", "momentum": BETA, "averaged": True, "nesterov": True}, averaged_nesterov),
    ({"name": "adagrad", "eps": EPS}, adagrad),
    ({"name": "adagrad", "eps": EPS, "epsilon": "inside", "initial_accumulator": 0.1}, adagrad_inside),
    ({"name": "rmsprop", "rho": BETA, "eps": EPS}, rmsprop),
    ({"name": "rmsprop", "rho": BETA, "eps": EPS, "epsilon": "inside"}, rmsprop_inside),
    (
        {"name": "rmsprop", "rho": BETA, "eps": EPS, "epsilon": "inside", "centered": True, "momentum": 0.5},
        rmsprop_centred_with_momentum,
    ),
    ({"name": "adam", **ADAM}, adam),
    ({"name": "adam", **ADAM, "weight_decay": DECAY}, lambda w, g: adam(w, g, decay=DECAY)),
    ({"name": "adam", **ADAM, "amsgrad": True}, lambda w, g: adam(w, g, largest=True)),
    ({"name": "adamw", **ADAM, "weight_decay": DECAY}, lambda w, g: adam(w, g, apart=DECAY)),
    ({"name": "muon", "momentum": BETA, "weight_decay": DECAY}, lambda w, g: muon(w, g, 0.2 * 3**0.5)),
    ({"name": "muon", "momentum": BETA, "weight_decay": DECAY, "scale": "original"}, lambda w, g: muon(w, g, 1.5**0.5)),
]


@pytest.mark.parametrize(("component", "rule"), CASES, ids=[" ".join(map(str, c.values())) for c, _ in CASES])
def test_three_steps_are_those_of_the_formula(component: dict[str, object], rule: Rule) -> None:
    np.testing.assert_allclose(stepped(**component), rule(START, GRADIENTS), rtol=1e-12)


@pytest.mark.parametrize(
    ("old", "now"),
    [
        ({"name": "gd"}, {"name": "sgd", "full_batch": True}),
        ({"name": "momentum", "averaged": True}, {"name": "sgd", "momentum": 0.9, "averaged": True}),
        ({"name": "momentum", "momentum": BETA}, {"name": "sgd", "momentum": BETA}),
        ({"name": "nesterov"}, {"name": "sgd", "momentum": 0.9, "nesterov": True}),
        ({"name": "amsgrad", **ADAM}, {"name": "adam", **ADAM, "amsgrad": True}),
    ],
    ids=lambda component: " ".join(map(str, component.values())),
)
def test_names_of_version_0_1_step_as_they_are_written_now(old: dict[str, object], now: dict[str, object]) -> None:
    np.testing.assert_array_equal(stepped(**old), stepped(**now))


def test_every_optimizer_is_checked_against_its_formula() -> None:
    assert {component["name"] for component, _ in CASES} == set(TABLES["optimizers"])


def decayed(name: str) -> bool:
    return name not in ("adamw", "muon")


@pytest.mark.parametrize("name", [name for name in TABLES["optimizers"] if decayed(name)])
def test_decay_is_the_gradient_of_the_squares_of_weights(name: str) -> None:
    weight, penalised = (nn.Parameter(torch.tensor(START)) for _ in range(2))
    ours = optimizer(Component(name=name, options={"lr": LR, "weight_decay": DECAY})).over([weight])
    plain = optimizer(Component(name=name, options={"lr": LR})).over([penalised])
    for gradient in GRADIENTS:
        weight.grad = torch.tensor(gradient)
        loss = (penalised * torch.tensor(gradient)).sum() + DECAY / 2 * penalised.square().sum()
        (penalised.grad,) = torch.autograd.grad(loss, penalised)
        ours.step()
        plain.step()
    torch.testing.assert_close(weight, penalised, rtol=1e-12, atol=0)


def test_the_averaged_momentum_is_the_other_at_a_higher_learning_rate() -> None:
    same = stepped(name="sgd", momentum=0.9, averaged=True, lr=LR / (1 - 0.9))
    np.testing.assert_allclose(same, stepped(name="sgd", momentum=0.9), rtol=1e-12)


def test_nesterov_is_the_look_ahead_written_in_the_point_of_the_gradient() -> None:
    """Nesterov's own form on a bowl: v ← βv − lr·∇f(w + βv), w ← w + v; ours is at w + βv."""
    curvature = torch.tensor([1.0, 7.0], dtype=torch.float64)
    w, v = torch.tensor([3.0, -1.0], dtype=torch.float64), torch.zeros(2, dtype=torch.float64)
    ours = nn.Parameter(w.clone())
    running = optimizer(Component(name="sgd", options={"momentum": 0.9, "nesterov": True, "lr": 0.05})).over([ours])
    for _ in range(20):
        v = 0.9 * v - 0.05 * curvature * (w + 0.9 * v)
        w = w + v
        ours.grad = curvature * ours.detach()
        running.step()
        torch.testing.assert_close(ours.detach(), w + 0.9 * v, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("shape", [(6, 6), (4, 9), (9, 4)])
def test_orthogonalising_keeps_directions_and_evens_out_their_lengths(shape: tuple[int, int]) -> None:
    x = torch.randn(3, *shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    u, _, vh = torch.linalg.svd(x, full_matrices=False)
    lengths = u.mT @ orthogonalised(x, 10) @ vh.mT
    across = lengths - torch.diag_embed(lengths.diagonal(dim1=1, dim2=2))
    torch.testing.assert_close(across, torch.zeros_like(across), rtol=0, atol=1e-9)
    values = lengths.diagonal(dim1=1, dim2=2)
    assert bool((values > 0.6).all()) and bool((values < 1.3).all())


@pytest.mark.parametrize(
    ("name", "options", "oracle", "theirs"),
    [
        ("adagrad", {}, torch.optim.Adagrad, {}),
        ("rmsprop", {"rho": 0.99}, torch.optim.RMSprop, {}),
        (
            "rmsprop",
            {"rho": 0.99, "centered": True, "momentum": 0.9},
            torch.optim.RMSprop,
            {"centered": True, "momentum": 0.9},
        ),
        ("muon", {"scale": "original"}, torch.optim.Muon, {"weight_decay": 0.01}),
        (
            "muon",
            {"nesterov": False},
            torch.optim.Muon,
            {"weight_decay": 0.01, "nesterov": False, "adjust_lr_fn": "match_rms_adamw"},
        ),
    ],
)
def test_our_own_rules_agree_with_pytorch(
    name: str, options: dict[str, object], oracle: type, theirs: dict[str, object]
) -> None:
    draw = torch.Generator().manual_seed(1)
    start = torch.randn(8, 5, generator=draw)
    ours, other = nn.Parameter(start.clone()), nn.Parameter(start.clone())
    running = optimizer(Component(name=name, options={"lr": 0.01, **options})).over([ours])
    reference = oracle([other], lr=0.01, **theirs)
    for _ in range(10):
        gradient = torch.randn(8, 5, generator=draw)
        ours.grad, other.grad = gradient.clone(), gradient.clone()
        running.step()
        reference.step()
    # PyTorch's Muon computes in bfloat16 wherever it runs
    close = {"rtol": 0.0, "atol": 2e-3} if name == "muon" else {"rtol": 1e-5, "atol": 1e-6}
    torch.testing.assert_close(ours.detach(), other.detach(), **close)
    assert float((ours.detach() - start).abs().mean()) > 0.01


def test_kernels_are_one_matrix_and_shapes_do_not_mix() -> None:
    draw = torch.Generator().manual_seed(2)
    shapes = [(4, 3, 2, 2), (4, 12), (12, 4), (4, 3, 2, 2)]
    gradients = [torch.randn(shape, generator=draw, dtype=torch.float64) for shape in shapes]
    together = [nn.Parameter(torch.zeros(shape, dtype=torch.float64)) for shape in shapes]
    running = optimizer(Component(name="muon", options={"lr": 1.0, "weight_decay": 0.0})).over(together)
    for p, gradient in zip(together, gradients, strict=True):
        p.grad = gradient
    running.step()
    for p, gradient in zip(together, gradients, strict=True):
        matrix = gradient.flatten(1).numpy()
        tall = matrix.shape[0] > matrix.shape[1]
        step = newton_schulz(matrix.T).T if tall else newton_schulz(matrix)
        np.testing.assert_allclose(p.detach().flatten(1).numpy(), -0.2 * 12**0.5 * step, rtol=1e-9, atol=1e-12)
