"""Looks at test rows are counted per dataset, and never stop the work."""

from __future__ import annotations

from pathlib import Path

import pytest

from leadline.run import ledger


def test_counts_looks_per_dataset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEADLINE_HOME", str(tmp_path))
    assert ledger.looks("abc") == 0
    assert [ledger.look("abc", "r1"), ledger.look("abc", "r2"), ledger.look("def", "r1")] == [1, 2, 1]


def test_is_absent_where_nothing_can_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("LEADLINE_HOME", str(tmp_path / "file"))
    assert ledger.look("abc", "r1") is None
