"""What the folds of a cross-validation say together.

Runs of different folds share most of their train rows, so their results hang together, and the variance between them
says too little.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Sequence
from typing import Any

from scipy import stats

from leadline.core.catalogue import say
from leadline.core.exhibit import ExhibitDraft
from leadline.core.finding import Finding, Interval, Reproduction
from leadline.core.report import Report

SAME = ("params", "flops", "size_mb")  # what a network costs is no sample: it is told where all folds agree


def over_folds(reports: Sequence[Report], levels: Sequence[float]) -> Iterator[Finding]:
    """Yield the mean of each measure on the test rows of all folds, of networks and of baselines, and what all folds
    cost alike.

    The interval is Student's t with the corrected variance s²(1/K + n_test/n_train) (Nadeau & Bengio 2003), K folds, K
    - 1 degrees of freedom. It speaks of networks trained on as many rows as those of a fold. A measure that a fold
    lacks is absent.
    """
    share = _rows(reports, "test") / _rows(reports, "train")
    for first in reports[0].findings:
        if first.split == "test" and first.unit != "rows" and _is_overall(first):
            yield _mean(first, [r.get(first.name, split="test", group=first.group) for r in reports], share, levels)
    for name in SAME:
        values = {f.value for r in reports if (f := r.get(name)) is not None}
        first_cost = reports[0].get(name)
        if first_cost is not None and len(values) == 1:
            yield first_cost


def side_by_side(reports: Sequence[Report]) -> ExhibitDraft:
    """Return every measure of every fold as a table."""
    names = [f.name for f in reports[0].quality()]
    words = reports[0].wording
    titles = [words.metric(name).title for name in names]
    rows = []
    for number, report in enumerate(reports, start=1):
        found = [report.get(name, split="test") for name in names]
        tested = report.get("rows", split="test")
        rows.append([number, tested and tested.value, *(f and f.value for f in found)])
    content: dict[str, Any] = {"columns": ["fold", say("exhibits.test-examples"), *titles], "rows": rows}
    return ExhibitDraft(
        "folds",
        "table",
        say("exhibits.folds"),
        content,
        say("exhibits.folds-about"),
        section="other",
    )


def _is_overall(finding: Finding) -> bool:
    return finding.group is None or finding.group.startswith("baseline=")


def _rows(reports: Sequence[Report], split: str) -> float:
    return math.fsum(f.value for r in reports if (f := r.get("rows", split=split)) is not None and f.value is not None)


def _mean(first: Finding, found: Sequence[Finding | None], share: float, levels: Sequence[float]) -> Finding:
    values = [f.value for f in found if f is not None and f.value is not None]
    common: dict[str, Any] = {"split": "test", "group": first.group, "unit": first.unit, "better": first.better}
    common["section"] = first.section if first.section == "baselines" else "metrics"
    if len(values) < len(found):
        lacking = len(found) - len(values)
        return Finding.absent(
            first.name, say("evaluation.folds-not-measured", lacking=lacking, found_count=len(found)), **common
        )
    count, mean, spread = len(values), statistics.fmean(values), statistics.stdev(values)
    half = [float(stats.t.ppf(0.5 + level / 2, count - 1)) * spread * math.sqrt(1 / count + share) for level in levels]
    bounds = _bounds(first, mean)
    intervals: list[Interval] = (
        [(max(mean - h, bounds[0]), min(mean + h, bounds[1])) for h in half] if spread > 0 else []
    )
    return Finding(
        name=first.name,
        value=mean,
        interval=intervals[0] if intervals else None,
        level=levels[0],
        stricter={f"{level:.6g}": i for level, i in zip(levels[1:], intervals[1:], strict=False)},
        n=sum(f.n or 0 for f in found if f is not None) or None,
        unusable=sum(f.unusable for f in found if f is not None),
        method=f"mean of {count} folds, standard deviation {spread:.3g}; corrected t over folds",
        again=Reproduction(producer="crossval", options={"folds": count}),
        **common,
    )


def _bounds(first: Finding, mean: float) -> Interval:
    """Return what a measure cannot pass: shares are 1 at best, and errors are never negative."""
    share = first.better == "higher" and first.unit == "1"
    return min(0.0, mean) if first.better == "lower" else -math.inf, max(1.0, mean) if share else math.inf
