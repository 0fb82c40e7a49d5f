"""Look at the cache of encoded data, and empty it."""

from __future__ import annotations

from leadline.data import cache as store


def cache(*, clear: bool = False) -> str:
    """Return where the cache lies and how much it holds, in words; with `clear`, after emptying it."""
    before = store.usage()
    if clear:
        store.clear()
        return f"{store.root()}: {before / 1e6:,.1f} MB removed"
    return f"{store.root()}: {before / 1e6:,.1f} MB"
