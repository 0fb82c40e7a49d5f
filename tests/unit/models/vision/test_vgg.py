"""VGG against the paper's configurations, and on small images."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from leadline.models.vision.vgg import VGG, Options
from leadline.nn.batch import Signal, SignalSpec

ORDINARY = SignalSpec("image", (3, 224, 224))
NORMS = 2 * 4224  # scale and shift for each of VGG-16's channels


def count(net: nn.Module) -> int:
    return sum(p.numel() for p in net.parameters())


def test_vgg_16s_convolutions_have_14_7_million_weights() -> None:
    # less the biases before norms
    assert count(VGG(ORDINARY, Options(depth=16, width=64))) - NORMS == 14_714_688 - 4224


# Table 2 of the paper, in millions, for its thousand classes.
@pytest.mark.parametrize(("depth", "millions"), [(11, 133), (13, 133), (16, 138), (19, 144)])
def test_with_the_papers_dense_layers_they_are_as_large_as_its(depth: int, millions: int) -> None:
    with torch.device("meta"):
        net = VGG(ORDINARY, Options(depth=depth, width=64, dense=(4096, 4096)))
    head = 4096 * 1000 + 1000
    assert round((count(net) + head) / 1e6) == millions


@pytest.mark.parametrize("depth", [11, 13, 16, 19])
def test_depth_counts_the_papers_layers_with_weights(depth: int) -> None:
    net = VGG(SignalSpec("image", (1, 32, 32)), Options(depth=depth, width=2))
    assert sum(isinstance(m, nn.Conv2d) for m in net.modules()) + 3 == depth


@pytest.mark.parametrize(
    ("height", "width", "maps"),
    [(224, 224, (7, 7)), (32, 32, (4, 4)), (28, 28, (3, 3)), (8, 8, (4, 4)), (5, 40, (5, 5)), (1, 1, (1, 1))],
)
def test_pools_that_would_leave_too_little_are_left_out(height: int, width: int, maps: tuple[int, int]) -> None:
    net = VGG(SignalSpec("image", (1, height, width)), Options(depth=11, width=2)).eval()
    x = torch.randn(2, 1, height, width)
    assert net.maps(x).shape == (2, 16, *maps)
    torch.testing.assert_close(net(Signal(x)).values, net.maps(x).mean((2, 3)))


def test_dense_layers_see_at_most_7_by_7_places() -> None:
    net = VGG(SignalSpec("image", (1, 300, 260)), Options(depth=11, width=1, dense=(6, 5))).eval()
    assert [m.in_features for m in net.modules() if isinstance(m, nn.Linear)] == [8 * 49, 6]
    assert net(Signal(torch.randn(2, 1, 300, 260))).values.shape == (2, 5)


def test_a_pool_stands_before_the_relu_it_commutes_with() -> None:
    kinds = [type(m).__name__ for m in VGG(SignalSpec("image", (1, 8, 8)), Options(depth=13, width=2)).maps[:7]]
    assert kinds == ["Conv2d", "BatchNorm2d", "ReLU", "Conv2d", "BatchNorm2d", "MaxPool2d", "ReLU"]
