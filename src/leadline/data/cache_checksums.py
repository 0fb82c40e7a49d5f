"""Checksums of a cache entry: what is mapped into memory is what was written, or is written anew.

A flipped bit of encoded data would train other weights without a word. A checksum of every block is written when an
entry is filled, and compared when a process first opens it. CRC-32 finds what disks and copies do, and costs a small
part of reading the data once; it is no protection from whoever may write into the cache.
"""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

FILE = "checksums.json"
BLOCK = 16 << 20  # bytes

Stamps = tuple[tuple[str, int, int, int], ...]
_checked: dict[Path, Stamps] = {}


def write(folder: Path) -> None:
    """Write the checksums of all files of a folder beside them."""
    (folder / FILE).write_text(json.dumps(_checksums(folder)), encoding="utf-8")


def hold(folder: Path) -> bool:
    """Say whether all files of a folder are as they were written; looks again in a process only where they have been
    touched since.
    """
    try:
        stamps = _stamps(folder)
        if _checked.get(folder) == stamps:
            return True
        recorded = json.loads((folder / FILE).read_text(encoding="utf-8"))
        if recorded != _checksums(folder):
            return False
    except (OSError, ValueError):  # a file is missing or cannot be read, or another process has removed the entry
        return False
    _checked[folder] = stamps
    return True


def _files(folder: Path) -> Iterator[Path]:
    for place, _, names in os.walk(folder):
        yield from (Path(place, name) for name in names if name != FILE)


def _stamps(folder: Path) -> Stamps:
    found = ((file, file.stat()) for file in _files(folder))
    return tuple(sorted((str(file), one.st_size, one.st_mtime_ns, one.st_ctime_ns) for file, one in found))


def _checksums(folder: Path) -> dict[str, list[int]]:
    """Return the checksum of every block of every file, and last its size."""
    files = sorted(_files(folder))
    sizes = [file.stat().st_size for file in files]
    blocks = [(file, start) for file, size in zip(files, sizes, strict=True) for start in range(0, size, BLOCK)]
    found: dict[str, list[int]] = {file.relative_to(folder).as_posix(): [] for file in files}
    with ThreadPoolExecutor(min(len(blocks), os.cpu_count() or 1) or 1) as pool:
        for (file, _), value in zip(blocks, pool.map(_of_block, blocks), strict=True):
            found[file.relative_to(folder).as_posix()].append(value)
    for file, size in zip(files, sizes, strict=True):
        found[file.relative_to(folder).as_posix()].append(size)
    return found


def _of_block(block: tuple[Path, int]) -> int:
    file, start = block
    with file.open("rb", buffering=0) as opened:
        opened.seek(start)
        return zlib.crc32(opened.read(BLOCK))
