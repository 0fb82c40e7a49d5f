"""What the network whose weights count makes of validation rows, at the end of epochs and of training."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import torch

from leadline.core.schema import Schema
from leadline.data.subset import Subset
from leadline.machine import out_of_memory
from leadline.nn.batch import Loss
from leadline.nn.features import full
from leadline.objectives.monitoring import monitored
from leadline.objectives.own_loss import OwnLoss, OwnLossHead
from leadline.run.inference import batch_size, predict_subset
from leadline.training.loop import Loader
from leadline.training.plan import autocast
from leadline.training.steps.contract import Step, evaluated_network
from leadline.training.weight_average import renewal

PROBE = 512  # validation rows that are predicted before training, to know how long all of them take


class Validation:
    """Measures a network on validation rows; `subset` is None where there are none. `watched` are metrics that early
    stopping or a schedule names.
    """

    def __init__(
        self, subset: Subset | None, schema: Schema, step: Step, loader: Loader, watched: tuple[str, ...] = ()
    ) -> None:
        self.subset = subset if subset is not None and len(subset) else None
        self.schema, self.step, self.loader, self.watched = schema, step, loader, watched

    @property
    def measurable(self) -> bool:
        """Whether there are rows with a target."""
        return self.subset is not None and self.subset.target is not None

    def measure(self) -> dict[str, float]:
        """Return the measures of the objective by name, and those watched beside; the loss is the one that is
        trained.
        """
        assert self.subset is not None
        assert self.subset.target is not None
        plan, objective = self.step.context.plan, self.step.context.objective
        renew_average(self.step, self.loader)
        autocasting: Any = partial(autocast, plan)
        network = evaluated_network(self.step)
        predictions = predict_subset(network, objective, self.subset, device=plan.device, autocast=autocasting)
        values = monitored(self.watched, objective.decision, predictions, self.subset.target, self.schema)
        own = objective.learning.own_loss
        if own is not None:
            values["loss"] = self._own_loss(network, own, autocasting)
        return values

    def _own_loss(self, network: Any, own: OwnLoss, autocasting: Any) -> float:
        """Return the mean of a loss of the user's own over the rows, weighed as in training."""
        assert self.subset is not None
        objective, device = self.step.context.objective, torch.device(self.step.context.plan.device)
        head = objective.capability("head")
        assert head is not None, "`with_own_loss` refuses objectives without one"
        (_, subset), judged = self.subset.by_length(), OwnLossHead(head, own)
        own.on(device)

        def some(start: int, rows: int) -> tuple[int, Loss]:
            batch = subset.batch(slice(start, start + rows)).to(device)
            assert batch.target_B is not None
            return rows, judged.value(network.last, full(network(batch.inputs)), batch.target_B)

        training, done, size, total, weight = network.training, 0, batch_size(subset), 0.0, 0.0
        network.eval()
        try:
            with torch.inference_mode(), autocasting():
                while done < len(subset):
                    size, loss = out_of_memory.retry_with_half(partial(some, done), size)
                    weight_B = loss.weight_B.double()
                    total += float(loss.value_B.double() @ weight_B)
                    weight += float(weight_B.sum())
                    done += len(weight_B)
        finally:
            network.train(training)
        return total / weight if weight else float("nan")

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
