"""The textbook convolutional network: any stack of convolution, pooling, dense, dropout and norm layers."""

from __future__ import annotations

from itertools import takewhile
from typing import Any

from pydantic import Field
from torch import Tensor, nn

from leadline.core.base import Fact
from leadline.core.catalogue import say
from leadline.errors import UsageError
from leadline.models.contract import Family
from leadline.nn.batch import Signal, SignalSpec
from leadline.nn.generative.decoders import ImageDecoder, default_decoder
from leadline.nn.layers.stack import Conv, Dense, Layers, Reduce, build_stack, read_layers


def textbook(widths: tuple[int, ...], dense: int, dropout: float) -> list[Any]:
    """Return the entries of a textbook network: 3×3 convolutions, each followed by ReLU and max-pooling, then a dense
    layer.

    It suits images of any size: pooling ends where a map has become too small, and maps that are larger than 8×8 in the
    end are averaged down to that, so that the dense layer does not grow with the image.
    """
    blocks: list[Any] = []
    for width in widths:
        blocks += [{"conv": width, "kernel": 3, "padding": "same"}, "relu", {"pool": "max", "size": 2, "if_fits": True}]
    return [*blocks, {"reduce": 8}, {"dense": dense}, "relu", {"dropout": dropout}]


_SIZES = {
    "small": {"layers": textbook((16, 32), dense=64, dropout=0.2)},
    "base": {"layers": textbook((32, 64, 128), dense=128, dropout=0.3)},
    "large": {"layers": textbook((64, 128, 256, 512), dense=512, dropout=0.5)},
}


class Options(Fact):
    """`layers`: the whole network in order, in the words of `leadline.nn.layers.stack`; the head is added to it."""

    layers: Layers = Field(
        default=read_layers(_SIZES["base"]["layers"]),
        description="all layers in order, input to output; the head is added to them",
    )


class CNN(nn.Module):
    """Images (B,C,H,W) to (B,F), F being the width of the last dense layer."""

    def __init__(self, spec: SignalSpec, options: Options) -> None:
        super().__init__()
        self.layers = build_stack(options.layers, spec.shape)

    def forward(self, signal: Signal) -> Signal:
        x_BF: Tensor = self.layers(signal.values)
        return Signal(x_BF)


class CNNMaps(nn.Module):
    """Images (B,C,H,W) to maps (B,F,H',W'): the layers that come before the first dense one.

    What is averaged down right before it stays as it is, since that serves the dense layer alone.
    """

    def __init__(self, spec: SignalSpec, options: Options) -> None:
        super().__init__()
        layers = list(takewhile(lambda layer: not isinstance(layer, Dense), options.layers))
        while layers and isinstance(layers[-1], Reduce):
            layers.pop()
        if not any(isinstance(layer, Conv) for layer in layers):
            raise UsageError(say("models.cnn-without-convolutions"))
        self.layers = build_stack(layers, spec.shape, flat=False)

    def forward(self, signal: Signal) -> Signal:
        x_BFHW: Tensor = self.layers(signal.values)
        return Signal(x_BFHW)


def decoder(spec: SignalSpec, latent: int, options: Options) -> nn.Module:
    """Return maps that grow to the spec's shape, as many channels in the last one as the first convolution has, most
    where it has most; for what is no image, the usual decoder.
    """
    widths = [layer.conv for layer in options.layers if isinstance(layer, Conv)]
    if spec.kind != "image" or not widths:
        return default_decoder(spec, latent)
    return ImageDecoder(spec.shape, latent, width=widths[0], most=max(widths))


FAMILY = Family(
    name="cnn",
    accepts=("image",),
    options=Options,
    gives={"vector": CNN, "maps": CNNMaps},
    decoder=decoder,
    sizes=_SIZES,
    reference=(
        "LeCun et al. 1998, Gradient-based learning applied to document recognition; max-pooling after Ranzato et al."
        " 2007"
    ),
)
