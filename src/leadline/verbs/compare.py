"""Compare runs on the same test rows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import polars as pl

from leadline.core.catalogue import say
from leadline.core.finding import Finding, Interval
from leadline.core.metric import Metric
from leadline.core.wording import SPACE, Wording, shortened
from leadline.data.targets import target_type
from leadline.errors import RunError, UsageError
from leadline.metrics.statistics.measurement import Measurement
from leadline.rendering.sentence import details, upwards
from leadline.run import folder as files
from leadline.run.parquet import read_parquet
from leadline.run.run import Run
from leadline.verbs.load import load

# What is measured of one of two classes, and means something else where runs differ in which.
OF_POSITIVE = ("sensitivity", "specificity", "ppv", "npv", "average_precision")
DIFFERENCES = {
    "better": "verbs.difference-better",
    "worse": "verbs.difference-worse",
    "unclear": "verbs.difference-unclear",
    "none": "verbs.difference-none",
}
COST = ("params", "size_mb", "latency_ms", "train_seconds")


class Compared(NamedTuple):
    """Runs side by side: the findings that all have, by label, and paired differences to the first run on common
    rows.
    """

    runs: tuple[Run, ...]
    findings: dict[str, tuple[Finding, ...]]
    differences: tuple[Difference | None, ...]

    def __repr__(self) -> str:
        """Return in a line which runs are compared, and the first difference."""
        names = [shortened(run.name, 24) for run in self.runs[:3]]
        more = f", and {len(self.runs) - 3} more" if len(self.runs) > 3 else ""
        told = next((repr(one) for one in self.differences if one is not None), "no test rows in common")
        return f"Compared({' and '.join(names)}{more}: {told})"


class Difference(NamedTuple):
    """How much better (positive) a run is than the first on `measure`, over `n` common test rows; `share` says whether
    it is a difference of shares, which people read in percentage points.
    """

    measure: str
    value: float
    interval: Interval | None
    n: int
    method: str
    share: bool = False

    def __repr__(self) -> str:
        """Return the difference in a line: ``accuracy better by 5.0 points (95 % CI 2.0–8.0, n = 80)``."""
        words = Wording((Metric(self.measure, self.measure, unit="%" if self.share else "1"),))
        found = Finding(name=f"{self.measure}_difference", value=self.value, interval=self.interval, n=self.n)
        low, high = self.interval or (-math.inf, math.inf)
        decided = low > 0 or high < 0
        shown = upwards(found) if decided else found  # a run is worse by a positive number
        key = "better" if low > 0 else "worse" if high < 0 else "unclear" if self.value else "none"
        values = {
            "measure": shortened(self.measure, 40),
            "value": words.amount(shown),
            "details": details(words, shown),
        }
        return say(DIFFERENCES[key], **values).replace(SPACE, " ")


def compare(*folders: Run | str | Path) -> Compared:
    """Return two or more runs side by side; differences are paired where both predicted the same test rows of the same
    target. Runs are given as such, or by their folders.

    Raises UsageError for fewer than two runs, RunError for a folder that is no intact run.
    """
    if len(folders) < 2:
        raise UsageError(say("verbs.compare-needs-two"))
    runs = tuple(load(one.folder if isinstance(one, Run) else one) for one in folders)
    tables = [{f.label: f for f in (*run.report.quality(), *_costs(run))} for run in runs]
    of_positive = set() if len({_positive(run) for run in runs}) == 1 else set(OF_POSITIVE)
    common = [label for label in tables[0] if all(label in t for t in tables) and label not in of_positive]
    common = [label for label in common if _same_space([t[label] for t in tables])]
    findings = {label: tuple(t[label] for t in tables) for label in common}
    return Compared(runs, findings, (None, *(_difference(runs[0], run) for run in runs[1:])))


def _same_space(found: Sequence[Finding]) -> bool:
    """Say whether findings about new rows were measured by the features of the same judge; so of all other findings."""
    spaces = [one.again.options for one in found if one.again is not None and one.again.producer == "generated"]
    return all(space == spaces[0] for space in spaces)


def _positive(run: Run) -> str | None:
    """Return the class that a run's sensitivity speaks of; None where there are not two."""
    number = run.schema.positive
    return None if number is None else run.schema.classes[number]


def _costs(run: Run) -> list[Finding]:
    found = (f for f in run.report.findings if f.name in COST and f.value is not None)
    return [f for f in found if not (f.group or "").startswith("baseline=")]


def _difference(first: Run, other: Run) -> Difference | None:
    """Return the paired difference, or None where the runs have no test rows in common, or targets that are not
    compared row by row.
    """
    if not _same_task(first, other) or not _same_rows(first, other):
        return None
    mine_rows, their_rows = _test_rows(first), _test_rows(other)
    assert first.schema.target is not None
    how = target_type(first.schema.target.kind).comparison
    assert how is not None
    if not {*how.needs} <= {*mine_rows.columns} & {*their_rows.columns}:
        return None
    both = mine_rows.join(their_rows, on=list(how.on), how="inner", suffix="_other")
    if both.height < 2:
        return None
    # rows of one group are no independent evidence
    group = both["group"].to_numpy() if "group" in both.columns and not both["group"].null_count() else None
    share = first.report.wording.metric(how.measure).is_share
    return _told(how.measure, how.difference(both, first.schema, group), share=share)


def _told(name: str, result: Measurement, *, share: bool) -> Difference:
    assert result.value is not None
    interval = result.intervals[0] if result.intervals else None
    return Difference(name, result.value, interval, result.n, result.method, share)


def _same_task(first: Run, other: Run) -> bool:
    one, two = first.schema.target, other.schema.target
    if one is None or two is None or one.name != two.name:
        return False
    how, other_how = target_type(one.kind).comparison, target_type(two.kind).comparison
    if how is None or other_how is None or how.measure != other_how.measure:
        return False
    return how.comparable(first.schema, other.schema)


def _same_rows(first: Run, other: Run) -> bool:
    """Say whether file and row number name the same row in both: those of data in memory do so only within the same
    data.
    """
    one, two = ((run.report.environment.get("data") or {}).get("fingerprint") for run in (first, other))
    return one == two or bool(first.experiment.data.source and other.experiment.data.source)


def _test_rows(run: Run) -> pl.DataFrame:
    if not (run.folder / files.PREDICTIONS).exists():
        raise RunError(say("verbs.no-predictions-to-compare", folder=run.folder))
    files.verify(run.folder, (files.PREDICTIONS,))
    table = read_parquet(run.folder / files.PREDICTIONS)
    return table.filter(pl.col("split") == "test")
