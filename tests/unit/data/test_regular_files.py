"""What is no file is never read: it is named, or left out with a note."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

import pytest
from PIL import Image

from leadline.data.columns.decoding import images, sounds
from leadline.data.regular_files import opened, special
from leadline.data.sources import fingerprints, folder, read
from leadline.errors import DataError
from sentences import says

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such entries in folders")


@pytest.fixture(params=["pipe", "device", "socket", "link"])
def entry(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Return an entry of a folder that is no file, under the name of a table."""
    path = tmp_path / "t.csv"
    if request.param == "pipe":
        os.mkfifo(path)
    elif request.param == "socket":
        old = Path.cwd()
        os.chdir(tmp_path)  # the names of sockets may not be long
        with socket.socket(socket.AF_UNIX) as one:
            one.bind(path.name)
        os.chdir(old)
    else:
        path.symlink_to("/dev/zero" if request.param == "device" else tmp_path / "other")
        if request.param == "link":
            os.mkfifo(tmp_path / "other")
    return path


def test_a_source_that_is_no_file_is_refused_and_says_what_it_is(entry: Path) -> None:
    kind = special(entry)
    assert kind in ("pipe", "device", "socket")
    with pytest.raises(DataError, match=says("files.source-not-regular", path=entry, kind=kind)):
        read(str(entry))
    with pytest.raises(DataError, match=says("files.not-regular", kind=kind)):
        opened(entry)


def test_media_that_a_table_names_are_not_read_where_they_are_no_files(entry: Path) -> None:
    with pytest.raises(DataError, match=says("files.not-regular")), images._opened(entry):
        pass
    with pytest.raises(DataError, match=says("files.not-regular")), sounds._opened(entry):
        pass
    assert fingerprints.of_files(entry.parent, [entry.name]) == fingerprints.of_files(entry.parent, [entry.name])


def test_a_folder_leaves_them_out_with_a_note(entry: Path) -> None:
    root = entry.parent / "pictures"
    for name in ("cat/1.png", "cat/2.png", "dog/1.png"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (4, 4)).save(root / name)
    entry.rename(root / "dog" / "2.png")
    table = folder.read(root)
    assert table.frame.height == 3
    (note,) = (one for one in table.notes if "dog/2.png" in one)
    assert "1 entry" in note


def test_files_folders_and_what_is_missing_are_nothing_special(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("b", encoding="utf-8")
    (tmp_path / "nowhere").symlink_to(tmp_path / "gone")
    assert [special(tmp_path / name) for name in ("a", ".", "none", "nowhere", "\0")] == [None] * 5
    with opened(tmp_path / "a") as file:
        assert file.read() == b"b"
