"""From a subject to findings and exhibits: a loop over the analyses that apply."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from torch import nn

from leadline.core.catalogue import say
from leadline.core.exhibit import ExhibitDraft
from leadline.core.finding import Finding
from leadline.core.plugins import OURS
from leadline.core.requirement import holm_levels
from leadline.data.dataset import Dataset
from leadline.data.subset import Subset
from leadline.errors import LeadlineError
from leadline.evaluation.analyses.contract import Analysis, Results
from leadline.evaluation.analyses.lookup import analyses, package_of
from leadline.evaluation.analyses.quality import in_section
from leadline.evaluation.declared_metrics import declared_metrics
from leadline.evaluation.subject import LEVEL, Subject, with_units
from leadline.evaluation.unusable_rows import with_unusable
from leadline.objectives.contract import BoundObjective, EvaluationContext
from leadline.run.inference import not_finite, predict_subset


@dataclass(frozen=True)
class Evaluated:
    """Findings and exhibits of one run, and the decisions on each held-out split."""

    findings: tuple[Finding, ...]
    drafts: tuple[ExhibitDraft, ...]
    decisions: Mapping[str, Mapping[str, np.ndarray]]


def levels_for(requirements: int) -> tuple[float, ...]:
    """Return the levels intervals are wanted at: the report's own, and the stricter ones for judging several
    together.
    """
    return (LEVEL, *sorted(level for level in holm_levels(requirements) if level > LEVEL + 1e-9))


def evaluate(subject: Subject) -> Evaluated:
    """Run all quick analyses that apply to a subject, in the order of the report's sections; the test split is read
    here, once.
    """
    findings: list[Finding] = []
    metrics, test = declared_metrics(subject.objective), subject.dataset.splits.get("test")
    drafts: list[ExhibitDraft] = []
    reasons = dict(_not_measured(subject))
    for analysis in analyses():
        if analysis.cost == "slow" or analysis.applies(subject) is not None:
            continue
        for item in _results(analysis, subject):
            section = item.section or analysis.section
            why = reasons.get(item.split or "") if section != "data" else None
            if isinstance(item, Finding):
                own = item if why is None else _absent(item, why)
                own = with_unusable(own, test, metrics) if own.split == "test" else own
                findings.append(own.model_copy(update={"section": section}))
            elif why is None:
                drafts.append(item._replace(section=section))
    return Evaluated(tuple(findings), tuple(drafts), subject.held_out())


def _not_measured(subject: Subject) -> Iterator[tuple[str, str]]:
    """Yield the held-out splits on whose rows the network does not give finite numbers, and that in words: what is
    measured with such decisions would be an accident.
    """
    for name, decided in subject.held_out().items():
        wrong = int(not_finite(decided, subject.dataset.splits[name]).sum())
        if wrong:
            yield name, say("evaluation.split-not-finite", count=wrong, total=len(subject.dataset.splits[name]))


def _absent(finding: Finding, why: str) -> Finding:
    return Finding.absent(finding.name, finding.why or why, split=finding.split, group=finding.group)


def _results(analysis: Analysis, subject: Subject) -> Results:
    """Yield what an analysis finds; where one of another package fails, its metrics are absent, with what it raised."""
    try:
        yield from analysis.run(subject, analysis.options(), subject.seed)
    except LeadlineError:
        raise
    except Exception as error:
        package = package_of(analysis)
        if package == OURS:
            raise
        why = say(
            "evaluation.analysis-failed",
            analysis=analysis.name,
            package=package,
            type=type(error).__name__,
            error=error,
        )
        yield from (Finding.absent(metric.id, why) for metric in analysis.metrics)


def measure_rows(
    network: nn.Module,
    objective: BoundObjective,
    dataset: Dataset,
    subset: Subset,
    *,
    levels: tuple[float, ...] = (LEVEL,),
    seed: int = 0,
    required: Collection[str] = (),
    progress: Callable[[int, int], None] | None = None,
) -> Iterator[Finding]:
    """Yield the findings of one part, reported as the test split; rows without a target suit objectives that need
    none. `required` names those that must be among them.
    """
    target, schema = subset.target, dataset.schema
    if target is None:
        target, schema = np.zeros((len(subset), 0), dtype=np.float32), schema.model_copy(update={"target": None})
    metrics = declared_metrics(objective)
    decided = predict_subset(network, objective, subset, progress=progress)
    wrong_n = not_finite(decided, subset)
    if wrong_n.any():  # like rows that cannot be read: verdicts count them against the network
        right = np.flatnonzero(~wrong_n)
        decided, target = {name: values[right] for name, values in decided.items()}, target[right]
        subset = subset.subset(right, unusable=subset.unusable + int(wrong_n.sum()))
    context = EvaluationContext("test", target, subset.group, schema, levels, seed, frozenset(required))
    for item in objective.decision.measure(decided, context):
        if isinstance(item, Finding):
            yield with_unusable(in_section(with_units(item, subset)), subset, metrics)
