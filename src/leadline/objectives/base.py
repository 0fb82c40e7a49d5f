"""What objectives have in common: how they say what they are, and what most of them answer.

B rows, F features.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import copy
from types import MappingProxyType
from typing import Any, Literal, Self

import numpy as np
from torch import Tensor, nn

from leadline.core.exhibit import ExhibitDraft
from leadline.core.finding import Finding
from leadline.core.metric import Metric
from leadline.core.schema import LabelRequirement, Schema
from leadline.nn.batch import Batch, EncoderOutput, Loss, Prediction
from leadline.nn.features import pooled_features
from leadline.nn.fusion import Fuse
from leadline.nn.rng import Rng
from leadline.objectives.contract import Defaults, EvaluationContext, Objective, Supervision


class Base(ABC):
    """One network, stepped alone, that ships as it is, has nothing to choose after training and compares models by
    nothing.
    """

    name: str
    options: Any
    coupled = False
    mixable = False
    capable: tuple[str, ...] = ()  # of what `BoundObjective.capability` asks for by name
    views: tuple[str, ...] = ("plain",)
    encoder_output: EncoderOutput = "vector"
    labels: LabelRequirement = "all"
    labelled_share = 0.0
    two_domains = False
    default_training: Mapping[str, Any] = MappingProxyType({})
    update_frequency: Mapping[str, int] = MappingProxyType({})
    kinds: tuple[str, ...] = ()  # of target that it takes, the one first that doubtful values are taken for
    chosen: Any = None  # the options of the experiment at hand
    classical_target: Literal["classes", "numbers", "windows"] | None = None
    loss_options: tuple[str, ...] = ()
    monitors: Mapping[str, str]
    watched: tuple[str, ...] = ()
    declared_metrics: tuple[Metric, ...] = ()

    def bind(self, options: Any) -> Self:
        """Return the objective with the options of one experiment."""
        own = copy(self)
        own.chosen = options
        return own

    def target_types(self) -> Mapping[str, tuple[str, ...]]:
        """Return the kinds of target it takes, for every column."""
        return {"*": self.kinds} if self.kinds else {}

    def complete(self, schema: Schema) -> Any:
        """Return the options: nothing in them depends on the data."""
        return self.chosen

    def unsuitable(self, schema: Schema) -> str | None:
        """Say why the objective cannot be used on such data, or None."""
        return None

    def warnings(self, schema: Schema) -> tuple[str, ...]:
        """Return what the user should know of its options before training: nothing."""
        return ()

    def too_few_rows(self, rows: Mapping[str, int]) -> str | None:
        """Say why there are too few rows, or None."""
        return None

    @abstractmethod
    def build(self, schema: Schema, bodies: Mapping[str, nn.Module], fuse: Fuse | None = None) -> nn.Module:
        """Return the network."""

    def networks(self, network: nn.Module) -> Mapping[str, nn.Module]:
        """Return the network as the only player."""
        return {"network": network}

    @abstractmethod
    def loss(self, network: Any, batch: Batch, stepped: str, rng: Rng) -> Loss:
        """Return the loss of each example for one player."""

    def on_epoch_end(self, network: Any, done: float, codes: Callable[[str, int], np.ndarray], seed: int) -> str | None:
        """Change nothing between epochs."""
        return None

    @abstractmethod
    def predict(self, network: Any, batch: Batch, rng: Rng | None) -> Prediction:
        """Return what a user receives for a batch."""

    def score(self, network: nn.Module, inputs: Mapping[str, Tensor]) -> Tensor:
        """Return the network's output (B,O), differentiable in float inputs."""
        scores: Tensor = network(inputs)
        return scores

    def embed(self, network: Any, inputs: Mapping[str, Tensor]) -> Tensor:
        """Return the features that the head decides from (B,F): where there are several steps their mean, of texts over
        tokens.
        """
        return pooled_features(network, inputs)

    def graphs(self, network: nn.Module) -> Mapping[str, nn.Module]:
        """Return the network as the only graph."""
        return {"network": network}

    def ship(self, network: nn.Module) -> nn.Module:
        """Return the network."""
        return network

    def calibrate(
        self, network: nn.Module, predictions: Mapping[str, np.ndarray], context: EvaluationContext
    ) -> tuple[Finding, ...]:
        """Choose nothing after training."""
        return ()

    def alarms(self, entries: Sequence[Mapping[str, float]]) -> Mapping[str, str]:
        """Return nothing: what a loss tells is enough."""
        return {}

    def uncalibrated(
        self, network: nn.Module, predictions: Mapping[str, np.ndarray]
    ) -> tuple[str, Mapping[str, np.ndarray]] | None:
        """Return None: nothing was settled."""
        return None

    def per_example_score(
        self, predictions: Mapping[str, np.ndarray], target: np.ndarray, schema: Schema
    ) -> tuple[str, np.ndarray] | None:
        """Return None: models are not compared by anything."""
        return None

    @abstractmethod
    def monitor(self, predictions: Mapping[str, np.ndarray], target: np.ndarray, schema: Schema) -> Mapping[str, float]:
        """Return the values of `monitors` on validation predictions."""

    @abstractmethod
    def dummy_predictor(self, target: np.ndarray, rows: int, schema: Schema) -> tuple[str, Mapping[str, np.ndarray]]:
        """Return the best decisions that ignore the inputs, and their name."""

    @abstractmethod
    def metric_names(self, schema: Schema) -> tuple[str, ...]:
        """Return the names of all findings on one split."""

    @abstractmethod
    def measure(
        self, predictions: Mapping[str, np.ndarray], context: EvaluationContext
    ) -> Iterator[Finding | ExhibitDraft]:
        """Yield findings with intervals, and exhibits, from the decisions on one split."""


class Unlabelled(Base):
    """What is learnt from rows alone. A target that the data has is carried along, for those that look at it, and is
    -1, NaN or not there in any row; of data that has none it is (B,0)."""

    labels: LabelRequirement = "none"

    def dummy_predictor(self, target: np.ndarray, rows: int, schema: Schema) -> tuple[str, Mapping[str, np.ndarray]]:
        """Return nothing: there is no answer that would ignore the inputs, and nobody asks for one."""
        return "nothing", {}


def composed(whole: Base) -> Objective:
    """Return the objective whose parts are all given by one class."""

    def supervision(options: Any) -> Supervision:
        own = whole.bind(options)
        return Supervision(
            own.target_types(),
            own.labels,
            own.labelled_share,
            own.two_domains,
            own.views,
            own.coupled,
            own.mixable,
            own.classical_target,
            own.loss_options,
        )

    def defaults(options: Any) -> Defaults:
        own = whole.bind(options)
        return Defaults(own.default_training, own.update_frequency)

    return Objective(
        name=whole.name,
        options=whole.options,
        supervision=supervision,
        learning=whole.bind,
        decision=whole.bind,
        defaults=defaults,
        capabilities=dict.fromkeys(whole.capable, whole.bind),
        complete=lambda options, schema: whole.bind(options).complete(schema),
        unsuitable=lambda options, schema: whole.bind(options).unsuitable(schema),
        warnings=lambda options, schema: whole.bind(options).warnings(schema),
        too_few_rows=lambda options, rows: whole.bind(options).too_few_rows(rows),
    )
