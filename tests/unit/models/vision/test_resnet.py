"""Residual networks against the paper's tables."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from leadline.models.vision.resnet import Block, Options, ResNet
from leadline.nn.batch import Signal, SignalSpec

SMALL = SignalSpec("image", (3, 32, 32))


def millions(net: nn.Module) -> float:
    return sum(p.numel() for p in net.parameters()) / 1e6


@pytest.mark.parametrize(("depth", "expected"), [(20, 0.27), (32, 0.46), (56, 0.85)])
def test_the_narrow_ones_are_as_large_as_in_table_6(depth: int, expected: float) -> None:
    assert millions(ResNet(SMALL, Options(depth=depth))) == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize(("depth", "parameters"), [(18, 11_689_512), (34, 21_797_672)])
def test_the_wide_ones_are_as_large_as_is_known(depth: int, parameters: int) -> None:
    net = ResNet(SignalSpec("image", (3, 224, 224)), Options(depth=depth))
    head = 512 * 1000 + 1000
    assert sum(p.numel() for p in net.parameters()) + head == parameters


@pytest.mark.parametrize("depth", [18, 20, 32, 34, 56])
def test_depth_counts_the_layers_with_weights(depth: int) -> None:
    net = ResNet(SMALL, Options(depth=depth))
    blocks = [m for m in net.modules() if isinstance(m, Block)]
    assert 2 * len(blocks) + 2 == depth


@pytest.mark.parametrize(
    ("side", "stem", "kernel"), [(64, "auto", 3), (65, "auto", 7), (200, "small", 3), (32, "large", 7)]
)
def test_the_stem_suits_the_image(side: int, stem: str, kernel: int) -> None:
    net = ResNet(SignalSpec("image", (1, side, side)), Options(depth=20, stem=stem))
    assert net.stem[0].kernel_size == (kernel, kernel)
    expected = side if kernel == 3 else -(-side // 4)
    assert net.eval().stem(torch.randn(1, 1, side, side)).shape == (1, 16, expected, expected)


def test_a_block_adds_its_input() -> None:
    block = Block(4, 4, 1).eval()
    nn.init.zeros_(block.residual[-1].weight)
    x = torch.randn(2, 4, 5, 5)
    torch.testing.assert_close(block(x), torch.relu(x))


def test_features_are_the_means_of_the_last_maps() -> None:
    net = ResNet(SMALL, Options(depth=20)).eval()
    x = torch.randn(2, 3, 32, 32)
    maps = net.blocks(net.stem(x))
    assert maps.shape == (2, 64, 8, 8)
    torch.testing.assert_close(net(Signal(x)).values, maps.mean((2, 3)))
