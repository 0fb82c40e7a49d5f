"""A count: the logarithm of a rate, by the Poisson deviance."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from leadline.core.base import Fact
from leadline.core.exhibit import ExhibitDraft
from leadline.core.finding import Finding, Reproduction
from leadline.core.schema import Schema
from leadline.metrics.regression import distribution as metrics
from leadline.metrics.regression.regressor import MAE, RMSE
from leadline.metrics.statistics.findings import finding
from leadline.nn.batch import Loss, Prediction
from leadline.nn.ensemble import log_mean_exp
from leadline.nn.features import full
from leadline.objectives.capabilities import Head
from leadline.objectives.contract import EvaluationContext
from leadline.objectives.supervised.numeric import errors_of, predicted_against_true
from leadline.objectives.supervised.single_target import HeadDecision, single_target, wrong_target

STEEPEST = 30.0  # logarithm of a rate beyond which it does not grow: e^30 is no count that anybody has seen
ERRORS = ("mae", "rmse")
TYPES = ("count",)  # of target that it takes


class Options(Fact):
    """There is nothing to choose."""


class LogRate(nn.Module):
    """The end of the network, (B,1) to the logarithm of a rate (B,): outputs of 0 give the mean of the train rows."""

    def __init__(self, mean: float) -> None:
        super().__init__()
        self.start: Tensor
        self.register_buffer("start", torch.tensor(math.log(mean), dtype=torch.float32))

    def forward(self, outputs_B1: Tensor) -> Tensor:
        return (full(outputs_B1).squeeze(-1) + self.start).clamp(-STEEPEST, STEEPEST)


@dataclass(frozen=True)
class RateHead(Head):
    """What stands at the end: a rate for each example, of which its count is one draw."""

    def outputs(self, schema: Schema) -> int:
        """Return one number a row."""
        return 1

    def last(self, schema: Schema) -> nn.Module:
        """Return the way from outputs to logarithms of rates."""
        assert schema.target is not None
        return LogRate(schema.target.state["mean"] or 1.0)

    def value(self, last: Any, scores: Tensor, target_B: Tensor) -> Loss:
        """Return the Poisson deviance of each example."""
        least_B = torch.xlogy(target_B, target_B) - target_B
        value_B = 2 * (scores.exp() - target_B * scores + least_B)
        return Loss(value_B, torch.ones_like(value_B), {})

    def averaged(self, outputs_KBO: Tensor) -> Tensor:
        """Return the logarithms of the members' mean rates."""
        return log_mean_exp(outputs_KBO)

    def decided(self, last: Any, scores: Tensor) -> Prediction:
        """Return `prediction` (B,), the rate."""
        return Prediction({"prediction": scores.exp()})


@dataclass(frozen=True)
class RateDecision(HeadDecision):
    """The decision side: a rate, judged by the counts."""

    monitors: ClassVar[Mapping[str, str]] = {"loss": "lower", "mae": "lower"}
    declared_metrics = (metrics.DEVIANCE, metrics.DEVIANCE_EXPLAINED, MAE, RMSE)

    def monitor(self, predictions: Mapping[str, np.ndarray], target: np.ndarray, schema: Schema) -> Mapping[str, float]:
        """Return the mean deviance and the mean absolute error."""
        rate_n = predictions["prediction"].astype(np.float64)
        return {"loss": float(metrics.deviances(target, rate_n).mean()), "mae": float(np.abs(rate_n - target).mean())}

    def dummy_predictor(self, target: np.ndarray, rows: int, schema: Schema) -> tuple[str, Mapping[str, np.ndarray]]:
        """Return the mean of the train rows."""
        return "mean", {"prediction": np.full(rows, target.mean(dtype=np.float64) or math.exp(-STEEPEST))}

    def metric_names(self, schema: Schema) -> tuple[str, ...]:
        """Return the names of all findings on one split."""
        return ("deviance", "deviance_explained", *ERRORS)

    def measure(
        self, predictions: Mapping[str, np.ndarray], context: EvaluationContext
    ) -> Iterator[Finding | ExhibitDraft]:
        """Yield measures with intervals, and predicted rates against counts, of one split."""
        rate_n = predictions["prediction"].astype(np.float64)
        again = Reproduction(producer="objective", seed=context.seed, repeat="exact", tolerance=1e-5)
        common: dict[str, Any] = {"split": context.split, "levels": context.levels, "again": again}
        deviance = metrics.deviance(context.target, rate_n, context.levels, context.group)
        yield finding("deviance", deviance, better="lower", **common)
        share = metrics.deviance_explained(context.target, rate_n, context.levels, context.group)
        yield finding("deviance_explained", share, better="higher", **common)
        yield from errors_of(rate_n, context, again, ERRORS)
        yield predicted_against_true(predictions["prediction"], context)


def _unsuitable(options: Options, schema: Schema) -> str | None:
    """Say why the target is no count, or None."""
    return wrong_target("poisson", TYPES, schema, {"number": "objectives.or-count"})


OBJECTIVE = single_target("poisson", Options, TYPES, lambda options: RateHead(), RateDecision, unsuitable=_unsuitable)
