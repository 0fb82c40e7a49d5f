"""Dense layers, one after the other."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import Field
from torch import Tensor, nn

from leadline.core.base import Fact
from leadline.models.contract import Family
from leadline.nn.batch import Signal, SignalSpec
from leadline.nn.generative.decoders import DenseDecoder
from leadline.nn.layers.activations import ACTIVATIONS, ActivationName, initialise_weights
from leadline.nn.layers.dropout import Dropout
from leadline.nn.layers.norms import make_norm


class Options(Fact):
    """`hidden` widths (none makes the network linear), the activation and norm after each, and dropout after that."""

    hidden: tuple[Annotated[int, Field(ge=1)], ...] = Field(
        default=(256, 256), description="widths of the hidden layers; none gives a linear model"
    )
    activation: ActivationName = Field(default="relu", description="activation after each hidden layer")
    norm: Literal["none", "batch", "layer", "group"] = Field(
        default="none", description="normalisation layer after each hidden layer"
    )
    dropout: float = Field(default=0.0, ge=0, lt=1, description="dropout rate after each hidden layer")


class MLP(nn.Module):
    """Tables (B,F), and images or sequences flattened, to (B, last of `hidden`)."""

    def __init__(self, spec: SignalSpec, options: Options) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        width = math.prod(spec.shape)
        for hidden in options.hidden:
            dense = nn.Linear(width, hidden, bias=options.norm != "batch")  # a batch norm would subtract the bias again
            initialise_weights(dense, options.activation)
            layers.append(dense)
            if options.norm != "none":
                layers.append(make_norm(options.norm, hidden, maps=False))
            layers.append(ACTIVATIONS[options.activation]())
            if options.dropout:
                layers.append(Dropout(options.dropout))
            width = hidden
        self.layers = nn.Sequential(*layers)

    def forward(self, signal: Signal) -> Signal:
        x_BF: Tensor = self.layers(signal.values.flatten(1))
        return Signal(x_BF)


def decoder(spec: SignalSpec, latent: int, options: Options) -> nn.Module:
    """Return the layers in reverse order, from codes to the spec's shape."""
    return DenseDecoder(spec.shape, latent, options.hidden[::-1], options.activation)


FAMILY = Family(
    name="mlp",
    accepts=("table", "image"),
    options=Options,
    gives=MLP,
    decoder=decoder,
    sizes={
        "small": {"hidden": (64, 64)},
        "base": {"hidden": (256, 256)},
        "large": {"hidden": (1024, 1024, 512), "dropout": 0.2},
    },
    reference="Rumelhart, Hinton & Williams 1986, Learning representations by back-propagating errors",
)
