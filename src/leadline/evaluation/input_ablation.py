"""What several inputs are worth: each alone beside all together, and all together without each.

Decisions on the same test rows are compared pair by pair. Shapes in names: n rows of the test split.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from torch import nn

from leadline.core.catalogue import say
from leadline.core.exhibit import ExhibitDraft
from leadline.core.finding import Finding, Reproduction
from leadline.core.metric import Metric
from leadline.core.wording import Wording
from leadline.data.dataset import Dataset
from leadline.evaluation.comparison import TOGETHER, again_among
from leadline.evaluation.proportions import compared_names
from leadline.metrics.statistics import paired
from leadline.metrics.statistics.findings import finding
from leadline.metrics.statistics.measurement import Measurement
from leadline.objectives.contract import BoundObjective, EvaluationContext
from leadline.run.inference import predict_subset

METRICS = (
    Metric(
        "fusion_gain",
        "Gain from fusion",
        "score of all inputs minus that of the best single input",
        better="higher",
    ),
)

GAIN = "fusion_gain"
AGAIN = Reproduction(producer="inputs", tolerance=1e-4)
SHOWN_AS = {"alone": "exhibits.input-alone", "without": "exhibits.input-missing"}  # rows of a table


class AblationPredictions(NamedTuple):
    """What was decided for all test rows with an `input` alone, or without it; `lacking` rows do not have it.

    `why` says why nothing was decided.
    """

    input: str
    decided: Mapping[str, np.ndarray]
    lacking: int = 0
    why: str | None = None


def with_missing_rows(
    name: str, decided: Mapping[str, np.ndarray], objective: BoundObjective, dataset: Dataset
) -> AblationPredictions:
    """Return decisions for all test rows from those on the rows that have an input; others get the answer that ignores
    inputs.
    """
    test, target = dataset.splits["test"], dataset.splits["train"].target
    assert target is not None
    at = [one.name for one in dataset.schema.inputs].index(name)
    if test.present is None or test.present[:, at].all():
        return AblationPredictions(name, decided)
    there = test.present[:, at]
    _, constant = objective.decision.dummy_predictor(target, len(test), dataset.schema)
    filled = {}
    for column, values in constant.items():
        filled[column] = np.array(values, dtype=np.result_type(values, decided[column]))
        filled[column][there] = decided[column]
    return AblationPredictions(name, filled, int((~there).sum()))


def without_each_input(
    network: nn.Module, objective: BoundObjective, dataset: Dataset
) -> Iterator[AblationPredictions]:
    """Yield what a network decides for the test rows if one input is taken from all of them, for each in turn."""
    test = dataset.splits["test"]
    for k, one in enumerate(dataset.schema.inputs):
        lacking = 0 if test.present is None else int((~test.present[:, k]).sum())
        yield AblationPredictions(one.name, predict_subset(network, objective, test.without(one.name)), lacking)


def single_input_ablation(
    fused: Mapping[str, np.ndarray],
    alone: Sequence[AblationPredictions],
    objective: BoundObjective,
    context: EvaluationContext,
) -> Iterator[Finding | ExhibitDraft]:
    """Yield what each input reaches alone, how that compares with all together, and whether the fusion helps.

    It does where it is better than each input alone: so no best one needs to be chosen, on whatever rows.
    """
    together = _Beside(fused, objective, context, "alone", len(alone))
    there = [one for one in alone if one.why is None]
    gains = {}
    for one in alone:
        if one.why is not None:
            yield Finding.absent(
                together.measure, one.why, split="test", group=f"input={one.input} alone", again=_again(one.input)
            )
    for one in there:
        notes = f"; the {one.lacking:,} examples that lack it get the constant prediction" if one.lacking else ""
        yield from together.measures(one, f"{one.input} alone", notes)
        if together.compared:
            gains[one.input] = together.gain(one)
            yield together.difference(one, f"{one.input} alone", gains[one.input], "all inputs together")
    if gains:
        yield _verdict(gains, together)
    if there:
        yield together.table(
            "alone",
            say("exhibits.single-inputs"),
            there,
            gains,
            say("exhibits.single-inputs-about"),
        )


def missing_input_test(
    fused: Mapping[str, np.ndarray],
    without: Sequence[AblationPredictions],
    objective: BoundObjective,
    context: EvaluationContext,
) -> Iterator[Finding | ExhibitDraft]:
    """Yield what the network reaches where an input is missing from every row, and how that compares with having
    all.
    """
    together = _Beside(fused, objective, context, "without", len(without))
    gains = {}
    for one in without:
        name = f"without {one.input}"
        yield from together.measures(one, name)
        if together.compared:
            gains[one.input] = together.gain(one)
            yield together.difference(one, name, gains[one.input], "all inputs")
    yield together.table(
        "without",
        say("exhibits.missing-inputs"),
        without,
        gains,
        say("exhibits.missing-inputs-about"),
    )


class _Beside:
    """Decisions compared with those from all inputs, over `count` comparisons that hold together."""

    def __init__(
        self,
        fused: Mapping[str, np.ndarray],
        objective: BoundObjective,
        context: EvaluationContext,
        kind: str,
        count: int,
    ) -> None:
        self.objective, self.context, self.kind, self.count = objective, context, kind, count
        self.level = 1 - (1 - context.levels[0]) / count
        found = objective.decision.per_example_score(fused, context.target, context.schema)
        self.compared = found is not None
        self.names = compared_names(objective) | {"r2"} | (set() if found is None else {found[0]})
        self.own = list(self._measured(fused))
        self.measure = self.own[0].name if found is None else found[0]
        self.value_n: Any = np.empty(0) if found is None else found[1]
        self.unit = next((one.unit for one in self.own if one.name == self.measure), "1")

    def _measured(self, decided: Mapping[str, np.ndarray]) -> Iterator[Finding]:
        for item in self.objective.decision.measure(decided, self.context):
            if isinstance(item, Finding) and item.group is None and item.name.partition("(")[0] in self.names:
                yield item

    def measures(self, one: AblationPredictions, name: str, notes: str = "") -> Iterator[Finding]:
        """Yield the measures of other decisions."""
        for found in self._measured(one.decided):
            method = f"{found.method or ''}{notes}"
            yield found.model_copy(
                update={"group": f"input={name}", "method": method, "again": _again(one.input, self.kind)}
            )

    def gain(self, one: AblationPredictions) -> Measurement:
        """Return how much better other decisions are than those from all inputs."""
        found = self.objective.decision.per_example_score(one.decided, self.context.target, self.context.schema)
        assert found is not None
        other_n: Any = found[1]
        if other_n.dtype == bool:  # right or wrong
            return paired.accuracy_difference(other_n, self.value_n, (self.level,), self.context.group)
        return paired.mean_difference(self.value_n, other_n, (self.level,), self.context.group)  # all else is a loss

    def difference(self, one: AblationPredictions, name: str, gain: Measurement, than: str) -> Finding:
        """Return that as a finding."""
        method = f"improvement over {than} on the same examples{TOGETHER.format(self.count)}; {gain.method}"
        return finding(
            f"{self.measure}_difference",
            gain._replace(method=method),
            split="test",
            group=f"input={name}",
            levels=(self.level,),
            unit=self.unit,
            better="higher",
            again=again_among(_again(one.input, self.kind), self.count),
        )

    def table(
        self, name: str, title: str, ones: Sequence[AblationPredictions], gains: Mapping[str, Measurement], how: str
    ) -> ExhibitDraft:
        """Return all of it as a table, the best first."""
        whole = next((found for found in self.own if found.name == self.measure), self.own[0])
        words = Wording(self.objective.decision.declared_metrics)
        label = words.metric(whole.name).title.lower()
        rows = [[say("exhibits.all-inputs"), words.amount(whole), words.span(whole, with_unit=False), None]]
        unit = ""
        for one in sorted(ones, key=lambda one: -(gains[one.input].value or 0.0) if one.input in gains else 0.0):
            measured = next(found for found in self._measured(one.decided) if found.name == whole.name)
            better = None
            if one.input in gains:
                gain = self.difference(one, one.input, gains[one.input], "")
                unit = words.unit(gain)
                better = f"{words.amount(gain, with_unit=False)} ({words.span(gain, with_unit=False)})"
            shown = say(SHOWN_AS[self.kind], name=one.input)
            rows.append([shown, words.amount(measured), words.span(measured, with_unit=False), better])
        better = say("exhibits.gain-over-all-inputs", unit=f", {unit}" if unit else "")
        columns = ["inputs", label, say("exhibits.interval", level=100 * whole.level), better]
        caption = say("exhibits.ablation-about", about=how, level=100 * self.level, count=self.count) if gains else how
        return ExhibitDraft(name, "table", title, {"columns": columns, "rows": rows}, caption, "test")


def _verdict(gains: Mapping[str, Measurement], together: _Beside) -> Finding:
    """Return how much better all inputs are than the best of them alone: the least of their differences, whichever it
    is.
    """
    values = {name: -gain.value for name, gain in gains.items() if gain.value is not None}
    best = min(values, key=lambda name: values[name])
    ends = [(-high, -low) for gain in gains.values() for low, high in gain.intervals[:1]]
    intervals = ((min(low for low, _ in ends), min(high for _, high in ends)),) if len(ends) == len(gains) else ()
    how = next(iter(gains.values())).method.rpartition("; ")[2]
    of = f"{together.measure}, improvement over the best of {len(gains)} single inputs: the smallest of the differences"
    method = f"{of}{TOGETHER.format(len(gains))}; paired; {how}"
    options = {"measure": together.measure, "best": best, "inputs": list(gains)}
    return finding(
        GAIN,
        Measurement(values[best], intervals, len(together.context.target), method),
        split="test",
        levels=(together.context.levels[0],),
        unit=together.unit,
        better="higher",
        again=AGAIN.model_copy(update={"options": options}),
    )


def _again(name: str, kind: str = "alone") -> Reproduction:
    return AGAIN.model_copy(update={"options": {"input": name, "kind": kind}})
