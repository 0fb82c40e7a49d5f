"""Compare runs on the same test rows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl

from leadline.core.finding import Finding, Interval
from leadline.data.targets import PER_STEP
from leadline.errors import RunError, UsageError
from leadline.metrics.statistics import paired
from leadline.metrics.statistics.measurement import Measurement
from leadline.run import folder as files
from leadline.run.run import Run

# What is compared where a prediction is right or wrong; else how far off it is.
RIGHT = {"category": "accuracy", "boolean": "accuracy", "labels": "subset_accuracy", "probabilities": "agreement"}
# What is measured of one of two classes, and means something else where runs differ in which.
OF_POSITIVE = ("sensitivity", "specificity", "ppv", "npv", "average_precision")
COST = ("params", "size_mb", "latency_ms", "train_seconds")


class Compared(NamedTuple):
    """Runs side by side: the findings that all have, by label, and paired differences to the first run on common
    rows.
    """

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
    """Return two or more runs side by side; differences are paired where both predicted the same test rows of the same
    target.

    Raises UsageError for fewer than two runs, RunError for a folder that is no intact run.
    """
    if len(folders) < 2:
        raise UsageError("Comparing takes two runs or more: 'leadline compare runs/a-1 runs/a-2'.")
    runs = tuple(Run(folder) for folder in folders)
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
    """Return the paired difference, or None where the runs have no test rows in common, or several targets each."""
    if not _same_task(first, other) or not _same_rows(first, other):
        return None
    mine_rows, their_rows = _test_rows(first), _test_rows(other)
    if first.schema.target is not None and first.schema.target.kind in PER_STEP:
        return _of_steps(first, mine_rows, their_rows)
    if not {"target", "predicted"} <= {*mine_rows.columns} & {*their_rows.columns}:
        return None
    on = [name for name in ("file", "row", "step", "variable", "target") if name in mine_rows.columns]
    both = mine_rows.join(their_rows, on=on, how="inner", suffix="_other")
    if both.height < 2:
        return None
    target, mine, theirs = (both[name].to_numpy() for name in ("target", "predicted", "predicted_other"))
    group = (
        both["group"].to_numpy() if "group" in both.columns else None
    )  # rows of one group are no independent evidence
    assert first.schema.target is not None
    name = RIGHT.get(first.schema.target.kind)
    if name is not None:
        result = paired.accuracy_difference(theirs == target, mine == target, group_n=group)
    elif first.schema.target.kind == "series":
        state = first.schema.target.state
        std = both["variable"].replace_strict(
            dict(zip(state["columns"], state["std"], strict=True)), return_dtype=pl.Float64
        )
        error_n, other_n = (
            np.abs(predicted - target) / np.maximum(std.to_numpy(), 1e-12) for predicted in (mine, theirs)
        )
        name, result = "mae_scaled", paired.mean_difference(error_n, other_n, group_n=group)
    else:
        name, result = "mae", paired.mean_difference(np.abs(mine - target), np.abs(theirs - target), group_n=group)
    return _told(name, result)


def _of_steps(first: Run, mine_rows: pl.DataFrame, their_rows: pl.DataFrame) -> Difference | None:
    """Return the difference by token, of which rows have several: of right tags, or of how surprising tokens are."""
    tagged = bool(first.schema.tags)
    both = mine_rows.join(
        their_rows, on=["file", "row", "target", *([] if tagged else ["tokens"])], how="inner", suffix="_other"
    )
    if both.height < 2:
        return None
    group = both["group"].to_numpy() if "group" in both.columns else None
    if tagged:
        known = pl.col("target").str.split(" ").list.len()  # tags after the last known one are not in the target
        said = both.select(
            pl.int_range(pl.len()).alias("row") if group is None else pl.Series("row", group),
            *(pl.col(name).str.split(" ").list.head(known) for name in ("target", "predicted", "predicted_other")),
        ).explode("target", "predicted", "predicted_other")
        said = said.filter(pl.col("target") != "?")
        right, other = ((said[name] == said["target"]).to_numpy() for name in ("predicted", "predicted_other"))
        result = paired.accuracy_difference(other, right, group_n=said["row"].to_numpy())
        return _told("token_accuracy", result._replace(n=both.height))
    tokens_n = both["tokens"].to_numpy()
    mine_n, theirs_n = (both[name].to_numpy().astype(np.float64) * tokens_n for name in ("nll", "nll_other"))
    return _told("nll", paired.ratio_difference(mine_n, theirs_n, tokens_n, group_n=group)._replace(n=both.height))


def _told(name: str, result: Measurement) -> Difference:
    assert result.value is not None
    return Difference(name, result.value, result.intervals[0] if result.intervals else None, result.n, result.method)


def _same_task(first: Run, other: Run) -> bool:
    one, two = first.schema.target, other.schema.target
    if one is None or two is None or "several" in (one.kind, two.kind):
        return False
    if one.kind != two.kind and (one.kind in PER_STEP or two.kind in PER_STEP):
        return False
    if one.kind == "text" and _vocabulary(first) != _vocabulary(other):
        return False
    return one.name == two.name and RIGHT.get(one.kind) == RIGHT.get(two.kind)


def _vocabulary(run: Run) -> Sequence[str]:
    names: Sequence[str] = run.schema.inputs[0].fields[0].state["vocabulary"]
    return names


def _same_rows(first: Run, other: Run) -> bool:
    """Say whether file and row number name the same row in both: those of data in memory do so only within the same
    data.
    """
    one, two = ((run.report.environment.get("data") or {}).get("fingerprint") for run in (first, other))
    return one == two or bool(first.experiment.data.source and other.experiment.data.source)


def _test_rows(run: Run) -> pl.DataFrame:
    if not (run.folder / files.PREDICTIONS).exists():
        raise RunError(f"{run.folder} has no held-out predictions to compare.")
    files.verify(run.folder, (files.PREDICTIONS,))
    table = pl.read_parquet(run.folder / files.PREDICTIONS, glob=False)
    return table.filter(pl.col("split") == "test")
