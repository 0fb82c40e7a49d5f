"""A number: squared, absolute or Huber's loss on the standardised scale, predictions in the target's own unit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn

from leadline.core.base import Fact
from leadline.core.exhibit import ExhibitDraft
from leadline.core.finding import Finding, Reproduction
from leadline.core.schema import Schema
from leadline.metrics.regression import regressor as metrics
from leadline.nn.batch import Loss, Prediction
from leadline.nn.layers.rescale import Rescale
from leadline.objectives.capabilities import Head
from leadline.objectives.contract import EvaluationContext
from leadline.objectives.supervised.numeric import errors_of, predicted_against_true, spread
from leadline.objectives.supervised.single_target import HeadDecision, single_target


class Options(Fact):
    """`loss` of an error e, in units of the target's standard deviation: ``mse`` e², ``mae`` |e|, or
    ``huber``.

    Huber's (1964) is e² / 2 up to `delta` and delta (|e| - delta / 2) beyond: large errors pull no harder than one of
    `delta`.
    """

    loss: Literal["mse", "mae", "huber"] = Field(
        default="mse", description="loss of the residual, in target standard deviations"
    )
    delta: float = Field(
        default=1.0, gt=0, description="residual from which Huber loss is linear, in target standard deviations"
    )


class Value(Rescale):
    """The end of the network, (B,1) to (B,); it carries what an error costs."""

    def __init__(self, mean: float, std: float, options: Options) -> None:
        super().__init__(mean, std)
        self.options = options

    def forward(self, z_B1: Tensor) -> Tensor:
        return super().forward(z_B1).squeeze(-1)


@dataclass(frozen=True)
class ValueHead(Head):
    """What stands at the end: a value for each example."""

    options: Options

    def outputs(self, schema: Schema) -> int:
        """Return one number a row."""
        return 1

    def last(self, schema: Schema) -> nn.Module:
        """Return the change from standardised values to the target's unit."""
        assert schema.target is not None
        return Value(schema.target.state["mean"], schema.target.state["std"], self.options)

    def value(self, last: Any, scores: Tensor, target_B: Tensor) -> Loss:
        """Return what the error of each example costs, in units of the target's standard deviation."""
        error_B = ((scores - target_B) / last.std).abs()
        if last.options.loss == "mse":
            value_B = error_B.square()
        elif last.options.loss == "mae":
            value_B = error_B
        else:
            delta = last.options.delta
            value_B = torch.where(error_B <= delta, 0.5 * error_B.square(), delta * (error_B - 0.5 * delta))
        return Loss(value_B, torch.ones_like(value_B), {})

    def decided(self, last: Any, scores: Tensor) -> Prediction:
        """Return `prediction` (B,) in the target's unit."""
        return Prediction({"prediction": scores})


@dataclass(frozen=True)
class ValueDecision(HeadDecision):
    """The decision side: a value, judged by how far off it is."""

    monitors: ClassVar[Mapping[str, str]] = {"loss": "lower", "mae": "lower", "mse": "lower"}
    declared_metrics = metrics.METRICS

    def monitor(self, predictions: Mapping[str, np.ndarray], target: np.ndarray, schema: Schema) -> Mapping[str, float]:
        """Return the training loss, and mean squared and mean absolute error in the target's unit."""
        error = np.abs(predictions["prediction"].astype(np.float64) - target)
        z, delta = error / spread(schema), self.options.delta
        losses = {"mse": z**2, "mae": z, "huber": np.where(z <= delta, 0.5 * z**2, delta * (z - 0.5 * delta))}
        return {
            "loss": float(losses[self.options.loss].mean()),
            "mse": float((error**2).mean()),
            "mae": float(error.mean()),
        }

    def dummy_predictor(self, target: np.ndarray, rows: int, schema: Schema) -> tuple[str, Mapping[str, np.ndarray]]:
        """Return the mean of the train rows, or their median where the loss is not squared."""
        if self.options.loss == "mse":
            return "mean", {"prediction": np.full(rows, target.mean(dtype=np.float64))}
        return "median", {"prediction": np.full(rows, np.median(target))}

    def per_example_score(
        self, predictions: Mapping[str, np.ndarray], target: np.ndarray, schema: Schema
    ) -> tuple[str, np.ndarray] | None:
        """Return how far off each row is, in the target's unit."""
        return "mae", np.abs(predictions["prediction"].astype(np.float64) - target)

    def metric_names(self, schema: Schema) -> tuple[str, ...]:
        """Return the names of all findings on one split."""
        return metrics.NAMES

    def measure(
        self, predictions: Mapping[str, np.ndarray], context: EvaluationContext
    ) -> Iterator[Finding | ExhibitDraft]:
        """Yield measures with intervals, and predicted against true values, of one split."""
        again = Reproduction(producer="objective", seed=context.seed, repeat="exact", tolerance=1e-5)
        yield from errors_of(predictions["prediction"], context, again)
        yield predicted_against_true(predictions["prediction"], context)


OBJECTIVE = single_target(
    "regression",
    Options,
    ("number", "count"),
    ValueHead,
    ValueDecision,
    supervision={"classical_target": "numbers", "loss_options": ("loss", "delta"), "replaced_options": ("delta",)},
)
