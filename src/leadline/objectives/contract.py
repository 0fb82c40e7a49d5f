"""The contract of an objective: what an ``OBJECTIVE`` in `leadline.objectives`, or in a plugin, must be able to do.

An objective is composed of four parts: which supervision it takes, which defaults suit it, how it learns and what it
decides. Bound to the options of one experiment it is what training, evaluation and prediction ask.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol, overload

import numpy as np
from pydantic import BaseModel
from torch import Tensor, nn

from leadline.core.catalogue import say
from leadline.core.component import Component
from leadline.core.exhibit import ExhibitDraft
from leadline.core.finding import Finding
from leadline.core.metric import Metric
from leadline.core.schema import LabelRequirement, Schema
from leadline.errors import UsageError
from leadline.nn.batch import Batch, EncoderOutput, Loss, Prediction
from leadline.nn.features import pooled_features
from leadline.nn.fusion import Fuse
from leadline.nn.rng import Rng
from leadline.objectives.capabilities import (
    Bounded,
    Converter,
    Diagnostics,
    Encoder,
    Forecaster,
    Generator,
    Head,
    Sampler,
)
from leadline.objectives.own_loss import OwnLoss

Columns = Mapping[str, np.ndarray]  # of predictions, by name, a row of each for each row of a split


@dataclass(frozen=True)
class EvaluationContext:
    """What a measurement may need beside the predictions of one split.

    `target` (n,) holds class numbers or values; `group` (n,) numbers that are equal for rows that must be resampled
    together, or None; `levels` are the confidence levels asked for, the report's own first. `required` are the names
    of findings that requirements speak of, as `recall(cat)`: these are measured where others would be too many.
    """

    split: str
    target: np.ndarray
    group: np.ndarray | None
    schema: Schema
    levels: tuple[float, ...] = (0.95,)
    seed: int = 0
    required: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Supervision:
    """What an objective learns from.

    - `target_types`: the types of target it takes by column (``"*"``: any other), that first which doubtful values are
      taken for.
    - `labels`: which train rows must have a target; `labelled_share` of a batch are rows with a target at least, where
      not all have one.
    - `two_domains`: train rows without a target are of the domain that test rows are of.
    - `views`: versions of the inputs: those of a batch, then others, in `Batch.views`: by the chain of augmentations
      that the first word names (``strong 2``: the strong one, by draws of its own).
    - `coupled`: the loss ties the examples of a batch together.
    - `mixable`: the loss of a row can be shared between two targets (mixup).
    - `classical_target`: what models that are fitted by a loss of their own learn in its place; `loss_options` shape
      the loss, and so mean nothing to those models. `replaced_options` are those that mean nothing where a loss of the
      user's own stands in the place of the objective's.
    """

    target_types: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    labels: LabelRequirement = "all"
    labelled_share: float = 0.0
    two_domains: bool = False
    views: tuple[str, ...] = ("plain",)
    coupled: bool = False
    mixable: bool = False
    classical_target: Literal["classes", "numbers", "windows"] | None = None
    loss_options: tuple[str, ...] = ()
    replaced_options: tuple[str, ...] = ()


@dataclass(frozen=True)
class Defaults:
    """What suits an objective where the user says nothing.

    `training` holds entries of `training` as in an experiment file; `update_frequency` names the networks that are
    stepped in every so many steps only.
    """

    training: Mapping[str, Any] = field(default_factory=dict)
    update_frequency: Mapping[str, int] = field(default_factory=dict)


class Learning(Protocol):
    """The loss side: the network, what is stepped of it, and what its examples cost.

    Classes that derive from it need no more than `build` and `loss`: one network is then stepped alone and ships as it
    is.
    """

    @property
    def encoder_output(self) -> EncoderOutput:
        """What the encoders of the inputs give."""
        return "vector"

    @abstractmethod
    def build(self, schema: Schema, encoders: Mapping[str, nn.Module], fuse: Fuse | None = None) -> nn.Module:
        """Return the network: encoders (raw encoded input to features), what `fuse` makes of several, and head."""

    def networks(self, network: Any) -> Mapping[str, nn.Module]:
        """Return what is stepped in turn, by name: one network, or a discriminator and a generator."""
        return {"network": network}

    @abstractmethod
    def loss(self, network: Any, batch: Batch, stepped: str, rng: Rng) -> Loss:
        """Return the loss of each example for the network that is `stepped`."""

    @property
    def own_loss(self) -> OwnLoss | None:
        """The loss of the user's own by which scores are judged in training, where there is one."""
        return None

    def with_loss(self, loss: OwnLoss) -> Learning | None:
        """Return the same with a loss of the user's own for what scores cost; None where nothing is scored."""
        return None

    def ensemble(self, networks: Sequence[nn.Module]) -> nn.Module | None:
        """Return several networks of `build` as one, whose members learn apart and predict together; None where they
        cannot.
        """
        return None

    def on_epoch_end(
        self, network: Any, done: float, embeddings: Callable[[str, int], np.ndarray], seed: int
    ) -> str | None:
        """Change the network where no gradient can, at the end of an epoch, the share `done` of training being done.

        `embeddings` gives what `embed` makes of at most so many rows of a split (n,L). Returns what was done, in words,
        or None. It is asked once more when training is over, and does nothing twice: what it goes by is a buffer of the
        network.
        """
        return None

    def score(self, network: Any, inputs: Mapping[str, Tensor]) -> Tensor:
        """Return differentiable scores (B,C); explanations and attacks use them."""
        scores: Tensor = network(inputs)
        return scores

    def embed(self, network: Any, inputs: Mapping[str, Tensor]) -> Tensor:
        """Return what the network makes of rows before it decides (B,F): features, or latent codes."""
        return pooled_features(network, inputs)

    def graphs(self, network: Any) -> Mapping[str, nn.Module]:
        """Return the modules an export holds, by name."""
        return {"network": network}

    def ship(self, network: nn.Module) -> nn.Module:
        """Return what is kept after training, without discriminator, projector or teacher."""
        return network


class Decision(Protocol):
    """The decision side: what a user receives, what is chosen after training, and how decisions are judged.

    Classes that derive from it need not calibrate anything, nor compare models example by example.
    """

    @property
    def monitors(self) -> Mapping[str, str]:
        """Measures early stopping may watch, with "lower" or "higher" for which is better."""

    @property
    def declared_metrics(self) -> tuple[Metric, ...]:
        """What findings of `measure` and `calibrate` are called."""
        return ()

    @abstractmethod
    def predict(self, network: Any, batch: Batch, rng: Rng | None) -> Prediction:
        """Return what a user receives for a batch."""

    def calibrate(self, network: Any, predictions: Columns, context: EvaluationContext) -> tuple[Finding, ...]:
        """Set what is chosen after training (a temperature, a threshold: buffers of the network) from predictions on
        validation rows.

        Without validation rows `predictions` and `context.target` are empty. Returns a finding for each thing chosen:
        its value, from how many rows, and by what rule, or why it was left as it was.
        """
        return ()

    def uncalibrated(self, network: Any, predictions: Columns) -> tuple[str, Columns] | None:
        """Return what predictions would be without calibration, and a name for them; None where it changes nothing."""
        return None

    @abstractmethod
    def monitor(self, predictions: Columns, target: np.ndarray, schema: Schema) -> Mapping[str, float]:
        """Return the values of `monitors` on validation predictions, cheaply; `loss` is in the unit of the training
        loss.
        """

    def per_example_score(
        self, predictions: Columns, target: np.ndarray, schema: Schema
    ) -> tuple[str, np.ndarray] | None:
        """Return the measure by which models are compared, and what it is for each row (n,): its mean is the measure.

        None where rows have no such number.
        """
        return None

    def dummy_predictor(self, target: np.ndarray, rows: int, schema: Schema) -> tuple[str, Columns]:
        """Return the best predictions that ignore the inputs, for `rows` rows, from the train target; and their
        name.
        """
        return "nothing", {}

    @abstractmethod
    def metric_names(self, schema: Schema) -> tuple[str, ...]:
        """Return the names (groups too, ``recall(cat)``) of the findings `measure` yields; requirements are checked on
        them.
        """

    @abstractmethod
    def measure(self, predictions: Columns, context: EvaluationContext) -> Iterator[Finding | ExhibitDraft]:
        """Yield findings with intervals, and exhibits, from the predictions on one split."""


@dataclass(frozen=True)
class Objective:
    """What a network is trained for, and how it is judged. Each ``objectives/<area>/<name>.py`` declares one
    ``OBJECTIVE``; so may a user's own package.

    Each part is made of the options of one experiment, on which all of it may depend. `capabilities` are further things
    that its network can do, by name: those that `BoundObjective.capability` lists, or others that a plugin's analysis
    asks for.

    - `complete(options, schema)`: the options with what depends on the data written out; raises UsageError where they
      do not fit it.
    - `unsuitable(options, schema)`: why the objective cannot be used on such data, or None.
    - `warnings(options, schema)`: what the user should know, before training, of its options on such data.
    - `too_few_rows(options, rows)`: why there are too few rows, of so many by split, for its options, or None.
    """

    name: str
    options: type[BaseModel]
    supervision: Callable[[Any], Supervision]
    learning: Callable[[Any], Learning]
    decision: Callable[[Any], Decision]
    defaults: Callable[[Any], Defaults] = lambda options: Defaults()
    capabilities: Mapping[str, Callable[[Any], Any]] = field(default_factory=dict)
    complete: Callable[[Any, Schema], Any] = lambda options, schema: options
    unsuitable: Callable[[Any, Schema], str | None] = lambda options, schema: None
    warnings: Callable[[Any, Schema], tuple[str, ...]] = lambda options, schema: ()
    too_few_rows: Callable[[Any, Mapping[str, int]], str | None] = lambda options, rows: None

    def bind(self, options: Any) -> BoundObjective:
        """Return the objective with the options of one experiment, its parts ready."""
        return BoundObjective(
            self,
            options,
            self.supervision(options),
            self.defaults(options),
            self.learning(options),
            self.decision(options),
        )


@dataclass(frozen=True)
class BoundObjective:
    """An objective with the options of one experiment."""

    declared: Objective
    options: Any
    supervision: Supervision
    defaults: Defaults
    learning: Learning
    decision: Decision

    @property
    def name(self) -> str:
        """What the objective is called."""
        return self.declared.name

    @overload
    def capability(self, name: Literal["head"]) -> Head | None: ...
    @overload
    def capability(self, name: Literal["sampler"]) -> Sampler | None: ...
    @overload
    def capability(self, name: Literal["generator"]) -> Generator | None: ...
    @overload
    def capability(self, name: Literal["converter"]) -> Converter | None: ...
    @overload
    def capability(self, name: Literal["bounded"]) -> Bounded | None: ...
    @overload
    def capability(self, name: Literal["encoder"]) -> Encoder | None: ...
    @overload
    def capability(self, name: Literal["forecaster"]) -> Forecaster | None: ...
    @overload
    def capability(self, name: Literal["diagnostics"]) -> Diagnostics | None: ...
    @overload
    def capability(self, name: str) -> Any: ...
    def capability(self, name: str) -> Any:
        """Return what the objective's network can do beside deciding, by name; None where it cannot."""
        make = self.declared.capabilities.get(name)
        return None if make is None else make(self.options)

    def complete(self, schema: Schema) -> BoundObjective:
        """Return the objective with the options that depend on the data written out; raises UsageError where they do
        not fit it.
        """
        bound = self.declared.bind(self.declared.complete(self.options, schema))
        return with_own_loss(bound, self.learning.own_loss)

    def unsuitable(self, schema: Schema) -> str | None:
        """Say why the objective cannot be used on such data, or None."""
        return self.declared.unsuitable(self.options, schema)

    def warnings(self, schema: Schema) -> tuple[str, ...]:
        """Return what the user should know, before training, of its options on such data."""
        return self.declared.warnings(self.options, schema)

    def too_few_rows(self, rows: Mapping[str, int]) -> str | None:
        """Say why there are too few rows, of so many by split, for its options, or None."""
        return self.declared.too_few_rows(self.options, rows)


def with_own_loss(objective: BoundObjective, loss: OwnLoss | None) -> BoundObjective:
    """Return an objective with a loss of the user's own in the place of its own; as it is where there is none.

    Raises UsageError where it has no loss of scores, or where an option shapes the loss that is replaced.
    """
    if loss is None:
        return objective
    learning = objective.declared.learning(objective.options).with_loss(loss)
    if learning is None or objective.capability("head") is None:
        raise UsageError(say("objectives.own-loss-no-scores", loss=loss.component.name, objective=objective.name))
    for option in objective.supervision.replaced_options:
        if getattr(objective.options, option) != objective.declared.options.model_fields[option].default:
            raise UsageError(say("objectives.own-loss-and-option", loss=loss.component.name, option=option))
    return replace(objective, learning=learning)


def component_of(objective: BoundObjective) -> Component:
    """Return how an experiment says an objective: its name, every option, and the loss of the user's own."""
    loss = objective.learning.own_loss
    own = {} if loss is None else {"loss": loss.component.model_dump(mode="json")}
    return Component(name=objective.name, options={**objective.options.model_dump(mode="json"), **own})
