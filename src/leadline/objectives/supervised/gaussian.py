"""A number and how sure it is: a normal distribution for each example, by its negative log-likelihood.

Nix & Weigend 1994, "Estimating the mean and variance of the target probability distribution".
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from leadline.core.base import Fact
from leadline.core.catalogue import say
from leadline.core.exhibit import ExhibitDraft
from leadline.core.finding import Finding, Reproduction
from leadline.core.schema import Schema
from leadline.metrics.classification.calibration import NLL
from leadline.metrics.regression import distribution as metrics
from leadline.metrics.regression.regressor import METRICS
from leadline.metrics.statistics.findings import finding
from leadline.metrics.statistics.means import mean_of
from leadline.nn.batch import Loss, Prediction
from leadline.nn.layers.rescale import Rescale
from leadline.objectives.capabilities import Head
from leadline.objectives.contract import EvaluationContext
from leadline.objectives.supervised.numeric import errors_of, predicted_against_true, spread, unit_of
from leadline.objectives.supervised.single_target import HeadDecision, single_target

# of the target's deviation that a predicted one has at least: a likelihood without bound rewards certainty alone
LEAST = 1e-3
_ONE = math.log(math.e - 1)  # where softplus is 1
ERRORS = ("mae", "rmse", "r2")


class Options(Fact):
    """There is nothing to choose."""


class Normal(Rescale):
    """The end of the network, (B,2) to mean and standard deviation (B,2) in the target's unit.

    The deviation is a softplus, which grows no faster than the output (Lakshminarayanan et al. 2017).
    """

    def forward(self, z_B2: Tensor) -> Tensor:
        mean_B, width_B = z_B2.unbind(-1)
        return torch.stack([super().forward(mean_B), (F.softplus(width_B + _ONE) + LEAST) * self.std], -1)


@dataclass(frozen=True)
class NormalHead(Head):
    """What stands at the end: a mean and a standard deviation for each example."""

    def outputs(self, schema: Schema) -> int:
        """Return two numbers a row: mean and width."""
        return 2

    def last(self, schema: Schema) -> nn.Module:
        """Return the change from standardised values to the target's unit."""
        assert schema.target is not None
        return Normal(schema.target.state["mean"], schema.target.state["std"])

    def value(self, last: Any, scores: Tensor, target_B: Tensor) -> Loss:
        """Return the negative log-likelihood of each example in nats."""
        mean_B, std_B = scores.unbind(-1)
        value_B = 0.5 * math.log(2 * math.pi) + std_B.log() + 0.5 * ((target_B - mean_B) / std_B).square()
        return Loss(value_B, torch.ones_like(value_B), {})

    def decided(self, last: Any, scores: Tensor) -> Prediction:
        """Return `prediction` (B,), the mean, and `std` (B,), both in the target's unit."""
        return Prediction({"prediction": scores[..., 0], "std": scores[..., 1]})


@dataclass(frozen=True)
class NormalDecision(HeadDecision):
    """The decision side: a number and how sure it is."""

    monitors: ClassVar[Mapping[str, str]] = {"loss": "lower", "mae": "lower", "mse": "lower"}
    declared_metrics = (NLL, metrics.CRPS, metrics.COVERAGE, metrics.INTERVAL_WIDTH, *METRICS)

    def monitor(self, predictions: Mapping[str, np.ndarray], target: np.ndarray, schema: Schema) -> Mapping[str, float]:
        """Return the mean negative log-likelihood (nats), mean squared and mean absolute error."""
        error = predictions["prediction"].astype(np.float64) - target
        losses_n = metrics.normal_losses(target, predictions["prediction"], predictions["std"])
        return {"loss": float(losses_n.mean()), "mse": float((error**2).mean()), "mae": float(np.abs(error).mean())}

    def dummy_predictor(self, target: np.ndarray, rows: int, schema: Schema) -> tuple[str, Mapping[str, np.ndarray]]:
        """Return the mean of the train rows, with their standard deviation."""
        values = target.astype(np.float64)
        std = float(values.std()) or LEAST * spread(schema)
        return "mean", {"prediction": np.full(rows, values.mean()), "std": np.full(rows, std)}

    def metric_names(self, schema: Schema) -> tuple[str, ...]:
        """Return the names of all findings on one split."""
        return ("nll", "crps", "coverage", "interval_width", *ERRORS)

    def measure(
        self, predictions: Mapping[str, np.ndarray], context: EvaluationContext
    ) -> Iterator[Finding | ExhibitDraft]:
        """Yield measures with intervals, whether spreads are what they say, and predicted against true values, of one
        split.
        """
        mean_n, std_n = (predictions[name].astype(np.float64) for name in ("prediction", "std"))
        target_n, levels, group = context.target, context.levels, context.group
        again = Reproduction(producer="objective", seed=context.seed, repeat="exact", tolerance=1e-5)
        common: dict[str, Any] = {"split": context.split, "levels": levels, "again": again}
        unit, reach_n = unit_of(context.schema), metrics.reach_of(metrics.NOMINAL) * std_n
        nll = mean_of(metrics.normal_losses(target_n, mean_n, std_n), levels, group)
        yield finding("nll", nll, unit="nats", better="lower", **common)
        crps = mean_of(metrics.normal_crps(target_n, mean_n, std_n), levels, group, low=0.0)
        yield finding("crps", crps, unit=unit, better="lower", **common)
        covered = metrics.coverage(mean_n - reach_n, mean_n + reach_n, target_n, metrics.NOMINAL, levels, group)
        yield finding("coverage", covered, **common)
        width = mean_of(2 * reach_n, levels, group, low=0.0, note=f"; of the {100 * metrics.NOMINAL:.4g} % interval")
        yield finding("interval_width", width, unit=unit, better="lower", **common)
        yield from errors_of(mean_n, context, again, ERRORS)
        yield predicted_against_true(predictions["prediction"], context)
        caption = say("exhibits.interval-calibration-about")
        bins = metrics.normal_calibration(target_n, mean_n, std_n, group)
        content = {"bins": bins, "claimed": say("exhibits.nominal-coverage"), "seen": say("exhibits.observed-coverage")}
        yield ExhibitDraft(
            "calibration", "reliability", say("exhibits.interval-calibration"), content, caption, context.split
        )


OBJECTIVE = single_target("gaussian", Options, ("number", "count"), lambda options: NormalHead(), NormalDecision)
