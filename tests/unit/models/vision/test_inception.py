"""GoogLeNet against the paper's table 1, and on small images."""

from __future__ import annotations

import pytest
import torch
from pydantic import ValidationError
from torch import nn

from leadline.models.vision.inception import Branches, GoogLeNet, Module, Options
from leadline.nn.batch import Signal, SignalSpec

ORDINARY = SignalSpec("image", (3, 224, 224))
OUTSIDE = [256, 480, 512, 512, 512, 528, 832, 832, 1024]  # channels of 3a to 5b


def weights(net: nn.Module) -> int:
    """Return the parameters that the paper's network, with biases and without norms, would have."""
    return sum(m.weight.numel() + m.out_channels for m in net.modules() if isinstance(m, nn.Conv2d))


def test_its_modules_are_those_of_table_1() -> None:
    with torch.device("meta"):
        net = GoogLeNet(ORDINARY, Options(width=64))
    modules = [m for m in net.maps if isinstance(m, Module)]
    outside = [m.split[0] + sum(part[-2].num_features for part in (m.three, m.five, m.pool)) for m in modules]
    assert outside == OUTSIDE
    assert weights(modules[0]) == 163_696  # the paper's 159 K, of 1,024


def test_the_whole_is_as_large_as_is_known() -> None:
    with torch.device("meta"):
        net = GoogLeNet(ORDINARY, Options(width=64))
    head = 1024 * 1000 + 1000
    assert weights(net) + head == 6_998_552


@pytest.mark.parametrize(
    ("side", "sides"),
    [(224, [112, 56, 28, 14, 7, 1]), (65, [33, 17, 9, 5, 3, 1]), (32, [32, 16, 8, 4, 1]), (8, [8, 4, 1]), (1, [1])],
)
def test_maps_shrink_as_in_the_paper_and_less_on_small_images(side: int, sides: list[int]) -> None:
    net = GoogLeNet(SignalSpec("image", (1, side, side)), Options(width=8)).eval()
    x = image = torch.randn(2, 1, side, side)
    seen = []
    for module in net.maps:
        x = module(x)
        seen.append(x.shape[2])
    assert list(dict.fromkeys(seen)) == sides
    assert net(Signal(image)).values.shape == (2, 128)


@pytest.mark.parametrize(
    ("side", "stem", "kernel"), [(64, "auto", 3), (65, "auto", 7), (200, "small", 3), (8, "large", 7)]
)
def test_the_stem_suits_the_image(side: int, stem: str, kernel: int) -> None:
    net = GoogLeNet(SignalSpec("image", (1, side, side)), Options(width=8, stem=stem))
    assert net.maps[0].kernel_size == (kernel, kernel)


def test_a_module_sets_four_views_side_by_side() -> None:
    module = Module(5, Branches(4, 3, 6, 2, 7, 1)).eval()
    x = torch.randn(2, 5, 6, 6)
    out = module(x)
    one, three, five = module.entry(x).split((4, 3, 2), dim=1)
    torch.testing.assert_close(out, torch.cat([one, module.three(three), module.five(five), module.pool(x)], 1))
    assert out.shape == (2, 18, 6, 6)
    assert module.three[0].kernel_size == (3, 3) and module.five[0].kernel_size == (5, 5)


def test_widths_that_give_no_whole_channels_are_refused() -> None:
    with pytest.raises(ValidationError, match="multiple of 8"):
        Options(width=20)
