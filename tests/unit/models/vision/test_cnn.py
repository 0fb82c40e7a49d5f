"""The textbook convolutional network: its default at several sizes, and a stack of one's own."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from leadline.models.vision.cnn import CNN, FAMILY, Options
from leadline.nn.batch import Signal, SignalSpec


def default(channels: int, height: int, width: int) -> CNN:
    return CNN(SignalSpec("image", (channels, height, width)), Options()).eval()


def count(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


def test_the_default_is_the_textbook_network_for_cifar() -> None:
    kinds = [type(m).__name__ for m in default(3, 32, 32).layers]
    assert kinds == ["Conv2d", "MaxPool2d", "ReLU"] * 3 + ["Flatten", "Linear", "ReLU", "Dropout"]
    convolutions = (3 * 32 + 32 * 64 + 64 * 128) * 9 + 32 + 64 + 128
    assert count(default(3, 32, 32)) == convolutions + 128 * 4 * 4 * 128 + 128


@pytest.mark.parametrize("side", [1, 2, 3, 5, 8, 28, 33])
def test_the_default_adapts_to_small_images(side: int) -> None:
    assert default(1, side, side)(Signal(torch.randn(2, 1, side, side))).values.shape == (2, 128)


def test_the_default_does_not_grow_with_large_images() -> None:
    assert count(default(3, 224, 160)) < 3 * count(default(3, 64, 64))
    assert default(3, 224, 160)(Signal(torch.randn(1, 3, 224, 160))).values.shape == (1, 128)


def test_the_base_size_is_the_default() -> None:
    assert FAMILY.options.model_validate(FAMILY.sizes["base"]) == Options()


def test_a_stack_of_ones_own_is_built_as_written() -> None:
    options = Options.model_validate(
        {"layers": [{"conv": 4, "padding": "valid"}, "tanh", {"pool": "average"}, {"reduce": 1}]}
    )
    cnn = CNN(SignalSpec("image", (1, 8, 8)), options)
    assert [type(m).__name__ for m in cnn.layers] == ["Conv2d", "Tanh", "AvgPool2d", "AvgPool2d", "Flatten"]
    assert cnn(Signal(torch.randn(2, 1, 8, 8))).values.shape == (2, 4)
    assert Options.model_validate(options.model_dump(mode="json")) == options


@pytest.mark.parametrize("side", [1, 5, 28])
def test_the_decoder_grows_as_wide_as_the_network_narrows(side: int) -> None:
    assert FAMILY.decoder is not None
    decoder = FAMILY.decoder(SignalSpec("image", (3, side, side)), 7, Options())
    assert decoder(torch.randn(2, 7)).shape == (2, 3, side, side)
    widths = [m.out_channels for m in decoder.modules() if isinstance(m, nn.Conv2d)][:-1]
    assert widths == sorted(widths, reverse=True)
    assert all(32 <= width <= 128 for width in widths)
    assert FAMILY.decoder(SignalSpec("table", (9,)), 7, Options())(torch.randn(2, 7)).shape == (2, 9)
