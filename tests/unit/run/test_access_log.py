"""Accesses to test rows are counted per dataset, and never stop the work."""

from __future__ import annotations

from pathlib import Path

import pytest

from leadline.run import access_log
from leadline.run.access_log import Data

AGES, TOWNS, PRICES = "60-a", "60-b", "60-c"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LEADLINE_HOME", str(tmp_path))
    return tmp_path


def test_counts_accesses_per_dataset() -> None:
    assert access_log.accesses(Data("abc")) == 0
    assert [
        access_log.record_access(Data("abc"), "r1"),
        access_log.record_access(Data("abc"), "r2"),
        access_log.record_access(Data("def"), "r1"),
    ] == [1, 2, 1]


def test_a_dataset_is_known_by_its_columns_whatever_its_bytes() -> None:
    found = [
        access_log.record_access(Data("as it was", (AGES, TOWNS)), "r1"),
        access_log.record_access(Data("other order", (TOWNS, AGES)), "r2"),
        access_log.record_access(Data("a column more", (AGES, TOWNS, PRICES)), "r3"),
        access_log.record_access(Data("other rows", ("80-d", "80-e")), "r4"),
    ]
    assert found == [1, 2, 3, 1]


def test_what_is_measured_once_counts_once() -> None:
    data = Data("abc", (AGES,))
    folds = [access_log.record_access(data, f"cv/folds/fold-{k}", once="cv 17") for k in (1, 2, 3)]
    assert folds == [1, 1, 1]
    assert access_log.record_access(data, "r", once="r 18") == 2
    assert access_log.record_access(data, "r") == 3  # evaluated by itself
    assert access_log.record_access(data, "r") == 4


def test_a_line_that_was_cut_short_is_none(home: Path) -> None:
    access_log.record_access(Data("abc"), "r1")
    with next(home.rglob("log.jsonl")).open("a") as log:
        log.write('{"at": "2026-\n')
    assert access_log.record_access(Data("abc"), "r2") == 2


def test_is_absent_where_nothing_can_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("LEADLINE_HOME", str(tmp_path / "file"))
    assert access_log.record_access(Data("abc"), "r1") is None


def test_goes_on_from_the_log_of_version_0_1(home: Path) -> None:
    (home / "ledger").mkdir()
    (home / "ledger" / "abc.jsonl").write_text('{"at": "2025-01-01T00:00:00+00:00", "run": "r1"}\n')
    assert access_log.record_access(Data("abc"), "r2") == 2
    assert [folder.name for folder in home.iterdir()] == ["test-set-accesses"]
