"""Refuse curves of fewer labels where there can be none, before anything is written."""

from __future__ import annotations

from leadline.data.dataset import Dataset
from leadline.errors import UsageError
from leadline.pipeline.context import RunContext


def check_shares(run_context: RunContext, dataset: Dataset) -> None:
    """Raise UsageError where there is no curve to draw: no test rows, or rows that need no label of their own."""
    if not run_context.experiment.label_efficiency:
        return
    if run_context.objective.supervision.labels != "all":
        raise UsageError(
            f"label_efficiency trains on fewer labels, and the objective {run_context.objective.name!r} does not need"
            " one in every train row. --set data.labelled=0.01 gives it so many."
        )
    if any(one.window is not None for one in dataset.schema.inputs):
        raise UsageError("label_efficiency is not for series: the steps that are forecast are their own labels.")
    if not len(dataset.splits.get("test", ())):
        raise UsageError("label_efficiency is measured on test rows, and there are none: set data.split.test.")
