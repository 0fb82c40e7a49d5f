"""Rows that a network makes, beside rows that were held out: how near the ones are to the others, and whether any are
copies.

Shapes: m new rows, n test rows, F features.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import torch

from leadline.core.catalogue import say
from leadline.core.exhibit import ExhibitDraft
from leadline.core.finding import Finding, Reproduction
from leadline.core.metric import Metric
from leadline.core.schema import Schema
from leadline.data.dataset import Dataset
from leadline.data.subset import Subset
from leadline.evaluation import sample_exhibits
from leadline.evaluation.analyses.contract import Analysis, NoOptions, Results, of_test_rows
from leadline.evaluation.analyses.generative import synthetic_tables
from leadline.evaluation.feature_space import RawFeatures, ReferenceClassifier, random_rows
from leadline.evaluation.samples import Inputs, checked, generate
from leadline.evaluation.subject import Subject
from leadline.metrics.generative import sample_quality as metrics
from leadline.metrics.generative.neighbours import nearest
from leadline.metrics.statistics.findings import finding
from leadline.metrics.statistics.intervals import proportion
from leadline.metrics.statistics.measurement import Measurement, absent
from leadline.nn.rng import generator_for
from leadline.objectives.capabilities import Generator
from leadline.objectives.contract import BoundObjective, EvaluationContext

MOST = 10_000  # new rows, and test rows beside them
NEAR = 2_000  # of each whose nearest train rows are looked for
TRAIN_ROWS = 10_000  # among which they are looked for
ASKED = 1_000  # rows of each class that are asked for, at most
FLOOR = "floor=real rows"
NEARNESS = {"precision": "higher", "recall": "higher", "density": None, "coverage": "higher"}
COMPARED = ("frechet_distance", *(f"sample_{name}" for name in NEARNESS), "memorisation")
PLAIN = (*COMPARED, "classes_covered", "conditional_accuracy", "reference_classifier_accuracy")


def metric_names(objective: BoundObjective, schema: Schema) -> tuple[str, ...]:
    """Return the names of the findings about new rows, for requirements; none where the objective makes no rows."""
    if objective.capability("generator") is None:
        return ()
    by_class = tuple(f"{name}({label})" for name in ("class_share", "conditional_accuracy") for label in schema.classes)
    return (*PLAIN, *by_class, *(synthetic_tables.NAMES if synthetic_tables.is_single_table(schema) else ()))


class _About(NamedTuple):
    """What all findings of a run's new rows share."""

    context: EvaluationContext
    split: str
    options: Mapping[str, Any]

    def finding(self, name: str, measured: Measurement, better: Any = None, group: str | None = None) -> Finding:
        again = Reproduction(producer="generated", options=self.options, seed=self.context.seed, tolerance=1e-2)
        common: dict[str, Any] = {"split": self.split, "levels": self.context.levels, "again": again}
        common["section"] = "per_class" if (group or "").startswith("class=") else None
        return finding(name, measured, group=group, better=better, **common)


def _run(subject: Subject, options: NoOptions, seed: int) -> Results:
    """Yield how near new rows are to test rows, which classes are predicted for them, how near to train rows they
    lie, and some of them.

    There are as many as there are test rows, at most `MOST`. Without a reference classifier rows are compared as
    standardised raw inputs.
    """
    schema, reference, why = subject.dataset.schema, subject.reference, subject.no_reference
    test = random_rows(subject.test_rows, MOST, seed, "generated")
    new = subject.generated(len(test))
    yield from sample_exhibits.shown(schema, new)
    raw = subject.raw_features if reference is None or synthetic_tables.is_single_table(schema) else None
    space = reference or raw
    about = _About(subject.context("test"), test.name, {} if space is None else space.description)
    endless = any(bool(torch.isinf(x).any()) for x in new.values() if x.is_floating_point())
    if space is None or endless:
        reason = say("evaluation.samples-need-classifier", why=why)
        reason = say("evaluation.samples-not-finite") if endless else reason
        yield from (about.finding(name, absent(reason)) for name in COMPARED)
    else:
        new_mF, test_nF = space.rows(new), space.subset(test)
        yield from _nearness(new_mF, test_nF, test.group, space.words, about)
        yield from _copies(new_mF, test_nF, new, test, subject.dataset, space, about)
    if endless:
        return
    yield from _judged(subject, new, test, about)
    if synthetic_tables.is_single_table(schema) and raw is not None:
        generator = subject.objective.capability("generator")
        assert generator is not None
        context, network = about.context, subject.network
        for name, measured, better in synthetic_tables.measures(
            network, generator, subject.dataset, test, new, raw, context
        ):
            yield about.finding(name, measured, better)


def _nearness(
    new_mF: np.ndarray, test_nF: np.ndarray, group_n: np.ndarray | None, words: str, about: _About
) -> Iterator[Finding]:
    """Yield distance, precision, recall, density and coverage, then the same of two halves of the test rows."""
    yield from _compared(new_mF, test_nF, group_n, f"{len(test_nF):,} test examples, {words}", None, about)
    half = len(test_nF) // 2
    order = torch.randperm(len(test_nF), generator=generator_for(about.context.seed, "halves")).numpy()
    first, second = order[:half], order[half:]
    note = f"two halves of the test set, {words}"
    yield from _compared(
        test_nF[first], test_nF[second], None if group_n is None else group_n[second], note, FLOOR, about
    )


def _compared(
    one: np.ndarray, other: np.ndarray, group: np.ndarray | None, note: str, of: str | None, about: _About
) -> Iterator[Finding]:
    levels = about.context.levels
    distance = metrics.frechet_distance(one, other, levels, group)
    yield about.finding("frechet_distance", _noted(distance, note), "lower", of)
    for name, measured in metrics.fidelity(one, other, levels, group).items():
        yield about.finding(f"sample_{name}", _noted(measured, note), NEARNESS[name], of)


def _noted(measured: Measurement, note: str) -> Measurement:
    return measured._replace(method=f"{note}; {measured.method}" if measured.method else note)


def _copies(
    new_mF: np.ndarray,
    test_nF: np.ndarray,
    new: Inputs,
    test: Subset,
    dataset: Dataset,
    space: ReferenceClassifier | RawFeatures,
    about: _About,
) -> Iterator[Finding | ExhibitDraft]:
    """Yield whether new rows lie nearer to train rows than test rows do, and some of them with the nearest train
    row.
    """
    train = random_rows(dataset.splits["train"], TRAIN_ROWS, about.context.seed, "nearest")
    train_nF = space.subset(train)
    found, held = (nearest(x[:NEAR], train_nF) for x in (new_mF, test_nF))
    group = None if test.group is None else test.group[:NEAR]
    away_m, held_n = found.distance_qk[:, 0], held.distance_qk[:, 0]
    measured = metrics.closer(away_m, held_n, about.context.levels, group)
    yield about.finding("memorisation", _noted(measured, f"{len(train):,} training rows, {space.words}"), "lower")
    usual = float(np.median(held_n))
    yield from sample_exhibits.side_by_side(dataset.schema, new, train, found, usual, space.words)


def _judged(subject: Subject, new: Inputs, test: Subset, about: _About) -> Iterator[Finding]:
    """Yield which classes the reference classifier finds among new rows, whether those asked for are what was asked,
    and how good it is itself.
    """
    reference, schema = subject.reference, subject.dataset.schema
    if reference is None:
        if schema.classes:
            yield about.finding("classes_covered", absent(subject.no_reference, len(test)), "higher")
        return
    levels, classes = about.context.levels, reference.schema.classes
    held, class_m = test.labelled, reference.classes(new)
    if reference.schema.classes == schema.classes and len(held):
        right_n = reference.classes(held.batch(slice(0, len(held))).inputs) == held.target
        method = f"test examples that {reference.name} classifies correctly; Wilson score" + (
            "" if held.group is None else ", effective n of the groups"
        )
        yield about.finding(
            "reference_classifier_accuracy",
            Measurement(float(right_n.mean()), proportion(right_n, levels, held.group), len(held), method),
            "higher",
        )
    yield about.finding(
        "classes_covered",
        _noted(metrics.classes_covered(class_m, len(classes), levels), f"as classified by {reference.name}"),
        "higher",
    )
    for name, measured in zip(classes, metrics.class_shares(class_m, len(classes), levels), strict=True):
        yield about.finding(
            "class_share",
            _noted(measured, f"of generated samples, as classified by {reference.name}"),
            None,
            f"class={name}",
        )
    generator = subject.objective.capability("generator")
    if generator is None or not generator.conditional:
        return
    right = [
        reference.classes(rows) == reference.schema.classes.index(label)
        for label, rows in _asked(subject, generator, reference)
    ]
    for label, right_m in [*zip(schema.classes, right, strict=False), (None, np.concatenate(right))]:
        method = f"samples of a requested class that {reference.name} assigns to it; Wilson score"
        measured = Measurement(float(right_m.mean()), proportion(right_m, levels), len(right_m), method)
        yield about.finding("conditional_accuracy", measured, "higher", None if label is None else f"class={label}")


def _asked(subject: Subject, generator: Generator, reference: ReferenceClassifier) -> Iterator[tuple[str, Inputs]]:
    """Yield rows of each class that both know, asked for by its name."""
    schema = subject.dataset.schema
    rows = min(ASKED, max(100, MOST // max(len(schema.classes), 1)))
    for label in schema.classes:
        if label in reference.schema.classes:
            options = checked(generator, {"label": label}, schema)
            yield label, generate(subject.network, generator, schema, rows, subject.seed, options)


def _applies(subject: Subject) -> str | None:
    if subject.objective.capability("generator") is None:
        return say("evaluation.no-generator")
    return of_test_rows(subject)


ANALYSIS = Analysis(
    name="sample-quality",
    question="How realistic and diverse are generated samples, and are any copied from training?",
    section="generated",
    run=_run,
    applies=_applies,
    metrics=(
        metrics.FRECHET_DISTANCE,
        Metric(
            "sample_precision",
            "Precision (generated samples)",
            "share of generated samples within the manifold of real examples",
            "%",
            "higher",
        ),
        Metric(
            "sample_recall",
            "Recall (generated samples)",
            "share of real examples within the manifold of generated samples",
            "%",
            "higher",
        ),
        Metric(
            "sample_density",
            "Density (generated samples)",
            "real neighbourhoods that a generated sample lies in, relative to real data (1)",
        ),
        Metric(
            "sample_coverage",
            "Coverage (generated samples)",
            "share of real examples with a generated sample in their neighbourhood",
            "%",
            "higher",
        ),
        Metric(
            "memorisation",
            "Memorisation score",
            "probability that a generated sample is nearer to the training set than a test example is; 0.5 is ideal",
            better="lower",
        ),
        Metric(
            "classes_covered",
            "Classes covered",
            "classes that receive at least half of their even share of generated samples",
            better="higher",
        ),
        Metric(
            "class_share",
            "Share of generated samples",
            "share of generated samples that the reference classifier assigns to this class",
            "%",
        ),
        metrics.ASKED_CLASS,
        metrics.JUDGE_ACCURACY,
        *synthetic_tables.METRICS,
    ),
    requirable=metric_names,
    reference="Heusel et al. 2017; Naeem et al. 2020; Meehan et al. 2020",
)
