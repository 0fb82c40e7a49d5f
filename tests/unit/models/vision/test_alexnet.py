"""AlexNet against the paper's sizes, and on small images."""

from __future__ import annotations

import pytest
import torch
from pydantic import ValidationError
from torch import nn

from leadline.models.vision.alexnet import AlexNet, Options
from leadline.nn.batch import Signal, SignalSpec

PAPER = Options(width=96, dense=4096)


def test_it_is_as_large_as_the_papers_without_its_groups() -> None:
    with torch.device("meta"):  # 250 MB of weights that nobody needs
        net = AlexNet(SignalSpec("image", (3, 224, 224)), PAPER)
    convs = [m for m in net.maps if isinstance(m, nn.Conv2d)]
    assert [(c.out_channels, c.kernel_size[0], c.stride[0]) for c in convs] == [
        (96, 11, 4), (256, 5, 1), (384, 3, 1), (384, 3, 1), (256, 3, 1),
    ]  # fmt: skip
    head = 4096 * 1000 + 1000
    assert sum(p.numel() for p in net.parameters()) + head == 62_378_344


def test_maps_shrink_as_in_the_paper() -> None:
    net = AlexNet(SignalSpec("image", (3, 224, 224)), Options(width=3, dense=8)).eval()
    x = torch.randn(1, 3, 224, 224)
    sides = []
    for module in net.maps:
        x = module(x)
        sides.append(x.shape[2])
    assert list(dict.fromkeys(sides)) == [55, 27, 13, 6]


@pytest.mark.parametrize(
    ("height", "width", "maps"),
    [
        (8, 8, (3, 3)),
        (32, 32, (3, 3)),
        (28, 28, (6, 6)),
        (64, 64, (6, 6)),
        (1, 1, (1, 1)),
        (65, 300, (3, 6)),
        (256, 256, (6, 6)),
        (200, 4, (5, 1)),
    ],
)
def test_every_image_ends_in_a_map_the_dense_layers_know(height: int, width: int, maps: tuple[int, int]) -> None:
    net = AlexNet(SignalSpec("image", (1, height, width)), Options(width=3, dense=8)).eval()
    x = torch.randn(2, 1, height, width)
    assert net.maps(x).shape == (2, 8, *maps)
    assert net(Signal(x)).values.shape == (2, 8)


@pytest.mark.parametrize(
    ("side", "stem", "kernel"), [(64, "auto", 5), (65, "auto", 11), (200, "small", 5), (8, "large", 11)]
)
def test_the_stem_suits_the_image(side: int, stem: str, kernel: int) -> None:
    net = AlexNet(SignalSpec("image", (1, side, side)), Options(width=3, dense=8, stem=stem)).eval()
    assert net.maps[0].kernel_size == (kernel, kernel)
    assert net(Signal(torch.randn(1, 1, side, side))).values.shape == (1, 8)


def test_widths_that_give_no_whole_channels_are_refused() -> None:
    with pytest.raises(ValidationError, match="multiple of 3"):
        Options(width=32)
