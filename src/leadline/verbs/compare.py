"""Compare runs on the same test rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from leadline.errors import RunError, UsageError
from leadline.facts.finding import Finding, Interval
from leadline.metrics import paired
from leadline.run import folder as files
from leadline.run.run import Run

COST = ("params", "size_mb", "latency_ms", "train_seconds")


class Compared(NamedTuple):
    """Runs side by side: the findings that all have, by label, and paired differences to the first run on common rows."""

    runs: tuple[Run, ...]
    findings: dict[str, tuple[Finding, ...]]
    differences: tuple[Difference | None, ...]


class Difference(NamedTuple):
    """How much better (positive) a run is than the first on `measure`, over `n` common test rows."""

    measure: str
    value: float
    interval: Interval | None
    n: int
    method: str


def compare(*folders: str | Path) -> Compared:
    """Return two or more runs side by side; differences are paired where both predicted the same test rows of the same target.

    Raises UsageError for fewer than two runs, RunError for a folder that is no intact run.
    """
    if len(folders) < 2:
        raise UsageError("Comparing takes two runs or more: 'leadline compare runs/a-1 runs/a-2'.")
    runs = tuple(Run(folder) for folder in folders)
    tables = [{f.label: f for f in (*run.report.quality(), *_costs(run))} for run in runs]
    findings = {label: tuple(t[label] for t in tables) for label in tables[0] if all(label in t for t in tables)}
    return Compared(runs, findings, (None, *(_difference(runs[0], run) for run in runs[1:])))


def _costs(run: Run) -> list[Finding]:
    return [f for f in run.report.findings if f.name in COST and f.value is not None]


def _difference(first: Run, other: Run) -> Difference | None:
    """Return the paired difference, or None where the runs have no test rows in common."""
    mine, theirs = (_test_rows(run) for run in (first, other))
    same = (
        first.schema.target is not None and other.schema.target is not None and first.schema.target.name == other.schema.target.name
    )
    if not same or first.schema.classes != other.schema.classes:
        return None
    both = mine.join(theirs, on=["file", "row", "target"], how="inner", suffix="_other")
    if both.height < 2:
        return None
    target, a, b = (both[name].to_numpy() for name in ("target", "predicted", "predicted_other"))
    if first.schema.classes:
        result: Any = paired.accuracy_difference(b == target, a == target)
        return _as_difference("accuracy", result, len(target))
    result = paired.mean_difference(np.abs(a - target), np.abs(b - target))
    return _as_difference("mae", result, len(target))


def _as_difference(measure: str, result: Any, n: int) -> Difference:
    interval = result.intervals[0] if result.intervals else None
    return Difference(measure, float(result.value), interval, n, result.method)


def _test_rows(run: Run) -> pl.DataFrame:
    files.verify(run.folder, (files.PREDICTIONS,))
    table = pl.read_parquet(run.folder / files.PREDICTIONS)
    if not {"split", "file", "row", "target", "predicted"} <= set(table.columns):
        raise RunError(f"{run.folder / files.PREDICTIONS} has no test predictions to compare.")
    return table.filter(pl.col("split") == "test")
