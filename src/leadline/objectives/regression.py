"""A number: squared error on the standardised scale, predictions in the target's own unit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from leadline.facts.base import Fact
from leadline.facts.exhibit import Draft
from leadline.facts.finding import Again, Finding
from leadline.facts.schema import Schema
from leadline.layers.contracts import Context
from leadline.layers.types import Loss, Prediction
from leadline.metrics import regression as metrics
from leadline.metrics.findings import finding
from leadline.objectives.single import SinglePlayer

NAMES = ("mae", "rmse", "mse", "median_absolute_error", "r2")
SHOWN = 2000  # points in the scatter of predicted against true


class Options(Fact):
    """There is nothing to choose yet."""


class Rescale(nn.Module):
    """Turn standardised values (B,1) into the target's unit (B,), with the mean and deviation of the train rows."""

    def __init__(self, mean: float, std: float) -> None:
        super().__init__()
        self.mean: Tensor
        self.std: Tensor
        self.register_buffer("mean", torch.tensor(mean, dtype=torch.float32))
        self.register_buffer("std", torch.tensor(std, dtype=torch.float32))

    def forward(self, z_B1: Tensor) -> Tensor:
        return z_B1.float().squeeze(-1) * self.std + self.mean


class Regression(SinglePlayer):
    """A value for each example."""

    name = "regression"
    options = Options
    monitors: Mapping[str, str] = {"loss": "lower", "mae": "lower", "mse": "lower"}

    def suits(self, schema: Schema) -> str | None:
        """Say why the target cannot be regressed on, or None."""
        if schema.target is None:
            return "regression needs a target"
        if schema.target.kind != "number":
            return f"the target {schema.target.name!r} is a {schema.target.kind}, not a number"
        return None

    def outputs(self, schema: Schema, options: Options) -> int:
        """Return one number a row."""
        return 1

    def last(self, schema: Schema, options: Options) -> nn.Module:
        """Return the change from standardised values to the target's unit."""
        assert schema.target is not None
        state = schema.target.state
        return Rescale(state["mean"], state["std"] or 1.0)

    def value(self, last: Any, scores: Tensor, target_B: Tensor) -> Loss:
        """Return the squared error of each example in units of the target's variance."""
        value_B = ((scores - target_B) / last.std).square()
        return Loss(value_B, torch.ones_like(value_B), {})

    def decided(self, last: Any, scores: Tensor) -> Prediction:
        """Return `prediction` (B,) in the target's unit."""
        return Prediction({"prediction": scores})

    def monitor(self, predictions: Mapping[str, np.ndarray], target: np.ndarray, schema: Schema) -> Mapping[str, float]:
        """Return mean squared and mean absolute error; `loss` is the former in units of the target's variance."""
        assert schema.target is not None
        error = predictions["prediction"].astype(np.float64) - target
        mse = float((error**2).mean())
        return {"loss": mse / (schema.target.state["std"] or 1.0) ** 2, "mse": mse, "mae": float(np.abs(error).mean())}

    def constant(self, target: np.ndarray, rows: int, schema: Schema) -> tuple[str, Mapping[str, np.ndarray]]:
        """Return the mean of the train rows."""
        return "mean", {"prediction": np.full(rows, target.mean(dtype=np.float64))}

    def names(self, schema: Schema) -> tuple[str, ...]:
        """Return the names of all findings on one split."""
        return NAMES

    def measure(self, predictions: Mapping[str, np.ndarray], context: Context) -> Iterator[Finding | Draft]:
        """Yield measures with intervals, and predicted against true values, of one split."""
        assert context.schema.target is not None
        predicted = predictions["prediction"]
        results = metrics.measure_all(context.target, predicted, levels=context.levels, group=context.group)
        again = Again(producer="objective", seed=context.seed, repeat="exact", tolerance=1e-5)
        target = context.schema.target.name
        units = {"mae": target, "rmse": target, "mse": f"{target}²", "median_absolute_error": target, "r2": "1"}
        for name in NAMES:
            better: Any = "higher" if name == "r2" else "lower"
            yield finding(
                name, results[name], split=context.split, levels=context.levels, again=again, unit=units[name], better=better
            )
        some = np.linspace(0, len(predicted) - 1, min(SHOWN, len(predicted))).astype(int)
        content = {
            "x": {"label": f"true {target}", "values": context.target[some].tolist()},
            "y": {"label": f"predicted {target}", "values": predicted[some].tolist()},
            "diagonal": True,
        }
        yield Draft("predicted", "scatter", "Predicted against true", content, split=context.split)


OBJECTIVE = Regression()
