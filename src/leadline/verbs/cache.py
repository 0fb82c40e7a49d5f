"""Look at the cache of encoded data, and empty it."""

from __future__ import annotations

from leadline.core.catalogue import say
from leadline.data import cache as store


def cache(*, clear: bool = False) -> str:
    """Return where the cache lies and how much it holds, in words; with `clear`, after emptying it."""
    before = store.usage()
    if clear:
        store.clear()
        return say("verbs.cache-cleared", folder=store.root(), megabytes=before / 1e6)
    return say("verbs.cache-size", folder=store.root(), megabytes=before / 1e6)
