"""The convolutional network for sentences against a case by hand, and where its filters may look."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from leadline.models.sequence.textcnn import FAMILY, Options
from leadline.nn.batch import Signal, SignalSpec
from leadline.nn.layers.dropout import Dropout


def network(features: int, **options: object) -> nn.Module:
    torch.manual_seed(0)
    return FAMILY.build(SignalSpec("sequence", (9, features)), Options(**options)).double().eval()  # type: ignore[arg-type]


def weights(conv: nn.Module, taps: list[float], bias: float) -> None:
    conv.weight.data = torch.tensor([[taps]], dtype=torch.float64)
    conv.bias.data = torch.tensor([bias], dtype=torch.float64)


def found(net: nn.Module, rows: list[list[float]], lengths: list[int] | None = None) -> list[list[float]]:
    x_BTF = torch.tensor(rows, dtype=torch.float64)[:, :, None]
    mask_BT = None if lengths is None else torch.arange(x_BTF.shape[1]) < torch.tensor(lengths)[:, None]
    values: Tensor = net(Signal(x_BTF, mask_BT)).values
    return values.tolist()


def test_a_case_by_hand() -> None:
    net = network(1, kernel_sizes=(2, 3), filters=1)
    weights(net.convs[0], [1, -1], 0.5)  # a drop from one step to the next, and a half
    weights(net.convs[1], [1, 1, 1], -2)  # the sum of three steps, less two
    # Drops: -1, 3, -1 and -1; sums: 5, 4 and 3.
    assert found(net, [[2, 3, 0, 1, 2]]) == [[3.5, 3.0]] == found(net, [[2, 3, 0, 1, 2]], [5])
    # Of the first three steps only -1 and 3 are drops, 5 a sum; of the first two -1, and 5 followed by nothing.
    assert found(net, [[2, 3, 0, 8, 9], [2, 3, 9, 9, 9]], [3, 2]) == [[3.5, 3.0], [0.0, 3.0]]
    # A row of one step is followed by nothing: a drop of two, and a sum of two less two.
    assert found(net, [[2.0]]) == [[2.5, 0.0]] == found(net, [[2.0, 7, 7]], [1])


def test_the_paper_has_a_hundred_filters_of_three_widths_and_drops_half() -> None:
    net = network(6)
    assert [tuple(conv.weight.shape) for conv in net.convs] == [(100, 6, 3), (100, 6, 4), (100, 6, 5)]
    assert [m.rate for m in net.modules() if isinstance(m, Dropout)] == [0.5]


@pytest.mark.parametrize("length", [1, 2, 3, 4, 5, 9])
def test_every_length_is_as_pytorchs_convolutions_give_it(length: int) -> None:
    net = network(4)
    x_BTF = torch.randn(2, length, 4, dtype=torch.float64)
    parts = []
    for conv in net.convs:
        padded = nn.functional.pad(x_BTF, (0, 0, 0, max(conv.kernel_size[0] - length, 0)))
        parts.append(conv(padded.transpose(1, 2)).relu().amax(2))
    torch.testing.assert_close(net(Signal(x_BTF)).values, torch.cat(parts, 1))
