"""From a network and a dataset to findings: quality on each split, baselines, the generalisation gap."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from leadline.core.exhibit import ExhibitDraft
from leadline.core.finding import Finding
from leadline.core.requirement import holm_levels
from leadline.data.dataset import Dataset
from leadline.data.subset import Subset
from leadline.evaluation.analyses.clusters import clusters
from leadline.evaluation.analyses.domain_gap import domain_gap
from leadline.evaluation.analyses.embeddings import embedding_findings
from leadline.evaluation.analyses.errors import worst_errors
from leadline.evaluation.analyses.forecasts import forecasts
from leadline.evaluation.analyses.image_translation import image_translation
from leadline.evaluation.analyses.imputation import imputation
from leadline.evaluation.analyses.likelihood_bound import likelihood_bound
from leadline.evaluation.analyses.reconstructions import reconstructions
from leadline.evaluation.analyses.sample_quality import sample_quality
from leadline.evaluation.analyses.token_importance import token_importance
from leadline.evaluation.analyses.token_predictions import token_predictions
from leadline.evaluation.feature_space import ReferenceClassifier
from leadline.evaluation.predictions import predict_subset
from leadline.evaluation.proportions import baseline, gap, row_findings
from leadline.nn.rng import generator_for
from leadline.objectives.contract import EvaluationContext, Objective

LEVEL = 0.95
SETTLED_FOR = ("nll", "ece")  # what a temperature is to improve
TRAIN_ROWS = 10_000  # of the train split, drawn at random, that the generalisation gap is measured on


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


def measure(
    network: nn.Module,
    objective: Objective,
    dataset: Dataset,
    *,
    levels: tuple[float, ...] = (LEVEL,),
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
    judge: ReferenceClassifier | None = None,
    no_judge: str = "",
) -> Evaluated:
    """Measure a network on all splits of a dataset; the test split is read here, once.

    The train split is measured on at most `TRAIN_ROWS` rows, drawn with the seed. Rows that the network makes are
    compared with test rows by what a `judge` makes of both; `no_judge` says why there is none."""
    findings: list[Finding] = list(row_findings(dataset))
    drafts: list[ExhibitDraft] = []
    decisions: dict[str, Mapping[str, np.ndarray]] = {}
    headline = ""
    for name in ("train", "validation", "test"):
        subset = _sample(dataset.splits[name].labelled, seed) if name == "train" else dataset.splits.get(name)
        if subset is None or len(subset) == 0 or subset.target is None:
            continue
        decided = predict_subset(network, objective, subset, progress=progress)
        context = EvaluationContext(name, subset.target, subset.group, dataset.schema, levels, seed)
        for item in objective.measure(decided, context):
            if isinstance(item, Finding):
                findings.append(with_units(item, subset))
                headline = headline or item.name
            elif name == "test":
                drafts.append(item)
        if name != "train":
            decisions[name] = decided
        if name == "test":
            findings += uncalibrated(objective, network, decided, context)
            if objective.labels != "none":
                findings += baseline(objective, dataset, context)
                drafts += worst_errors(dataset, subset, decided)
                drafts += token_importance(network, objective, dataset, subset, decided)
                drafts += forecasts(dataset, objective, subset, decided)
                drafts += token_predictions(network, objective, dataset, subset, decided)
            for item in (
                *likelihood_bound(network, objective, subset, context),
                *imputation(network, objective, dataset, subset, context),
                *sample_quality(network, objective, dataset, subset, context, judge, no_judge),
                *image_translation(network, objective, dataset, subset, context, judge, no_judge),
                *reconstructions(network, objective, dataset, subset, seed),
                *embedding_findings(network, objective, dataset, subset, context),
                *clusters(dataset, subset, decided, context),
                *domain_gap(network, objective, dataset, subset, context),
            ):
                (findings if isinstance(item, Finding) else drafts).append(item)  # type: ignore[arg-type]
    if headline:
        findings.append(gap(findings, headline))
    return Evaluated(tuple(findings), tuple(drafts), decisions)


def measure_rows(
    network: nn.Module,
    objective: Objective,
    dataset: Dataset,
    subset: Subset,
    *,
    levels: tuple[float, ...] = (LEVEL,),
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> Iterator[Finding]:
    """Yield the findings of one part, reported as the test split; rows without a target suit objectives that need
    none.
    """
    target, schema = subset.target, dataset.schema
    if target is None:
        target, schema = np.zeros((len(subset), 0), dtype=np.float32), schema.model_copy(update={"target": None})
    decided = predict_subset(network, objective, subset, progress=progress)
    context = EvaluationContext("test", target, subset.group, schema, levels, seed)
    for item in objective.measure(decided, context):
        if isinstance(item, Finding):
            yield with_units(item, subset)


def with_units(finding: Finding, subset: Subset) -> Finding:
    """Return a finding whose method says how many groups of rows, or blocks of time, its interval rests on."""
    if finding.interval is None or subset.units is None:
        return finding
    return finding.model_copy(update={"method": f"{finding.method}, {subset.units}"})


def uncalibrated(
    objective: Objective, network: nn.Module, decided: Mapping[str, np.ndarray], context: EvaluationContext
) -> Iterator[Finding]:
    """Yield what settling was to improve, as it would be without it; nothing where it changed nothing."""
    changed = objective.uncalibrated(network, decided)
    if changed is None:
        return
    name, columns = changed
    for item in objective.measure(columns, context):
        if isinstance(item, Finding) and item.name in SETTLED_FOR and item.group is None:
            yield item.model_copy(update={"group": name})


def _sample(subset: Subset, seed: int) -> Subset:
    if len(subset) <= TRAIN_ROWS:
        return subset
    at = torch.randperm(len(subset), generator=generator_for(seed, "train sample"))[:TRAIN_ROWS]
    return subset.subset(at.sort().values.numpy())
