"""What the network whose weights count makes of validation rows, at the end of epochs and of training."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from leadline.core.schema import Schema
from leadline.data.subset import Subset
from leadline.run.inference import predict_subset
from leadline.training.loop import Loader
from leadline.training.plan import autocast
from leadline.training.steps.contract import Step, evaluated_network
from leadline.training.weight_average import renewal

PROBE = 512  # validation rows that are predicted before training, to know how long all of them take


class Validation:
    """Measures a network on validation rows; `subset` is None where there are none."""

    def __init__(self, subset: Subset | None, schema: Schema, step: Step, loader: Loader) -> None:
        self.subset = subset if subset is not None and len(subset) else None
        self.schema, self.step, self.loader = schema, step, loader

    @property
    def measurable(self) -> bool:
        """Whether there are rows with a target."""
        return self.subset is not None and self.subset.target is not None

    def measure(self) -> dict[str, float]:
        """Return the measures of the objective by name."""
        assert self.subset is not None
        assert self.subset.target is not None
        plan, objective = self.step.context.plan, self.step.context.objective
        renew_average(self.step, self.loader)
        autocasting: Any = partial(autocast, plan)
        predictions = predict_subset(
            evaluated_network(self.step), objective, self.subset, device=plan.device, autocast=autocasting
        )
        return dict(objective.decision.monitor(predictions, self.subset.target, self.schema))

    @property
    def probed_share(self) -> float:
        """The share of the rows that `probe` predicts."""
        return min(len(self.subset), PROBE) / len(self.subset) if self.subset is not None else 1.0

    def probe(self) -> None:
        """Predict a few of the rows and no more, so that the time of all can be guessed."""
        if self.subset is not None:
            few, context = self.subset.subset(np.arange(min(len(self.subset), PROBE))), self.step.context
            predict_subset(evaluated_network(self.step), context.objective, few, device=context.plan.device)


def renew_average(step: Step, loader: Loader) -> None:
    """Find the statistics of batch norm anew for averaged weights, where the step keeps such an average."""
    if step.averaged is not None:
        batches = map(loader.at, renewal(loader.steps_per_epoch))
        step.averaged.renew(step.context.objective, batches, step.context.plan)
