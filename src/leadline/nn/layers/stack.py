"""A stack of layers as people write it, and the modules it stands for.

``[{conv: 32, kernel: 3}, relu, {pool: max}, {dense: 128}, relu, {dropout: 0.3}]`` is a list of entries. An entry is a
mapping whose first name says what it is, or the bare name of an activation. Flattening is implied before the first
dense layer.

B rows, C channels, H height, W width, F features.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Literal

import torch.nn.functional as F
from pydantic import BeforeValidator, Field, SerializeAsAny, ValidationError, ValidationInfo, field_validator
from torch import Tensor, nn

from leadline.core.base import Fact
from leadline.core.catalogue import say
from leadline.errors import UsageError, did_you_mean, plain
from leadline.nn.layers.activations import ACTIVATIONS, MONOTONE, ActivationName, initialise_weights
from leadline.nn.layers.dropout import Dropout
from leadline.nn.layers.norms import NormName, make_norm

Shape = tuple[int, ...]


class Layer(Fact):
    """One entry of a stack."""


class Conv(Layer):
    """A convolution with that many filters; `same` padding gives maps of ceil(side / stride), `valid` pads nothing."""

    conv: int = Field(ge=1)
    kernel: int = Field(default=3, ge=1)
    padding: Literal["same", "valid"] = "same"
    stride: int = Field(default=1, ge=1)


class Pool(Layer):
    """The largest, smallest or average number of each window of `size`, `stride` (the size, unless given) apart.

    Output (i, j) is that of x[is … is + k − 1, js … js + k − 1], s being the stride and k the size; windows lie wholly
    inside.

    `if_fits` leaves the entry out where the map is smaller than the window, which otherwise is an error.
    """

    pool: Literal["max", "min", "average"]
    size: int = Field(default=2, ge=1)
    stride: int | None = Field(default=None, ge=1)
    if_fits: bool = False


class Reduce(Layer):
    """Pooling with windows so large that at most that many rows and columns remain: ``reduce: 1`` pools whole maps."""

    reduce: int = Field(ge=1)
    by: Literal["max", "min", "average"] = "average"


class Dense(Layer):
    """A dense layer with that many units."""

    dense: int = Field(ge=1)


class Drop(Layer):
    """Dropout at that rate."""

    dropout: float = Field(ge=0, lt=1)


class Norm(Layer):
    """Batch, layer or group norm, as `leadline.nn.layers.norms` says; `groups` of a group norm are up to 32 unless
    given.
    """

    norm: NormName
    groups: int | None = Field(default=None, ge=1)

    @field_validator("groups")
    @classmethod
    def _of_group_norm(cls, groups: int | None, given: ValidationInfo) -> int | None:
        if groups is not None and given.data.get("norm") != "group":
            raise ValueError(say("nn.groups-without-group-norm"))
        return groups


class Activation(Layer):
    """An activation; may be written as its bare name."""

    activation: ActivationName


_KINDS: Mapping[str, type[Layer]] = {
    "conv": Conv,
    "pool": Pool,
    "reduce": Reduce,
    "dense": Dense,
    "dropout": Drop,
    "norm": Norm,
    "activation": Activation,
}


def read_layers(entries: Any) -> tuple[Layer, ...]:
    """Read the entries of a stack; raises UsageError naming the entry (counted from 1) that is wrong, and how."""
    if isinstance(entries, str) or not isinstance(entries, Sequence):
        raise UsageError(say("nn.layers-form", entries=entries))
    return tuple(_read(entry, say("nn.entry-number", number=i)) for i, entry in enumerate(entries, 1))


# The subclass of each entry is chosen by read_layers, and written back with all of its own fields.
Layers = Annotated[tuple[SerializeAsAny[Layer], ...], BeforeValidator(read_layers)]


def _read(entry: Any, where: str) -> Layer:
    if isinstance(entry, Layer):
        return entry
    if isinstance(entry, str):
        if entry in ACTIVATIONS:
            return Activation.model_validate({"activation": entry})
        hint = (
            say("nn.write-with-value", layer=entry) if entry in _KINDS else did_you_mean(entry, {*ACTIVATIONS, *_KINDS})
        )
        raise UsageError(say("nn.unknown-activation", where=where, entry=entry, hint=hint))
    if not isinstance(entry, Mapping) or not entry:
        raise UsageError(say("nn.layer-form", where=where, entry=entry))
    kind = next((_KINDS[name] for name in _KINDS if name in entry), None)
    if kind is None:
        raise UsageError(
            say(
                "nn.unknown-layer",
                where=where,
                layer=dict(entry),
                suggestion=did_you_mean(str(next(iter(entry))), _KINDS),
            )
        )
    try:
        return kind.model_validate(dict(entry))
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0])
        if first["type"] == "extra_forbidden":
            raise UsageError(
                say(
                    "nn.layer-unknown-name",
                    where=where,
                    layer=dict(entry),
                    name=name,
                    suggestion=did_you_mean(name, kind.model_fields),
                )
            ) from None
        raise UsageError(
            say("nn.got", where=where, layer=dict(entry), name=name, message=plain(first["msg"]), given=first["input"])
        ) from None


def build_stack(layers: Sequence[Layer], shape: Shape, *, flat: bool = True) -> nn.Sequential:
    """Return the modules for inputs (B, *shape) with shape (C,H,W); what comes out has shape (B,F), maps left as they
    are unless it is to be `flat`.

    A max- or min-pool is built before the monotone activation it follows: the same function, on a fraction of the
    numbers. Raises UsageError naming the entry that does not fit, with the shape it meets.
    """
    modules: list[nn.Module] = []
    numbered = _pools_first(list(enumerate(layers, 1)))
    for at, (i, layer) in enumerate(numbered):
        following = [after for _, after in numbered[at + 1 :]]
        try:
            made, shape = _make(layer, shape, following)
        except _Misfit as error:
            raise UsageError(
                say("nn.layers-entry", number=i, layer=layer.model_dump(exclude_defaults=True), error=error)
            ) from None
        modules += made
    if flat and len(shape) == 3:
        modules.append(nn.Flatten())
    return nn.Sequential(*modules)


class _Misfit(Exception):
    """Why a layer cannot be built where it stands."""


def _pools_first(layers: list[tuple[int, Layer]]) -> list[tuple[int, Layer]]:
    for at in range(len(layers) - 1):
        one, two = layers[at][1], layers[at + 1][1]
        if (
            isinstance(one, Activation)
            and one.activation in MONOTONE
            and isinstance(two, Pool)
            and two.pool != "average"
        ):
            layers[at], layers[at + 1] = layers[at + 1], layers[at]
    return layers


def _make(layer: Layer, shape: Shape, following: Sequence[Layer]) -> tuple[list[nn.Module], Shape]:
    match layer:
        case Conv():
            return _convolution(layer, _map(shape, "a convolution"), following)
        case Pool():
            return _pooling(layer, _map(shape, "pooling"))
        case Reduce(reduce=most, by=by):
            channels, *sides = _map(shape, "pooling")
            size = (-(-sides[0] // most), -(-sides[1] // most))
            pooled = (channels, sides[0] // size[0], sides[1] // size[1])
            return ([] if size == (1, 1) else [_POOLS[by](size, size)]), pooled
        case Dense(dense=width):
            flatten: list[nn.Module] = [nn.Flatten()] if len(shape) == 3 else []
            inside = shape[0] if len(shape) == 1 else shape[0] * shape[1] * shape[2]
            dense = nn.Linear(inside, width, bias=_keeps_bias(following))
            initialise_weights(dense, _next_activation(following))
            return [*flatten, dense], (width,)
        case Norm(norm=name, groups=groups):
            try:
                return [make_norm(name, shape[0], maps=len(shape) == 3, groups=groups)], shape
            except ValueError as error:
                raise _Misfit(str(error)) from None
        case Drop(dropout=rate):
            return [Dropout(rate)], shape
        case Activation(activation=name):
            return [ACTIVATIONS[name]()], shape
    raise AssertionError(f"read_layers makes no {type(layer).__name__}")


def _map(shape: Shape, what: str) -> tuple[int, int, int]:
    if len(shape) != 3:
        raise _Misfit(say("nn.layer-needs-maps", layer=what, features=shape[0]))
    channels, height, width = shape
    return channels, height, width


def _convolution(layer: Conv, shape: tuple[int, int, int], following: Sequence[Layer]) -> tuple[list[nn.Module], Shape]:
    channels, *sides = shape
    kernel, modules, padding = layer.kernel, list[nn.Module](), 0
    if layer.padding == "same" and kernel % 2:
        padding = kernel // 2
    elif layer.padding == "same":
        before, after = (kernel - 1) // 2, kernel // 2
        modules.append(nn.ZeroPad2d((before, after, before, after)))
    elif min(sides) < kernel:
        raise _Misfit(say("nn.map-below-kernel", height=sides[0], width=sides[1]))
    conv = nn.Conv2d(channels, layer.conv, kernel, layer.stride, padding, bias=_keeps_bias(following))
    initialise_weights(conv, _next_activation(following))
    whole = 0 if layer.padding == "same" else kernel - 1
    return [*modules, conv], (layer.conv, *((side - whole - 1) // layer.stride + 1 for side in sides))


def _pooling(layer: Pool, shape: tuple[int, int, int]) -> tuple[list[nn.Module], Shape]:
    channels, height, width = shape
    size, stride = layer.size, layer.stride or layer.size
    if size <= min(height, width):
        pooled = (channels, (height - size) // stride + 1, (width - size) // stride + 1)
        return [_POOLS[layer.pool]((size, size), (stride, stride))], pooled
    if layer.if_fits:
        return [], shape
    raise _Misfit(say("nn.map-below-window", height=height, width=width))


def _keeps_bias(following: Sequence[Layer]) -> bool:
    return not (following and following[0] == Norm(norm="batch"))  # a batch norm would subtract the bias again


def _next_activation(following: Sequence[Layer]) -> str | None:
    for layer in following:
        if isinstance(layer, Activation):
            return layer.activation
        if isinstance(layer, Conv | Dense):
            return None
    return None


class MinPool2d(nn.Module):
    """The smallest of each window: (B,C,H,W) to maps like `nn.MaxPool2d`'s."""

    def __init__(self, size: tuple[int, int], stride: tuple[int, int]) -> None:
        super().__init__()
        self.size, self.stride = size, stride

    def forward(self, x_BCHW: Tensor) -> Tensor:
        return -F.max_pool2d(-x_BCHW, self.size, self.stride)

    def extra_repr(self) -> str:
        return f"{self.size}, stride={self.stride}"


_POOLS: Mapping[str, Callable[[tuple[int, int], tuple[int, int]], nn.Module]] = {
    "max": nn.MaxPool2d,
    "min": MinPool2d,
    "average": nn.AvgPool2d,
}
