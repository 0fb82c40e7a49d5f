"""How much of the text of a part is made of tokens that the train rows do not know."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from leadline.data.fields.tokens import PADDING, UNKNOWN
from leadline.data.part import Part
from leadline.facts.schema import Schema

MOST = 0.5  # of a part's tokens may be unknown without a word about it
_LOOK = 2_000  # rows of a part that are looked at


def notes(schema: Schema, parts: Mapping[str, Part]) -> tuple[str, ...]:
    """Return in which parts most tokens of a text are unknown."""
    texts = [one for one in schema.inputs if one.kind == "text"]
    if not texts:
        return ()
    looked = {name: _sample(part) for name, part in parts.items() if len(part)}
    shares = ((one, name, _share(part, one.name)) for one in texts for name, part in looked.items())
    return tuple(
        f"Careful: {share:.0%} of the tokens of {one.name!r} in the {name} rows are unknown, as too few train rows have them."
        for one, name, share in shares
        if share > MOST
    )


def share_unknown(part: Part, name: str) -> float:
    """Return how much of a text's tokens are unknown, in some rows of a part; 0 where there are no tokens."""
    return _share(_sample(part), name) if len(part) else 0.0


def _sample(part: Part) -> Part:
    return part.subset(np.unique(np.linspace(0, len(part) - 1, min(len(part), _LOOK)).astype(np.int64)))


def _share(part: Part, name: str) -> float:
    tokens = unknown = 0
    for batch in part.batches(256):
        x_BT = batch.inputs[name]
        tokens += int((x_BT != PADDING).sum())
        unknown += int((x_BT == UNKNOWN).sum())
    return unknown / tokens if tokens else 0.0
