"""Makes `unlabelled` importable for the tests beside it, and installs packages that exist in a test alone."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from leadline.core import plugins
from leadline.core.registry import registered

sys.path.insert(0, str(Path(__file__).parent))


class Packages:
    """Packages that are installed beside Leadline, as far as it can tell."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch
        self._points: list[Any] = []

    def found(self, *, group: str) -> list[Any]:
        return [point for point in self._points if point.group == group]

    def declare(self, group: str, name: str, target: str, package: str = "acme") -> None:
        """Add an entry point."""
        point = EntryPoint(name, target, f"leadline.{group}")
        distribution = SimpleNamespace(name=package)
        self._points.append(SimpleNamespace(name=point.name, value=point.value, group=point.group, dist=distribution))
        registered.cache_clear()

    def give(self, group: str, name: str, item: Any, package: str = "acme") -> str:
        """Add an entry point with what it points to; returns its ``module:ATTRIBUTE``."""
        module = ModuleType(f"{package}_{group}_{len(self._points)}")
        module.ITEM = item  # type: ignore[attr-defined]
        self._monkeypatch.setitem(sys.modules, module.__name__, module)
        self.declare(group, name, f"{module.__name__}:ITEM", package)
        return f"{module.__name__}:ITEM"


@pytest.fixture
def packages(monkeypatch: pytest.MonkeyPatch) -> Iterator[Packages]:
    """What is installed beside Leadline: nothing, until a test gives something."""
    installed = Packages(monkeypatch)
    monkeypatch.setattr(plugins, "entry_points", installed.found)
    registered.cache_clear()
    yield installed
    registered.cache_clear()
