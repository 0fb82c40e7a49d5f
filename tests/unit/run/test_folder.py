"""The run folder: names, refusals, the manifest."""

from __future__ import annotations

from pathlib import Path

import pytest

from leadline.errors import RunError, UsageError
from leadline.run import folder as files
from sentences import says


def sealed(tmp_path: Path) -> Path:
    run = files.create(tmp_path / "run", "x")
    files.write(run / files.EXPERIMENT, "seed: 0\n")
    (run / "exhibits").mkdir()
    files.write(run / "exhibits" / "a.json", "{}")
    files.seal(run)
    return run


def test_numbers_are_the_first_free_ones(tmp_path: Path) -> None:
    made = [files.create(None, "my data/ü?", tmp_path / "runs").name for _ in range(3)]
    assert made == ["my-data-ü-1", "my-data-ü-2", "my-data-ü-3"]


def test_a_folder_that_holds_something_is_refused(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    files.create(tmp_path / "run", "x")
    (tmp_path / "run" / files.EXPERIMENT).touch()
    with pytest.raises(UsageError, match=says("run.folder-not-empty")):
        files.create(tmp_path / "run", "x")
    with pytest.raises(UsageError, match=says("run.folder-not-empty")):
        files.check_writable(tmp_path / "run")


def test_checking_leaves_nothing_behind(tmp_path: Path) -> None:
    files.check_writable(tmp_path / "a" / "b")
    assert list(tmp_path.iterdir()) == []


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    file = tmp_path / "f"
    files.write(file, "old")
    with pytest.raises(TypeError):
        files.write(file, 7)  # type: ignore[arg-type]
    assert file.read_text() == "old"
    assert [f.name for f in tmp_path.iterdir()] == ["f"]


def test_the_manifest_finds_changed_and_missing_files(tmp_path: Path) -> None:
    run = sealed(tmp_path)
    files.verify(run)
    (run / "exhibits" / "a.json").write_text("{ }")
    with pytest.raises(RunError, match=says("run.file-changed")):
        files.verify(run)
    files.verify(run, (files.EXPERIMENT,))
    (run / files.EXPERIMENT).unlink()
    with pytest.raises(RunError, match=says("run.file-missing")):
        files.verify(run, (files.EXPERIMENT,))


def test_unfinished_foreign_and_damaged_folders_are_told_apart(tmp_path: Path) -> None:
    run = sealed(tmp_path)
    (run / files.MANIFEST).write_text("{}")
    with pytest.raises(RunError, match=says("run.manifest-damaged")):
        files.verify(run)
    (run / files.MANIFEST).unlink()
    with pytest.raises(RunError, match=says("run.not-finished")):
        files.verify(run)
    (tmp_path / "other").mkdir()
    with pytest.raises(RunError, match=says("run.not-a-run")):
        files.verify(tmp_path / "other")
    with pytest.raises(RunError, match=says("run.no-such-folder")):
        files.verify(tmp_path / "none")


def test_a_folder_that_there_is_not_is_answered_with_the_nearest_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    made = files.create(None, "people")
    (made / files.EXPERIMENT).touch()
    for asked in ("people-1", "peple-1", "runs/peopel-1"):
        with pytest.raises(RunError, match=says("run.no-such-folder", hint=f" Did you mean '{made}'?")):
            files.verify(Path(asked))
    with pytest.raises(RunError, match=says("run.no-such-folder", hint="") + "$"):
        files.verify(Path("elsewhere/unlike"))
