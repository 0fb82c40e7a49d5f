"""The cache fills each entry once, stays below its limit and survives what goes wrong around it."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from leadline.core.catalogue import say
from leadline.data import cache, cache_checksums
from leadline.errors import DiskFull, UsageError
from sentences import says


def write(size: int = 100):
    def build(folder: Path) -> None:
        (folder / "values").write_bytes(b"x" * size)

    return build


def age(path: Path, seconds: float) -> None:
    then = time.time() - seconds
    os.utime(path, (then, then))


def test_an_entry_is_built_once() -> None:
    built = []

    def build(folder: Path) -> None:
        built.append(folder)
        (folder / "values").write_text("here")

    first = cache.entry("k", build)
    assert cache.entry("k", build) == first
    assert (first / "values").read_text() == "here"
    assert len(built) == 1
    assert not built[0].exists(), "the folder it was filled in has been renamed"


def test_a_failed_build_leaves_nothing(own_cache: Path) -> None:
    def build(folder: Path) -> None:
        (folder / "half").write_text("half")
        raise RuntimeError("stopped")

    with pytest.raises(RuntimeError, match="stopped"):
        cache.entry("k", build)
    assert [p for p in own_cache.rglob("*") if p.is_file()] == []
    assert (cache.entry("k", write()) / "values").exists()


def test_two_threads_fill_the_same_entry_at_once() -> None:
    meet = threading.Barrier(2)
    found: list[Path] = []

    def build(folder: Path) -> None:
        meet.wait(timeout=10)
        (folder / "values").write_text("same")

    threads = [threading.Thread(target=lambda: found.append(cache.entry("k", build))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found[0] == found[1]
    assert (found[0] / "values").read_text() == "same"
    assert list((cache.root() / "filling").iterdir()) == []


def test_a_folder_that_goes_while_it_is_looked_at_stops_nothing(
    own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = cache._listed

    def vanishing(part: str) -> list[Path]:
        paths = listed(part)
        for path in paths:
            shutil.rmtree(path, ignore_errors=True)
        return paths

    (own_cache / "filling" / "other").mkdir(parents=True)
    monkeypatch.setattr(cache, "_listed", vanishing)
    assert cache.evict(0) == 0
    assert cache.usage() == 0


def test_two_processes_fill_the_same_entry_at_once(own_cache: Path, tmp_path: Path) -> None:
    script = tmp_path / "fill.py"
    script.write_text(
        "import sys, time\nfrom pathlib import Path\nfrom leadline.data import cache\n"
        "def build(folder):\n    (folder / 'values').write_text('same'); time.sleep(0.5)\n"
        "print(cache.entry('k', build))\n"
    )
    both = [subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = [process.communicate(timeout=60)[0].strip() for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert said[0] == said[1] == str(own_cache / "entries" / "k")
    assert (Path(said[0]) / "values").read_text() == "same"


def test_the_entries_used_longest_ago_go_first(monkeypatch: pytest.MonkeyPatch) -> None:
    old, used, new = (cache.entry(key, write(400)) for key in ("old", "used", "new"))
    for path, seconds in ((old, 900), (used, 1000), (new, 800)):
        age(path, seconds)
    cache.entry("used", write())  # touched again
    monkeypatch.setenv("LEADLINE_CACHE_LIMIT", "1.3kB")
    last = cache.entry("last", write(400))
    assert not old.exists()
    assert used.exists() and new.exists() and last.exists()
    checksums = sum((entry / cache_checksums.FILE).stat().st_size for entry in (used, new, last))
    assert cache.usage() == 1200 + checksums


def test_the_entry_just_filled_is_kept_even_if_it_alone_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEADLINE_CACHE_LIMIT", "10")
    assert (cache.entry("large", write(1000)) / "values").stat().st_size == 1000


def test_what_was_left_half_filled_is_removed_after_a_day() -> None:
    filling = cache.root() / "filling"
    for name in ("abandoned", "under-way"):
        (filling / name).mkdir(parents=True)
        (filling / name / "values").write_text("half")
    for path in (filling / "abandoned" / "values", filling / "abandoned"):
        age(path, cache.STALE_SECONDS + 60)
    cache.entry("k", write())
    assert [p.name for p in filling.iterdir()] == ["under-way"]


def test_clear_removes_entries_and_texts() -> None:
    entry = cache.entry("k", write(100))
    cache.remember("s", lambda: "text")
    checksums = (entry / cache_checksums.FILE).stat().st_size
    assert cache.usage() == 169 + checksums, "the text is kept with a line of 64 digits that seals it"
    cache.clear()
    assert cache.usage() == 0 and not entry.exists()
    assert cache.remember("s", lambda: "anew") == "anew"


def test_remember_makes_a_text_once() -> None:
    assert cache.remember("a", lambda: "first\r\n ✓") == "first\r\n ✓"
    assert cache.remember("a", lambda: pytest.fail("made again")) == "first\r\n ✓"
    assert cache.remember("b", lambda: "other") == "other"


@pytest.mark.parametrize(
    ("text", "size"), [("500MB", 5 * 10**8), ("20 gb", 2 * 10**10), ("1.5T", 15 * 10**11), ("12", 12)]
)
def test_limit_reads_sizes(text: str, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEADLINE_CACHE_LIMIT", text)
    assert cache.limit() == size


def test_a_limit_that_is_no_size_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert cache.limit() == 20 * 10**9
    monkeypatch.setenv("LEADLINE_CACHE_LIMIT", "plenty")
    with pytest.raises(UsageError, match=says("data.cache-limit-unreadable", text="plenty")):
        cache.limit()


def test_a_cache_that_cannot_be_written_is_replaced_by_a_temporary_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cache.notes() == ()
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    monkeypatch.setenv("LEADLINE_CACHE", str(blocked / "cache"))
    assert cache.root() != blocked / "cache"
    assert (cache.entry("k", write()) / "values").exists()
    (note,) = cache.notes()
    assert note and str(blocked) in note and "LEADLINE_CACHE" in note


def test_a_full_disk_is_told_in_words() -> None:
    def build(folder: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(DiskFull, match=says("data.cache-disk-full")):
        cache.entry("k", build)


def test_a_damaged_text_is_made_again(own_cache: Path) -> None:
    assert cache.remember("s", lambda: "two\nlines") == "two\nlines"
    assert cache.remember("s", lambda: "anew") == "two\nlines"
    (file,) = (own_cache / "texts").iterdir()
    file.write_bytes(file.read_bytes()[1:])
    assert cache.remember("s", lambda: "anew") == "anew"


def _several(folder: Path) -> None:
    (folder / "values").write_bytes(bytes(range(256)) * 40)
    (folder / "below").mkdir()
    (folder / "below" / "ends").write_bytes(b"ends" * 10)


def _flip(file: Path, at: int) -> None:
    data = bytearray(file.read_bytes())
    data[at] ^= 1 << (at % 8)
    file.write_bytes(data)


DAMAGE = {
    **{f"a flipped bit, {at}": (lambda folder, at=at: _flip(folder / "values", at)) for at in range(0, 10_240, 1_024)},
    "a flipped bit of the file below": lambda folder: _flip(folder / "below" / "ends", 7),
    "cut short": lambda folder: (folder / "values").write_bytes((folder / "values").read_bytes()[:-1]),
    "longer": lambda folder: (folder / "values").write_bytes((folder / "values").read_bytes() + b"x"),
    "empty": lambda folder: (folder / "values").write_bytes(b""),
    "swapped": lambda folder: (folder / "values").write_bytes((folder / "below" / "ends").read_bytes()),
    "gone": lambda folder: (folder / "values").unlink(),
    "folder gone": lambda folder: shutil.rmtree(folder / "below"),
    "one more": lambda folder: (folder / "more").write_bytes(b"x"),
    "checksums damaged": lambda folder: _flip(folder / "checksums.json", 3),
    "checksums emptied": lambda folder: (folder / "checksums.json").write_bytes(b""),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_entry_is_built_again(damage: Callable[[Path], None]) -> None:
    folder = cache.entry("k", _several)
    damage(folder)
    assert cache.entry("k", _several) == folder
    assert (folder / "values").read_bytes() == bytes(range(256)) * 40
    assert (folder / "below" / "ends").read_bytes() == b"ends" * 10
    assert not (folder / "more").exists()
    assert cache.notes() == (say("data.cache-rebuilt", count=1),)
    assert cache.notes() == ()  # it is said once


def test_entries_of_earlier_versions_are_built_again_without_a_word() -> None:
    folder = cache.entry("old", write(1))
    (folder / "checksums.json").unlink()
    assert (cache.entry("old", write(2)) / "values").stat().st_size == 2
    assert cache.notes() == ()


def test_an_entry_that_is_as_it_was_is_read_once_for_its_checksums(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = cache.entry("k", write())
    monkeypatch.setattr(cache_checksums, "_checked", {})
    reads: list[Path] = []
    block = cache_checksums._of_block
    monkeypatch.setattr(cache_checksums, "_of_block", lambda one: reads.append(one[0]) or block(one))
    for _ in range(3):
        assert cache.entry("k", write()) == folder
    assert reads == [folder / "values"]


def test_an_entry_that_is_forgotten_is_built_again() -> None:
    first = cache.entry("k", write(1))
    cache.forget(first)
    assert not first.exists()
    assert (cache.entry("k", write(2)) / "values").stat().st_size == 2
