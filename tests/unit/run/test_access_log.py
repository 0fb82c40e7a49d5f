"""Accesses to test rows are counted per dataset, and never stop the work."""

from __future__ import annotations

from pathlib import Path

import pytest

from leadline.run import access_log


def test_counts_accesses_per_dataset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEADLINE_HOME", str(tmp_path))
    assert access_log.accesses("abc") == 0
    assert [
        access_log.record_access("abc", "r1"),
        access_log.record_access("abc", "r2"),
        access_log.record_access("def", "r1"),
    ] == [1, 2, 1]


def test_is_absent_where_nothing_can_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("LEADLINE_HOME", str(tmp_path / "file"))
    assert access_log.record_access("abc", "r1") is None


def test_goes_on_from_the_log_of_version_0_1(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEADLINE_HOME", str(tmp_path))
    (tmp_path / "ledger").mkdir()
    (tmp_path / "ledger" / "abc.jsonl").write_text('{"at": "2025-01-01T00:00:00+00:00", "run": "r1"}\n')
    assert access_log.record_access("abc", "r2") == 2
    assert [folder.name for folder in tmp_path.iterdir()] == ["test-set-accesses"]
