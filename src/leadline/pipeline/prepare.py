"""Step 1 of a run, prepare: read the source and make a dataset of it, the same one in every process."""

from __future__ import annotations

from leadline.data.dataset import Dataset, prepare
from leadline.objectives.lookup import labels_of, target_types_of
from leadline.pipeline.context import RunContext
from leadline.run.warm_start import ParentRun


def prepare_data(run_context: RunContext, parent: ParentRun | None) -> Dataset:
    """Return the dataset of an experiment, its splits encoded; with a `parent` run, inputs are encoded as that one's
    were.

    Raises UsageError and DataError naming file, row and column where the source cannot be used as it is.
    """
    if not run_context.world.is_main:
        run_context.world.barrier()  # the first process fills the cache; the others then find it filled
    dataset = prepare(
        run_context.experiment.data.model_copy(update=dict(run_context.moved)),
        run_context.memory,
        seed=run_context.experiment.seed,
        target_types=target_types_of(run_context.experiment),
        labels=labels_of(run_context.experiment),
        known=None if parent is None else parent.run.schema,
        progress=run_context.shown.stage,
        names=run_context.names,
    )
    if run_context.world.is_main:
        run_context.world.barrier()
    return dataset
