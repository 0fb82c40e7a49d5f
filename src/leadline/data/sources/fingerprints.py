"""Fingerprints: a sha256 of what a dataset holds, without reading files again that have not changed."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, Any, cast

import polars as pl
from polars import selectors

from leadline.core.catalogue import say
from leadline.data.cache import remember
from leadline.data.regular_files import special
from leadline.data.table import Progress

_BLOCK = 1 << 16  # bytes
_LONG = 1 << 20  # bytes of a file that is not one of many
_CHUNK = 256  # files for one thread at a time: enough to hide what a task costs


def combine(*texts: str) -> str:
    """Return one sha256 (hexadecimal) for several texts, in their order."""
    return hashlib.sha256("\x1f".join(texts).encode()).hexdigest()


def of_files(base: Path, names: Sequence[str]) -> str:
    """Return the sha256 of the names and bytes of files under a folder; a missing or unreadable file counts as such.

    Contents are remembered by (path, size, time of change): a second run reads no file.
    """
    signature = hashlib.sha256(str(base.resolve()).encode())
    for name in names:
        signature.update(f"\x1f{name}\x1f{_stamp(_at(base, name))}".encode())
    return remember(f"files-{signature.hexdigest()}", lambda: _content(base, names))


def of_file(path: Path, progress: Progress | None = None) -> str:
    """Return the sha256 of a file's bytes, remembered by (path, size, time of change)."""

    def content() -> str:
        total, done, size = hashlib.sha256(), 0, path.stat().st_size
        with path.open("rb", buffering=0) as file:
            while block := file.read(_LONG):
                total.update(block)
                done += len(block)
                if progress:
                    progress(say("stages.fingerprint", file=path.name), done // 10**6, size // 10**6)
        return total.hexdigest()

    return remember(f"file-{combine(str(path.resolve()), _stamp(str(path)))}", content)


def of_frame(frame: pl.DataFrame) -> str:
    """Return the sha256 of a frame's names, types and values."""
    # What lies in memory behind a null, or past the end of a bitmap, is anything: nulls are filled and hashed on their
    # own.
    frame = frame.rechunk()
    filled = frame.with_columns(
        selectors.numeric().fill_null(0),
        selectors.string().fill_null(""),
        selectors.binary().fill_null(b""),
        selectors.boolean().cast(pl.UInt8).fill_null(0),
        selectors.temporal().to_physical().fill_null(0),
    )
    nulls = frame.select(pl.col(column.name).is_null().cast(pl.UInt8) for column in frame if column.null_count())
    sink = _Hashing()
    sink.write(repr(frame.schema).encode())
    for part in (filled, nulls):
        # The oldest layout stores text as offsets and bytes: equal frames give equal bytes, which views of text need
        # not.
        part.write_ipc(cast(IO[bytes], sink), compression="uncompressed", compat_level=pl.CompatLevel.oldest())
    return sink.hash.hexdigest()


class _Hashing(io.RawIOBase):
    def __init__(self) -> None:
        super().__init__()
        self.hash = hashlib.sha256()

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        view = memoryview(data)
        self.hash.update(view)
        return view.nbytes


def _at(base: Path, name: str) -> str:
    return os.path.join(base, name)  # noqa: PTH118 -- a Path per file doubles the time for a large folder


def _stamp(path: str) -> str:
    try:
        status = os.stat(path)  # noqa: PTH116
    except OSError:
        return "missing"
    # A file may be replaced by another of the same size and time; its number and the time of the change then differ.
    return f"{status.st_size} {status.st_mtime_ns} {status.st_ctime_ns} {status.st_ino}"


def _content(base: Path, names: Sequence[str]) -> str:
    total = hashlib.sha256()
    with ThreadPoolExecutor() as pool:
        for digests in pool.map(lambda chunk: b"".join(_digest(base, name) for name in chunk), _chunks(names)):
            total.update(digests)
    return total.hexdigest()


def _chunks(names: Sequence[str]) -> Iterator[Sequence[str]]:
    return (names[start : start + _CHUNK] for start in range(0, len(names), _CHUNK))


def _digest(base: Path, name: str) -> bytes:
    total = hashlib.sha256(name.encode())
    if special(_at(base, name)) is not None:
        total.update(b"\x1fspecial")
        return total.digest()
    try:
        # Not hashlib.file_digest: its buffer costs more than a small picture.
        with open(_at(base, name), "rb", buffering=0) as file:  # noqa: PTH123
            while block := file.read(_BLOCK):
                total.update(block)
    except OSError:
        total.update(b"\x1fmissing")
    return total.digest()
