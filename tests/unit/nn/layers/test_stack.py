"""The grammar of layers: what is built, and what is refused in which words."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from leadline.core.catalogue import say
from leadline.errors import UsageError
from leadline.nn.layers.dropout import Dropout
from leadline.nn.layers.stack import MinPool2d, build_stack, read_layers


def built(entries: object, shape: tuple[int, ...] = (3, 12, 10)) -> nn.Sequential:
    torch.manual_seed(0)
    return build_stack(read_layers(entries), shape)


def kinds(stack: nn.Sequential) -> list[str]:
    return [type(module).__name__ for module in stack]


@pytest.mark.parametrize("kernel", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize("shape", [(2, 12, 10), (2, 7, 5)])
def test_shapes_follow_the_convention(kernel: int, stride: int, padding: str, shape: tuple[int, ...]) -> None:
    stack = built([{"conv": 4, "kernel": kernel, "stride": stride, "padding": padding}, {"dense": 5}], shape)
    whole = 0 if padding == "same" else kernel - 1
    sides = [-(-(side - whole) // stride) for side in shape[1:]]
    dense = next(module for module in stack if isinstance(module, nn.Linear))
    assert dense.in_features == 4 * sides[0] * sides[1]
    assert stack(torch.randn(2, *shape)).shape == (2, 5)


def test_same_padding_of_an_even_kernel_puts_the_odd_zero_last_as_tensorflow_does() -> None:
    stack = built([{"conv": 1, "kernel": 2}], (1, 3, 3))
    conv = stack[1]
    nn.init.ones_(conv.weight)
    x = torch.arange(9.0).view(1, 1, 3, 3)
    assert stack(x).view(3, 3)[0, 0] == 0 + 1 + 3 + 4
    assert stack(x).view(3, 3)[2, 2] == 8


@pytest.mark.parametrize("pool", ["max", "min"])
@pytest.mark.parametrize("activation", ["relu", "leaky_relu", "elu", "softplus", "sigmoid", "tanh"])
def test_pooling_before_a_monotone_activation_is_the_same_function(pool: str, activation: str) -> None:
    stack = built([{"conv": 4}, activation, {"pool": pool}, {"pool": pool, "size": 3, "stride": 1}])
    assert [type(m) for m in list(stack)[1:3]] == [nn.MaxPool2d if pool == "max" else MinPool2d] * 2
    x = torch.randn(2, 3, 12, 10, requires_grad=True)
    functions = {"leaky_relu": F.leaky_relu, "elu": F.elu, "softplus": F.softplus}
    y = functions.get(activation, getattr(torch, activation, None))(stack[0](x))
    for size, stride in ((2, 2), (3, 1)):
        y = F.max_pool2d(y, size, stride) if pool == "max" else -F.max_pool2d(-y, size, stride)
    torch.testing.assert_close(stack(x), y.flatten(1))
    swapped, written = (torch.autograd.grad(out.square().sum(), x)[0] for out in (stack(x), y.flatten(1)))
    torch.testing.assert_close(swapped, written)


@pytest.mark.parametrize(
    ("activation", "pool"), [("gelu", "max"), ("silu", "min"), ("softmax", "max"), ("relu", "average")]
)
def test_other_pairs_stay_in_their_order(activation: str, pool: str) -> None:
    assert "Pool" in kinds(built([{"conv": 4}, activation, {"pool": pool}]))[2]


def test_poolings_are_what_they_say() -> None:
    x = torch.randn(2, 3, 12, 10)
    windows = x.view(2, 3, 6, 2, 5, 2)
    for pool, expected in (
        ("max", windows.amax((3, 5))),
        ("min", windows.amin((3, 5))),
        ("average", windows.mean((3, 5))),
    ):
        torch.testing.assert_close(built([{"pool": pool}])(x), expected.flatten(1))


def test_reducing_to_one_pools_whole_maps_and_to_more_does_nothing() -> None:
    x = torch.randn(2, 3, 12, 10)
    torch.testing.assert_close(built([{"reduce": 1}])(x), x.mean((2, 3)))
    torch.testing.assert_close(built([{"reduce": 1, "by": "max"}])(x), x.amax((2, 3)))
    assert kinds(built([{"reduce": 12}])) == ["Flatten"]
    assert built([{"reduce": 4}])(x).shape == (2, 3 * 4 * 3)


def test_norms_fit_maps_and_features() -> None:
    entries = [
        {"conv": 4},
        {"norm": "batch"},
        "relu",
        {"norm": "layer"},
        {"dense": 6},
        {"norm": "batch"},
        "tanh",
        {"norm": "layer"},
    ]
    stack = built(entries)
    expected = ["Conv2d", "BatchNorm2d", "ReLU", "GroupNorm", "Flatten", "Linear", "BatchNorm1d", "Tanh", "LayerNorm"]
    assert kinds(stack) == expected
    assert stack[0].bias is None
    assert stack[5].bias is None


def test_groups_of_a_group_norm() -> None:
    stack = built(
        [
            {"conv": 64},
            {"norm": "group"},
            "relu",
            {"norm": "group", "groups": 4},
            {"dense": 6},
            {"norm": "group", "groups": 2},
        ]
    )
    norms = [module for module in stack if isinstance(module, nn.GroupNorm)]
    assert [(norm.num_groups, norm.num_channels) for norm in norms] == [(32, 64), (4, 64), (2, 6)]
    assert stack[0].bias is not None  # other channels share the mean that is taken off


def test_dropout_is_keyed_by_row_and_flattening_is_implied() -> None:
    stack = built([{"dropout": 0.25}, {"dense": 3}, {"dropout": 0.5}, {"dense": 2}])
    assert kinds(stack) == ["Dropout", "Flatten", "Linear", "Dropout", "Linear"]
    assert isinstance(stack[0], Dropout)
    assert stack[0].rate == 0.25


def test_pools_that_need_not_fit_are_left_out() -> None:
    assert kinds(built([{"pool": "max", "if_fits": True}] * 5)) == ["MaxPool2d"] * 3 + ["Flatten"]


def test_what_was_read_is_written_back_and_read_again() -> None:
    layers = read_layers(
        [{"conv": 8}, "relu", {"pool": "max"}, {"reduce": 2}, {"norm": "batch"}, {"dense": 4}, {"dropout": 0.1}]
    )
    assert read_layers([layer.model_dump() for layer in layers]) == layers
    assert read_layers(layers) == layers


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        ("conv", ["must be a list", "'conv'"]),
        ({"conv": 32}, ["must be a list"]),
        ([{"conv": 32}, "rellu"], ["entry 2", "'rellu'", "Did you mean", "'relu'"]),
        (["conv"], ["entry 1", "with its value"]),
        ([{"cnov": 32}], ["entry 1", "cnov", "Did you mean 'conv'"]),
        ([{}], ["entry 1", "expected"]),
        ([3], ["entry 1", "got 3"]),
        ([{"conv": 32, "kernal": 3}], ["entry 1", "'kernal'", "Did you mean 'kernel'"]),
        ([{"conv": 0}], ["entry 1", "conv", "got 0"]),
        ([{"conv": "many"}], ["entry 1", "conv", "'many'"]),
        ([{"conv": 8, "padding": "full"}], ["entry 1", "padding", "'same' or 'valid'"]),
        ([{"pool": "mean"}], ["entry 1", "pool", "'average'"]),
        ([{"norm": "batch", "groups": 2}], ["entry 1", say("nn.groups-without-group-norm")]),
        ([{"norm": "group", "groups": 0}], ["entry 1", "groups", "got 0"]),
        ([{"dropout": 1.0}], ["entry 1", "dropout", "less than 1"]),
        ([{"activation": "swish"}], ["entry 1", "'silu'"]),
    ],
)
def test_what_cannot_be_read_is_named(entries: object, words: list[str]) -> None:
    with pytest.raises(UsageError) as caught:
        read_layers(entries)
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        ([{"dense": 4}, {"conv": 8}], ["entry 2", "conv", "flattened", "4 features"]),
        ([{"dense": 4}, {"pool": "max"}], ["entry 2", "flattened"]),
        ([{"conv": 6}, {"norm": "group", "groups": 4}], ["entry 2", "6 channels", "4 groups"]),
        ([{"dense": 4}, {"reduce": 1}], ["entry 2", "flattened"]),
        ([{"pool": "max"}, {"pool": "max"}, {"pool": "max"}, {"pool": "max"}], ["entry 4", "1×1", "if_fits"]),
        ([{"pool": "max", "size": 5}, "relu", {"pool": "max", "size": 3}], ["entry 3", "2×2"]),
        ([{"conv": 4, "kernel": 11, "padding": "valid"}], ["entry 1", "12×10", "padding: same"]),
    ],
)
def test_what_does_not_fit_is_named_with_the_map_it_meets(entries: object, words: list[str]) -> None:
    with pytest.raises(UsageError) as caught:
        built(entries)
    for word in words:
        assert word in str(caught.value)


def test_what_does_not_go_together_in_a_layer_is_said_in_plain_words() -> None:
    with pytest.raises(UsageError) as refused:
        read_layers([{"conv": 8, "groups": 2}])
    assert "Value error" not in str(refused.value)
    assert "groups" in str(refused.value)
