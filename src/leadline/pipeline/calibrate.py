"""Step 5 of a run, calibrate: choose what is chosen after training (a temperature, a threshold) on validation rows, and
write the weights that ship.
"""

from __future__ import annotations

import numpy as np
from torch import nn

from leadline.core.finding import Finding
from leadline.core.schema import Schema
from leadline.data.subset import Subset
from leadline.objectives.calibrations.contract import summary
from leadline.objectives.contract import BoundObjective, EvaluationContext
from leadline.pipeline.begin import Begun
from leadline.pipeline.execution import as_planned
from leadline.pipeline.fit import Fitted
from leadline.pipeline.progress import Progress
from leadline.run import folder as files
from leadline.run.inference import predict_subset
from leadline.run.run import save_weights
from leadline.run.trained import Trained


def calibrate_run(begun: Begun, fitted: Fitted) -> Trained:
    """Calibrate a trained network, write its weights into the run folder, and return how training went with what was
    chosen; only the first process has a network to do so with.
    """
    folder, run_context, dataset, _ = begun
    if fitted.network is None:
        return fitted.trained
    with as_planned(folder):
        chosen = calibrate(
            fitted.network,
            run_context.objective,
            dataset.schema,
            dataset.splits.get("validation"),
            run_context.shown,
        )
    save_weights(fitted.network, folder / files.WEIGHTS)
    return fitted.trained._replace(calibrated=chosen)


def calibrate(
    network: nn.Module, objective: BoundObjective, schema: Schema, validation: Subset | None, shown: Progress
) -> tuple[Finding, ...]:
    """Let the objective set buffers of the network that ships, and say what it chose.

    It is shown decisions on validation rows and nothing else: neither train rows, on which a network is too sure of
    itself, nor test rows, on which nothing may be chosen.
    """
    target, group, predictions = np.empty(0, dtype=np.int64), None, {}
    if validation is not None and len(validation) and validation.target is not None:
        target, group = validation.target, validation.group
        predictions = dict(predict_subset(network, objective, validation))
    found = objective.decision.calibrate(network, predictions, EvaluationContext("validation", target, group, schema))
    for one in found:
        words = summary(one)
        if words is not None:
            shown.note(words)
    return found
