"""How many rows lack which inputs, part by part."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from leadline.data.part import Part
from leadline.facts.schema import Schema


class Lacking(NamedTuple):
    """How many `rows` of a part lack an input."""

    input: str
    part: str
    rows: int


def lacking(schema: Schema, parts: Mapping[str, Part]) -> Iterator[Lacking]:
    """Yield the counts of all parts for each input that some row lacks."""
    absent = {name: None if part.present is None else (~part.present).sum(0) for name, part in parts.items()}
    for k, one in enumerate(schema.inputs):
        counts = [Lacking(one.name, name, 0 if count is None else int(count[k])) for name, count in absent.items()]
        if any(count.rows for count in counts):
            yield from counts


def notes(schema: Schema, parts: Mapping[str, Part]) -> tuple[str, ...]:
    """Return which inputs rows lack, and what of them cannot be learned or measured because all rows of a part do."""
    found: dict[str, list[Lacking]] = {}
    for count in lacking(schema, parts):
        found.setdefault(count.input, []).append(count)
    return tuple(note for name, counts in found.items() for note in _on(name, counts, parts))


def _on(name: str, counts: list[Lacking], parts: Mapping[str, Part]) -> Iterator[str]:
    told = ", ".join(f"{count.rows:,} of {len(parts[count.part]):,} {count.part} rows" for count in counts if count.rows)
    yield (
        f"The input {name!r} is missing in {told}. The network is told so, and does without; "
        f"--set data.inputs.{name}.missing=aside leaves such rows out."
    )
    for count in counts:
        if count.rows < len(parts[count.part]) or not count.rows:
            continue
        if count.part == "train":
            yield f"Careful: no train row has the input {name!r}, so that nothing is learned from it."
        else:
            yield f"Careful: no {count.part} row has the input {name!r}: what is measured on {count.part} says nothing about it."
