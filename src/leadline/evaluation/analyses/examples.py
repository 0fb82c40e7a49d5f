"""Train rows as the report shows them: as they are, as augmentation changes them, and mixed with others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from leadline.core.catalogue import say
from leadline.core.component import Component
from leadline.core.exhibit import ExhibitDraft
from leadline.core.schema import InputSchema, Schema
from leadline.data.augmentations.augmenter import Augmenter
from leadline.data.augmentations.mixing import Mixer, partners
from leadline.data.columns.contract import input_type
from leadline.data.dataset import Dataset
from leadline.data.subset import Subset, decoded
from leadline.evaluation.analyses.contract import Analysis, NoOptions, Results, always
from leadline.evaluation.exhibits import (
    about_marks,
    cell,
    first_pictured,
    gallery,
    gallery_kind,
    is_pictured,
    most_shown,
    pictured,
    rows_shown,
    targets_of,
)
from leadline.evaluation.subject import Subject
from leadline.nn.batch import Batch
from leadline.nn.rng import Rng

EXAMPLES = 24
ROWS = 8  # of a table
CHANGED = 5  # examples that are shown augmented
MIXED = 6  # examples that are shown mixed, out of so many that are drawn
DRAWN = 96
COLUMNS = 12  # of a table that is shown augmented or mixed
TOGETHER = "all"


def examples(
    dataset: Dataset, seed: int, mix: Component | None = None, *, augmented: bool = True
) -> Iterator[ExhibitDraft]:
    """Yield some train rows, what each augmentation makes of a few of them, and a few that are mixed where training
    mixes.
    """
    subset = dataset.splits["train"]
    yield _plain(dataset, subset)
    if augmented:
        changed = [one for one in dataset.schema.inputs if one.augment and len(subset.having(one.name))]
        yield from _numbered(_augmented(one, dataset.schema, subset, seed) for one in changed)
    if mix is not None:
        whole = subset.complete  # what is not there cannot be seen to be mixed
        yield from _numbered(_mixed(dataset, whole if len(whole) > 1 else subset, mix, seed))


def _numbered(drafts: Iterable[ExhibitDraft]) -> Iterator[ExhibitDraft]:
    """Tell exhibits of several inputs apart: ``augmented``, ``augmented-2`` …; names of inputs may not be those of
    files.
    """
    for number, draft in enumerate(drafts, start=1):
        yield draft if number == 1 else draft._replace(name=f"{draft.name}-{number}")


def _plain(dataset: Dataset, subset: Subset) -> ExhibitDraft:
    one = first_pictured(dataset.schema.inputs)
    if one is None:
        at = _spread(len(subset), ROWS)
        shown = rows_shown(dataset.schema, subset, at)
        goal = dataset.schema.target
        told = targets_of(dataset.schema, subset, at)
        beside = [", ".join(goal.columns)] if goal is not None and any(told) else []
        content = shown.content(beside, [[words] for words in told] if beside else [])
        about = about_marks(content) if subset.index is None else say("exhibits.last-past-step")
        return ExhibitDraft("examples", "table", say("exhibits.examples"), content, about, split="train")
    at = _spread_among(subset.having(one.name), most_shown(one, EXAMPLES))
    content, caption = gallery(one, [subset.shown(i)[one.name] for i in at], targets_of(dataset.schema, subset, at), 8)
    return ExhibitDraft("examples", gallery_kind(one), say("exhibits.examples"), content, caption, split="train")


def _augmented(one: InputSchema, schema: Schema, subset: Subset, seed: int) -> ExhibitDraft:
    """Return a row an example: as it is, then changed by each augmentation alone, then by all of them."""
    at = _spread_among(subset.having(one.name), CHANGED)
    batch = subset.batch(torch.as_tensor(at))
    versions = {say("exhibits.original"): batch}
    ways: dict[str, tuple[Component, ...]] = {_words(component): (component,) for component in one.augment}
    ways |= {TOGETHER: one.augment} if len(one.augment) > 1 else {}
    for words, chain in ways.items():
        augment = Augmenter([one.model_copy(update={"augment": chain})])
        versions[words] = augment(batch, Rng(seed, 0, batch.row_B))
    steps = say("exhibits.augmented-once")
    if len(ways) > 1:
        steps = say("exhibits.augmented-each")
    title = _title(say("exhibits.augmentation"), one, schema)
    if not is_pictured(one):
        rows = [(words, _cells(one, version, i)) for i in range(len(at)) for words, version in versions.items()]
        return _table("augmented", title, say("exhibits.augmented-table-about", steps=steps), rows)
    pictures = [_shown(one, version, i) for i in range(len(at)) for version in versions.values()]
    content = {
        "pictures": pictures,
        "captions": [""] * len(pictures),
        "columns": len(versions),
        "headings": list(versions),
    }
    legend = input_type(one.kind).display.legend
    how = f" {legend}" if legend else ""
    return ExhibitDraft(
        "augmented",
        gallery_kind(one),
        title,
        content,
        say("exhibits.augmented-about", steps=steps, legend=how),
        "train",
    )


def _mixed(dataset: Dataset, subset: Subset, mix: Component, seed: int) -> Iterator[ExhibitDraft]:
    """Yield for each input a few rows: themselves, those they are mixed with, and what becomes of them."""
    at_B = torch.as_tensor(_spread(len(subset), DRAWN))
    rng = Rng(seed, 0, subset.batch(at_B).row_B)
    other_B = partners(rng, at_B, len(subset))
    augment = Augmenter(dataset.schema.inputs)
    own, other = augment(subset.batch(at_B), rng), augment(subset.batch(other_B), rng.fold_in("partner"))
    # shares of inputs, not of the loss
    own, other = (replace(batch, weight_B=torch.ones(len(batch))) for batch in (own, other))
    mixed = Mixer(mix, dataset.schema.inputs)(own, other, rng)
    assert mixed.share_B is not None
    # From the largest share to the smallest, so that each is shown as often as it is drawn.
    chosen = mixed.share_B.argsort(descending=True)[torch.as_tensor(_spread(len(at_B), MIXED))].tolist()
    targets = [targets_of(dataset.schema, subset, at[chosen].tolist()) for at in (at_B, other_B)]
    shares = [f"λ = {float(mixed.share_B[i]):.2f}" for i in chosen]
    trio = {
        say("exhibits.mixed-first"): own,
        say("exhibits.mixed-second"): other,
        say("exhibits.mixed-result", name=mix.name): mixed,
    }
    for one in dataset.schema.inputs:
        title = _title(say("exhibits.mixing"), one, dataset.schema)
        if not is_pictured(one):
            said = zip(*targets, shares, strict=True)
            rows = [
                (f"{role}: {words}" if words else role, _cells(one, batch, i))
                for i, three in zip(chosen, said, strict=True)
                for (role, batch), words in zip(trio.items(), three, strict=True)
            ]
            caption = say("exhibits.mixed-table-about")
            yield _table("mixed", title, caption, rows)
        else:
            pictures = [_shown(one, batch, i) for batch in trio.values() for i in chosen]
            captions = [*targets[0], *targets[1], *[""] * len(chosen)]
            caption = say("exhibits.mixed-about", name=mix.name)
            content = {"pictures": pictures, "captions": captions, "columns": len(chosen), "headings": shares}
            yield ExhibitDraft("mixed", gallery_kind(one), title, content, caption, "train")


def _title(what: str, one: InputSchema, schema: Schema) -> str:
    return what if len(schema.inputs) == 1 else say("exhibits.of-input", title=what, name=one.name)


def _spread(rows: int, count: int) -> list[int]:
    return [int(i) for i in np.unique(np.linspace(0, rows - 1, count).astype(int))]


def _spread_among(at: np.ndarray, count: int) -> list[int]:
    return [int(at[i]) for i in _spread(len(at), count)] if len(at) else []


def _words(component: Component) -> str:
    options = [f"{value:g}" if isinstance(value, float) else str(value) for value in component.options.values()]
    return " ".join([component.name.replace("_", " "), *options])


def _raw(one: InputSchema, batch: Batch, row: int) -> np.ndarray:
    """Return one row (1, ...) as its field stores it."""
    x: Tensor = batch.inputs[one.name][row : row + 1]
    return input_type(one.kind).stored(one, x)


def _shown(one: InputSchema, batch: Batch, row: int) -> str:
    return pictured(one, decoded(one, _raw(one, batch, row))[one.name])


def _cells(one: InputSchema, batch: Batch, row: int) -> dict[str, Any]:
    return decoded(one, _raw(one, batch, row))


def _table(name: str, title: str, caption: str, rows: Sequence[tuple[str, Mapping[str, Any]]]) -> ExhibitDraft:
    columns = list(rows[0][1])[:COLUMNS]
    left = len(rows[0][1]) - len(columns)
    content = {
        "columns": ["", *columns],
        "rows": [[words, *(cell(values[c]) for c in columns)] for words, values in rows],
    }
    return ExhibitDraft(
        name,
        "table",
        title,
        content,
        say("exhibits.columns-omitted", caption=caption, left=left) if left else caption,
        "train",
    )


def _run(subject: Subject, options: NoOptions, seed: int) -> Results:
    record = subject.record
    # Without a plan of how to step, the model was fitted, on rows as they are.
    augmented = record is None or "plan" in record.environment
    yield from examples(
        subject.dataset, seed, None if record is None else record.experiment.training.mix, augmented=augmented
    )


ANALYSIS = Analysis(
    name="examples",
    question="What do the examples look like, and how does augmentation change them?",
    section="examples",
    run=_run,
    applies=always,
)
