"""How many rows lack which inputs, part by part."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from leadline.core.catalogue import say
from leadline.core.schema import Schema
from leadline.core.wording import subset_name
from leadline.data.subset import Subset


class MissingInput(NamedTuple):
    """How many `rows` of a part lack an input."""

    input: str
    subset: str
    rows: int


def missing_inputs(schema: Schema, splits: Mapping[str, Subset]) -> Iterator[MissingInput]:
    """Yield the counts of all parts for each input that some row lacks."""
    absent = {name: None if subset.present is None else (~subset.present).sum(0) for name, subset in splits.items()}
    for k, one in enumerate(schema.inputs):
        counts = [MissingInput(one.name, name, 0 if count is None else int(count[k])) for name, count in absent.items()]
        if any(count.rows for count in counts):
            yield from counts


def notes(schema: Schema, splits: Mapping[str, Subset]) -> tuple[str, ...]:
    """Return which inputs rows lack, and what of them cannot be learned or measured because all rows of a part do."""
    found: dict[str, list[MissingInput]] = {}
    for count in missing_inputs(schema, splits):
        found.setdefault(count.input, []).append(count)
    return tuple(note for name, counts in found.items() for note in _on(name, counts, splits))


def _on(name: str, counts: list[MissingInput], splits: Mapping[str, Subset]) -> Iterator[str]:
    told = ", ".join(
        say("checks.rows-of-subset", rows=count.rows, total=len(splits[count.subset]), subset=subset_name(count.subset))
        for count in counts
        if count.rows
    )
    yield say("checks.input-missing", input=name, rows=told)
    for count in counts:
        if count.rows < len(splits[count.subset]) or not count.rows:
            continue
        if count.subset == "train":
            yield say("checks.input-never-trained", input=name)
        else:
            yield say("checks.input-never-measured", input=name, subset=count.subset)
