"""A small table and runs on it, for tests that work in a folder, a cache and with an access log of their own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import leadline
from leadline.run.run import Run


def blobs(n: int = 80, seed: int = 0) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    kind = rng.integers(0, 2, n)
    columns = {"length": kind + rng.normal(0, 0.3, n), "width": rng.normal(size=n), "farm": np.arange(n) // 4}
    return pl.DataFrame({**columns, "kind": np.where(kind == 1, "ja", "nein")})


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LEADLINE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("LEADLINE_HOME", str(tmp_path / "home"))
    blobs().write_csv("blobs.csv")
    return tmp_path


@pytest.fixture
def train(place: Path) -> Callable[..., Run]:
    def train(source: Any = "blobs.csv", **options: Any) -> Run:
        settings = {"network.size": "small", **options.pop("settings", {})}
        given = {"target": "kind", "epochs": 2, "deterministic": True, "quiet": True, **options}
        run = leadline.train(source, settings=settings, **given)
        assert run is not None
        return run

    return train
