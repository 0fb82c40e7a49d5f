"""All metrics that anything in the package declares, as reports of every objective would hold them."""

from __future__ import annotations

from leadline.core.component import Component
from leadline.core.metric import Metric
from leadline.core.registry_tables import TABLES
from leadline.core.wording import Wording
from leadline.evaluation.declared_metrics import declared_metrics
from leadline.objectives.lookup import objective_for

METRICS: dict[str, Metric] = {
    name: metric
    for objective in TABLES["objectives"]
    for name, metric in declared_metrics(objective_for(Component(name=objective))).items()
}
WORDS = Wording(METRICS.values())
