"""Every name a user may write, as literal tables; listing names imports nothing, looking one up imports its module.

Other packages add names with entry points in the groups ``leadline.models``, ``leadline.objectives``, ``leadline.fields`` and
``leadline.datasets``.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from functools import cache
from importlib.metadata import entry_points
from typing import Any, Literal, NamedTuple

from leadline.errors import UsageError, did_you_mean

Group = Literal["models", "objectives", "fields", "datasets"]


class Entry(NamedTuple):
    """Where a name lives (``module:ATTRIBUTE``) and what it is, in a line."""

    target: str
    summary: str


TABLES: Mapping[Group, Mapping[str, Entry]] = {
    "models": {
        "mlp": Entry("leadline.models.mlp:FAMILY", "dense layers, with embeddings for categories (tables, small images)"),
        "cnn": Entry("leadline.models.cnn:FAMILY", "the textbook network: any stack of convolution, pooling and dense layers"),
        "lenet": Entry("leadline.models.lenet:FAMILY", "LeNet-5 (LeCun et al. 1998)"),
        "resnet": Entry("leadline.models.resnet:FAMILY", "residual networks, from ResNet-20 to ResNet-18-like (He et al. 2016)"),
    },
    "objectives": {
        "classification": Entry("leadline.objectives.classification:OBJECTIVE", "one of two or more classes; cross-entropy"),
        "regression": Entry("leadline.objectives.regression:OBJECTIVE", "a number; squared error"),
    },
    "fields": {
        "number": Entry("leadline.data.fields.number:FIELD", "a quantity; missing values allowed"),
        "category": Entry("leadline.data.fields.category:FIELD", "one of a set of values"),
        "boolean": Entry("leadline.data.fields.boolean:FIELD", "yes or no"),
        "date": Entry("leadline.data.fields.date:FIELD", "a date or a time stamp"),
        "image": Entry("leadline.data.fields.image:FIELD", "a picture: a file, bytes or an array of pixels"),
    },
    "datasets": {
        "digits": Entry("leadline.data.sources.bundled:DIGITS", "1,797 handwritten digits, 8×8 pixels, ten classes"),
        "iris": Entry("leadline.data.sources.bundled:IRIS", "150 iris flowers, four lengths, three species"),
        "diabetes": Entry(
            "leadline.data.sources.bundled:DIABETES", "442 patients, ten measurements, disease progression (a number)"
        ),
        "wine": Entry("leadline.data.sources.bundled:WINE", "178 wines, thirteen measurements, three growers"),
        "breast-cancer": Entry(
            "leadline.data.sources.bundled:BREAST_CANCER", "569 tumours, thirty measurements, benign or malignant"
        ),
    },
}


@cache
def table(group: Group) -> Mapping[str, Entry]:
    """Return all names of a group with their entries, those of installed plugins included."""
    plugins = {
        e.name: Entry(e.value, f"from {e.dist.name if e.dist else 'a plugin'}") for e in entry_points(group=f"leadline.{group}")
    }
    return {**plugins, **TABLES[group]}


def lookup(group: Group, name: str) -> Any:
    """Import and return what a name stands for; raises UsageError with the nearest names where there is none."""
    entries = table(group)
    if name not in entries:
        raise UsageError(f"There is no {group.rstrip('s')} {name!r}. {did_you_mean(name, entries)}")
    module, _, attribute = entries[name].target.partition(":")
    return getattr(importlib.import_module(module), attribute)
