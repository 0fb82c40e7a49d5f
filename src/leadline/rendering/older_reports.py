"""Where findings and exhibits stand in reports written before these named their section themselves."""

from __future__ import annotations

from collections.abc import Mapping

from leadline.core.exhibit import Exhibit
from leadline.core.finding import Finding
from leadline.core.sections import SECTIONS

DATA = ("rows", "rows_dropped", "rows_missing_input", "duplicates", "near_duplicates")
COST = (
    "params",
    "flops",
    "size_mb",
    "latency_ms",
    "peak_memory_mb",
    "train_seconds",
    "energy_wh",
    "co2_g",
    "rollbacks",
)
PRODUCERS = {"data": "data", "inputs": "inputs", "cost": "cost", "settled": "training", "calibration": "training"}
EXHIBITS: Mapping[str, tuple[str, ...]] = {
    "data": ("notes", "columns", "set_aside", "duplicates", "near_duplicates"),
    "examples": ("examples", "augmented", "mixed"),
    "training": ("learning_curves", "range_test"),
    "errors": (
        *("forecasts", "by_step", "by_variable", "confusion", "roc", "precision_recall", "labels"),
        *("reliability", "calibration", "predicted", "mistakes", "highlights", "samples", "surprises"),
    ),
    "generated": ("new_rows", "new_by_epoch", "nearest", "between"),
    "representations": ("converted", "clusters", "typical", "reconstructed", "embedding"),
    "baselines": ("baselines",),
    "inputs": ("alone", "without"),
    "reproduce": ("plan",),
}


def section_of(finding: Finding) -> str:
    """Return the section that shows a finding; one that is not listed is ``other``."""
    if finding.section is not None:
        return finding.section if finding.section in SECTIONS else "other"
    producer = finding.again.producer if finding.again else None
    group = finding.group or ""
    if group.startswith("baseline="):
        return "baselines"
    if producer in PRODUCERS:
        return PRODUCERS[producer]
    if finding.name in DATA or finding.name in COST:
        return "data" if finding.name in DATA else "cost"
    if producer == "generated" and not group.startswith("class="):
        return "generated"
    return "per_class" if group else "metrics"


def section_of_exhibit(exhibit: Exhibit) -> str:
    """Return the section that shows an exhibit; exhibits of several inputs are ``augmented``, ``augmented-2`` …"""
    if exhibit.section is not None:
        return exhibit.section if exhibit.section in SECTIONS else "other"
    for section, names in EXHIBITS.items():
        if exhibit.name in names or exhibit.name.partition("-")[0] in names:
            return section
    return "other"
