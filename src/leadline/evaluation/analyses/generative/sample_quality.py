"""Rows that a network makes, beside rows that were held out: how near the ones are to the others, and whether any are
copies.

Shapes: m new rows, n test rows, F features.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn

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
from leadline.objectives.contract import BoundObjective, EvaluationContext, Generator

MOST = 10_000  # new rows, and test rows beside them
NEAR = 2_000  # of each whose nearest train rows are looked for
TRAIN_ROWS = 10_000  # among which they are looked for
ASKED = 1_000  # rows of each class that are asked for, at most
FLOOR = "floor=real rows"
NEARNESS = {"precision": "higher", "recall": "higher", "density": None, "coverage": "higher"}
COMPARED = ("frechet_distance", *(f"sample_{name}" for name in NEARNESS), "memorisation")
PLAIN = (*COMPARED, "classes_covered", "asked_class", "judge_accuracy")


def names(objective: BoundObjective, schema: Schema) -> tuple[str, ...]:
    """Return the names of the findings about new rows, for requirements; none where the objective makes no rows."""
    if objective.capability("generator") is None:
        return ()
    by_class = tuple(f"{name}({label})" for name in ("class_share", "asked_class") for label in schema.classes)
    return (*PLAIN, *by_class, *(synthetic_tables.NAMES if synthetic_tables.suits(schema) else ()))


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


def sample_quality(
    network: nn.Module,
    objective: BoundObjective,
    dataset: Dataset,
    subset: Subset,
    context: EvaluationContext,
    judge: ReferenceClassifier | None,
    why: str,
) -> Iterator[Finding | ExhibitDraft]:
    """Yield how near new rows are to test rows, what a judge takes them for, how near to train rows they lie, and some
    of them.

    There are as many as there are test rows, at most `MOST`. Without a judge (`why` says why there is none) rows are
    compared as standardised raw inputs. Nothing where the objective makes no rows."""
    generator = objective.capability("generator")
    if generator is None or not len(subset):
        return
    schema, seed = dataset.schema, context.seed
    test = random_rows(subset, MOST, seed, "generated")
    new = generate(network, generator, schema, len(test), seed, generator.samples())
    yield from sample_exhibits.shown(schema, new)
    raw = RawFeatures.fitted(dataset, seed) if judge is None or synthetic_tables.suits(schema) else None
    space = judge or raw
    about = _About(context, subset.name, {} if space is None else space.description)
    endless = any(bool(torch.isinf(x).any()) for x in new.values() if x.is_floating_point())
    if space is None or endless:
        reason = f"rows of texts and clips are compared by a classifier's features only: {why}"
        reason = "new rows hold numbers that are not finite" if endless else reason
        yield from (about.finding(name, absent(reason)) for name in COMPARED)
    else:
        new_mF, test_nF = space.rows(new), space.subset(test)
        yield from _nearness(new_mF, test_nF, test.group, space.words, about)
        yield from _copies(new_mF, test_nF, new, test, dataset, space, about)
    if endless:
        return
    yield from _judged(network, generator, new, test, dataset, judge, why, about)
    if synthetic_tables.suits(schema) and raw is not None:
        for name, measured, better in synthetic_tables.measures(network, generator, dataset, test, new, raw, context):
            yield about.finding(name, measured, better)


def _nearness(
    new_mF: np.ndarray, test_nF: np.ndarray, group_n: np.ndarray | None, words: str, about: _About
) -> Iterator[Finding]:
    """Yield distance, precision, recall, density and coverage, then the same of two halves of the test rows."""
    yield from _compared(new_mF, test_nF, group_n, f"{len(test_nF):,} test rows, {words}", None, about)
    half = len(test_nF) // 2
    order = torch.randperm(len(test_nF), generator=generator_for(about.context.seed, "halves")).numpy()
    first, second = order[:half], order[half:]
    note = f"two halves of the test rows, {words}"
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
    yield about.finding("memorisation", _noted(measured, f"{len(train):,} train rows, {space.words}"), "lower")
    usual = float(np.median(held_n))
    yield from sample_exhibits.side_by_side(dataset.schema, new, train, found, usual, space.words)


def _judged(
    network: nn.Module,
    generator: Generator,
    new: Inputs,
    test: Subset,
    dataset: Dataset,
    judge: ReferenceClassifier | None,
    why: str,
    about: _About,
) -> Iterator[Finding]:
    """Yield which classes a judge finds among new rows, whether those asked for are what was asked, and how good it is
    itself.
    """
    if judge is None:
        if dataset.schema.classes:
            yield about.finding("classes_covered", absent(why, len(test)), "higher")
        return
    levels, classes = about.context.levels, judge.schema.classes
    held, class_m = test.labelled, judge.classes(new)
    if judge.schema.classes == dataset.schema.classes and len(held):
        right_n = judge.classes(held.batch(slice(0, len(held))).inputs) == held.target
        method = f"test rows that {judge.name} names right; Wilson" + (
            "" if held.group is None else ", effective n of the groups"
        )
        yield about.finding(
            "judge_accuracy",
            Measurement(float(right_n.mean()), proportion(right_n, levels, held.group), len(held), method),
            "higher",
        )
    yield about.finding(
        "classes_covered",
        _noted(metrics.classes_covered(class_m, len(classes), levels), f"as {judge.name} judges"),
        "higher",
    )
    for name, measured in zip(classes, metrics.class_shares(class_m, len(classes), levels), strict=True):
        yield about.finding(
            "class_share", _noted(measured, f"of new rows, as {judge.name} judges"), None, f"class={name}"
        )
    if not generator.conditional:
        return
    right = [
        judge.classes(rows) == judge.schema.classes.index(label)
        for label, rows in _asked(network, generator, dataset, judge, about)
    ]
    for label, right_m in [*zip(dataset.schema.classes, right, strict=False), (None, np.concatenate(right))]:
        method = f"rows asked for by class that {judge.name} takes for it; Wilson"
        measured = Measurement(float(right_m.mean()), proportion(right_m, levels), len(right_m), method)
        yield about.finding("asked_class", measured, "higher", None if label is None else f"class={label}")


def _asked(
    network: nn.Module, generator: Generator, dataset: Dataset, judge: ReferenceClassifier, about: _About
) -> Iterator[tuple[str, Inputs]]:
    """Yield rows of each class that both know, asked for by its name."""
    schema = dataset.schema
    rows = min(ASKED, max(100, MOST // max(len(schema.classes), 1)))
    for label in schema.classes:
        if label in judge.schema.classes:
            options = checked(generator, {"label": label}, schema)
            yield label, generate(network, generator, schema, rows, about.context.seed, options)


def _run(subject: Subject, options: NoOptions, seed: int) -> Results:
    yield from sample_quality(
        subject.network,
        subject.objective,
        subject.dataset,
        subject.test_rows,
        subject.context("test"),
        subject.reference,
        subject.no_reference,
    )


def _applies(subject: Subject) -> str | None:
    if subject.objective.capability("generator") is None:
        return "the network generates no rows"
    return of_test_rows(subject)


ANALYSIS = Analysis(
    name="sample-quality",
    question="How near are generated rows to real ones, how varied are they, and are any copies?",
    section="generated",
    run=_run,
    applies=_applies,
    metrics=(
        metrics.FRECHET_DISTANCE,
        Metric(
            "sample_precision",
            "Precision of new rows",
            "share of new rows that lie where real ones do",
            "%",
            "higher",
        ),
        Metric("sample_recall", "Recall of new rows", "share of real rows that lie where new ones do", "%", "higher"),
        Metric(
            "sample_density",
            "Density of new rows",
            "how many real rows' neighbourhoods a new one lies in; 1 as for real rows",
        ),
        Metric(
            "sample_coverage",
            "Coverage of new rows",
            "share of real rows with a new one among their nearest neighbours",
            "%",
            "higher",
        ),
        Metric(
            "memorisation",
            "Closer to train",
            "chance that a new row is closer to train rows than a test row is; 0.5 without copies",
            better="lower",
        ),
        Metric(
            "classes_covered", "Classes covered", "with at least half of an even share of the new rows", better="higher"
        ),
        Metric("class_share", "Share of new rows", "that the judge takes for this class", "%"),
        metrics.ASKED_CLASS,
        metrics.JUDGE_ACCURACY,
        *synthetic_tables.METRICS,
    ),
    requirable=names,
    reference="Heusel et al. 2017; Naeem et al. 2020; Meehan et al. 2020",
)
