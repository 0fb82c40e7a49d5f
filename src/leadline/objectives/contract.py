"""The contract of an objective: what an ``OBJECTIVE`` in `leadline.objectives`, or in a plugin, must be able to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np
from pydantic import BaseModel
from torch import Tensor, nn

from leadline.core.exhibit import ExhibitDraft
from leadline.core.finding import Finding
from leadline.core.metric import Metric
from leadline.core.schema import LabelRequirement, Schema
from leadline.nn.batch import Batch, EncoderOutput, Loss, Prediction
from leadline.nn.fusion import Fuse
from leadline.nn.rng import Rng


@dataclass(frozen=True)
class EvaluationContext:
    """What a measurement may need beside the predictions of one split.

    `target` (n,) holds class numbers or values; `group` (n,) numbers that are equal for rows that must be resampled
    together, or None; `levels` are the confidence levels asked for, the report's own first."""

    split: str
    target: np.ndarray
    group: np.ndarray | None
    schema: Schema
    levels: tuple[float, ...] = (0.95,)
    seed: int = 0


class Objective(Protocol):
    """What a network is trained for, and how it is judged. Each ``objectives/<name>.py`` declares one ``OBJECTIVE``."""

    name: str
    options: type[BaseModel]
    coupled: bool  # True where the loss ties the examples of a batch together
    # Versions of the inputs that it wants: those of a batch, then others, in `Batch.views`: by the chain of
    # augmentations that the first word names (``strong 2``: the strong one, by draws of its own).
    views: tuple[str, ...]
    encoder_output: (
        EncoderOutput  # of bodies: one vector a row, one for each step, or one for each step that knows of no later one
    )
    monitors: Mapping[str, str]  # measures early stopping may watch, with "lower" or "higher" for which is better

    labels: LabelRequirement  # which train rows must have a target
    labelled_share: float  # of a batch that rows with a target are at least, where not all have one
    two_domains: bool  # True where train rows without a target are of the domain that test rows are of
    default_training: Mapping[
        str, Any
    ]  # entries of `training` as in an experiment file, that stand where the user says nothing
    update_frequency: Mapping[str, int]  # players that are stepped in every so many steps only, by name
    watched: tuple[str, ...]  # what `alarms` looks for; whether training ended in it is a finding of that name
    declared_metrics: tuple[Metric, ...]  # what findings of `measure`, `calibrate` and `alarms` are called

    classical_target: (
        Literal["classes", "numbers", "windows"] | None
    )  # what models that are fitted by a loss of their own learn in its place
    loss_options: tuple[str, ...]  # options that shape the loss, and so mean nothing to those models

    @property
    def each(self) -> int:
        """How many numbers are forecast for each step and variable; 1 where nothing is."""

    def target_types(self) -> Mapping[str, tuple[str, ...]]:
        """Return the kinds of target it takes by column (``"*"``: any other), that first which doubtful values are
        taken for.
        """

    def complete(self, schema: Schema) -> Any:
        """Return the options with what depends on the data written out; raises UsageError where they do not fit it."""

    def bind(self, options: Any) -> Objective:
        """Return the objective with the options of one experiment, on which what it suits, names and measures may
        depend.
        """

    def unsuitable(self, schema: Schema) -> str | None:
        """Say why the objective cannot be used on such data, or None."""

    def warnings(self, schema: Schema) -> tuple[str, ...]:
        """Return what the user should know, before training, of its options on such data."""

    def too_few_rows(self, rows: Mapping[str, int]) -> str | None:
        """Say why there are too few rows, of so many by split, for its options, or None."""

    def build(
        self, schema: Schema, bodies: Mapping[str, nn.Module], options: Any, fuse: Fuse | None = None
    ) -> nn.Module:
        """Return the network: bodies (raw encoded input to features), what `fuse` makes of several, and head."""

    def players(self, network: nn.Module) -> Mapping[str, nn.Module]:
        """Return what is stepped in turn: one player, or a discriminator and a generator."""

    def loss(self, network: nn.Module, batch: Batch, player: str, rng: Rng) -> Loss:
        """Return the loss of each example for one player."""

    def on_epoch_end(
        self, network: nn.Module, done: float, codes: Callable[[str, int], np.ndarray], seed: int
    ) -> str | None:
        """Change the network where no gradient can, at the end of an epoch, the share `done` of training being done.

        `codes` gives what `embed` makes of at most so many rows of a split (n,L). Returns what was done, in words, or
        None. It is asked once more when training is over, and does nothing twice: what it goes by is a buffer of the
        network."""

    def score(self, network: nn.Module, inputs: Mapping[str, Tensor]) -> Tensor:
        """Return differentiable scores (B,C); explanations and attacks use them."""

    def embed(self, network: nn.Module, inputs: Mapping[str, Tensor]) -> Tensor:
        """Return what the network makes of rows before it decides (B,F): features, or codes."""

    def decide(self, network: nn.Module, batch: Batch, rng: Rng | None) -> Prediction:
        """Return what a user receives for a batch."""

    def graphs(self, network: nn.Module) -> Mapping[str, nn.Module]:
        """Return the modules an export holds, by name."""

    def ship(self, network: nn.Module) -> nn.Module:
        """Return what is kept after training, without discriminator, projector or teacher."""

    def alarms(self, entries: Sequence[Mapping[str, float]]) -> Mapping[str, str]:
        """Return for each of `watched` whether the last ticks (rows of the history) show it: the words for it, or empty
        ones.

        What cannot be told yet is left out.
        """

    def calibrate(
        self, network: nn.Module, predictions: Mapping[str, np.ndarray], context: EvaluationContext
    ) -> tuple[Finding, ...]:
        """Set what is chosen after training (a temperature, a threshold: buffers of the network) from decisions on
        validation rows.

        Without validation rows `predictions` and `context.target` are empty. Returns a finding for each thing chosen:
        its value, from how many rows, and by what rule, or why it was left as it was."""

    def uncalibrated(
        self, network: nn.Module, predictions: Mapping[str, np.ndarray]
    ) -> tuple[str, Mapping[str, np.ndarray]] | None:
        """Return what decisions would be without what was settled, and a name for them; None where that changes
        nothing.
        """

    def monitor(self, predictions: Mapping[str, np.ndarray], target: np.ndarray, schema: Schema) -> Mapping[str, float]:
        """Return the values of `monitors` on validation predictions, cheaply; `loss` is in the unit of the training
        loss.
        """

    def per_example_score(
        self, predictions: Mapping[str, np.ndarray], target: np.ndarray, schema: Schema
    ) -> tuple[str, np.ndarray] | None:
        """Return the measure by which models are compared, and what it is for each row (n,): its mean is the measure.

        None where rows have no such number.
        """

    def dummy_predictor(self, target: np.ndarray, rows: int, schema: Schema) -> tuple[str, Mapping[str, np.ndarray]]:
        """Return the best decisions that ignore the inputs, for `rows` rows, from the train target; and their name."""

    def names(self, schema: Schema) -> tuple[str, ...]:
        """Return the names (groups too, ``recall(cat)``) of the findings `measure` yields; requirements are checked on
        them.
        """

    def measure(
        self, predictions: Mapping[str, np.ndarray], context: EvaluationContext
    ) -> Iterator[Finding | ExhibitDraft]:
        """Yield findings with intervals, and exhibits, from the decisions on one split."""


@runtime_checkable
class Sampler(Protocol):
    """An objective whose network can draw new rows; `samples` is a frozen pydantic model of how that may be done."""

    samples: type[BaseModel]

    def sample(self, network: Any, schema: Schema, rng: Rng, options: Any) -> Mapping[str, Sequence[Any]]:
        """Return a new row for each row of the draws, by column, as people read them; raises UsageError."""


@runtime_checkable
class Generator(Protocol):
    """An objective whose network makes rows of codes, numbers (B,L) that are drawn or found; `samples` is as that of
    `Sampler`.

    Rows are inputs by name, raw and encoded, as those of a `Batch`.
    """

    samples: type[BaseModel]

    def codes(self, network: Any, rng: Rng, options: Any) -> Tensor:
        """Return a code for each row of the draws (B,L), distributed as those that the network was trained to make rows
        of.
        """

    def rows(self, network: Any, code_BL: Tensor, rng: Rng, options: Any) -> Mapping[str, Tensor]:
        """Return the row that each code stands for; what is drawn beside it (a label that is not asked for, noise) by
        the draws.
        """


@runtime_checkable
class Converter(Protocol):
    """An objective whose network makes a picture of another one; `samples` is as that of `Sampler`."""

    samples: type[BaseModel]

    @property
    def into(self) -> str | None:
        """The input that is made of the other one; None where there is one alone, and classes say of which kind a row
        is.
        """

    def convert(self, network: Any, batch: Batch, options: Any) -> Mapping[str, Tensor]:
        """Return the pictures that those of a batch become, raw, by the name of their input; raises UsageError."""


@runtime_checkable
class Bounding(Protocol):
    """An objective whose network bounds how likely rows are, the closer, the more codes are drawn for each."""

    @property
    def importance(self) -> int:
        """How many codes are drawn for a row."""

    def log_likelihood(self, network: Any, batch: Batch) -> Tensor:
        """Return a lower bound of each row's log-likelihood (B,) in nats, the same whatever the batch."""


@runtime_checkable
class Encoder(Protocol):
    """An objective whose network finds the code of a row, and makes the row of it again."""

    def encode(self, network: Any, inputs: Mapping[str, Tensor]) -> Tensor:
        """Return codes (B,L)."""

    def reconstruct(self, network: Any, batch: Batch) -> Mapping[str, Tensor]:
        """Return the rows that come out where those of the batch go in, raw as they are."""
