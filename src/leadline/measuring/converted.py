"""What becomes of test pictures that a network makes others of: beside what they should be, and as a judge takes them.

Shapes: n test rows, m rows of them that become something else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
from torch import nn

from leadline.data.dataset import Dataset
from leadline.data.part import Part
from leadline.facts.exhibit import Draft
from leadline.facts.finding import Again, Finding
from leadline.facts.schema import Schema
from leadline.layers.contracts import Context, Converter, Objective
from leadline.layers.types import PRESENT
from leadline.measuring.made_rows import picture
from leadline.measuring.making import Inputs, encoded, joined
from leadline.measuring.space import Judge, Raw, few
from leadline.metrics import generated as metrics
from leadline.metrics.findings import finding
from leadline.metrics.intervals import proportion
from leadline.metrics.measured import Measured, absent

SHOWN = 10  # pictures beside what becomes of them
KINDS = 6  # of picture that they are shown to become, at most
MOST = 2_000  # rows that become one of a class
BLOCK = 64  # pictures at a time
AS_THEY_ARE = "left as they are"


def names(objective: Objective, schema: Schema) -> tuple[str, ...]:
    """Return the names of the findings about pictures made of others, for requirements."""
    if not isinstance(objective, Converter) or objective.into is not None:
        return ()
    each = tuple(f"{name}({label})" for name in ("asked_class", "frechet_distance") for label in schema.classes)
    return ("asked_class", "judge_accuracy", *each)


def converted(
    network: nn.Module, objective: Objective, dataset: Dataset, part: Part, context: Context, judge: Judge | None, why: str
) -> Iterator[Finding | Draft]:
    """Yield test pictures beside what becomes of them; without pairs, what a judge takes them for, and how near
    they are to real ones.

    Nothing where the objective makes no pictures of others.
    """
    if not isinstance(objective, Converter) or not len(part):
        return
    training = network.training
    network.eval()
    try:
        with torch.inference_mode():
            if objective.into is not None:
                yield _pairs(network, objective, dataset.schema, part, context.seed)
            else:
                yield _kinds(network, objective, dataset.schema, part, context.seed)
                yield from _compared(network, objective, dataset, part, context, judge, why)
    finally:
        network.train(training)


def made_of(network: Any, objective: Converter, schema: Schema, part: Part, options: Any, progress: Any = None) -> Inputs:
    """Return what becomes of the rows of a part, in order, as rows of a dataset are."""
    blocks: list[Inputs] = []
    with torch.inference_mode():
        for batch in part.batches(BLOCK):
            blocks.append(encoded(schema, objective.convert(network, batch, options)))
            if progress:
                progress(sum(len(next(iter(block.values()))) for block in blocks), len(part))
    return joined(blocks)


def _pairs(network: nn.Module, objective: Any, schema: Schema, part: Part, seed: int) -> Draft:
    whole = part.batch(slice(0, len(part))) if PRESENT in part.batch(slice(0, 1)).inputs else None
    rows = part if whole is None else part.subset(whole.inputs[PRESENT].all(1).nonzero().flatten().numpy())
    rows = few(rows, SHOWN, seed, "converted")
    batch = rows.batch(slice(0, len(rows)))
    into = objective.into
    ends = {one.name: one for one in schema.inputs}
    given = next(name for name in ends if name != into)
    made = encoded(schema, objective.convert(network, batch, objective.samples()))
    versions = [(ends[given], batch.inputs), (ends[into], made), (ends[into], batch.inputs)]
    caption = "Above what goes in, in the middle what the network makes of it, below the picture that it was paired with."
    return _draft([[picture(one, inputs[one.name], i) for i in range(len(rows))] for one, inputs in versions], caption, part)


def _kinds(network: nn.Module, objective: Any, schema: Schema, part: Part, seed: int) -> Draft:
    one, rows = schema.inputs[0], few(part, SHOWN, seed, "converted")
    batch = rows.batch(slice(0, len(rows)))
    lines = [[picture(one, batch.inputs[one.name], i) for i in range(len(rows))]]
    labels = schema.classes[:KINDS]
    for label in labels:
        made = encoded(schema, objective.convert(network, batch, objective.samples(label=label)))
        lines.append([picture(one, made[one.name], i) for i in range(len(rows))])
    left = f"; of {len(schema.classes)} classes the first {KINDS}" if len(schema.classes) > KINDS else ""
    caption = f"Above what goes in, below what becomes of it, from above as {', '.join(labels)}{left}."
    return _draft(lines, caption, part)


def _draft(lines: list[list[str]], caption: str, part: Part) -> Draft:
    pictures = [one for line in lines for one in line]
    content = {"pictures": pictures, "captions": [""] * len(pictures), "columns": len(lines[0])}
    return Draft("converted", "pictures", "Test pictures and what becomes of them", content, caption)._replace(split=part.name)


def _compared(
    network: nn.Module, objective: Any, dataset: Dataset, part: Part, context: Context, judge: Judge | None, why: str
) -> Iterator[Finding]:
    """Yield for each class how often a judge takes rows of others for it that were to become it, and how near they are to it."""
    schema, levels, test = dataset.schema, context.levels, part.labelled
    space = judge or Raw.fitted(dataset, context.seed)
    assert space is not None, "pictures are of one size"
    again = Again(producer="converted", options=space.told, seed=context.seed, tolerance=1e-2)
    common: Mapping[str, Any] = {"split": part.name, "levels": levels, "again": again}
    if judge is not None and judge.schema.classes == schema.classes and len(test):
        right_n = judge.classes(test.batch(slice(0, len(test))).inputs) == test.target
        method = f"test rows that {judge.name} names right; Wilson"
        measured = Measured(float(right_n.mean()), proportion(right_n, levels, test.group), len(test), method)
        yield finding("judge_accuracy", measured, better="higher", **common)
    asked: list[np.ndarray] = []
    for number, label in enumerate(schema.classes):
        at_n = np.asarray(test.target) == number
        others, own = (few(test.subset(np.flatnonzero(at)), MOST, context.seed, f"become {label}") for at in (~at_n, at_n))
        if not len(others):
            continue
        made = made_of(network, objective, schema, others, objective.samples(label=label))
        group = f"class={label}"
        if judge is not None and label in judge.schema.classes:
            asked.append(judge.classes(made) == judge.schema.classes.index(label))
            yield finding("asked_class", _share(asked[-1], judge, levels), better="higher", group=group, **common)
        new_mF, own_nF = space.rows(made), space.part(own)
        for x_mF, of in ((new_mF, group), (space.part(others), f"{group}, {AS_THEY_ARE}")):
            distance = metrics.frechet_distance(x_mF, own_nF, levels)
            words = f"to the test rows of the class, {space.words}; {distance.method}"
            yield finding("frechet_distance", distance._replace(method=words), better="lower", group=of, **common)
    whole = _share(np.concatenate(asked), judge, levels) if asked and judge else absent(why, len(test))
    yield finding("asked_class", whole, better="higher", **common)


def _share(right_m: np.ndarray, judge: Judge, levels: Any) -> Measured:
    method = f"rows of other classes, made into one of it, that {judge.name} takes for it; Wilson"
    return Measured(float(right_m.mean()), proportion(right_m, levels), len(right_m), method)
