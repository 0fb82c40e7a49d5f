"""Refuse curves of fewer labels where there can be none, before anything is written."""

from __future__ import annotations

from leadline.core.catalogue import say
from leadline.data.dataset import Dataset
from leadline.errors import UsageError
from leadline.pipeline.context import RunContext


def check_shares(run_context: RunContext, dataset: Dataset) -> None:
    """Raise UsageError where there is no curve to draw: no test rows, or rows that need no label of their own."""
    if not run_context.experiment.label_efficiency:
        return
    if run_context.objective.supervision.labels != "all":
        raise UsageError(say("pipeline.label-efficiency-few-labels", objective=run_context.objective.name))
    if any(one.window is not None for one in dataset.schema.inputs):
        raise UsageError(say("pipeline.label-efficiency-series"))
    if not len(dataset.splits.get("test", ())):
        raise UsageError(say("pipeline.label-efficiency-needs-test"))
