"""All groups of names that a user may write, with their tables (`core/registered/`), and what names of version 0.1 are
now.

`core/registry.py` looks names up.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from leadline.core.plugins import Entry
from leadline.core.registered import analyses, augmentations, data, networks, objectives, training

Group = Literal[
    "models",
    "fusions",
    "objectives",
    "steps",
    "optimizers",
    "schedules",
    "columns",
    "inputs",
    "targets",
    "datasets",
    "analyses",
    "augmentations",
    "mixtures",
    "averages",
    "trackers",
    "calibrations",
]

TABLES: Mapping[Group, Mapping[str, Entry]] = {
    "models": networks.MODELS,
    "fusions": networks.FUSIONS,
    "objectives": objectives.OBJECTIVES,
    "calibrations": objectives.CALIBRATIONS,
    "steps": training.STEPS,
    "optimizers": training.OPTIMIZERS,
    "schedules": training.SCHEDULES,
    "averages": training.AVERAGES,
    "trackers": training.TRACKERS,
    "columns": data.COLUMNS,
    "inputs": data.INPUTS,
    "targets": data.TARGETS,
    "datasets": data.DATASETS,
    "augmentations": augmentations.AUGMENTATIONS,
    "mixtures": augmentations.MIXTURES,
    "analyses": analyses.ANALYSES,
}


class Alias(NamedTuple):
    """What a name of version 0.1 is written as now: another name, and options of it."""

    name: str
    options: Mapping[str, Any]


ALIASES: Mapping[Group, Mapping[str, Alias]] = {
    "optimizers": {
        "gd": Alias("sgd", {"full_batch": True}),
        "momentum": Alias("sgd", {"momentum": 0.9}),
        "nesterov": Alias("sgd", {"momentum": 0.9, "nesterov": True}),
        "amsgrad": Alias("adam", {"amsgrad": True}),
    },
}
