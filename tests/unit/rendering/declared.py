"""All metrics that anything in the package declares, as reports of every objective would hold them."""

from __future__ import annotations

import re
from collections.abc import Iterable

from leadline.core.component import Component
from leadline.core.metric import Metric
from leadline.core.registry_tables import TABLES
from leadline.core.wording import SPACE, Wording
from leadline.evaluation.declared_metrics import declared_metrics
from leadline.objectives.lookup import objective_for
from sentences import says

METRICS: dict[str, Metric] = {
    name: metric
    for objective in TABLES["objectives"]
    for name, metric in declared_metrics(objective_for(Component(name=objective))).items()
}
WORDS = Wording(METRICS.values())


def told(sentences: Iterable[object]) -> list[str]:
    """Return sentences as text, with ordinary spaces."""
    return [str(sentence).replace(SPACE, " ") for sentence in sentences]


def starts(sentence: str, name: str, **values: object) -> bool:
    """Say whether a sentence is the one of a name, whatever stands in brackets behind it."""
    return re.match(says(name, **values) + r"( \([^)]*\))?", sentence) is not None
