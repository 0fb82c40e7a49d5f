"""Norms against their formula, written out."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from leadline.core.component import Component
from leadline.models.build import build_encoder
from leadline.nn.batch import Signal, SignalSpec
from leadline.nn.layers.norms import default_groups, make_norm
from sentences import says

EPS = 1e-5


def drawn(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64) * 3 + 1


def scaled(norm: nn.Module, channels: int) -> tuple[nn.Module, Tensor, Tensor]:
    """Return a norm in float64 whose γ and β are not 1 and 0, with these."""
    norm = norm.double()
    gamma, beta = torch.linspace(0.5, 2, channels).double(), torch.linspace(-1, 1, channels).double()
    with torch.no_grad():
        norm.weight.copy_(gamma)
        norm.bias.copy_(beta)
    return norm, gamma, beta


def normal(x: Tensor, over: tuple[int, ...]) -> Tensor:
    mean = x.mean(over, keepdim=True)
    return (x - mean) / ((x - mean).square().mean(over, keepdim=True) + EPS).sqrt()


def test_batch_norm_of_features_and_of_maps() -> None:
    for x, over in ((drawn(7, 6), (0,)), (drawn(7, 6, 4, 5), (0, 2, 3))):
        norm, gamma, beta = scaled(make_norm("batch", 6, maps=x.ndim == 4), 6)
        shape = (1, 6) + (1,) * (x.ndim - 2)
        torch.testing.assert_close(norm(x), gamma.view(shape) * normal(x, over) + beta.view(shape))
        mean, spread = 0.1 * x.mean(over), 0.9 + 0.1 * x.var(over, unbiased=True)
        torch.testing.assert_close((norm.running_mean, norm.running_var), (mean, spread))
        after = norm.eval()(x)
        expected = (x - mean.view(shape)) / (spread.view(shape) + EPS).sqrt()
        torch.testing.assert_close(after, gamma.view(shape) * expected + beta.view(shape))


def test_layer_norm_is_over_all_that_a_row_has() -> None:
    for x, over in ((drawn(3, 6), (1,)), (drawn(3, 6, 4, 5), (1, 2, 3))):
        norm, gamma, beta = scaled(make_norm("layer", 6, maps=x.ndim == 4), 6)
        shape = (1, 6) + (1,) * (x.ndim - 2)
        torch.testing.assert_close(norm(x), gamma.view(shape) * normal(x, over) + beta.view(shape))


@pytest.mark.parametrize("groups", [1, 2, 3, 6])
def test_group_norm_is_over_the_channels_of_a_group(groups: int) -> None:
    for x in (drawn(3, 6), drawn(3, 6, 4, 5)):
        norm, gamma, beta = scaled(make_norm("group", 6, maps=x.ndim == 4, groups=groups), 6)
        shape = (1, 6) + (1,) * (x.ndim - 2)
        inside = x.unflatten(1, (groups, 6 // groups))
        expected = normal(inside, tuple(range(2, inside.ndim))).flatten(1, 2)
        torch.testing.assert_close(norm(x), gamma.view(shape) * expected + beta.view(shape))


@pytest.mark.parametrize(
    ("channels", "groups"), [(1, 1), (2, 1), (3, 1), (6, 3), (32, 16), (64, 32), (100, 25), (256, 32), (97, 1)]
)
def test_there_are_as_many_groups_as_divide_the_channels(channels: int, groups: int) -> None:
    assert default_groups(channels) == groups


def test_groups_that_do_not_divide_the_channels_are_refused() -> None:
    with pytest.raises(ValueError, match=says("nn.groups-do-not-divide-channels", channels=6, groups=4)):
        make_norm("group", 6, maps=True, groups=4)


@pytest.mark.parametrize(
    ("norm", "kind"), [("batch", nn.BatchNorm1d), ("layer", nn.LayerNorm), ("group", nn.GroupNorm)]
)
def test_dense_networks_take_every_norm(norm: str, kind: type[nn.Module]) -> None:
    class Front(nn.Module):
        def forward(self, raw: Tensor) -> Signal:
            return Signal(raw)

    body = build_encoder(
        Component(name="mlp", options={"norm": norm, "hidden": (8, 4)}), SignalSpec("table", (5,)), Front(), "small"
    )
    assert sum(isinstance(module, kind) for module in body.modules()) == 2
    assert body(torch.randn(3, 5)).shape == (3, 4)
