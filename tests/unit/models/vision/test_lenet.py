"""LeNet-5 against the paper."""

from __future__ import annotations

import pytest
import torch

from leadline.models.vision.lenet import LeNet5, Options
from leadline.nn.batch import Signal, SignalSpec


@pytest.mark.parametrize("side", [28, 32])
def test_the_numbers_are_those_of_the_paper(side: int) -> None:
    lenet = LeNet5(SignalSpec("image", (1, side, side)), Options())
    c1, _, _, c3, _, _ = (sum(p.numel() for p in m.parameters()) for m in lenet.maps)
    c5, _, f6, _ = (sum(p.numel() for p in m.parameters()) for m in lenet.dense)
    assert (c1, c5, f6) == (156, 48120, 10164)
    assert c3 == 16 * (6 * 25 + 1)  # 1,516 in the paper, where not every map sees every other
    assert lenet(Signal(torch.randn(2, 1, side, side))).values.shape == (2, 84)


def test_small_images_stand_in_the_middle_of_the_margin() -> None:
    lenet = LeNet5(SignalSpec("image", (1, 8, 33)), Options())
    padded = lenet.margin(torch.ones(1, 1, 8, 33))
    assert padded.shape == (1, 1, 32, 33)
    assert padded[0, 0, 12:20].min() == 1
    assert padded.sum() == 8 * 33


def test_relu_and_max_pooling_can_be_asked_for() -> None:
    lenet = LeNet5(SignalSpec("image", (3, 40, 50)), Options(activation="relu", pool="max"))
    assert [type(m).__name__ for m in lenet.maps] == ["Conv2d", "ReLU", "MaxPool2d"] * 2
    assert lenet(Signal(torch.randn(2, 3, 40, 50))).values.shape == (2, 84)
