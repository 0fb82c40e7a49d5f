"""What becomes of test pictures that a network makes others of: beside what they should be, and the class that a
reference classifier predicts for them.

Shapes: n test rows, m rows of them that become something else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
from torch import nn

from leadline.core.catalogue import say
from leadline.core.exhibit import ExhibitDraft
from leadline.core.finding import Finding, Reproduction
from leadline.core.schema import Schema
from leadline.data.dataset import Dataset
from leadline.data.subset import Subset
from leadline.evaluation.analyses.contract import Analysis, NoOptions, Results, of_test_rows
from leadline.evaluation.feature_space import RawFeatures, ReferenceClassifier, random_rows
from leadline.evaluation.sample_exhibits import picture
from leadline.evaluation.samples import Inputs, encoded, joined
from leadline.evaluation.subject import Subject
from leadline.metrics.generative import sample_quality as metrics
from leadline.metrics.statistics.findings import finding
from leadline.metrics.statistics.intervals import proportion
from leadline.metrics.statistics.measurement import Measurement, absent
from leadline.nn.batch import PRESENT
from leadline.objectives.capabilities import Converter
from leadline.objectives.contract import BoundObjective, EvaluationContext

SHOWN = 10  # pictures beside what becomes of them
KINDS = 6  # of picture that they are shown to become, at most
MOST = 2_000  # rows that become one of a class
BLOCK = 64  # pictures at a time
AS_THEY_ARE = "left as they are"


def metric_names(objective: BoundObjective, schema: Schema) -> tuple[str, ...]:
    """Return the names of the findings about pictures made of others, for requirements."""
    converter = objective.capability("converter")
    if converter is None or converter.into is not None:
        return ()
    each = tuple(
        f"{name}({label})" for name in ("conditional_accuracy", "frechet_distance") for label in schema.classes
    )
    return ("conditional_accuracy", "reference_classifier_accuracy", *each)


def image_translation(
    network: nn.Module,
    objective: BoundObjective,
    dataset: Dataset,
    subset: Subset,
    context: EvaluationContext,
    reference: ReferenceClassifier | None,
    why: str,
) -> Iterator[Finding | ExhibitDraft]:
    """Yield test pictures beside what becomes of them; without pairs, which classes are predicted for them, and how
    near they are to real ones.

    Nothing where the objective makes no pictures of others.
    """
    converter = objective.capability("converter")
    if converter is None or not len(subset):
        return
    training = network.training
    network.eval()
    try:
        with torch.inference_mode():
            if converter.into is not None:
                yield _pairs(network, converter, dataset.schema, subset, context.seed)
            else:
                yield _kinds(network, converter, dataset.schema, subset, context.seed)
                yield from _compared(network, converter, dataset, subset, context, reference, why)
    finally:
        network.train(training)


def translated(
    network: Any, converter: Converter, schema: Schema, subset: Subset, options: Any, progress: Any = None
) -> Inputs:
    """Return what becomes of the rows of a part, in order, as rows of a dataset are."""
    blocks: list[Inputs] = []
    with torch.inference_mode():
        for batch in subset.batches(BLOCK):
            blocks.append(encoded(schema, converter.convert(network, batch, options)))
            if progress:
                progress(sum(len(next(iter(block.values()))) for block in blocks), len(subset))
    return joined(blocks)


def _pairs(network: nn.Module, converter: Converter, schema: Schema, subset: Subset, seed: int) -> ExhibitDraft:
    whole = subset.batch(slice(0, len(subset))) if PRESENT in subset.batch(slice(0, 1)).inputs else None
    rows = subset if whole is None else subset.subset(whole.inputs[PRESENT].all(1).nonzero().flatten().numpy())
    rows = random_rows(rows, SHOWN, seed, "converted")
    batch = rows.batch(slice(0, len(rows)))
    into = converter.into
    assert into is not None
    ends = {one.name: one for one in schema.inputs}
    given = next(name for name in ends if name != into)
    made = encoded(schema, converter.convert(network, batch, converter.samples()))
    versions = [(ends[given], batch.inputs), (ends[into], made), (ends[into], batch.inputs)]
    caption = say("exhibits.translated-pairs-about")
    return _draft(
        [[picture(one, inputs[one.name], i) for i in range(len(rows))] for one, inputs in versions], caption, subset
    )


def _kinds(network: nn.Module, converter: Converter, schema: Schema, subset: Subset, seed: int) -> ExhibitDraft:
    one, rows = schema.inputs[0], random_rows(subset, SHOWN, seed, "converted")
    batch = rows.batch(slice(0, len(rows)))
    lines = [[picture(one, batch.inputs[one.name], i) for i in range(len(rows))]]
    labels = schema.classes[:KINDS]
    for label in labels:
        made = encoded(schema, converter.convert(network, batch, converter.samples(label=label)))
        lines.append([picture(one, made[one.name], i) for i in range(len(rows))])
    left = say("exhibits.first-classes", count=len(schema.classes), first=KINDS) if len(schema.classes) > KINDS else ""
    caption = say("exhibits.translated-about", labels=", ".join(labels), left=left)
    return _draft(lines, caption, subset)


def _draft(lines: list[list[str]], caption: str, subset: Subset) -> ExhibitDraft:
    pictures = [one for line in lines for one in line]
    content = {"pictures": pictures, "captions": [""] * len(pictures), "columns": len(lines[0])}
    return ExhibitDraft("converted", "pictures", say("exhibits.translated"), content, caption)._replace(
        split=subset.name, section="representations"
    )


def _compared(
    network: nn.Module,
    converter: Converter,
    dataset: Dataset,
    subset: Subset,
    context: EvaluationContext,
    reference: ReferenceClassifier | None,
    why: str,
) -> Iterator[Finding]:
    """Yield for each class how often it is predicted for rows of others that were to become it, and how near they are
    to it.
    """
    schema, levels, test = dataset.schema, context.levels, subset.labelled
    space = reference or RawFeatures.fitted(dataset, context.seed)
    assert space is not None, "pictures are of one size"
    again = Reproduction(producer="converted", options=space.description, seed=context.seed, tolerance=1e-2)
    common: Mapping[str, Any] = {"split": subset.name, "levels": levels, "again": again}
    if reference is not None and reference.schema.classes == schema.classes and len(test):
        right_n = reference.classes(test.batch(slice(0, len(test))).inputs) == test.target
        method = f"test examples that {reference.name} classifies correctly; Wilson score"
        measured = Measurement(float(right_n.mean()), proportion(right_n, levels, test.group), len(test), method)
        yield finding("reference_classifier_accuracy", measured, better="higher", **common)
    asked: list[np.ndarray] = []
    for number, label in enumerate(schema.classes):
        at_n = np.asarray(test.target) == number
        others, own = (
            random_rows(test.subset(np.flatnonzero(at)), MOST, context.seed, f"become {label}") for at in (~at_n, at_n)
        )
        if not len(others):
            continue
        made = translated(network, converter, schema, others, converter.samples(label=label))
        group = f"class={label}"
        if reference is not None and label in reference.schema.classes:
            asked.append(reference.classes(made) == reference.schema.classes.index(label))
            yield finding(
                "conditional_accuracy",
                _share(asked[-1], reference, levels),
                better="higher",
                group=group,
                section="per_class",
                **common,
            )
        new_mF, own_nF = space.rows(made), space.subset(own)
        for x_mF, of in ((new_mF, group), (space.subset(others), f"{group}, {AS_THEY_ARE}")):
            distance = metrics.frechet_distance(x_mF, own_nF, levels)
            words = f"to the test examples of the class, {space.words}; {distance.method}"
            yield finding(
                "frechet_distance",
                distance._replace(method=words),
                better="lower",
                group=of,
                section="per_class",
                **common,
            )
    whole = _share(np.concatenate(asked), reference, levels) if asked and reference else absent(why, len(test))
    yield finding("conditional_accuracy", whole, better="higher", **common)


def _share(right_m: np.ndarray, reference: ReferenceClassifier, levels: Any) -> Measurement:
    method = f"images of other classes translated to this one that {reference.name} assigns to it; Wilson score"
    return Measurement(float(right_m.mean()), proportion(right_m, levels), len(right_m), method)


def _run(subject: Subject, options: NoOptions, seed: int) -> Results:
    yield from image_translation(
        subject.network,
        subject.objective,
        subject.dataset,
        subject.test_rows,
        subject.context("test"),
        subject.reference,
        subject.no_reference,
    )


def _applies(subject: Subject) -> str | None:
    if subject.objective.capability("converter") is None:
        return say("evaluation.no-translation")
    return of_test_rows(subject)


ANALYSIS = Analysis(
    name="image-translation",
    question="How are test images translated, and does a classifier recognise the target class?",
    section="metrics",
    run=_run,
    applies=_applies,
    metrics=(metrics.FRECHET_DISTANCE, metrics.ASKED_CLASS, metrics.JUDGE_ACCURACY),
    requirable=metric_names,
)
