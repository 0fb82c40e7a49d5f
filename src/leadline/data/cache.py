"""The content-addressed, size-bounded cache of encoded data.

An entry is a folder under its key. It is filled beside its final place and renamed, so that what is there is whole, and
two processes may fill the same entry at once. ``LEADLINE_CACHE`` says where the cache lies, ``LEADLINE_CACHE_LIMIT``
how large it may grow (``20GB`` unless told); entries that were used longest ago go first.
"""

from __future__ import annotations

import atexit
import functools
import hashlib
import os
import re
import shutil
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import platformdirs

from leadline.core.catalogue import say
from leadline.data import cache_checksums
from leadline.errors import DiskFull, UsageError
from leadline.machine import disk

LIMIT = "20GB"
STALE_SECONDS = 24 * 3600.0  # after which a half-filled entry is taken for abandoned
FRESH_SECONDS = 60.0  # for which an entry just used is not evicted: someone may be about to open it
_rebuilt: set[str] = set()  # keys of entries that were damaged and built anew, until it is said
_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}


def root() -> Path:
    """Return the folder of the cache: ``LEADLINE_CACHE``, else the user's cache folder; a temporary one where that is
    read-only.
    """
    return _place(_wanted())[0]


def notes() -> tuple[str, ...]:
    """Return what the user should know: where the cache lies, if not where it should, and how much of it was damaged
    since this was last asked.
    """
    moved = _place(_wanted())[1]
    damaged = say("data.cache-rebuilt", count=len(_rebuilt)) if _rebuilt else None
    _rebuilt.clear()
    return tuple(one for one in (moved, damaged) if one is not None)


def entry(key: str, build: Callable[[Path], None]) -> Path:
    """Return the folder of a key, filled by `build(folder)` where it is not there yet, or is not as it was written.

    `build` must have closed its files when it returns. Raises DiskFull where the disk is full.
    """
    final = root() / "entries" / key
    number = _number(final)
    if number is not None and not cache_checksums.hold(final):
        if (final / cache_checksums.FILE).exists():  # entries of earlier versions have none, and are no damage
            _rebuilt.add(key)
        if _number(final) == number:  # otherwise another process has built it anew
            forget(final)
    if not final.is_dir():
        _fill(final, build)
        evict(limit(), keep=final)
    _touch(final)
    return final


def _number(folder: Path) -> int | None:
    """Return by what the system knows a folder, None where there is none."""
    try:
        return folder.stat().st_ino
    except OSError:
        return None


def forget(folder: Path) -> None:
    """Remove an entry that cannot be read, so that it is built again."""
    _remove(folder)


def remember(signature: str, make: Callable[[], str]) -> str:
    """Return the short text kept under a signature, made and kept where there is none yet or what is kept is
    damaged.
    """
    file = root() / "texts" / hashlib.sha256(signature.encode()).hexdigest()
    with suppress(OSError, UnicodeDecodeError):
        text, _, seal = file.read_bytes().decode().rpartition("\n")
        if seal == _seal(text):
            _touch(file)
            return text
    text = make()
    beside = file.with_name(f".{file.name}.{uuid.uuid4().hex}")
    with suppress(OSError):  # a text that cannot be kept is made again next time
        file.parent.mkdir(parents=True, exist_ok=True)
        beside.write_bytes(f"{text}\n{_seal(text)}".encode())
        beside.replace(file)
    return text


def usage() -> int:
    """Return the bytes that all entries and texts take."""
    return sum(_size(path) for path in (*_listed("entries"), *_listed("texts"), *_listed("filling")))


def limit() -> int:
    """Return the bytes the cache may take; raises UsageError where ``LEADLINE_CACHE_LIMIT`` is no size."""
    text = os.environ.get("LEADLINE_CACHE_LIMIT") or LIMIT
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([KMGT]?)B?\s*", text.upper())
    if match is None:
        raise UsageError(say("data.cache-limit-unreadable", text=text))
    return int(float(match[1]) * _UNITS[match[2]])


def evict(limit_bytes: int, keep: Path | None = None) -> int:
    """Remove the entries used longest ago until the cache takes at most `limit_bytes`, and what was left half filled.

    Spares `keep` and what was used within the last minute. Returns the bytes removed. Opened memory maps stay valid on
    POSIX; where the system refuses to remove an open file, the entry stays.
    """
    now = time.time()
    for folder in _listed("filling"):
        if now - max(_used(file) for file in _files(folder)) > STALE_SECONDS:
            shutil.rmtree(folder, ignore_errors=True)
    candidates = sorted(
        ((_used(path), path) for path in (*_listed("entries"), *_listed("texts"))), key=lambda pair: pair[0]
    )
    sizes = {path: _size(path) for _, path in candidates}
    held, removed = sum(sizes.values()), 0
    for used, path in candidates:
        if held - removed <= limit_bytes:
            break
        if path != keep and now - used > FRESH_SECONDS and _remove(path):
            removed += sizes[path]
    return removed


def clear() -> None:
    """Remove everything that the cache holds, except for what is being filled."""
    for path in (*_listed("entries"), *_listed("texts")):
        _remove(path)
    evict(0)


def _seal(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _wanted() -> Path:
    return (
        Path(os.environ.get("LEADLINE_CACHE") or platformdirs.user_cache_dir("leadline", appauthor=False))
        .expanduser()
        .absolute()
    )


@functools.cache
def _place(asked: Path) -> tuple[Path, str | None]:
    try:
        asked.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=asked):
            return asked, None
    except OSError as error:
        fallback = Path(tempfile.mkdtemp(prefix="leadline-cache-"))
        atexit.register(shutil.rmtree, fallback, ignore_errors=True)
        return fallback, say("data.cache-not-writable", folder=asked, error=error.strerror or error)


def _fill(final: Path, build: Callable[[Path], None]) -> None:
    beside = root() / "filling" / uuid.uuid4().hex
    try:
        final.parent.mkdir(parents=True, exist_ok=True)
        beside.mkdir(parents=True)
        build(beside)
        cache_checksums.write(beside)
        try:
            beside.rename(final)
        except OSError:
            if not final.is_dir():  # otherwise another process was faster, and its entry is as good
                raise
    except Exception as error:
        if not disk.is_full(error):
            raise
        raise DiskFull(say("data.cache-disk-full", root=root())) from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _listed(part: str) -> list[Path]:
    with suppress(FileNotFoundError):
        return list((root() / part).iterdir())
    return []


def _files(path: Path) -> Iterator[Path]:
    """Yield a path and all files below it; what another process removes meanwhile is passed over."""
    yield path
    for folder, _, names in os.walk(path):
        yield from (Path(folder, name) for name in names)


def _size(path: Path) -> int:
    total = 0
    for file in _files(path):
        with suppress(FileNotFoundError):
            total += file.stat().st_size if file.is_file() else 0
    return total


def _used(path: Path) -> float:
    with suppress(FileNotFoundError):
        return path.stat().st_mtime
    return time.time()


def _touch(path: Path) -> None:
    with suppress(OSError):  # another process may have removed it, or the disk may be read-only by now
        os.utime(path)


def _remove(path: Path) -> bool:
    """Remove a file or folder; a folder is renamed first, so that no one finds half of it."""
    try:
        if not path.is_dir():
            path.unlink(missing_ok=True)
            return True
        doomed = root() / "filling" / f"removed-{uuid.uuid4().hex}"
        doomed.parent.mkdir(parents=True, exist_ok=True)
        path.rename(doomed)
    except OSError:
        return False
    shutil.rmtree(doomed, ignore_errors=True)
    return True
