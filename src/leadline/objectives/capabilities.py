"""What an objective's network can do beside deciding: asked for by name, `BoundObjective.capability`, never by class.

Each is a protocol of its own; an objective lists those that it has (`Objective.capabilities`), and a plugin's analysis
may ask for further ones.

Shapes: B rows of a batch, L numbers of a latent code, O outputs of a head.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from pydantic import BaseModel
from torch import Tensor, nn

from leadline.core.schema import Schema
from leadline.nn.batch import Batch, Loss, Prediction
from leadline.nn.rng import Rng


class Head(Protocol):
    """What stands at the end of a network that predicts one target: so several of them can share one body."""

    def outputs(self, schema: Schema) -> int:
        """Return how many numbers the head gives a row."""

    def last(self, schema: Schema) -> nn.Module:
        """Return the end of the network, from the head's outputs (B,O) to scores; it carries what `value` and `decided`
        need.
        """

    def value(self, last: Any, scores: Tensor, target_B: Tensor) -> Loss:
        """Return what scores cost against targets, row by row; a row's weight is what its target makes it count."""

    def decided(self, last: Any, scores: Tensor) -> Prediction:
        """Return what a user receives for scores."""

    def averaged(self, outputs_KBO: Tensor) -> Tensor:
        """Return what the members of an ensemble say together (B,O): the mean of their outputs."""
        return outputs_KBO.mean(0)


class Sampler(Protocol):
    """Draws new rows as people read them; `samples` is a frozen pydantic model of how that may be done."""

    @property
    def samples(self) -> type[BaseModel]:
        """How rows may be drawn: a frozen pydantic model."""

    def sample(self, network: Any, schema: Schema, rng: Rng, options: Any) -> Mapping[str, Sequence[Any]]:
        """Return a new row for each row of the draws, by column, as people read them; raises UsageError."""


class Generator(Protocol):
    """Generates rows from latent codes, numbers (B,L) that are drawn or found; `samples` is as that of `Sampler`.

    Rows are inputs by name, raw and encoded, as those of a `Batch`.
    """

    @property
    def samples(self) -> type[BaseModel]:
        """How rows may be drawn: a frozen pydantic model."""

    @property
    def conditional(self) -> bool:
        """Whether the network was told the class of rows, so that rows of a class can be asked for."""

    def latent(self, network: Any, rng: Rng, options: Any) -> Tensor:
        """Return a latent code for each row of the draws (B,L), distributed as those of training."""

    def generate(self, network: Any, latent_BL: Tensor, rng: Rng, options: Any) -> Mapping[str, Tensor]:
        """Return the row that each latent code stands for; what is drawn beside it (a label that is not asked for,
        noise) by the draws.
        """


class Converter(Protocol):
    """Makes a picture of another one; `samples` is as that of `Sampler`."""

    @property
    def samples(self) -> type[BaseModel]:
        """How rows may be drawn: a frozen pydantic model."""

    @property
    def into(self) -> str | None:
        """The input that is made of the other one; None where there is one alone, and classes say of which kind a row
        is.
        """

    def convert(self, network: Any, batch: Batch, options: Any) -> Mapping[str, Tensor]:
        """Return the pictures that those of a batch become, raw, by the name of their input; raises UsageError."""


class Bounded(Protocol):
    """Bounds how likely rows are, the closer, the more latent codes are drawn for each."""

    @property
    def importance(self) -> int:
        """How many latent codes are drawn for a row."""

    def log_likelihood(self, network: Any, batch: Batch) -> Tensor:
        """Return a lower bound of each row's log-likelihood (B,) in nats, the same whatever the batch."""


class Encoder(Protocol):
    """Finds the latent code of a row, and makes the row of it again."""

    def encode(self, network: Any, inputs: Mapping[str, Tensor]) -> Tensor:
        """Return latent codes (B,L)."""

    def reconstruct(self, network: Any, batch: Batch) -> Mapping[str, Tensor]:
        """Return the rows that come out where those of the batch go in, raw as they are."""


class Forecaster(Protocol):
    """Continues a sequence."""

    @property
    def each(self) -> int:
        """How many numbers are forecast for each step and variable: one, or a quantile each."""


class Diagnostics(Protocol):
    """Knows by its log how training goes wrong."""

    @property
    def watched(self) -> tuple[str, ...]:
        """What `alarms` looks for; whether training ended in it is a finding of that name."""

    def alarms(self, entries: Sequence[Mapping[str, float]]) -> Mapping[str, str]:
        """Return for each of `watched` whether the last log entries show it: the words for it, or empty ones.

        What cannot be told yet is left out.
        """
