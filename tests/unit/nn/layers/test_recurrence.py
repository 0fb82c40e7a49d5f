"""The states of recurrent layers, step by step, against PyTorch's own."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, vmap

from leadline.nn.layers.recurrence import states, unfused

CELLS = {"elman": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}
EVERY = pytest.mark.parametrize("cell", CELLS)


def layer_of(cell: str) -> nn.RNNBase:
    torch.manual_seed(0)
    made = CELLS[cell](3, 5, batch_first=True).double()
    for p in made.parameters():
        nn.init.normal_(p, std=0.5)
    return made


def rows() -> Tensor:
    return torch.randn(4, 7, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


@EVERY
def test_outside_of_transforms_it_is_the_fused_kernel_to_the_bit(cell: str) -> None:
    layer, x_BTF = layer_of(cell), rows()
    assert torch.equal(states(layer, x_BTF), layer(x_BTF)[0])


@EVERY
def test_step_by_step_gives_the_same_states_and_gradients(cell: str) -> None:
    layer, x_BTF = layer_of(cell), rows().requires_grad_()
    wanted = (x_BTF, *layer.parameters())
    found, fused = unfused(layer, x_BTF), layer(x_BTF)[0]
    torch.testing.assert_close(found, fused)
    for own, theirs in zip(*(torch.autograd.grad(x.square().sum(), wanted) for x in (found, fused)), strict=True):
        torch.testing.assert_close(own, theirs)


def test_a_first_state_is_begun_with() -> None:
    layer, first_1BH = layer_of("gru"), torch.linspace(-1, 1, 20, dtype=torch.float64).view(1, 4, 5)
    torch.testing.assert_close(unfused(layer, rows(), first_1BH), layer(rows(), first_1BH)[0])


@EVERY
def test_single_rows_have_gradients(cell: str) -> None:
    layer, x_BTF = layer_of(cell), rows()
    weights = {name: p.detach() for name, p in layer.named_parameters()}

    class Sum(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = layer

        def forward(self, x_TF: Tensor) -> Tensor:
            return states(self.layer, x_TF[None]).square().sum()

    of_row = grad(lambda own, x_TF: functional_call(Sum(), {f"layer.{k}": v for k, v in own.items()}, (x_TF,)))
    found = vmap(of_row, in_dims=(None, 0))(weights, x_BTF)
    layer(x_BTF)[0].square().sum().backward()
    for name, p in layer.named_parameters():
        torch.testing.assert_close(found[name].sum(0), p.grad)
