"""Densely connected networks against the paper's tables."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from leadline.models.vision.densenet import FAMILY, DenseNet, Layer, Options
from leadline.nn.batch import Signal, SignalSpec

CIFAR, ORDINARY = SignalSpec("image", (3, 32, 32)), SignalSpec("image", (3, 224, 224))


def parameters(spec: SignalSpec, classes: int, **options: object) -> int:
    with torch.device("meta"):
        net = DenseNet(spec, Options.model_validate(options))
    features = next(m for m in reversed(net.maps) if isinstance(m, nn.BatchNorm2d)).num_features
    return sum(p.numel() for p in net.parameters()) + features * classes + classes


# Table 2 of the paper gives 0.8, 15.3, 25.6 and 1.0 millions; the exact numbers of the first and last are well known.
def test_the_ones_for_cifar_are_as_large_as_in_table_2() -> None:
    assert parameters(CIFAR, 10, blocks=(16, 16, 16), growth_rate=12) == 769_162
    assert parameters(CIFAR, 10, blocks=(41, 41, 41), growth_rate=24) == pytest.approx(15.3e6, rel=0.005)
    assert parameters(CIFAR, 10, blocks=(31, 31, 31), growth_rate=40) == pytest.approx(25.6e6, rel=0.005)
    plain = {"bottleneck": False, "compression": 1.0}
    assert parameters(CIFAR, 10, blocks=(12, 12, 12), growth_rate=12, **plain) == 1_019_722


def test_densenet_121_is_as_large_as_is_known() -> None:
    assert parameters(ORDINARY, 1000, blocks=(6, 12, 24, 16), growth_rate=32) == 7_978_856
    assert FAMILY.sizes["large"] == {"blocks": (6, 12, 24, 16), "growth_rate": 32}


@pytest.mark.parametrize(("blocks", "depth"), [((16, 16, 16), 100), ((6, 12, 24, 16), 121)])
def test_depth_counts_the_layers_with_weights(blocks: tuple[int, ...], depth: int) -> None:
    with torch.device("meta"):
        net = DenseNet(CIFAR, Options(blocks=blocks))
    assert sum(isinstance(m, nn.Conv2d) for m in net.modules()) + 1 == depth  # and the head


def test_a_layer_keeps_what_came_in_and_adds_its_growth() -> None:
    layer = Layer(5, 3, bottleneck=True).eval()
    x = torch.randn(2, 5, 6, 6)
    out = layer(x)
    assert out.shape == (2, 8, 6, 6)
    assert torch.equal(out[:, :5], x)


@pytest.mark.parametrize(
    ("height", "width", "maps"),
    [(8, 8, (4, 4)), (28, 28, (7, 7)), (20, 37, (5, 9)), (224, 224, (14, 14)), (1, 1, (1, 1))],
)
def test_every_image_ends_in_a_mean_over_a_map_worth_the_name(height: int, width: int, maps: tuple[int, int]) -> None:
    net = DenseNet(SignalSpec("image", (1, height, width)), Options(blocks=(1, 2, 1), growth_rate=2)).eval()
    x = torch.randn(2, 1, height, width)
    ends = [m for m in net.maps if not isinstance(m, nn.AvgPool2d) or m.kernel_size in (2, (2, 2), (1, 2), (2, 1))]
    last = nn.Sequential(*ends)(x)
    assert last.shape[2:] == maps
    torch.testing.assert_close(net(Signal(x)).values, last.mean((2, 3)))


@pytest.mark.parametrize(
    ("side", "stem", "kernel"), [(64, "auto", 3), (65, "auto", 7), (200, "small", 3), (8, "large", 7)]
)
def test_the_stem_suits_the_image(side: int, stem: str, kernel: int) -> None:
    net = DenseNet(SignalSpec("image", (1, side, side)), Options(blocks=(1,), growth_rate=2, stem=stem))
    assert net.maps[0].kernel_size == (kernel, kernel)


def test_strong_compression_leaves_a_channel() -> None:
    net = DenseNet(SignalSpec("image", (1, 8, 8)), Options(blocks=(1, 1), growth_rate=1, compression=0.01)).eval()
    assert net(Signal(torch.randn(2, 1, 8, 8))).values.shape == (2, 2)
