"""Variables over time: the next steps of each, or quantiles of them (Koenker & Bassett 1978).

Shapes: B windows of a batch, n of a split, L past steps, H steps ahead, V variables, Q quantiles.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, ClassVar, Literal, Self

import numpy as np
import torch
from pydantic import Field, model_validator
from torch import Tensor, nn

from leadline.core.base import Fact
from leadline.core.exhibit import ExhibitDraft
from leadline.core.finding import Finding
from leadline.core.schema import Schema
from leadline.data.preprocessors import signal_spec
from leadline.metrics.regression import forecast as metrics
from leadline.nn.batch import Loss, Prediction
from leadline.nn.forecaster import Anchored, Forecaster, Forecasts
from leadline.nn.fusion import Fuse
from leadline.nn.network import InputEncoder, assemble
from leadline.objectives.capabilities import Head
from leadline.objectives.contract import EvaluationContext
from leadline.objectives.supervised import forecast_metrics
from leadline.objectives.supervised.quantile_levels import check_levels, middle_of
from leadline.objectives.supervised.single_target import HeadDecision, HeadLearning, single_target


class Options(Fact):
    """What errors cost, which quantiles are forecast, and what a window is measured from.

    `loss` of an error e, in units of the variable's train deviation: ``mse`` e², ``mae`` |e|, or ``huber``, e²
    / 2 up to `delta` and delta (|e| - delta / 2) beyond (Huber 1964). With `quantiles` it is the pinball loss instead,
    averaged over them; the one nearest to 0.5 is the forecast.

    `anchor` puts each window on a scale of its own before the network sees it, and its forecasts back: with ``last``
    each variable begins at its last value (Zeng et al. 2023), with ``mean`` its window has mean 0 and deviation 1 (Kim
    et al. 2022). Families that forecast by themselves have their own ways.
    """

    loss: Literal["mse", "mae", "huber"] = Field(
        default="mse", description="loss of the forecast error, in training standard deviations"
    )
    delta: float = Field(
        default=1.0, gt=0, description="forecast error from which Huber loss is linear, in training standard deviations"
    )
    quantiles: tuple[float, ...] | None = Field(
        default=None, description="quantile levels to forecast instead of a point; null: a point forecast"
    )
    anchor: Literal["last", "mean", "none"] = Field(
        default="last", description="what the window is centred on: its last value, its mean, or nothing"
    )

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if self.quantiles is not None:
            check_levels(self.quantiles)
        return self

    @property
    def levels(self) -> tuple[float, ...]:
        """The quantiles; none where a step has one number."""
        return self.quantiles or ()


@dataclass(frozen=True)
class ForecastHead(Head):
    """What stands at the end: the next steps of each variable, or quantiles of them."""

    options: Options

    @property
    def each(self) -> int:
        """How many numbers are forecast for each step and variable."""
        return len(self.options.levels) or 1

    def outputs(self, schema: Schema) -> int:
        """Return how many numbers a window has ahead."""
        state = _state(schema)
        return int(state["horizon"]) * len(state["columns"]) * (len(self.options.levels) or 1)

    def last(self, schema: Schema) -> nn.Module:
        """Return the change from standardised numbers to the variables' units."""
        state = _state(schema)
        return Forecasts(state["mean"], state["std"], state["horizon"], self.options.levels)

    def value(self, last: Any, scores: Tensor, target_B: Tensor) -> Loss:
        """Return what the forecasts of a window cost, averaged over its known cells; it counts by how many of them
        there are.
        """
        known_BHV = ~target_B.isnan()
        target_BHV = torch.nan_to_num(target_B)
        if last.levels:
            error_BHVQ = (target_BHV[..., None] - scores) / last.std_V[:, None]
            cost_BHV = torch.maximum(last.levels_E * error_BHVQ, (last.levels_E - 1) * error_BHVQ).mean(-1)
        else:
            cost_BHV = self._cost((scores - target_BHV) / last.std_V)
        known_B = known_BHV.sum((1, 2))
        value_B = torch.where(known_BHV, cost_BHV, 0.0).sum((1, 2)) / known_B.clamp_min(1)
        return Loss(value_B, known_B / (target_B.shape[1] * target_B.shape[2]), {})

    def decided(self, last: Any, scores: Tensor) -> Prediction:
        """Return `prediction` (B,H,V) in the variables' units, and `quantiles` (B,H,V,Q) where there are some."""
        if not last.levels:
            return Prediction({"prediction": scores})
        return Prediction({"prediction": scores[..., middle_of(last.levels)], "quantiles": scores})

    def _cost(self, error: Tensor) -> Tensor:
        if self.options.loss == "mse":
            return error.square()
        size, delta = error.abs(), self.options.delta
        if self.options.loss == "mae":
            return size
        return torch.where(size <= delta, 0.5 * size.square(), delta * (size - 0.5 * delta))


@dataclass(frozen=True)
class ForecastLearning(HeadLearning):
    """The loss side: each window is put on a scale of its own before the network sees it."""

    options: Options = field(kw_only=True)

    def build(self, schema: Schema, encoders: Mapping[str, nn.Module], fuse: Fuse | None = None) -> nn.Module:
        """Return the network: where its encoders give features, the series is put on each window's own scale before."""
        end = self.head.last(schema)
        network = Forecaster.of(assemble(schema, encoders, outputs=self.head.outputs(schema), last=end, fuse=fuse))
        series = next((one for one in schema.inputs if one.window is not None), None)
        if series is not None and self.options.anchor != "none":
            encoder: Any = encoders[series.name]
            assert isinstance(encoder, InputEncoder)
            if not encoder.gives_outputs:
                encoder.preprocessor = Anchored(
                    encoder.preprocessor, signal_spec(encoder.preprocessor, series), self.options.anchor
                )
                network.anchored = series.name
        return network


@dataclass(frozen=True)
class ForecastDecision(HeadDecision):
    """The decision side: forecasts in the units of the variables."""

    monitors: ClassVar[Mapping[str, str]] = {"loss": "lower", "mse_scaled": "lower", "mae_scaled": "lower"}
    declared_metrics = metrics.METRICS

    def monitor(self, predictions: Mapping[str, np.ndarray], target: np.ndarray, schema: Schema) -> Mapping[str, float]:
        """Return the training loss, and the mean squared and the mean absolute error in train deviations."""
        std_V = forecast_metrics.spread(schema).std_V
        cost = partial(_costs, loss=self.options.loss, delta=self.options.delta)
        found = metrics.errors(target, predictions["prediction"], std_V, cost)
        known = max(found.known_nV.sum(), 1.0)
        loss = found.cost_nV.sum() / known
        if self.options.levels and "quantiles" in predictions:
            loss = metrics.bands(target, predictions["quantiles"], self.options.levels, std_V).pinball_nV.sum() / known
        squared = (found.squared_nV / std_V**2).sum() / known
        absolute = (found.absolute_nV / std_V).sum() / known
        return {"loss": float(loss), "mse_scaled": float(squared), "mae_scaled": float(absolute)}

    def dummy_predictor(self, target: np.ndarray, rows: int, schema: Schema) -> tuple[str, Mapping[str, np.ndarray]]:
        """Return the mean of each variable's train rows, and their quantiles where those are forecast."""
        state = _state(schema)
        shape = (rows, int(state["horizon"]), len(state["columns"]))
        levels = self.options.levels
        columns = {"prediction": np.broadcast_to(np.asarray(state["mean"], dtype=np.float32), shape)}
        if levels:
            first_nV = target[:, 0].astype(np.float64)
            known = [values[~np.isnan(values)] for values in first_nV.T]
            quantile_VQ = [np.quantile(values, levels) if len(values) else [np.nan] * len(levels) for values in known]
            columns["quantiles"] = np.broadcast_to(np.array(quantile_VQ, dtype=np.float32), (*shape, len(levels)))
        return "mean", columns

    def per_example_score(
        self, predictions: Mapping[str, np.ndarray], target: np.ndarray, schema: Schema
    ) -> tuple[str, np.ndarray] | None:
        """Return the mean squared error of each window, in train deviations."""
        std_V = forecast_metrics.spread(schema).std_V
        found = metrics.errors(target, predictions["prediction"], std_V)
        return "mse_scaled", metrics.by_window(found.squared_nV / std_V**2, found.known_nV)

    def metric_names(self, schema: Schema) -> tuple[str, ...]:
        """Return the names of all findings on one split."""
        return forecast_metrics.metric_names(schema, self.options.levels)

    def measure(
        self, predictions: Mapping[str, np.ndarray], context: EvaluationContext
    ) -> Iterator[Finding | ExhibitDraft]:
        """Yield measures with intervals, over all variables and of each, the error by step ahead, and how quantiles
        hold.
        """
        yield from forecast_metrics.measure(predictions, context, self.options.levels)


def _costs(error: np.ndarray, loss: str, delta: float) -> np.ndarray:
    size: np.ndarray = np.abs(error)
    if loss == "mse":
        size = size**2
    elif loss == "huber":
        size = np.where(size <= delta, 0.5 * size**2, delta * (size - 0.5 * delta))
    return size


def _state(schema: Schema) -> Mapping[str, Any]:
    assert schema.target is not None
    return schema.target.state


OBJECTIVE = single_target(
    "forecasting",
    Options,
    ("series",),
    ForecastHead,
    ForecastDecision,
    learning=lambda options, head: ForecastLearning(head, options=options),
    supervision={
        "classical_target": "windows",
        "loss_options": ("loss", "delta", "quantiles", "anchor"),
        "replaced_options": ("delta",),
    },
    capabilities={"forecaster": ForecastHead},
)
