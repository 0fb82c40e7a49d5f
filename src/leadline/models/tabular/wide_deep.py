"""Dense layers over embedded numbers, and beside them the numbers themselves, for the head to see: the usual network of
tables.

A dense network on standardised numbers learns smooth functions; tables are full of steps. Each number is therefore
embedded first, by where it lies between values of the train rows (`nn/layers/numeric_embeddings.py`). What the wide
side adds costs nothing: where few rows say little beyond a straight line, the head finds the line.

Shapes: B rows, F features of the table, G features given.
"""

from __future__ import annotations

from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from leadline.core.base import Fact
from leadline.models.contract import Family
from leadline.nn.batch import Signal, SignalSpec
from leadline.nn.layers.activations import ACTIVATIONS, ActivationName, initialise_weights
from leadline.nn.layers.dropout import Dropout
from leadline.nn.layers.numeric_embeddings import PeriodicEmbedding, PiecewiseLinearEmbedding

FAR = 10.0  # standard deviations that a number counts at most, however far it lies


class Options(Fact):
    """`hidden` widths with their activation and dropout; how numbers are embedded, in how many features each; and
    whether the head sees the table beside what the layers make of it.
    """

    hidden: tuple[Annotated[int, Field(ge=1)], ...] = Field(
        default=(128, 128), min_length=1, description="widths of the hidden layers"
    )
    activation: ActivationName = Field(default="relu", description="activation after each hidden layer")
    dropout: float = Field(default=0.3, ge=0, lt=1, description="dropout rate after each hidden layer")
    embedding: Literal["piecewise", "periodic", "none"] = Field(
        default="piecewise", description="embedding of numbers: piecewise linear, periodic, or none"
    )
    embedding_width: int = Field(default=8, ge=1, description="dimension in which each number is embedded")
    frequencies: int = Field(default=24, ge=1, description="frequencies of the periodic embedding of each number")
    frequency_scale: float = Field(
        default=1.0, gt=0, description="standard deviation of the initial frequencies of the periodic embedding"
    )
    wide: bool = Field(default=True, description="the head sees the table itself too (wide and deep)")


def near(x: Tensor) -> Tensor:
    """Return standardised numbers that count less and less the farther they lie, `FAR` at most: x / sqrt(1 + (x/FAR)²).

    The smooth clipping of Holzmüller et al. 2024 (RealMLP), with a wider bound.
    """
    share = (x / FAR).clamp(-1e15, 1e15)  # whose square is finite
    return FAR * share * torch.rsqrt(1 + share.square())


class WideDeep(nn.Module):
    """Tables (B,F) to (B,G): the last of `hidden`, then, where the network is wide, the table itself."""

    def __init__(self, spec: SignalSpec, options: Options) -> None:
        super().__init__()
        features = spec.shape[0]
        numbers = [at for at, edges in enumerate(spec.edges) if edges]
        self.numbers_Q: Tensor
        self.register_buffer("numbers_Q", torch.tensor(numbers, dtype=torch.int64), persistent=False)
        self.embedding: nn.Module | None = None
        if numbers and options.embedding == "piecewise":
            edges = [spec.edges[at] for at in numbers]
            self.embedding = PiecewiseLinearEmbedding(edges, options.embedding_width)
        elif numbers and options.embedding == "periodic":
            self.embedding = PeriodicEmbedding(
                len(numbers), options.frequencies, options.frequency_scale, options.embedding_width
            )
        width = features + (len(numbers) * options.embedding_width if self.embedding is not None else 0)
        layers: list[nn.Module] = []
        for hidden in options.hidden:
            dense = nn.Linear(width, hidden)
            initialise_weights(dense, options.activation)
            layers += [dense, ACTIVATIONS[options.activation](), *([Dropout(options.dropout)] * bool(options.dropout))]
            width = hidden
        self.layers = nn.Sequential(*layers)
        self.wide = options.wide

    def forward(self, signal: Signal) -> Signal:
        x_BF = signal.values
        near_BF = near(x_BF)
        embedded = [] if self.embedding is None else [self.embedding(x_BF.index_select(1, self.numbers_Q))]
        deep_BG: Tensor = self.layers(torch.cat([near_BF, *embedded], 1))
        return Signal(torch.cat([deep_BG, near_BF], 1) if self.wide else deep_BG)


FAMILY = Family(
    name="wide-deep",
    accepts=("table",),
    options=Options,
    gives=WideDeep,
    sizes={
        "small": {"hidden": (64, 64)},
        "base": {"hidden": (128, 128)},
        "large": {"hidden": (512, 512, 512)},
    },
    training={"optimizer": {"name": "adamw", "lr": 2e-3, "weight_decay": 0.02}},
    reference="Cheng et al. 2016, Wide & deep learning for recommender systems; "
    "Gorishniy et al. 2022, On embeddings for numerical features in tabular deep learning",
)
