"""How images enter, and which pools and means fit a map."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from leadline.nn.layers.convolutions import conv_norm_relu, convolution, is_large, mean_if_larger, pool_if_fits


@pytest.mark.parametrize(
    ("stem", "sides", "large"),
    [("auto", (64, 64), False), ("auto", (20, 65), True), ("small", (224, 224), False), ("large", (8, 8), True)],
)
def test_auto_is_large_above_64_pixels_a_side(stem: str, sides: tuple[int, int], large: bool) -> None:
    assert is_large(stem, sides) is large


@pytest.mark.parametrize("sides", [(1, 1), (3, 8), (5, 6), (7, 40), (27, 28)])
@pytest.mark.parametrize(("size", "padding"), [(2, 0), (3, 0), (3, 1)])
@pytest.mark.parametrize("pool", [nn.MaxPool2d, nn.AvgPool2d])
def test_pools_leave_the_sides_they_say_and_at_least_three_or_the_side_as_it_was(
    pool: type[nn.Module], sides: tuple[int, int], size: int, padding: int
) -> None:
    modules, left = pool_if_fits(pool, sides, size, padding)
    assert nn.Sequential(*modules)(torch.randn(1, 2, *sides)).shape == (1, 2, *left)
    for side, rest in zip(sides, left, strict=True):
        halved = (side + 2 * padding - size) // 2 + 1
        assert rest == (halved if halved >= 3 else side)


@pytest.mark.parametrize("sides", [(1, 1), (3, 9), (7, 7), (8, 13), (55, 14)])
@pytest.mark.parametrize("most", [1, 6])
def test_means_are_as_many_as_asked_for_and_see_every_place(sides: tuple[int, int], most: int) -> None:
    modules, left = mean_if_larger(sides, most)
    assert left == (min(sides[0], most), min(sides[1], most))
    x = torch.randn(2, 3, *sides, requires_grad=True)
    means = nn.Sequential(*modules)(x)
    assert means.shape == (2, 3, *left)
    means.sum().backward()
    assert x.grad is not None and (x.grad > 0).all()
    if most == 1:
        torch.testing.assert_close(means, x.mean((2, 3), keepdim=True))


def test_convolutions_are_drawn_for_the_rectifier_after_them() -> None:
    torch.manual_seed(0)
    conv, norm, relu = conv_norm_relu(64, 64, 3, stride=2)
    assert conv.bias is None and isinstance(norm, nn.BatchNorm2d) and isinstance(relu, nn.ReLU)
    assert conv.weight.var().item() == pytest.approx(2 / (64 * 9), rel=0.05)
    assert conv(torch.randn(1, 64, 7, 8)).shape == (1, 64, 4, 4)
    bias = convolution(2, 3, 5, bias=True).bias
    assert bias is not None and not bias.any()
