"""What the tests of data share."""

from __future__ import annotations

from pathlib import Path

import pytest

from leadline.data import cache


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give each test a cache of its own."""
    folder = tmp_path / "own-cache"
    monkeypatch.setenv("LEADLINE_CACHE", str(folder))
    monkeypatch.delenv("LEADLINE_CACHE_LIMIT", raising=False)
    monkeypatch.setattr(cache, "_rebuilt", set())
    return folder
