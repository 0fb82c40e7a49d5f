"""Every end-to-end test works in a folder of its own, with a cache and a ledger of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from leadline.cli.main import run

Cli = Callable[..., int]


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LEADLINE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("LEADLINE_HOME", str(tmp_path / "home"))
    return tmp_path


@pytest.fixture
def cli() -> Cli:
    return lambda *arguments: run([str(a) for a in arguments])
