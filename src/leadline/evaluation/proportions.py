"""Findings that put a run's measures in proportion: rows, the generalisation gap, the constant baseline."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Sequence
from typing import Any, Literal

import numpy as np
import polars as pl
from scipy import stats

from leadline.core.finding import Finding, Interval, Reproduction
from leadline.core.wording import number
from leadline.data.checks.missing_inputs import missing_inputs
from leadline.data.dataset import Dataset
from leadline.data.targets import PER_STEP
from leadline.evaluation.predictions import predictions_in_words
from leadline.objectives.contract import EvaluationContext, Objective

SUMMARY_NAMES = ("generalisation_gap", "rows_set_aside")
BASELINE_NAMES = (
    *("accuracy", "nll", "expected_cost", "mae", "rmse", "crps", "pinball", "deviance"),
    *("mse_scaled", "mae_scaled", "mase"),
    *("kl", "agreement", "probability_mae", "subset_accuracy", "hamming_loss", "f1_micro"),
    *("token_accuracy", "row_accuracy", "entity_f1", "perplexity", "bits_per_character"),
)
CONSTANT_ROWS = 20_000  # train texts that tokens and tags are counted in


def row_findings(dataset: Dataset) -> Iterator[Finding]:
    """Yield how many rows each split has, how many were set aside, and how many have a twin, or nearly one, in another
    split.
    """
    again = Reproduction(producer="data")
    for name, part in dataset.splits.items():
        yield Finding(name="rows", split=name, value=len(part), n=len(part), unit="rows", method="counted", again=again)
        if part.unlabelled is not None:
            known, method = len(part.labelled), f"rows of {name} that have a target"
            yield Finding(
                name="rows_labelled", split=name, value=known, n=len(part), unit="rows", method=method, again=again
            )
    aside = dataset.invalid_rows.height
    yield Finding(name="rows_set_aside", value=aside, unit="rows", method="counted", better="lower", again=again)
    for lack in missing_inputs(dataset.schema, dataset.splits):
        yield Finding(
            name="rows_without",
            split=lack.subset,
            group=f"input={lack.input}",
            value=lack.rows,
            n=len(dataset.splits[lack.subset]),
            unit="rows",
            method=f"rows of {lack.subset} that lack {lack.input}",
            better="lower",
            again=again,
        )
    for (first, second), count in dataset.duplicates.counts.items():
        yield Finding(
            name="duplicates",
            group=f"splits={first}, {second}",
            value=count,
            unit="rows",
            method=f"rows of {second} whose encoded inputs equal those of a row of {first}",
            better="lower",
            again=again,
        )
    for (first, second), count in (dataset.similar.counts if dataset.similar else {}).items():
        yield Finding(
            name="near_duplicates",
            group=f"splits={first}, {second}",
            value=count,
            unit="rows",
            method=f"rows of {second} with a picture that is equal or nearly so to that of a row of {first}",
            better="lower",
            again=again,
        )


def gap(findings: Sequence[Finding], name: str) -> Finding:
    """Return how much worse a measure is on test than on train, with the interval of a difference of independent
    estimates.

    The interval is MOVER's (Zou & Donner 2008), from the two measures' own intervals, at every level that both have.
    Absent where either is."""
    train = _find(findings, name, "train")
    test = _find(findings, name, "test")
    method = f"{name} on train minus on test" if test and test.better == "higher" else f"{name} on test minus on train"
    if train is None or test is None or train.value is None or test.value is None:
        return Finding.absent("generalisation_gap", f"{name} was not measured on both train and test", better="lower")
    ways = [one.again.options if one.again else {} for one in (train, test)]
    if ways[0] != ways[1]:
        told = [", ".join(f"{key} {value}" for key, value in way.items()) for way in ways]
        return Finding.absent(
            "generalisation_gap",
            f"{name} is measured in two ways: {told[0]} on train, {told[1]} on test",
            better="lower",
        )
    high, low = (train, test) if test.better == "higher" else (test, train)
    assert high.value is not None and low.value is not None
    ends = high.value, low.value
    both = {level: (high.stricter[level], low.stricter[level]) for level in high.stricter if level in low.stricter}
    return Finding(
        name="generalisation_gap",
        value=high.value - low.value,
        interval=_mover(*ends, high.interval, low.interval) if high.interval and low.interval else None,
        stricter={level: _mover(*ends, *pair) for level, pair in both.items()},
        level=test.level,
        n=test.n,
        unit=test.unit,
        method=f"{method}; MOVER interval",
        better="lower",
        again=Reproduction(producer="summary", repeat="exact", tolerance=1e-5),
    )


def _mover(high: float, low: float, of_high: Interval, of_low: Interval) -> Interval:
    value = high - low
    below = math.hypot(high - of_high[0], of_low[1] - low)
    above = math.hypot(of_high[1] - high, low - of_low[0])
    return value - below, value + above


def train_target(dataset: Dataset) -> np.ndarray | None:
    """Return the target of the train rows; where each has as many answers as it has steps, of `CONSTANT_ROWS` rows at
    most.
    """
    part, goal = dataset.splits["train"].labelled, dataset.schema.target
    if goal is not None and goal.kind in PER_STEP and len(part) > CONSTANT_ROWS:
        part = part.subset(np.linspace(0, len(part) - 1, CONSTANT_ROWS).astype(np.int64))
    return part.target


def baseline(objective: Objective, dataset: Dataset, context: EvaluationContext) -> Iterator[Finding]:
    """Yield what always giving the same answer would reach on the split of `context`."""
    target: Any = train_target(dataset)
    name, columns = objective.dummy_predictor(target, len(context.target), dataset.schema)
    words = predictions_in_words(dataset.schema, {key: values[:1] for key, values in columns.items()})
    for finding in objective.measure(columns, context):
        if isinstance(finding, Finding) and finding.name.partition("(")[0] in BASELINE_NAMES and finding.group is None:
            task = finding.name.partition("(")[2].removesuffix(")")
            answer = words.get(f"predicted_{task}" if task else "predicted")
            shown = None if answer is None else _shown(answer[0])
            again = Reproduction(
                producer="baseline", options={"name": name, "answer": shown}, repeat="exact", tolerance=1e-6
            )
            yield finding.model_copy(update={"group": f"baseline={name}", "again": again})


def _shown(answer: Any) -> str | None:
    """Return an answer in words; None where it is one for each of several variables."""
    if isinstance(answer, pl.Series):
        values = np.unique(answer.to_numpy())
        return number(float(values[0])) if len(values) == 1 else None
    return number(float(answer)) if isinstance(answer, int | float) else answer or "none"


def spread(name: str, values: Sequence[float], unit: str, better: Literal["higher", "lower"] | None) -> Finding:
    """Return the mean of a measure over repeated runs, with Student's t interval of that mean; `values` are the runs'
    own.

    The interval speaks of other seeds on the same data, not of other data. Equal values give none: they do not prove
    that no seed differs."""
    n = len(values)
    mean = math.fsum(values) / n
    deviation = statistics.stdev(values)
    half = float(stats.t.ppf(0.975, n - 1)) * deviation / math.sqrt(n)
    # What is better when higher and has no unit is 1 at best, and errors are never negative.
    most = max(1.0, mean) if better == "higher" and unit == "1" else math.inf
    least = min(0.0, mean) if better == "lower" else -math.inf
    return Finding(
        name=f"{name}_over_repeats",
        value=mean,
        interval=(max(mean - half, least), min(mean + half, most)) if deviation > 0 else None,
        n=n,
        unit=unit,
        method=(
            f"mean of {n} runs with different seeds on the same data, standard deviation {deviation:.3g}; Student t"
            " over seeds"
        ),
        better=better,
        again=Reproduction(producer="repeats", repeat="recorded"),
    )


def _find(findings: Sequence[Finding], name: str, split: str) -> Finding | None:
    return next((f for f in findings if f.name == name and f.split == split and f.group is None), None)
