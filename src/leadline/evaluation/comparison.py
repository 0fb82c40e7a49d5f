"""Which of several models is the cheapest that is not demonstrably worse, by paired tests on the same test rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np

from leadline.core.catalogue import say
from leadline.core.exhibit import ExhibitDraft
from leadline.core.finding import Finding, Reproduction
from leadline.core.metric import Metric
from leadline.core.wording import Wording
from leadline.evaluation.baselines import Baseline
from leadline.evaluation.proportions import compared_names
from leadline.metrics.statistics import paired
from leadline.metrics.statistics.findings import finding
from leadline.metrics.statistics.measurement import Measurement
from leadline.objectives.contract import BoundObjective, EvaluationContext

METRICS = (Metric("smallest_not_worse", "Smallest model not significantly worse", "its score minus the network's"),)

NETWORK = "network"
RULE = (
    "worse: the paired interval of the difference to another model excludes zero; smallest: by the size of the weights"
    " file"
)
TOGETHER = " (Bonferroni correction for {})"  # of differences between all pairs of models


class Comparisons(NamedTuple):
    """Findings and exhibits about simpler models, or about inputs."""

    findings: tuple[Finding, ...] = ()
    drafts: tuple[ExhibitDraft, ...] = ()


class UncomparedModel(NamedTuple):
    """What is shown in the table of models but is none of them: as it is named there, what it reaches on the test rows,
    and how much better than the network that is.
    """

    shown: Baseline
    measured: Finding
    gain: Finding


class Model(NamedTuple):
    """One of the models compared: what each test row scores, the larger the better, and the size of its weights."""

    name: str
    score_n: np.ndarray
    size_mb: float


class Compared(NamedTuple):
    """How models compare: each pair's difference (first minus second) at `level`, who is demonstrably worse, who is
    chosen.
    """

    differences: Mapping[tuple[str, str], Measurement]
    level: float
    worse: frozenset[str]
    cheapest: str

    def gain(self, one: str, other: str) -> Measurement:
        """Return how much better one model is than another."""
        if (one, other) in self.differences:
            return self.differences[one, other]
        found = self.differences[other, one]
        value = None if found.value is None else -found.value
        return found._replace(value=value, intervals=tuple((-high, -low) for low, high in found.intervals))


def compare(models: Sequence[Model], level: float, group_n: np.ndarray | None = None) -> Compared:
    """Compare all pairs of models; their intervals hold together at `level` (Bonferroni).

    Each is held against every other, and so against the best, as in multiple comparisons with the best (Hsu 1981).
    """
    pairs = list(combinations(models, 2))
    each = 1 - (1 - level) / len(pairs)
    differences, worse = {}, set()
    for one, other in pairs:
        result = _difference(one, other, each, group_n)
        differences[one.name, other.name] = result
        low, high = result.intervals[0] if result.intervals else (-np.inf, np.inf)
        worse |= {one.name} if high < 0 else {other.name} if low > 0 else set()
    left = [model for model in models if model.name not in worse]
    return Compared(differences, each, frozenset(worse), min(left, key=lambda model: model.size_mb).name)


def _difference(one: Model, other: Model, level: float, group_n: np.ndarray | None) -> Measurement:
    if one.score_n.dtype == bool:
        return paired.accuracy_difference(one.score_n, other.score_n, (level,), group_n)
    return paired.mean_difference(one.score_n, other.score_n, (level,), group_n)


def comparison_findings(
    network: Baseline,
    baselines: Sequence[Baseline],
    dummy_predictor: Baseline,
    objective: BoundObjective,
    context: EvaluationContext,
    command: str,
    uncompared: UncomparedModel | None = None,
) -> Iterator[Finding | ExhibitDraft]:
    """Yield what each baseline reaches on the test rows of `context`, how it compares with the network, and the
    cheapest.

    The answers of the `dummy_predictor` and of an `uncompared` model are shown, but are none of the models compared.
    `command` makes a run of a model once its name stands in the place of ``{}``.
    """
    there = [one for one in baselines if one.why is None]
    models, measure = [], ""
    for one in (network, *there):
        found = objective.decision.per_example_score(one.decided, context.target, context.schema)
        assert found is not None, "baselines are chosen only where rows can be compared"
        measure, value_n = found
        # Right or wrong is better when it is right; every other number that a row has is a loss.
        models.append(Model(one.name, value_n if value_n.dtype == bool else -value_n.astype(np.float64), one.size_mb))
    for one in baselines:
        if one.why is not None:
            yield Finding.absent(measure, one.why, split="test", group=_group(one), again=_again(one))
    if not there:
        return
    compared = compare(models, context.levels[0], context.group)
    findings = {one.name: _measures(one, measure, objective, context) for one in (network, *there, dummy_predictor)}
    unit = findings[NETWORK][measure].unit
    gains = {one.name: _against_network(one, compared, measure, unit) for one in there}
    for one in there:
        yield from (
            f.model_copy(update={"group": _group(one), "again": _again(one)}) for f in findings[one.name].values()
        )
        yield gains[one.name]
        yield from _costs(one)
    runs = {one.name: command.format(one.name) + _settings(one, command) for one in there}
    caveats = {one.name: "; ".join(one.caveats) for one in there if one.caveats}
    yield _cheapest(compared, measure, unit, len(context.target), runs, caveats)
    words = Wording(objective.decision.declared_metrics)
    rows = [
        _row(one, findings[one.name][measure], gains.get(one.name), compared, words)
        for one in (network, *there, dummy_predictor)
    ]
    if uncompared is not None:
        rows.append(_row(uncompared.shown, uncompared.measured, uncompared.gain, compared, words))
    sampled = [f"{one.name} from {one.rows:,}" for one in there if one.rows < network.rows]
    yield _table(rows, findings[NETWORK][measure], next(iter(gains.values())), compared, sampled, runs, words)


def _settings(one: Baseline, command: str) -> str:
    """Return what a command line says beside the name of a model."""
    return (
        "".join(f" --set network.{key}={value}" for key, value in one.options.items()) if "--network" in command else ""
    )


def _measures(one: Baseline, measure: str, objective: BoundObjective, context: EvaluationContext) -> dict[str, Finding]:
    found = (
        item
        for item in objective.decision.measure(one.decided, context)
        if isinstance(item, Finding) and item.group is None
    )
    names = compared_names(objective) | {measure}
    return {item.name: item for item in found if item.name in names}


def _against_network(one: Baseline, compared: Compared, measure: str, unit: str) -> Finding:
    gain = compared.gain(one.name, NETWORK)
    method = (
        f"improvement over the network on the same examples{TOGETHER.format(len(compared.differences))}; {gain.method}"
    )
    return finding(
        f"{measure}_difference",
        gain._replace(method=method),
        split="test",
        group=_group(one),
        levels=(compared.level,),
        unit=unit,
        better="higher",
        again=again_among(_again(one), len(compared.differences)),
    )


def again_among(again: Reproduction, comparisons: int) -> Reproduction:
    """Return how a difference is obtained again, with how many comparisons its interval is adjusted for."""
    return again.model_copy(update={"options": {**again.options, "comparisons": comparisons}})


def _costs(one: Baseline) -> Iterator[Finding]:
    recorded = _again(one).model_copy(update={"repeat": "recorded"})
    common: dict[str, Any] = {"group": _group(one), "better": "lower"}
    method = "; ".join((f"wall-clock time of fitting {one.rows:,} rows, feature extraction included", *one.notes))
    yield Finding(name="train_seconds", value=one.seconds, unit="s", method=method, again=recorded, **common)
    yield Finding(name="params", value=one.params, method="fitted parameters", again=_again(one), **common)
    yield Finding(
        name="size_mb",
        value=one.size_mb,
        unit="MB",
        method="size of the weights file",
        again=_again(one),
        **common,
    )
    timed = _again(one).model_copy(update={"repeat": "timed", "tolerance": one.latency_ms})
    method = "median time of a batch of 1 encoded example"
    yield Finding(name="latency_ms", value=one.latency_ms, unit="ms", method=method, again=timed, **common)


def _cheapest(
    compared: Compared, measure: str, unit: str, n: int, runs: Mapping[str, str], caveats: Mapping[str, str]
) -> Finding:
    chosen = compared.cheapest
    gain = Measurement(0.0, (), n, "") if chosen == NETWORK else compared.gain(chosen, NETWORK)
    names = dict.fromkeys(name for pair in compared.differences for name in pair)
    options: dict[str, Any] = {
        "model": chosen,
        "measure": measure,
        "models": list(names),
        "worse": sorted(compared.worse),
    }
    options |= {"caveats": dict(caveats)} if caveats else {}
    return finding(
        "smallest_not_worse",
        gain._replace(method=f"{measure}, improvement over the network; {RULE}"),
        split="test",
        group=f"baseline={chosen}",
        levels=(compared.level,),
        unit=unit,
        again=Reproduction(producer="baselines", options={**options, "command": runs.get(chosen)}, tolerance=1e-4),
    )


def _row(one: Baseline, measured: Finding, gain: Finding | None, compared: Compared, words: Wording) -> list[Any]:
    verdict = (
        say("exhibits.significantly-worse")
        if one.name in compared.worse
        else say("exhibits.smallest-not-worse")
        if one.name == compared.cheapest
        else ""
    )
    better = "" if gain is None else words.amount(gain, with_unit=False)
    if gain is not None and gain.interval:
        better += f" ({words.span(gain, with_unit=False)})"
    costs = [one.seconds, one.params, one.size_mb, one.latency_ms] if one.latency_ms else [None] * 4
    return [one.name, words.amount(measured), better, verdict, *costs]


def _table(
    rows: Sequence[Sequence[Any]],
    measured: Finding,
    gain: Finding,
    compared: Compared,
    sampled: Sequence[str],
    runs: Mapping[str, str],
    words: Wording,
) -> ExhibitDraft:
    title, unit = words.metric(measured.name).title.lower(), words.unit(gain)
    better = say("exhibits.gain-over-network", unit=f", {unit}" if unit else "")
    columns = [
        "model",
        title,
        better,
        "verdict",
        say("exhibits.training-seconds"),
        "parameters",
        say("exhibits.size-mb"),
        say("exhibits.latency-ms"),
    ]
    chosen, pairs = runs.get(compared.cheapest), len(compared.differences)
    sampled_note = say("exhibits.baselines-sampled", models="; ".join(sampled)) if sampled else ""
    caption = say("exhibits.baselines-about", sampled=sampled_note, level=100 * compared.level, pairs=pairs)
    caption += say("exhibits.baselines-command", command=chosen) if chosen else ""
    return ExhibitDraft(
        "baselines",
        "table",
        say("exhibits.baselines"),
        {"columns": columns, "rows": list(map(list, rows))},
        caption,
        "test",
    )


def _group(one: Baseline) -> str:
    return f"baseline={one.name}"


def _again(one: Baseline) -> Reproduction:
    return Reproduction(producer="baselines", options={"name": one.name, "rows": one.rows}, tolerance=1e-4)
