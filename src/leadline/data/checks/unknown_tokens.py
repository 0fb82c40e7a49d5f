"""How much of the text of a part is made of tokens that the train rows do not know."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from leadline.core.catalogue import say
from leadline.core.schema import InputSchema, Schema
from leadline.data.columns.contract import input_type
from leadline.data.subset import Subset

MOST = 0.5  # of a part's tokens may be unknown without a word about it
_LOOK = 2_000  # rows of a part that are looked at


def notes(schema: Schema, splits: Mapping[str, Subset]) -> tuple[str, ...]:
    """Return in which parts most tokens of a text are unknown."""
    texts = [one for one in schema.inputs if input_type(one.kind).tokens is not None]
    if not texts:
        return ()
    looked = {name: _sample(subset) for name, subset in splits.items() if len(subset)}
    shares = ((one, name, _share(subset, one)) for one in texts for name, subset in looked.items())
    return tuple(
        say("checks.unknown-tokens", share=share, input=one.name, subset=name)
        for one, name, share in shares
        if share > MOST
    )


def share_unknown(subset: Subset, one: InputSchema) -> float:
    """Return how much of a text's tokens are unknown, in some rows of a part; 0 where there are no tokens."""
    return _share(_sample(subset), one) if len(subset) else 0.0


def _sample(subset: Subset) -> Subset:
    return subset.subset(np.unique(np.linspace(0, len(subset) - 1, min(len(subset), _LOOK)).astype(np.int64)))


def _share(subset: Subset, one: InputSchema) -> float:
    codes = input_type(one.kind).tokens
    assert codes is not None
    tokens = unknown = 0
    for batch in subset.batches(256):
        x_BT = batch.inputs[one.name]
        tokens += int((x_BT != codes.padding).sum())
        unknown += int((x_BT == codes.unknown).sum())
    return unknown / tokens if tokens else 0.0
