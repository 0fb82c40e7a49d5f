"""What stays as it is inside transforms: random numbers to the bit, and buffers that keep count."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, vmap

from leadline.nn.generative.discriminators import bind
from leadline.nn.generative.domain_adversarial import reverse_gradient
from leadline.nn.rng import Rng
from leadline.nn.transforms import in_transform


def test_only_what_a_transform_makes_is_in_one() -> None:
    seen: list[bool] = []

    def look(x: Tensor) -> Tensor:
        seen.append(in_transform(x))
        return x.sum()

    x = torch.ones(3)
    look(x), vmap(look)(x), grad(look)(x)
    assert seen == [False, True, True]
    assert in_transform(x, x) is False


def test_rows_draw_the_same_numbers_in_a_transform_to_the_bit() -> None:
    row_B = torch.arange(6) + 100
    whole = Rng(4, 9, row_B).fold_in("part")

    def drawn(of: Rng) -> tuple[Tensor, ...]:
        parts = of.each(2)
        return (
            of.bits("bits", 3),
            of.shorts("shorts", 21),
            of.uniform("uniform", 2, 3),
            of.normal("normal", 4),
            parts.uniform("of parts", 2),
        )

    def alone(row: Tensor, state: Tensor) -> tuple[Tensor, ...]:
        return drawn(Rng(0, 0, row[None], whole.progress, state[None], "part\x1f"))

    for found, expected in zip(vmap(alone)(row_B, whole.state_B), drawn(whole), strict=True):
        assert torch.equal(found.flatten(0, 1), expected)
    again = vmap(lambda row: Rng(4, 9, row[None]).uniform("first", 2))(row_B)  # the state is found inside
    assert torch.equal(again.flatten(0, 1), Rng(4, 9, row_B).uniform("first", 2))


def test_a_reversed_gradient_is_so_for_each_row() -> None:
    factor, x_B = torch.tensor(0.5), torch.linspace(-1, 1, 4)
    found_B = vmap(grad(lambda x: reverse_gradient(x, factor).square().sum()))(x_B)
    assert torch.equal(found_B, -0.5 * 2 * x_B)
    x_B.requires_grad_()
    reverse_gradient(x_B, factor).square().sum().backward()
    assert x_B.grad is not None
    assert torch.equal(found_B, x_B.grad)


def test_a_bound_weight_has_gradients_of_rows_and_its_power_iteration_waits() -> None:
    torch.manual_seed(0)
    layer, x_BF = bind(nn.Sequential(nn.Linear(3, 2))).train(), torch.randn(5, 3)
    buffers = {name: x.clone() for name, x in layer.named_buffers()}
    weights = {name: p.detach() for name, p in layer.named_parameters()}

    def total(own: dict[str, Tensor], x_BF: Tensor) -> Tensor:
        return functional_call(layer, own, (x_BF,)).square().sum()

    found = vmap(lambda x_F: grad(total)(weights, x_F[None]))(x_BF)
    assert all(torch.equal(x, buffers[name]) for name, x in layer.named_buffers())
    layer(x_BF).square().sum().backward()
    for name, p in layer.named_parameters():
        torch.testing.assert_close(found[name].sum(0), p.grad)
    assert any(not torch.equal(x, buffers[name]) for name, x in layer.named_buffers())
