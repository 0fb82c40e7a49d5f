"""Names that a user may write, looked up in the literal tables beside this file and among plugins.

Listing names imports nothing, looking one up imports its module.

Other packages add names with entry points in a group called after ours: ``leadline.models``, ``leadline.optimizers``
and so on (`leadline.core.plugins`).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from pydantic import BeforeValidator

from leadline.core import yaml_io
from leadline.core.catalogue import say
from leadline.core.component import AUTO, Component
from leadline.core.entries.foreign_items import item_meant
from leadline.core.plugins import Contract, Entry, load, with_plugins
from leadline.core.registry_tables import ALIASES, TABLES, Group
from leadline.errors import UsageError, did_you_mean

CONTRACTS: Mapping[Group, Contract] = {
    "models": Contract("model", "leadline.models.contract:Family"),
    "objectives": Contract("objective", "leadline.objectives.contract:Objective"),
    "steps": Contract("step", "leadline.training.steps.contract:StepOptions", classes=True),
    "analyses": Contract("analysis", "leadline.evaluation.analyses.contract:Analysis"),
    "optimizers": Contract("optimizer", "leadline.training.optim.contract:Optimizer", classes=True),
    "schedules": Contract("schedule", "leadline.training.schedule:Schedule", classes=True),
    "columns": Contract("column type", "leadline.data.columns.contract:ColumnType"),
    "inputs": Contract("input type", "leadline.data.columns.contract:InputType"),
    "targets": Contract("target type", "leadline.data.targets.contract:TargetType"),
    "datasets": Contract("dataset", "collections.abc:Callable"),
    "augmentations": Contract("augmentation", "leadline.data.augmentations.contract:Augmentation"),
    "mixtures": Contract("mixture", "leadline.data.augmentations.mixing:Mixture"),
    "averages": Contract("average", "leadline.training.weight_average:Average", classes=True),
    "trackers": Contract("tracker", "leadline.training.trackers:TrackerOptions", classes=True),
    "calibrations": Contract("calibration", "leadline.objectives.calibrations.contract:Calibration"),
    "fusions": Contract("fusion", "leadline.nn.fusion:FusionMethod"),
}

# groups that a command of the same name lists
COMMANDS = ("models", "objectives", "optimizers", "schedules", "augmentations", "analyses", "datasets")


@cache
def registered(group: Group) -> Mapping[str, Entry]:
    """Return all names of a group with their entries, those of installed plugins included; imports nothing."""
    return with_plugins(group, TABLES[group])


def lookup(group: Group, name: str) -> Any:
    """Import and return what a name stands for.

    Raises UsageError with the nearest names where there is none, and where a plugin's name is taken or what it gives
    cannot be used.
    """
    entries, contract = registered(group), CONTRACTS[group]
    if name not in entries:
        raise UsageError(
            say(
                "core.unknown-item",
                noun=contract.noun,
                name=name,
                suggestion=item_meant(group, name) or did_you_mean(name, entries, listing(group)),
            )
        )
    return load(group, name, entries[name], contract)


def called(group: Group, name: str) -> str:
    """Return the name of an item as it is spelled here, where only capitals differ; any other name as it is."""
    if name in TABLES[group] or name.lower() not in registered(group):
        return name
    return name if name in registered(group) else name.lower()


def listing(group: Group) -> str:
    """Return the command that lists the names of a group; empty where there is none."""
    return f"'leadline {group}'" if group in COMMANDS else ""


def renamed(group: Group, component: Component) -> Component:
    """Return a component as it is written now: one with a name of version 0.1 by its new one, others as they are."""
    alias = ALIASES.get(group, {}).get(component.name)
    if alias is None or component.name in registered(group):
        return component
    return Component(name=alias.name, options={**alias.options, **component.options})


def renaming(group: Group, component: Component, where: str) -> str | None:
    """Say what an entry with a name of version 0.1 is called now; None where it has today's name."""
    now = renamed(group, component)
    if now == component:
        return None
    return say("core.item-renamed", where=where, name=component.name, now=yaml_io.inline(now.model_dump()))


def unnamed_options(group: Group) -> BeforeValidator:
    """Return a validator that reads ``{lr: 0.1}`` as options of the item that is chosen from the data or by default,
    where no item of the group is called so: ``{sgd: {lr: 0.1}}`` names one.
    """

    def read(value: Any) -> Any:
        if isinstance(value, str):
            return called(group, value)
        if isinstance(value, Mapping) and isinstance(value.get("name"), str):
            return {**value, "name": called(group, value["name"])}
        if not isinstance(value, Mapping) or not value or "name" in value or "options" in value:
            return value
        first = str(next(iter(value)))
        named = len(value) == 1 and (first in registered(group) or ":" in first or first.endswith(".py"))
        return value if named else {"name": AUTO, **value}

    return BeforeValidator(read)
