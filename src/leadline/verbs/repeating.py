"""The spread of a run's measures over repeats with other seeds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from leadline.facts.exhibit import Draft, store
from leadline.facts.report import Report
from leadline.measuring.summary import spread

NAME = "repeats"


def has_spread(report: Report) -> bool:
    """Say whether the spread over repeats has been added to a report."""
    return any(exhibit.name == NAME for exhibit in report.exhibits)


def with_spread(report: Report, others: Sequence[Report], folder: Path) -> Report:
    """Return a report with the spread over its run and others added: a finding a measure, and an exhibit of every value."""
    reports = [report, *others]
    spreads, rows = [], []
    for finding in report.quality():
        values = [found.value for one in reports if (found := one.find(finding.name, split="test")) and found.value is not None]
        if len(values) == len(reports):
            spreads.append(spread(finding.name, values, finding.unit, finding.better))
            rows.append([finding.name, *values])
    content: dict[str, Any] = {"columns": ["measure", *(f"seed {one.experiment['seed']}" for one in reports)], "rows": rows}
    exhibit = store(Draft(NAME, "table", "Repeats with different seeds", content), folder)
    return report.model_copy(update={"findings": (*report.findings, *spreads), "exhibits": (*report.exhibits, exhibit)})
