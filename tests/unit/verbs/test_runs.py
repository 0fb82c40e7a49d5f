"""Runs in a folder, whatever state they are in."""

from __future__ import annotations

from pathlib import Path

import pytest

from leadline.errors import RunError
from leadline.run import folder as files
from leadline.verbs.runs import runs
from sentences import says


def test_lists_finished_unfinished_and_damaged_runs(train, place: Path) -> None:
    for _ in range(3):
        train()
    first, second, third = (place / "runs" / f"blobs-{n}" for n in (1, 2, 3))
    (second / files.MANIFEST).unlink()
    (third / files.REPORT).write_text("{}")
    (place / "runs" / "notes").mkdir()
    found = {one.folder.name: one for one in runs()}
    assert list(found) == ["blobs-1", "blobs-2", "blobs-3"]
    assert found[first.name].report is not None
    assert [found[f.name].state.partition(":")[0] for f in (first, second, third)] == [
        "finished",
        "not finished",
        "damaged",
    ]


def test_no_folder_is_said() -> None:
    with pytest.raises(RunError, match=says("verbs.no-runs-folder")):
        runs("elsewhere")
