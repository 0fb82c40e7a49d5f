"""Files are read only where they are files: reading a pipe may never begin, and reading a device may never end."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import IO

from leadline.core.catalogue import say
from leadline.errors import DataError

_KINDS = {
    stat.S_IFIFO: "files.pipe",
    stat.S_IFCHR: "files.device",
    stat.S_IFBLK: "files.device",
    stat.S_IFSOCK: "files.socket",
}


def special(path: str | os.PathLike[str]) -> str | None:
    """Say what a path is, or leads to, where that is neither a file nor a folder; None where it is, or is missing."""
    try:
        mode = os.stat(path).st_mode  # noqa: PTH116 -- a Path per file doubles the time for a large folder
    except (OSError, ValueError):
        return None
    kind = _KINDS.get(stat.S_IFMT(mode))
    return say(kind) if kind else None


def opened(path: Path) -> IO[bytes]:
    """Open a file to read its bytes; raises DataError for a pipe, a device or a socket, and OSError as `open` does."""
    kind = special(path)
    if kind is not None:
        raise DataError(say("files.not-regular", kind=kind))
    return path.open("rb")
