"""Quantiles of a number: the pinball loss (Koenker & Bassett 1978); predicted quantiles cannot cross.

Shapes: B rows, K quantiles.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import torch
import torch.nn.functional as F
from pydantic import Field, model_validator
from torch import Tensor, nn

from leadline.core.base import Fact
from leadline.core.catalogue import say
from leadline.core.exhibit import ExhibitDraft
from leadline.core.finding import Finding, Reproduction
from leadline.core.schema import Schema
from leadline.metrics.regression import distribution as metrics
from leadline.metrics.regression.regressor import MAE
from leadline.metrics.statistics.findings import finding
from leadline.metrics.statistics.means import mean_of
from leadline.nn.batch import Loss, Prediction
from leadline.nn.layers.rescale import Rescale
from leadline.objectives.capabilities import Head
from leadline.objectives.contract import EvaluationContext
from leadline.objectives.supervised.numeric import errors_of, predicted_against_true, spread, unit_of
from leadline.objectives.supervised.quantile_levels import check_levels, middle_of
from leadline.objectives.supervised.single_target import HeadDecision, single_target

ERRORS = ("mae",)


class Options(Fact):
    """`levels` are the quantiles, from low to high; the one nearest to 0.5 is what is predicted."""

    levels: tuple[float, ...] = Field(default=(0.05, 0.5, 0.95), description="quantile levels, low to high")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        check_levels(self.levels)
        return self

    @property
    def middle(self) -> int:
        """Which of the levels is nearest to 0.5."""
        return middle_of(self.levels)

    @property
    def names(self) -> tuple[str, ...]:
        """What the quantiles are called: ``q5``, ``q50``, ``q97.5``."""
        return tuple(f"q{100 * level:.6g}" for level in self.levels)


class Ordered(Rescale):
    """The end of the network, (B,K) to quantiles (B,K) from low to high in the target's unit.

    The middle one is an output itself; from it to each side, softplus of an output is how far the next one is away.
    """

    def __init__(self, mean: float, std: float, options: Options) -> None:
        super().__init__(mean, std)
        self.options = options
        self.levels_K: Tensor
        self.register_buffer("levels_K", torch.tensor(options.levels, dtype=torch.float32), persistent=False)

    def forward(self, z_BK: Tensor) -> Tensor:
        at = self.options.middle
        middle_B1 = z_BK[..., at : at + 1]
        above = middle_B1 + F.softplus(z_BK[..., at + 1 :]).cumsum(-1)
        below = middle_B1 - F.softplus(z_BK[..., :at].flip(-1)).cumsum(-1).flip(-1)
        return super().forward(torch.cat([below, middle_B1, above], -1))


@dataclass(frozen=True)
class QuantileHead(Head):
    """What stands at the end: several quantiles for each example."""

    options: Options

    def outputs(self, schema: Schema) -> int:
        """Return one number a quantile."""
        return len(self.options.levels)

    def last(self, schema: Schema) -> nn.Module:
        """Return the way from outputs to quantiles in the target's unit."""
        assert schema.target is not None
        return Ordered(schema.target.state["mean"], schema.target.state["std"], self.options)

    def value(self, last: Any, scores: Tensor, target_B: Tensor) -> Loss:
        """Return the mean pinball loss of each example's quantiles, in units of the target's standard deviation."""
        error_BK = (target_B[:, None] - scores) / last.std
        value_B = torch.maximum(last.levels_K * error_BK, (last.levels_K - 1) * error_BK).mean(-1)
        return Loss(value_B, torch.ones_like(value_B), {})

    def decided(self, last: Any, scores: Tensor) -> Prediction:
        """Return `prediction` (B,), the middle quantile, and each quantile (B,) by its name, in the target's unit."""
        named = {name: scores[..., k] for k, name in enumerate(last.options.names)}
        return Prediction({"prediction": scores[..., last.options.middle], **named})


@dataclass(frozen=True)
class QuantileDecision(HeadDecision):
    """The decision side: quantiles, and the middle one as the prediction."""

    monitors: ClassVar[Mapping[str, str]] = {"loss": "lower", "mae": "lower"}
    declared_metrics = (metrics.PINBALL, metrics.COVERAGE, metrics.INTERVAL_WIDTH, MAE)

    def monitor(self, predictions: Mapping[str, np.ndarray], target: np.ndarray, schema: Schema) -> Mapping[str, float]:
        """Return the mean pinball loss in units of the target's standard deviation, and the mean absolute error."""
        error = predictions["prediction"].astype(np.float64) - target
        loss = float(np.mean([losses_n.mean() for losses_n in self._losses(predictions, target)])) / spread(schema)
        return {"loss": loss, "mae": float(np.abs(error).mean())}

    def dummy_predictor(self, target: np.ndarray, rows: int, schema: Schema) -> tuple[str, Mapping[str, np.ndarray]]:
        """Return the quantiles of the train rows."""
        values = np.quantile(target.astype(np.float64), self.options.levels)
        columns = {name: np.full(rows, value) for name, value in zip(self.options.names, values, strict=True)}
        return "quantiles", {"prediction": columns[self.options.names[self.options.middle]], **columns}

    def metric_names(self, schema: Schema) -> tuple[str, ...]:
        """Return the names of all findings on one split."""
        return ("pinball", "coverage", "interval_width", *ERRORS, *(f"pinball({name})" for name in self.options.names))

    def measure(
        self, predictions: Mapping[str, np.ndarray], context: EvaluationContext
    ) -> Iterator[Finding | ExhibitDraft]:
        """Yield measures with intervals, how many values lie below each quantile, and predicted against true values."""
        target_n, levels, group = context.target, context.levels, context.group
        again = Reproduction(producer="objective", seed=context.seed, repeat="exact", tolerance=1e-5)
        common: dict[str, Any] = {"split": context.split, "levels": levels, "again": again}
        unit, options = unit_of(context.schema), self.options
        losses = self._losses(predictions, target_n)
        all_n = np.mean(losses, axis=0)
        yield finding("pinball", mean_of(all_n, levels, group, low=0.0), unit=unit, better="lower", **common)
        quantile_nK = np.stack([predictions[name] for name in options.names], axis=1).astype(np.float64)
        low_n, high_n, nominal = quantile_nK[:, 0], quantile_nK[:, -1], options.levels[-1] - options.levels[0]
        covered = metrics.coverage(low_n, high_n, target_n, nominal, levels, group)
        yield finding("coverage", covered, **common)
        width = mean_of(
            high_n - low_n, levels, group, low=0.0, note=f"; from {options.names[0]} to {options.names[-1]}"
        )
        yield finding("interval_width", width, unit=unit, better="lower", **common)
        yield from errors_of(predictions["prediction"], context, again, ERRORS)
        for name, losses_n in zip(options.names, losses, strict=True):
            measured = mean_of(losses_n, levels, group, low=0.0)
            yield finding("pinball", measured, group=f"quantile={name}", unit=unit, better="lower", **common)
        yield predicted_against_true(predictions["prediction"], context)
        caption = say("exhibits.quantile-calibration-about")
        bins = metrics.quantile_calibration(target_n, quantile_nK, options.levels, group)
        content = {"bins": bins, "claimed": say("exhibits.nominal-level"), "seen": say("exhibits.observed-share")}
        yield ExhibitDraft(
            "calibration", "reliability", say("exhibits.quantile-calibration"), content, caption, context.split
        )

    def _losses(self, predictions: Mapping[str, np.ndarray], target: np.ndarray) -> list[np.ndarray]:
        return [
            metrics.pinball(target, predictions[name], level)
            for name, level in zip(self.options.names, self.options.levels, strict=True)
        ]


OBJECTIVE = single_target("quantiles", Options, ("number", "count"), QuantileHead, QuantileDecision)
