"""The first of some names in a sentence, and how many more there are."""

from __future__ import annotations

from collections.abc import Iterable

from leadline.core.catalogue import say

SHOWN = 3  # names in a sentence


def enumerated(names: Iterable[object], most: int = SHOWN) -> str:
    """Return the first names, and how many more there are: ``a.csv, b.csv, c.csv and 4 more``."""
    texts = [str(name) for name in names]
    first = ", ".join(texts[:most])
    return first if len(texts) <= most else say("core.names-and-more", names=first, more=len(texts) - most)


def quoted(names: Iterable[object], most: int = SHOWN) -> str:
    """Return the first names in quotes, and how many more there are: ``'age', 'sex' and 4 more``."""
    return enumerated(map(repr, names), most)
