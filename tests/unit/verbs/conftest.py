"""Every test here works in a folder of its own."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def own_place(place: Path) -> Path:
    """Work in `place`, whether the test asks for it or not."""
    return place
