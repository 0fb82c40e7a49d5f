"""Step 2 of a run, resolve: write every default out for this data, and build the network that this describes.

All that can be wrong with what a user wrote is found here or before: nothing has been written yet.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from torch import nn

from leadline.core.catalogue import say
from leadline.core.schema import Schema
from leadline.data.dataset import Dataset
from leadline.models.build import classical_family
from leadline.pipeline.context import RunContext
from leadline.pipeline.data_summary import describe_data
from leadline.pipeline.lr_range_test import with_rate
from leadline.pipeline.resolving.experiment import resolve
from leadline.pipeline.resolving.label_shares import check_shares
from leadline.pipeline.resolving.own_loss import try_loss
from leadline.pipeline.resolving.unused import unused
from leadline.pipeline.resolving.updates import renamings
from leadline.run.build import build_network
from leadline.run.warm_start import CarriedOver, ParentRun
from leadline.training.lr_range_test import LrRangeTest
from leadline.training.parameter_groups import ParameterGroups


class Resolved(NamedTuple):
    """A run of which everything is decided and nothing is written: the resolved experiment, the network before its
    first step, which weights it took over from a parent run, and the range test that found its learning rate.
    """

    run_context: RunContext
    dataset: Dataset
    network: nn.Module
    carried: CarriedOver | None
    rate_test: LrRangeTest | None


def resolve_run(run_context: RunContext, dataset: Dataset, parent: ParentRun | None) -> Resolved:
    """Resolve an experiment for its dataset, build its network, and say what was understood.

    Raises UsageError naming the entry that is unknown, or does not fit the data or another entry.
    """
    schema, shown = dataset.schema, run_context.shown
    modules = _by_input(run_context.modules, schema)
    rows = {name: len(subset) for name, subset in dataset.splits.items()}
    if run_context.experiment.training.early_stopping and not rows.get("validation"):
        shown.note(say("pipeline.no-validation-rows"))
    asked = run_context.experiment if parent is None else parent.chosen(run_context.experiment, schema)
    run_context = run_context.of(resolve(asked, schema, rows, modules), modules)
    network = build_network(run_context.experiment, schema, modules)
    carried = None if parent is None else parent.carry(network, schema)
    check_shares(run_context, dataset)
    ParameterGroups.of(run_context.experiment.training).freeze_in(network)
    for line in renamings(asked.training):
        shown.note(line)
    describe_data(dataset, run_context.experiment, shown)
    if parent is not None and carried is not None:
        parent.check(dataset)
        for line in (*carried.description(parent, run_context.experiment.training.freeze), *parent.seen(dataset)):
            shown.note(line)
    family = classical_family(run_context.experiment.network, modules)
    networks = run_context.objective.learning.networks(network) if family is None else ()
    for line in unused(asked, run_context.experiment, schema, family, networks):
        shown.note(line)
    if family is not None:
        return Resolved(run_context, dataset, network, carried, None)
    try_loss(run_context, dataset, network)
    run_context, rate_test = with_rate(run_context, dataset, network)
    return Resolved(run_context, dataset, network, carried, rate_test)


def _by_input(modules: Mapping[str, nn.Module], schema: Schema) -> Mapping[str, nn.Module]:
    """Return a user's modules by input name, where ``"*"`` stands for the only input."""
    return {schema.inputs[0].name: modules["*"]} if "*" in modules else modules
