"""The temporal convolutional network: what it sees, and its blocks against the formula."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrizations import weight_norm

from leadline.models.sequence.tcn import FAMILY, Block, Convolution, Options
from leadline.nn.batch import Signal, SignalSpec
from leadline.nn.rng import Rng, using_rng


def seen(net: nn.Module, count: int, step: int) -> list[int]:
    """Which steps the features of one step depend on."""
    x_BTF = torch.randn(1, count, 2, dtype=torch.float64, requires_grad=True)
    net(Signal(x_BTF)).values[:, step].square().sum().backward()
    assert x_BTF.grad is not None
    return x_BTF.grad[0].abs().sum(1).nonzero().flatten().tolist()


def stepwise(causal: bool, count: int = 60, **options: object) -> nn.Module:
    torch.manual_seed(0)
    return (
        FAMILY.build(SignalSpec("sequence", (count, 2)), Options(**options), "causal" if causal else "sequence")
        .double()
        .eval()
    )  # type: ignore[arg-type]


@pytest.mark.parametrize(("levels", "kernel"), [(1, 2), (2, 3), (3, 3), (3, 4)])
def test_it_sees_as_far_as_the_docstring_says(levels: int, kernel: int) -> None:
    reach = 2 * (kernel - 1) * (2**levels - 1)  # steps beside its own
    causal = seen(stepwise(True, levels=levels, kernel=kernel), 60, 50)
    assert causal[-1] == 50
    assert causal[0] == 50 - reach
    centred = seen(stepwise(False, levels=levels, kernel=kernel), 90, 45)
    assert centred[-1] - centred[0] == reach
    if kernel % 2:
        assert centred[-1] == 45 + reach // 2


@pytest.mark.parametrize("count", [1, 2, 5, 6, 13, 14, 60])
@pytest.mark.parametrize("kernel", [2, 3, 5])
def test_as_few_levels_as_see_the_longest_sequence_whole(count: int, kernel: int) -> None:
    levels = len(stepwise(True, count, kernel=kernel).blocks)
    reach = [1 + 2 * (kernel - 1) * (2**n - 1) for n in range(levels + 1)]
    assert reach[levels] >= count
    assert levels == 1 or reach[levels - 1] < count


def test_a_series_is_continued_from_the_last_step_which_looks_back() -> None:
    torch.manual_seed(0)
    net = FAMILY.build(SignalSpec("sequence", (20, 2), ahead=1, past=20, aims=(0,)), Options()).double().eval()
    x_BTF = torch.randn(3, 20, 2, dtype=torch.float64)
    assert torch.equal(net(Signal(x_BTF)).values, stepwise(True, 20)(Signal(x_BTF)).values[:, -1])


def test_of_other_sequences_the_largest_features_over_time_count() -> None:
    torch.manual_seed(0)
    net = FAMILY.build(SignalSpec("sequence", (20, 2)), Options()).double().eval()
    x_BTF = torch.randn(3, 20, 2, dtype=torch.float64)
    assert torch.equal(net(Signal(x_BTF)).values, stepwise(True, 20)(Signal(x_BTF)).values.amax(1))


def test_fresh_features_of_long_sequences_are_no_larger_than_those_of_short_ones() -> None:
    sizes = [
        stepwise(True, count)(Signal(torch.randn(8, count, 2, dtype=torch.float64))).values.std() for count in (6, 600)
    ]
    assert sizes[1] < 2 * sizes[0]


def test_weight_norm_is_pytorchs_and_starts_with_the_drawn_weights() -> None:
    torch.manual_seed(0)
    ours = Convolution(2, 3, Options(), 2, causal=True)
    theirs = nn.Conv1d(2, 3, 3, dilation=2)
    theirs.weight.data, theirs.bias.data = ours.weight.data.clone(), ours.bias.data
    x_BCT = torch.randn(4, 2, 9)
    torch.testing.assert_close(ours(x_BCT), theirs(functional.pad(x_BCT, (4, 0))))
    weight_norm(theirs)
    assert ours.length_C11 is not None
    ours.length_C11.data *= 3
    ours.weight.data *= 0.5
    theirs.parametrizations.weight.original0.data *= 3
    torch.testing.assert_close(ours(x_BCT), theirs(functional.pad(x_BCT, (4, 0))))


def test_without_weight_norm_there_is_no_length() -> None:
    assert not any("length" in name for name, _ in stepwise(True, weight_norm=False).named_parameters())


def test_dropout_takes_whole_channels() -> None:
    block = Block(2, Options(width=64, dropout=0.5), 1, causal=True, gain=1.0)
    kept: list[Tensor] = []
    for conv in block.convs:
        conv.bias.data.fill_(1.0)
    block.convs[1].register_forward_pre_hook(lambda _, given: kept.append(given[0] != 0))
    with using_rng(Rng(0, 0, torch.arange(4))):
        block(torch.zeros(4, 2, 7), None)
    (kept_BCT,) = kept
    assert torch.equal(kept_BCT.all(2), kept_BCT.any(2))
    assert 0.3 < kept_BCT.float().mean() < 0.7
