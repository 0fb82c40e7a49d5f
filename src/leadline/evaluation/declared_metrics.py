"""The declarations of the metrics that a report's findings need; they travel in the report, so that showing it needs no
code.
"""

from __future__ import annotations

from collections.abc import Container, Iterable

from leadline.core.catalogue import say
from leadline.core.finding import Finding
from leadline.core.metric import Metric
from leadline.core.plugins import OURS
from leadline.errors import UsageError
from leadline.evaluation import comparison, input_ablation
from leadline.evaluation.analyses.lookup import analyses, package_of
from leadline.objectives.contract import BoundObjective

SUFFIXES = ("_over_repeats", "_difference")  # of names whose metric is that of the name before


def declared_metrics(objective: BoundObjective) -> dict[str, Metric]:
    """Return all metrics that a run with an objective may find, by name: its own, and those of analyses and steps."""
    of_steps = (*comparison.METRICS, *input_ablation.METRICS)
    ours = {metric.id: metric for metric in (*of_steps, *objective.decision.declared_metrics)}
    others = {metric.id: metric for analysis in analyses() for metric in analysis.metrics}
    return {**others, **ours}


def check_names(objective: BoundObjective) -> None:
    """Raise UsageError where an analysis of another package calls a metric as one that is there already: a requirement
    would be judged on either.
    """
    taken = {
        metric.id: say("evaluation.by-objective", name=objective.name) for metric in objective.decision.declared_metrics
    }
    diagnostics = objective.capability("diagnostics")
    taken |= dict.fromkeys(
        diagnostics.watched if diagnostics else (), say("evaluation.by-objective", name=objective.name)
    )
    taken |= {metric.id: say("evaluation.by-baselines") for metric in comparison.METRICS}
    taken |= {metric.id: say("evaluation.by-ablation") for metric in input_ablation.METRICS}
    foreign = {analysis.name: package_of(analysis) != OURS for analysis in analyses()}
    for analysis in sorted(analyses(), key=lambda one: foreign[one.name]):
        for metric in analysis.metrics:
            if foreign[analysis.name] and metric.id in taken:
                raise UsageError(
                    say(
                        "evaluation.metric-taken",
                        analysis=analysis.name,
                        metric_id=metric.id,
                        taken=taken[metric.id],
                    )
                )
            taken.setdefault(metric.id, say("evaluation.by-analysis", name=analysis.name))


def metrics_of(findings: Iterable[Finding], objective: BoundObjective) -> dict[str, Metric]:
    """Return the declarations of what some findings measure, by name."""
    declared = declared_metrics(objective)
    named = {metric_name(finding.name, declared) for finding in findings}
    return {name: metric for name, metric in declared.items() if name in named}


def metric_name(name: str, declared: Container[str]) -> str:
    """Return the name of the metric that a finding's name is of: ``accuracy`` of ``accuracy(income)``, and of
    ``accuracy_difference`` where that is not declared itself.
    """
    measure = name.partition("(")[0]
    for suffix in SUFFIXES:
        measure = measure if measure in declared else measure.removesuffix(suffix)
    return measure
