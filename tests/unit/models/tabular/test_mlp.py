"""The multilayer perceptron against the formula it stands for."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from leadline.models.tabular.mlp import MLP, Options
from leadline.nn.batch import Signal, SignalSpec
from leadline.nn.layers.dropout import Dropout

TABLE = SignalSpec("table", (10,))


def test_a_dense_layer_is_f_of_xw_plus_b() -> None:
    mlp = MLP(TABLE, Options(hidden=(5, 3), activation="sigmoid")).double()
    first, _, second, _ = mlp.layers
    nn.init.normal_(first.bias)
    x = torch.randn(4, 10, dtype=torch.float64)
    h = 1 / (1 + torch.exp(-(x @ first.weight.T + first.bias)))
    y = 1 / (1 + torch.exp(-(h @ second.weight.T + second.bias)))
    torch.testing.assert_close(mlp(Signal(x)).values, y)


def test_without_hidden_layers_it_passes_its_input_on() -> None:
    x = torch.randn(4, 2, 5)
    assert torch.equal(MLP(SignalSpec("image", (2, 5)), Options(hidden=()))(Signal(x)).values, x.view(4, 10))


@pytest.mark.parametrize(
    ("norm", "kind", "bias"), [("none", nn.ReLU, True), ("batch", nn.BatchNorm1d, False), ("layer", nn.LayerNorm, True)]
)
def test_a_norm_stands_between_the_dense_layer_and_its_activation(norm: str, kind: type[nn.Module], bias: bool) -> None:
    mlp = MLP(TABLE, Options(hidden=(5,), norm=norm))
    assert isinstance(mlp.layers[1], kind)
    assert (mlp.layers[0].bias is not None) == bias


def test_dropout_follows_every_hidden_layer() -> None:
    mlp = MLP(TABLE, Options(hidden=(5, 4), dropout=0.3))
    assert [m.rate for m in mlp.layers if isinstance(m, Dropout)] == [0.3, 0.3]


def test_images_are_flattened_channel_by_channel_in_any_memory_format() -> None:
    mlp = MLP(SignalSpec("image", (3, 4, 4)), Options(hidden=(6,)))
    x = torch.randn(2, 3, 4, 4)
    expected = torch.relu(x.flatten(1) @ mlp.layers[0].weight.T)
    torch.testing.assert_close(mlp(Signal(x.to(memory_format=torch.channels_last))).values, expected)
