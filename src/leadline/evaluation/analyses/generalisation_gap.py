"""How much worse a network is on rows that it was not trained on."""

from __future__ import annotations

import math
from collections.abc import Sequence

from leadline.core.catalogue import say
from leadline.core.finding import Finding, Interval, Reproduction
from leadline.core.metric import Metric
from leadline.evaluation.analyses.contract import Analysis, NoOptions, Results, of_measured_splits
from leadline.evaluation.subject import SPLITS, Subject


def _run(subject: Subject, options: NoOptions, seed: int) -> Results:
    splits = [name for name in SPLITS if subject.split(name) is not None]
    findings = [item for name in splits for item in subject.quality(name) if isinstance(item, Finding)]
    if findings:
        yield gap(findings, findings[0].name)


def gap(findings: Sequence[Finding], name: str) -> Finding:
    """Return how much worse a measure is on test than on train, with the interval of a difference of independent
    estimates.

    The interval is MOVER's (Zou & Donner 2008), from the two measures' own intervals, at every level that both have.
    Absent where either is.
    """
    train = _find(findings, name, "train")
    test = _find(findings, name, "test")
    method = f"{name} on train minus on test" if test and test.better == "higher" else f"{name} on test minus on train"
    if train is None or test is None or train.value is None or test.value is None:
        return Finding.absent("generalisation_gap", say("evaluation.not-on-both-splits", name=name), better="lower")
    ways = [one.again.options if one.again else {} for one in (train, test)]
    if ways[0] != ways[1]:
        told = [", ".join(f"{key} {value}" for key, value in way.items()) for way in ways]
        return Finding.absent(
            "generalisation_gap",
            say("evaluation.not-comparable", name=name, on_train=told[0], on_test=told[1]),
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
        again=Reproduction(producer="summary", options={"measure": name}, repeat="exact", tolerance=1e-5),
    )


def _mover(high: float, low: float, of_high: Interval, of_low: Interval) -> Interval:
    value = high - low
    below = math.hypot(high - of_high[0], of_low[1] - low)
    above = math.hypot(of_high[1] - high, low - of_low[0])
    return value - below, value + above


def _find(findings: Sequence[Finding], name: str, split: str) -> Finding | None:
    return next((f for f in findings if f.name == name and f.split == split and f.group is None), None)


ANALYSIS = Analysis(
    name="generalisation-gap",
    question="How large is the gap between training and test performance?",
    section="metrics",
    run=_run,
    applies=of_measured_splits,
    metrics=(
        Metric("generalisation_gap", "Generalisation gap", "training performance minus test performance", "", "lower"),
    ),
    reference="Zou & Donner 2008",
)
