"""Whatever a report may hold is called what the field calls it, and says in a clause what it is."""

from __future__ import annotations

import ast

from package import modules

from leadline.core.component import Component
from leadline.core.metric import Metric
from leadline.core.registry_tables import TABLES
from leadline.evaluation.declared_metrics import declared_metrics, metric_name
from leadline.objectives.lookup import objective_for

# Titles that are the capitalised name because that is the field's own word.
WORDS = {
    *("Accuracy", "Agreement", "Alignment", "Duplicates", "F1", "Latency", "Parameters", "Perplexity", "Precision"),
    *("Recall", "Best epoch", "Rollbacks", "Sensitivity", "Specificity", "Temperature", "Uniformity"),
    *("Balanced accuracy", "Hamming loss", "Average precision", "Brier score", "Fréchet distance", "Expected cost"),
    *("Token accuracy", "Entity F1", "Entity precision", "Entity recall", "Clustering accuracy", "Bits per character"),
    *("Interval width", "Median absolute error", "Anomaly threshold", "Classes covered", "Correlation difference"),
    *("Discriminator loss", "Generator loss", "Imputation error", "Imputation accuracy", "Generalisation gap"),
    *("Peak memory", "R²", "Translation error", "Identity error"),
    *("Conditional accuracy", "Discriminator dominance", "Imputation accuracy gain"),
    *("Imputation error reduction", "Mode collapse", "Reference classifier accuracy", "Sequence accuracy"),
}

METRICS: dict[str, Metric] = {
    name: metric
    for objective in TABLES["objectives"]
    for name, metric in declared_metrics(objective_for(Component(name=objective))).items()
}


def readable(name: str) -> str:
    return name.replace("_", " ").capitalize()


def found_in_code() -> set[str]:
    """Return all literal names of findings in the package."""
    names = set()
    for module in modules().values():
        for node in ast.walk(module.tree):
            if not isinstance(node, ast.Call):
                continue
            called = ast.unparse(node.func).rpartition(".")[2]
            if called == "Finding":
                named = [k.value for k in node.keywords if k.arg == "name"]
            elif called in ("absent", "finding", "_lower") and node.args:
                named = node.args[:1]
            else:
                continue
            names |= {one.value for one in named if isinstance(one, ast.Constant) and isinstance(one.value, str)}
    return names


def test_every_name_of_a_finding_in_the_code_is_declared() -> None:
    found = found_in_code()
    assert {"train_seconds", "anomaly_threshold", "crps"} <= found  # the test sees them
    assert {name for name in found if "_" in name and metric_name(name, METRICS) not in METRICS} == set()


def test_no_title_is_a_name_made_readable() -> None:
    assert {one.title for one in METRICS.values() if one.title == readable(one.id)} - WORDS == set()


def test_every_metric_is_defined_in_a_clause() -> None:
    assert [one.id for one in METRICS.values() if not one.gloss] == []
    for one in METRICS.values():
        assert one.gloss[-1] not in ".;,", one.id
        assert len(one.gloss) <= 110, one.id
        assert len(one.title) <= 55, one.id
