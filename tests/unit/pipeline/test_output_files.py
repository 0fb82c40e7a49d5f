"""Files that verbs write are there whole, or as they were before."""

from __future__ import annotations

import errno
import os
import stat
import sys
from pathlib import Path

import pytest

from leadline.errors import UsageError
from leadline.pipeline.output_files import check_name, writing
from sentences import says


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "outputs").mkdir()
    return tmp_path / "outputs"


def test_a_file_takes_the_place_of_the_old_one_when_it_is_whole(folder: Path) -> None:
    out = folder / "rows.csv"
    out.write_text("old")
    with writing(out) as file:
        assert file.suffix == ".csv" and file.parent == folder
        file.write_text("new")
        assert out.read_text() == "old"
    assert out.read_text() == "new"
    assert [one.name for one in folder.iterdir()] == ["rows.csv"]


@pytest.mark.parametrize("there", [True, False], ids=["old-file", "no-file"])
def test_a_full_disk_leaves_what_was_there(folder: Path, there: bool) -> None:
    out = folder / "rows.csv"
    if there:
        out.write_text("old")
    with pytest.raises(UsageError, match=says("pipeline.cannot-write", out=out)), writing(out) as file:
        file.write_text("half")
        raise OSError(errno.ENOSPC, "No space left on device")
    assert [one.read_text() for one in folder.iterdir()] == (["old"] if there else [])


def test_an_interruption_leaves_what_was_there(folder: Path) -> None:
    out = folder / "rows.csv"
    out.write_text("old")
    with pytest.raises(KeyboardInterrupt), writing(out) as file:
        file.write_text("half")
        raise KeyboardInterrupt
    assert [one.read_text() for one in folder.iterdir()] == ["old"]


@pytest.mark.skipif(sys.platform == "win32", reason="links and permissions of POSIX")
def test_links_lead_where_they_led_and_permissions_stay(folder: Path) -> None:
    real, link = folder / "real.csv", folder / "link.csv"
    real.write_text("old")
    real.chmod(0o640)
    link.symlink_to(real)
    with writing(link) as file:
        file.write_text("new")
    assert link.is_symlink() and real.read_text() == "new"
    assert stat.S_IMODE(real.stat().st_mode) == 0o640


@pytest.mark.skipif(not Path(os.devnull).is_char_device(), reason="there is no such device")
def test_devices_are_written_to_as_they_are() -> None:
    with writing(Path(os.devnull)) as file:
        assert file == Path(os.devnull)
        file.write_text("gone")
    assert Path(os.devnull).is_char_device()


def test_names_are_refused_before_the_work_begins(folder: Path) -> None:
    check_name(None, (".csv",))
    with pytest.raises(UsageError, match=says("pipeline.cannot-write-suffix")):
        check_name(folder / "rows.doc", (".csv",))
    with pytest.raises(UsageError, match=says("pipeline.cannot-write-no-folder")):
        check_name(folder / "none" / "rows.csv", (".csv",))
