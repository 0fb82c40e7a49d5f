"""From a network and a dataset to findings: quality on each split, baselines, the generalisation gap."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from leadline.data.dataset import Dataset
from leadline.data.part import Part
from leadline.facts.exhibit import Draft
from leadline.facts.finding import Finding
from leadline.facts.requirement import holm_levels
from leadline.layers.contracts import Context, Objective
from leadline.layers.draws import generator_for
from leadline.measuring.bound import bound
from leadline.measuring.clustered import clustered
from leadline.measuring.converted import converted
from leadline.measuring.decisions import decide
from leadline.measuring.domains import domains
from leadline.measuring.embedded import embedded
from leadline.measuring.forecasts import forecasts
from leadline.measuring.generated import generated
from leadline.measuring.highlights import highlights
from leadline.measuring.imputed import imputed
from leadline.measuring.mistakes import mistakes
from leadline.measuring.reconstructed import reconstructed
from leadline.measuring.space import Judge
from leadline.measuring.steps import steps
from leadline.measuring.summary import baseline, gap, row_findings

LEVEL = 0.95
SETTLED_FOR = ("nll", "ece")  # what a temperature is to improve
TRAIN_ROWS = 10_000  # of the train split, drawn at random, that the generalisation gap is measured on


@dataclass(frozen=True)
class Measured:
    """Findings and exhibits of one run, and the decisions on each held-out split."""

    findings: tuple[Finding, ...]
    drafts: tuple[Draft, ...]
    decisions: Mapping[str, Mapping[str, np.ndarray]]


def levels_for(requirements: int) -> tuple[float, ...]:
    """Return the levels intervals are wanted at: the report's own, and the stricter ones for judging several together."""
    return (LEVEL, *sorted(level for level in holm_levels(requirements) if level > LEVEL + 1e-9))


def measure(
    network: nn.Module,
    objective: Objective,
    dataset: Dataset,
    *,
    levels: tuple[float, ...] = (LEVEL,),
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
    judge: Judge | None = None,
    no_judge: str = "",
) -> Measured:
    """Measure a network on all splits of a dataset; the test split is read here, once.

    The train split is measured on at most `TRAIN_ROWS` rows, drawn with the seed. Rows that the network makes are compared with
    test rows by what a `judge` makes of both; `no_judge` says why there is none.
    """
    findings: list[Finding] = list(row_findings(dataset))
    drafts: list[Draft] = []
    decisions: dict[str, Mapping[str, np.ndarray]] = {}
    headline = ""
    for name in ("train", "validation", "test"):
        part = _sample(dataset.parts[name].labelled, seed) if name == "train" else dataset.parts.get(name)
        if part is None or len(part) == 0 or part.target is None:
            continue
        decided = decide(network, objective, part, progress=progress)
        context = Context(name, part.target, part.group, dataset.schema, levels, seed)
        for item in objective.measure(decided, context):
            if isinstance(item, Finding):
                findings.append(with_units(item, part))
                headline = headline or item.name
            elif name == "test":
                drafts.append(item)
        if name != "train":
            decisions[name] = decided
        if name == "test":
            findings += before_settling(objective, network, decided, context)
            if objective.labels != "none":
                findings += baseline(objective, dataset, context)
                drafts += mistakes(dataset, part, decided)
                drafts += highlights(network, objective, dataset, part, decided)
                drafts += forecasts(dataset, objective, part, decided)
                drafts += steps(network, objective, dataset, part, decided)
            for item in (
                *bound(network, objective, part, context),
                *imputed(network, objective, dataset, part, context),
                *generated(network, objective, dataset, part, context, judge, no_judge),
                *converted(network, objective, dataset, part, context, judge, no_judge),
                *reconstructed(network, objective, dataset, part, seed),
                *embedded(network, objective, dataset, part, context),
                *clustered(dataset, part, decided, context),
                *domains(network, objective, dataset, part, context),
            ):
                (findings if isinstance(item, Finding) else drafts).append(item)  # type: ignore[arg-type]
    if headline:
        findings.append(gap(findings, headline))
    return Measured(tuple(findings), tuple(drafts), decisions)


def measure_rows(
    network: nn.Module,
    objective: Objective,
    dataset: Dataset,
    part: Part,
    *,
    levels: tuple[float, ...] = (LEVEL,),
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> Iterator[Finding]:
    """Yield the findings of one part, reported as the test split; rows without a target suit objectives that need none."""
    target, schema = part.target, dataset.schema
    if target is None:
        target, schema = np.zeros((len(part), 0), dtype=np.float32), schema.model_copy(update={"target": None})
    decided = decide(network, objective, part, progress=progress)
    context = Context("test", target, part.group, schema, levels, seed)
    for item in objective.measure(decided, context):
        if isinstance(item, Finding):
            yield with_units(item, part)


def with_units(finding: Finding, part: Part) -> Finding:
    """Return a finding whose method says how many groups of rows, or blocks of time, its interval rests on."""
    if finding.interval is None or part.units is None:
        return finding
    return finding.model_copy(update={"method": f"{finding.method}, {part.units}"})


def before_settling(
    objective: Objective, network: nn.Module, decided: Mapping[str, np.ndarray], context: Context
) -> Iterator[Finding]:
    """Yield what settling was to improve, as it would be without it; nothing where it changed nothing."""
    changed = objective.unsettled(network, decided)
    if changed is None:
        return
    name, columns = changed
    for item in objective.measure(columns, context):
        if isinstance(item, Finding) and item.name in SETTLED_FOR and item.group is None:
            yield item.model_copy(update={"group": name})


def _sample(part: Part, seed: int) -> Part:
    if len(part) <= TRAIN_ROWS:
        return part
    at = torch.randperm(len(part), generator=generator_for(seed, "train sample"))[:TRAIN_ROWS]
    return part.subset(at.sort().values.numpy())
