"""One process at a time trains a run: the operating system holds the lock, so that none is left by a process that was
killed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from leadline.core.catalogue import say
from leadline.errors import RunError

FILE = ".lock"


@contextmanager
def locked(folder: Path, *, here: bool) -> Iterator[None]:
    """Keep other processes from training the run of a folder during the block; `here` is the process that locks.

    A file system that knows no locks is used without. Raises RunError where another process trains the run.
    """
    if not here:
        yield
        return
    lock = FileLock(folder / FILE, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise RunError(say("run.in-use", folder=folder)) from None
    except (OSError, NotImplementedError):
        yield
        return
    try:
        yield
    finally:
        lock.release()
        with suppress(OSError):  # another process waits for it
            (folder / FILE).unlink(missing_ok=True)
